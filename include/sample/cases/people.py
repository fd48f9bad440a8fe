"""People that many cases start from."""

# ruff: noqa: PLR0913 - a fact has many columns.
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from include.sample import names
from include.sample.cluster import Cluster, Person
from include.sample.facts import books, crm, shop
from include.sample.facts.standing import ACTIVE, Standing
from include.sample.outcomes import DUE, KEEP, Row
from include.sample.scenarios.companies import business_payer

NO_MARKETING = replace(ACTIVE, marketing=DUE)
"""Active, but without marketing."""
HELD = replace(ACTIVE)
"""Nothing may be destroyed, whatever has expired."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A private customer with a contract and a debtor."""

    person: Person
    row: Row
    contract: Row
    payer: books.Payer
    debtor: Row

    @property
    def customer_id(self) -> object:
        """Return the key in sales."""
        return self.row.values["customer_id"]

    @property
    def debtor_id(self) -> object:
        """Return the key in finance."""
        return self.debtor.values["debtor_id"]


def customer(
    c: Cluster,
    standing: Standing = ACTIVE,
    ended: date | None = None,
    *,
    person: Person | None = None,
    values: dict[str, object] | None = None,
    contract: str | None = None,
    started: date | None = None,
) -> Customer:
    """Add a private customer with a contract (running unless it ended) and a debtor, without any invoice."""
    p = person or c.person()
    held = {"network": KEEP} if standing is HELD else None
    row = shop.customer(c, p, standing, {**shop.profile_values(c, p), **(values or {})}, held)
    agreement = shop.subscription(
        c,
        row.values["customer_id"],
        p.name,
        started or (ended or c.time.as_of) - timedelta(days=1100),
        ended,
        contract or (KEEP if ended is None else standing.marketing),
    )
    payer = books.private_payer(c, p, row.values["customer_no"])
    return Customer(p, row, agreement, payer, books.debtor(c, payer, "private", standing))


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person with its running or ended agreement."""

    firm: crm.Firm
    row: Row
    payer: books.Payer

    @property
    def company_id(self) -> object:
        """Return the key in sales."""
        return self.row.values["company_id"]


def company(c: Cluster, values: dict[str, object] | None = None) -> Company:
    """Add a legal person."""
    firm = crm.firm(c)
    return Company(firm, crm.company(c, firm, values), business_payer(c, firm, None))


def kept_phone(c: Cluster) -> str:
    """Return a mobile number that nobody else has."""
    return names.kept_telephone(c.number("kept telephone") - 1)
