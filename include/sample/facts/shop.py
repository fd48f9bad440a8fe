"""Facts of the sales system about private customers."""

# ruff: noqa: PLR0913, PLR0917 - a fact has many columns.
from __future__ import annotations

from datetime import date
from decimal import Decimal

from include.sample import names, registers
from include.sample.cluster import Cluster, Person
from include.sample.days import (
    LOG_MONTHS,
    instant,
    months_after,
    wall_clock,
)
from include.sample.facts.standing import Standing
from include.sample.outcomes import DUE, KEEP, Row


def until(c: Cluster, last_day: date | None) -> str:
    """Return KEEP through a period's last day, else DUE; None means that there is no such period."""
    return DUE if last_day is None or c.time.over(last_day) else KEEP


def customer(
    c: Cluster,
    p: Person,
    standing: Standing,
    values: dict[str, object] | None = None,
    outcome: dict[str, str] | None = None,
) -> Row:
    """Add a private customer.

    Args:
        c: the cluster.
        p: the person.
        standing: says what is expected of the groups.
        values: columns that differ from the usual.
        outcome: groups of which something else is expected than ``standing`` says.
    """
    serial = c.number("customer_no")
    filled: dict[str, object] = {
        "customer_no": f"K{serial:07d}",
        "pnr": registers.spell_personal(p.pnr, c.rng),
        "given_name": p.given,
        "family_name": p.family,
        "street": p.street,
        "postcode": p.postcode,
        "city": p.city,
        "phone": names.spell_telephone(p.phone, serial),
        "email": names.spell_email(p.email, c.rng.randrange(8)),
        "protected_identity": False,
        "registered_on": c.time.ago(900),
        "is_test": False,
        **(values or {}),
    }
    login = filled.get("last_login_at")
    return c.add(
        "customer",
        filled,
        {
            "identity": standing.identity,
            "master": standing.master,
            "profile": standing.marketing,
            "payment": standing.relation,
            "network": DUE if login is None else until(c, months_after(login.date(), LOG_MONTHS)),  # type: ignore[attr-defined]
            **(outcome or {}),
        },
    )


def login_values(c: Cluster, day: date) -> dict[str, object]:
    """Return the columns of a customer's latest log-in."""
    return {"last_login_at": instant(day, c.rng.randint(8, 20)), "last_login_ip": names.ip_address(c.rng)}


def profile_values(c: Cluster, p: Person) -> dict[str, object]:
    """Return the columns that only marketing needs."""
    return {"birth_date": p.birthday, "interests": c.rng.choice(names.WORDS["interests"])}


def subscription(
    c: Cluster,
    customer_id: object,
    name: str,
    started: date | None,
    ended: date | None,
    outcome: str,
    values: dict[str, object] | None = None,
) -> Row:
    """Add a private customer's contract; without an end it is active unless ``values`` say otherwise."""
    return c.add(
        "contract",
        {
            "customer_id": customer_id,
            "kind": "subscription",
            "status": "active" if ended is None else "ended",
            "signatory_name": name,
            "started_on": started,
            "ended_on": ended,
            "last_activity_on": ended or c.time.ago(40),
            "auto_renews": True,
            "monthly_fee": Decimal(c.rng.randint(99, 899)),
            **(values or {}),
        },
        outcome,
    )


def web_login(c: Cluster, customer_id: object, day: date, path: str = "/mina-sidor") -> Row:
    """Add a log-in to the web shop."""
    return c.add(
        "web_login",
        {
            "customer_id": customer_id,
            "logged_at": instant(day, c.rng.randint(7, 21), c.rng.randrange(60)),
            "ip": names.ip_address(c.rng),
            "path": path,
            "user_agent": c.rng.choice(names.WORDS["agents"]),
        },
        until(c, months_after(day, LOG_MONTHS)),
    )


def note(c: Cluster, about: dict[str, object], written: date, outcome: str, body: str | None = None) -> Row:
    """Add a note about a customer, a company or a lead."""
    return c.add(
        "note",
        {
            **about,
            "body": body or c.rng.choice(names.WORDS["notes"]),
            "author": "siglin",
            "created_at": wall_clock(written),
        },
        outcome,
    )


def privacy_request(
    c: Cluster, kind: str, received: date, closed: date | None, about: dict[str, object], outcome: dict[str, str]
) -> Row:
    """Add a request that a person made under the GDPR."""
    return c.add(
        "privacy_request",
        {
            "kind": kind,
            "received_at": instant(received, 10),
            "closed_on": closed,
            "message": "Jag vill använda mina rättigheter enligt dataskyddsförordningen.",
            **about,
        },
        outcome,
    )
