"""The control database: the ledger and what the engine must remember from one run to the next.

One room per subject; import the one you need (those that give frames import pandas, the others are light):

- ``store``: open the database, read from it, write to it.
- ``chain``: the append-only, hash-chained ledger. ``forbid`` keeps identifiers out of it.
- ``runs``, ``batches``, ``items``, ``approvals``: a run, what it plans to do, and how far it came.
- ``holds``, ``suppression``, ``referrals``: what outlives a run.
- ``baselines``: what earlier runs measured, for the guards.
- ``locks``, ``process``: one run at a time per system.
- ``rekey``: stored references after the HMAC key was replaced.
- ``expiry``: Gallring's own storage limitation.

Every function takes a connection and, where time matters, ``at``: an aware datetime. Nothing here reads the clock.
A change and its ledger entry are made on the same connection, so they commit together or not at all.
"""
