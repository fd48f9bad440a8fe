"""Facts of the marketing system."""

# ruff: noqa: PLR0913 - a fact has many columns.
from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from include.sample import names
from include.sample.cluster import Cluster, Person
from include.sample.days import LOG_MONTHS, instant, months_after, wall_clock
from include.sample.facts.shop import until
from include.sample.outcomes import DUE, IMPERSONAL, KEEP, Row

CAMPAIGNS = 12
SEGMENTS = ("Alla", "Privat", "Företag", "Tidigare kunder", "Intresserade")


def subscriber(
    c: Cluster,
    p: Person,
    outcome: str | dict[str, str],
    source: str = "sale",
    values: dict[str, object] | None = None,
) -> Row:
    """Add a subscriber: marketing keeps addresses in lower case, mostly."""
    return c.add(
        "subscriber",
        {
            "email": names.spell_email(p.email, c.rng.choice((0, 0, 0, 1, 2))),
            "phone": names.spell_telephone(p.phone if c.rng.random() < 0.4 else "", c.rng.randrange(5)),
            "given_name": p.given,
            "interests": c.rng.choice(names.WORDS["interests"]),
            "source": source,
            "subscribed_at": wall_clock(c.time.ago(700)),
            **(values or {}),
        },
        outcome,
    )


def send(c: Cluster, subscriber_row: Row, sent: date) -> Row:
    """Add a letter sent."""
    return c.add(
        "send",
        {
            "subscriber_id": subscriber_row.values["subscriber_id"],
            "campaign_id": c.rng.randint(1, CAMPAIGNS),
            "sent_at": wall_clock(sent, 7),
        },
        IMPERSONAL,
    )


def engagement(c: Cluster, send_row: Row, day: date, behaviour: str, kind: str = "open") -> Row:
    """Add an open or a click: the network part is a log, the rest is marketing."""
    return c.add(
        "engagement",
        {
            "send_id": send_row.values["send_id"],
            "seq": 1,
            "kind": kind,
            "occurred_at": instant(day, c.rng.randint(7, 22)),
            "url": f"https://nyhetsbrev.iret.example/{c.rng.randint(1, 99)}",
            "ip": names.ip_address(c.rng),
            "user_agent": c.rng.choice(names.WORDS["agents"]),
        },
        {"network": until(c, months_after(day, LOG_MONTHS)), "behaviour": behaviour},
    )


def membership(c: Cluster, subscriber_row: Row) -> Row:
    """Put a subscriber in a segment."""
    return c.add(
        "membership",
        {
            "segment_id": c.rng.randint(1, len(SEGMENTS)),
            "subscriber_id": subscriber_row.values["subscriber_id"],
            "joined_at": wall_clock(c.time.ago(300)),
        },
        IMPERSONAL,
    )


def consent(c: Cluster, email: str, day: date, outcome: str, channel: str | None = "email") -> Row:
    """Add a consent, with its proof."""
    return c.add(
        "consent_event",
        {
            "email": email,
            "kind": "consent",
            "channel": channel,
            "occurred_at": instant(day, 9),
            "ip": names.ip_address(c.rng),
            "wording": "Ja tack, skicka nyheter och erbjudanden.",
        },
        outcome,
    )


def objection(
    c: Cluster,
    values: Mapping[str, object],
    received: date | datetime,
    *,
    kind: str = "objection",
    key: str = KEEP,
    proof: str = DUE,
) -> Row:
    """Add an objection (or a withdrawn consent).

    Args:
        c: the cluster.
        values: e-mail or phone, and the channel; no channel means all.
        received: a day, or the exact instant.
        kind: ``objection`` or ``withdrawal``.
        key: of the key of who objected; kept until it is lifted.
        proof: of where it came from.
    """
    return c.add(
        "consent_event",
        {
            "kind": kind,
            "occurred_at": received if isinstance(received, datetime) else instant(received, 11),
            "ip": names.ip_address(c.rng),
            "wording": "Avregistrering via länk.",
            **values,
        },
        {"key": key, "proof": proof},
    )


def business_contact(c: Cluster, values: dict[str, object], outcome: str) -> Row:
    """Add a contact person at a company."""
    return c.add("business_contact", {"created_at": wall_clock(c.time.ago(400)), **values}, outcome)
