"""Companies with their representatives, and sole traders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from include.sample import registers
from include.sample.cluster import Cluster, Person
from include.sample.facts import books, crm, letters, orders, shop
from include.sample.facts.standing import ACTIVE, GONE
from include.sample.outcomes import DUE, KEEP, Row
from include.sample.scenarios.private import yearly_invoices

BOTH_KEPT = {"contact": KEEP, "profile": KEEP}
BOTH_DUE = {"contact": DUE, "profile": DUE}
NO_MARKETING = {"contact": KEEP, "profile": DUE}


def business_payer(c: Cluster, firm: crm.Firm, reference: str | None) -> books.Payer:
    """Return a company as finance spells it."""
    values: dict[str, object] = {
        "orgno": registers.spell_company(firm.orgno, c.rng),
        "street": firm.street,
        "postcode": firm.postcode,
        "city": firm.city,
    }
    return books.Payer(values, firm.name, "business", reference)


def company_with(
    c: Cluster, representatives: list[dict[str, str]], started: date, ended: date | None, contract: str
) -> tuple[Row, list[Row], list[Person]]:
    """Add a company with its representatives, agreement, debtor and yearly invoices.

    Args:
        c: the cluster.
        representatives: what is expected of each of them; the first one signed.
        started: the agreement's first day.
        ended: its last day, or None.
        contract: what is expected of the agreement.
    """
    firm = crm.firm(c)
    company = crm.company(c, firm)
    company_id = company.values["company_id"]
    people = [c.person() for _ in representatives]
    rows = [
        crm.representative(c, company_id, p, started, None, outcome)
        for p, outcome in zip(people, representatives, strict=True)
    ]
    crm.framework(c, company_id, rows[0], started, ended, contract)
    payer = business_payer(c, firm, people[0].name)
    debtor = books.debtor(c, payer, "company", ACTIVE)
    yearly_invoices(c, payer, debtor.values["debtor_id"], started, ended or c.time.as_of, lines=2)
    return company, rows, people


def contact_at(c: Cluster, company: Row, p: Person, outcome: str, left_on: date | None = None) -> None:
    """Add the person to marketing's list of contacts."""
    values: dict[str, object] = {
        "email": p.email,
        "name": p.name,
        "title": "Kontakt",
        "orgno": company.values["orgno"],
        "left_on": left_on,
    }
    letters.business_contact(c, values, outcome)


def active_company(c: Cluster) -> None:
    """A running agreement with some representatives; one may have left, one may have objected."""
    started = c.time.between(c.rng, 400, 3600)
    company, _, people = company_with(c, [BOTH_KEPT] * c.rng.randint(1, 3), started, None, KEEP)
    for p in people:
        if c.rng.random() < 0.6:
            contact_at(c, company, p, KEEP)
    company_id = company.values["company_id"]
    if c.rng.random() < 0.15:
        left_on = c.time.between(c.rng, 20, 380)
        p = c.person()
        crm.representative(c, company_id, p, left_on - timedelta(days=500), left_on, BOTH_DUE)
        if c.rng.random() < 0.4:
            contact_at(c, company, p, DUE, left_on)
    if c.rng.random() < 0.12:
        p = c.objector()
        crm.representative(c, company_id, p, c.time.ago(395), None, NO_MARKETING)
        letters.objection(c, {"email": p.email, "ip": None, "wording": None}, c.time.between(c.rng, 10, 380))
        if c.rng.random() < 0.3:
            contact_at(c, company, p, DUE)
    if c.rng.random() < 0.5:
        placed = c.time.between(c.rng, 800, 1000) if c.rng.random() < 0.1 else c.time.between(c.rng, 20, 650)
        orders.order(c, company, people[0], placed, placed + timedelta(days=4))
    if c.rng.random() < 0.3:
        shop.note(c, {"company_id": company_id}, c.time.between(c.rng, 10, 390), KEEP)


def ended_recently(c: Cluster) -> None:
    """An agreement that ended within a year: marketing to former customers is still allowed."""
    ended = c.time.between(c.rng, 30, 330)
    started = ended - timedelta(days=c.rng.randint(500, 2000))
    company, _, people = company_with(c, [BOTH_KEPT] * c.rng.randint(1, 2), started, ended, KEEP)
    contact_at(c, company, people[0], KEEP)


def ended_in_the_books(c: Cluster) -> None:
    """An agreement that ended some years ago: the books keep it, and nothing else of the people."""
    ended = c.time.between(c.rng, 420, 2200)
    started = ended - timedelta(days=c.rng.randint(400, 900))
    company_with(c, [BOTH_DUE], started, ended, KEEP)


def ended_long_ago(c: Cluster) -> None:
    """An agreement of which not even the books need anything."""
    ended = c.time.kept_books_from - timedelta(days=c.rng.randint(20, 300))
    company_with(c, [BOTH_DUE], ended - timedelta(days=700), ended, DUE)


def sole_trader(c: Cluster) -> None:
    """A sole trader: the firm is a person; a third of them have gone."""
    owner = c.person()
    active = c.rng.random() < 0.7
    outcome = KEEP if active else DUE
    company = crm.sole_trader(c, owner, {"master": outcome, "identity": outcome})
    company_id = company.values["company_id"]
    ended = None if active else c.time.between(c.rng, 900, 2000)
    started = c.time.between(c.rng, 400, 2000) if ended is None else ended - timedelta(days=600)
    crm.framework(c, company_id, None, started, ended, KEEP)
    values: dict[str, object] = {"orgno": company.values["orgno"], "email": owner.email, "street": owner.street}
    payer = books.Payer(values, owner.name, "business")
    debtor = books.debtor(c, payer, "EF", ACTIVE if active else GONE)
    yearly_invoices(c, payer, debtor.values["debtor_id"], started, ended or c.time.as_of)


WEIGHTS: dict[Callable[[Cluster], None], float] = {
    active_company: 6,
    ended_recently: 1,
    ended_in_the_books: 0.7,
    ended_long_ago: 0.3,
    sole_trader: 1.5,
}
