"""Where a person stands towards IRET: said by the scenario, by hand, never worked out from rows."""

from __future__ import annotations

from dataclasses import dataclass

from include.sample.outcomes import DUE, KEEP, REFER


@dataclass(frozen=True, slots=True)
class Standing:
    """What is expected of everything that hangs on the person and not on one record.

    Attributes:
        relation: what serves a running relationship (payment token, notes, credit decision).
        billing: what serves invoicing (debtor).
        identity: the identity number outside vouchers.
        marketing: what serves marketing, in every system.
        master: name and address of the customer, kept while any of these or a warranty or claim lives.
    """

    relation: str
    billing: str
    identity: str
    marketing: str
    master: str


ACTIVE = Standing(KEEP, KEEP, KEEP, KEEP, KEEP)
"""A running contract, or an order on its way that isn't paid yet."""
FORMER = Standing(DUE, DUE, DUE, KEEP, KEEP)
"""Ended less than twelve months ago."""
IN_WARRANTY = Standing(DUE, DUE, DUE, DUE, KEEP)
"""Ended longer ago; something bought can still be complained about, or a claim is open."""
GONE = Standing(DUE, DUE, DUE, DUE, DUE)
UNKNOWN = Standing(REFER, REFER, REFER, REFER, REFER)
"""It ended, nobody knows when."""
STRAY = Standing(DUE, REFER, DUE, DUE, REFER)
"""Registered, and nothing else is known: what only billing, a card or marketing could need never had a purpose."""
