"""Makers of rows: each adds one fact to a cluster, with what is expected of it.

Whether a fact that has a clock of its own is over, its maker works out with ``days``; what depends on the person as a
whole, the scenario says in a ``Standing``.
"""
