"""Prospects, and people who only get the newsletter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from include.sample.cluster import Cluster
from include.sample.days import wall_clock
from include.sample.facts import crm, letters, orders, shop
from include.sample.facts.standing import ACTIVE
from include.sample.outcomes import DUE, KEEP, REFER
from include.sample.scenarios.private import contract_customer, newsletter

OPEN = {"contact": KEEP, "profile": KEEP, "identity": DUE}
"""A prospect's identity number has no purpose, whether there is one or not."""
ENDED = {"contact": DUE, "profile": DUE, "identity": DUE}
NOBODY = {"contact": REFER, "profile": REFER, "identity": DUE}
TALKS = ("call", "mail_in", "visit")


def in_dialogue(c: Cluster) -> None:
    """A prospect in an open dialogue; earlier entries are as old as they like."""
    p = c.person()
    last = c.time.between(c.rng, 5, 150)
    lead_id = crm.lead(c, p, last - timedelta(days=200), OPEN).values["lead_id"]
    crm.dialogue(c, lead_id, last, KEEP, c.rng.choice(TALKS))
    for _ in range(c.rng.randrange(3)):
        crm.dialogue(c, lead_id, last - timedelta(days=c.rng.randint(1, 190)), KEEP, c.rng.choice((*TALKS, "mail_out")))
    if c.rng.random() < 0.02:
        crm.meeting(c, lead_id, last - timedelta(days=2), DUE)
    if c.rng.random() < 0.3:
        newsletter(c, p, KEEP)
    if c.rng.random() < 0.3:
        shop.note(c, {"lead_id": lead_id}, last, KEEP)


def silent(c: Cluster) -> None:
    """A prospect who hasn't answered for more than six months, whatever mails were opened."""
    p = c.person()
    last = c.time.between(c.rng, 220, 400)
    lead_id = crm.lead(c, p, last - timedelta(days=90), ENDED).values["lead_id"]
    crm.dialogue(c, lead_id, last, DUE)
    crm.dialogue(c, lead_id, c.time.between(c.rng, 5, 60), DUE, "mail_opened")


def declined(c: Cluster) -> None:
    """A prospect said no thanks."""
    p = c.person()
    last = c.time.between(c.rng, 40, 90)
    values: dict[str, object] = {"status": "closed", "closed_on": last + timedelta(days=10)}
    lead_id = crm.lead(c, p, last - timedelta(days=30), ENDED, values).values["lead_id"]
    crm.dialogue(c, lead_id, last, DUE)


def objected(c: Cluster) -> None:
    """A prospect objected to marketing: everything goes at once but the key of who objected."""
    p = c.objector()
    last = c.time.between(c.rng, 40, 90)
    lead_id = crm.lead(c, p, last - timedelta(days=30), ENDED).values["lead_id"]
    crm.dialogue(c, lead_id, last, DUE)
    letters.objection(c, {"email": p.email}, last + timedelta(days=15))


def converted(c: Cluster) -> None:
    """A prospect became a customer: the customer's row carries on, the prospect's has served."""
    p = c.person()
    started = c.time.between(c.rng, 60, 390)
    customer, _, _ = contract_customer(c, p, ACTIVE, started)
    values: dict[str, object] = {
        "status": "converted",
        "converted_on": started,
        "customer_no": customer.values["customer_no"],
    }
    lead_id = crm.lead(c, p, started - timedelta(days=60), ENDED, values).values["lead_id"]
    crm.dialogue(c, lead_id, started - timedelta(days=20), DUE)


def meeting_ahead(c: Cluster) -> None:
    """A silent prospect with a meeting booked ahead: kept until then."""
    p = c.person()
    last = c.time.between(c.rng, 220, 300)
    lead_id = crm.lead(c, p, last - timedelta(days=20), OPEN).values["lead_id"]
    crm.dialogue(c, lead_id, last, KEEP)
    crm.meeting(c, lead_id, c.time.ago(-c.rng.randint(5, 40)), KEEP)


def forgotten(c: Cluster) -> None:
    """A prospect's row without dialogue, meeting or anything: a human must look."""
    crm.lead(c, c.person(), c.time.between(c.rng, 300, 900), NOBODY)


def newsletter_reader(c: Cluster) -> None:
    """Somebody who filled in the form: a contact, good for six months."""
    p = c.person()
    old = c.rng.random() < 0.12
    day = c.time.between(c.rng, 220, 420) if old else c.time.between(c.rng, 5, 150)
    outcome = DUE if old else KEEP
    values: dict[str, object] = {"subscribed_at": wall_clock(day)}
    subscriber = letters.subscriber(c, p, outcome, "form", values)
    letters.consent(c, p.email, day, outcome)
    letters.send(c, subscriber, day + timedelta(days=2))
    if c.rng.random() < 0.5:
        letters.membership(c, subscriber)


def bought_address(c: Cluster) -> None:
    """An address from a bought list: nobody knows of a consent or a sale."""
    letters.subscriber(c, c.person(), REFER, "bought_list")


def enquirer(c: Cluster) -> None:
    """A question without a purchase: a contact like a prospect's."""
    p = c.person()
    old = c.rng.random() < 0.15
    opened = c.time.between(c.rng, 220, 400) if old else c.time.between(c.rng, 10, 150)
    about: dict[str, object] = {"contact_name": p.name, "contact_email": p.email}
    orders.support_case(c, opened, opened + timedelta(days=3), "question", about, DUE if old else KEEP)


WEIGHTS: dict[Callable[[Cluster], None], float] = {
    in_dialogue: 5,
    silent: 0.25,
    declined: 0.2,
    objected: 0.2,
    converted: 0.3,
    meeting_ahead: 0.8,
    forgotten: 0.2,
    newsletter_reader: 4,
    bought_address: 0.2,
    enquirer: 1,
}
