"""Facts of the sales system about companies and prospects."""

# ruff: noqa: PLR0913, PLR0917 - a fact has many columns.
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from include.sample import names, registers
from include.sample.cluster import Cluster, Person
from include.sample.days import instant, wall_clock
from include.sample.outcomes import IMPERSONAL, Row


@dataclass(frozen=True, slots=True)
class Firm:
    """A company that doesn't exist; a sole trader's number is the owner's personnummer, ten digits."""

    name: str
    orgno: str
    domain: str
    street: str
    postcode: str
    city: str


def firm(c: Cluster) -> Firm:
    """Return a new company."""
    serial = c.number("company_serial")
    first, trade = c.rng.choice(names.WORDS["companies"]), c.rng.choice(names.WORDS["trades"])
    street, postcode, city = names.address(c.rng)
    return Firm(
        name=f"{first} {trade} {serial} AB",
        orgno=registers.company_number(serial),
        domain=f"{names.plain(first)}{serial}.example",
        street=street,
        postcode=postcode,
        city=city,
    )


def company(c: Cluster, firm: Firm, values: dict[str, object] | None = None) -> Row:
    """Add a legal person: no personal data, so nothing is judged."""
    return c.add(
        "company",
        {
            "orgno": registers.spell_company(firm.orgno, c.rng),
            "legal_form": "AB",
            "name": firm.name,
            "street": firm.street,
            "postcode": firm.postcode,
            "city": firm.city,
            "phone": names.spell_telephone(names.telephone(c.rng), c.rng.randrange(5)),
            "email": f"info@{firm.domain}",
            "created_on": c.time.ago(1500),
            **(values or {}),
        },
        IMPERSONAL,
    )


def sole_trader(c: Cluster, owner: Person, outcome: dict[str, str]) -> Row:
    """Add a sole trader's firm: every field is about a person."""
    return c.add(
        "company",
        {
            "orgno": f"{owner.pnr[2:8]}-{owner.pnr[8:]}",
            "legal_form": "EF",
            "name": f"{owner.family}s {c.rng.choice(names.WORDS['trades'])}",
            "street": owner.street,
            "postcode": owner.postcode,
            "city": owner.city,
            "phone": names.spell_telephone(owner.phone, c.rng.randrange(5)),
            "email": owner.email,
            "created_on": c.time.ago(1500),
        },
        outcome,
    )


def representative(
    c: Cluster,
    company_id: object,
    p: Person,
    started: date,
    ended: date | None,
    outcome: dict[str, str],
) -> Row:
    """Add a representative of a company."""
    return c.add(
        "representative",
        {
            "company_id": company_id,
            "name": p.name,
            "title": c.rng.choice(names.WORDS["titles"]),
            "email": names.spell_email(p.email, c.rng.randrange(8)),
            "phone": names.spell_telephone(p.phone, c.rng.randrange(5)),
            "interests": c.rng.choice(names.WORDS["interests"]),
            "started_on": started,
            "ended_on": ended,
        },
        outcome,
    )


def framework(
    c: Cluster,
    company_id: object,
    signatory: Row | None,
    started: date,
    ended: date | None,
    outcome: str,
) -> Row:
    """Add a company's framework agreement; without an end it is active."""
    return c.add(
        "contract",
        {
            "company_id": company_id,
            "representative_id": None if signatory is None else signatory.values["representative_id"],
            "kind": "framework",
            "status": "active" if ended is None else "ended",
            "signatory_name": None if signatory is None else signatory.values["name"],
            "started_on": started,
            "ended_on": ended,
            "last_activity_on": ended or c.time.ago(30),
            "auto_renews": True,
            "monthly_fee": Decimal(c.rng.randint(990, 24900)),
        },
        outcome,
    )


def lead(c: Cluster, p: Person, created: date, outcome: dict[str, str], values: dict[str, object] | None = None) -> Row:
    """Add a prospect."""
    return c.add(
        "lead",
        {
            "name": p.name,
            "company_name": f"{c.rng.choice(names.WORDS['companies'])} {c.rng.choice(names.WORDS['trades'])} AB",
            "email": names.spell_email(p.email, c.rng.randrange(8)),
            "phone": names.spell_telephone(p.phone, c.rng.randrange(5)),
            "source_list": c.rng.choice(("mässan", "webbformulär", "rekommendation")),
            "score": c.rng.randint(1, 100),
            "status": "open",
            "created_on": created,
            **(values or {}),
        },
        outcome,
    )


def dialogue(c: Cluster, lead_id: object, day: date, outcome: str, kind: str = "call") -> Row:
    """Add an entry of the dialogue; what only one side did (mail_out, mail_opened) is no contact."""
    return c.add(
        "dialogue_entry",
        {
            "lead_id": lead_id,
            "occurred_at": instant(day, c.rng.randint(8, 17), c.rng.randrange(60)),
            "kind": kind,
            "two_way": kind not in {"mail_out", "mail_opened"},
            "note": c.rng.choice(names.WORDS["notes"]),
        },
        outcome,
    )


def meeting(c: Cluster, lead_id: object, day: date, outcome: str) -> Row:
    """Add a booked meeting, behind or ahead."""
    return c.add(
        "meeting",
        {
            "lead_id": lead_id,
            "starts_at": wall_clock(day, 13),
            "place": c.rng.choice(("Hos kunden", "IRET:s kontor", "Videomöte")),
            "agenda": "Genomgång av offert.",
        },
        outcome,
    )
