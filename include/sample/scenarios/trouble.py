"""Private customers with something special: objections, erasure, disputes, debts, and data that says too little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from include.sample.cluster import Cluster
from include.sample.facts import books, letters, shop
from include.sample.facts.standing import ACTIVE, FORMER, GONE, STRAY, UNKNOWN, Standing
from include.sample.outcomes import DUE, KEEP, REFER
from include.sample.scenarios.private import contract_customer, newsletter

NO_MARKETING = replace(ACTIVE, marketing=DUE)
"""An active customer who has objected, or asked to be erased."""


def _culled(c: Cluster) -> dict[str, object]:
    """Return the columns of an objection whose proof went long ago, as most have."""
    return {"ip": None, "wording": None} if c.rng.random() < 0.85 else {}


def objected_active(c: Cluster) -> None:
    """An active customer said no to marketing; some of the marketing data is still there."""
    p = c.objector()
    left = c.rng.random() < 0.3
    values = shop.profile_values(c, p) if left else None
    contract_customer(c, p, NO_MARKETING, c.time.between(c.rng, 400, 2500), values=values)
    if left:
        newsletter(c, p, DUE)
    letters.objection(c, {"email": p.email, **_culled(c)}, c.time.between(c.rng, 10, 380))


def objected_former(c: Cluster) -> None:
    """A former customer said no: the last purpose is gone at once."""
    p = c.objector()
    ended = c.time.between(c.rng, 60, 330)
    contract_customer(c, p, GONE, ended - timedelta(days=800), ended, debtor=False)
    letters.objection(c, {"email": p.email}, c.time.between(c.rng, 3, 50))


def erasure(c: Cluster) -> None:
    """A customer asked to be erased: what marketing carries goes, the rest has its own purposes."""
    p = c.person()
    active = c.rng.random() < 0.5
    ended = None if active else c.time.between(c.rng, 60, 330)
    started = c.time.between(c.rng, 900, 2500)
    row, _, _ = contract_customer(c, p, NO_MARKETING if active else GONE, started, ended, debtor=active)
    about: dict[str, object] = {"customer_id": row.values["customer_id"], "email": p.email}
    about |= {"message": None} if c.rng.random() < 0.85 else {}
    asked = c.time.between(c.rng, 35, 50)
    shop.privacy_request(c, "erasure", asked, asked + timedelta(days=20), about, {"key": KEEP, "message": DUE})


def deceased(c: Cluster) -> None:
    """The contract ended with the customer's death: no marketing to the dead."""
    p = c.person()
    ended = c.time.between(c.rng, 30, 300)
    values: dict[str, object] = {"deceased_on": ended, "pnr": None}
    contract_customer(c, p, GONE, ended - timedelta(days=900), ended, values, debtor=False)


def unknown_end(c: Cluster) -> None:
    """The contract isn't active, and its end is empty or a date that stands for nothing."""
    p = c.person()
    row = shop.customer(c, p, UNKNOWN, {"pnr": None})
    last_seen = c.time.between(c.rng, 1500, 3000)
    ended = c.rng.choice((None, date(1900, 1, 1), date(1970, 1, 1)))
    values: dict[str, object] = {"status": "unknown" if ended is None else "ended", "last_activity_on": last_seen}
    started = last_seen - timedelta(days=700)
    shop.subscription(c, row.values["customer_id"], p.name, started, ended, REFER, values)
    if c.rng.random() < 0.5:
        newsletter(c, p, REFER)


def disputed(c: Cluster) -> None:
    """Everything ended, but a claim about an invoice is open: what it needs stays."""
    p = c.person()
    standing = Standing(relation=DUE, billing=KEEP, identity=DUE, marketing=DUE, master=KEEP)
    ended = c.time.between(c.rng, 420, 900)
    started = ended - timedelta(days=700)
    row, payer, debtor_id = contract_customer(c, p, standing, started, ended, {"pnr": None}, contract=KEEP)
    invoice = books.invoice(c, payer, debtor_id, ended - timedelta(days=40))
    opened = c.time.between(c.rng, 60, 300)
    values: dict[str, object] = {
        "invoice_id": invoice.values["invoice_id"],
        "customer_no": row.values["customer_no"],
        "direction": "ours",
        "status": "open",
        "opened_on": opened,
        "arose_on": opened,
    }
    books.claim(c, values, KEEP)


def unpaid(c: Cluster) -> None:
    """A former customer owes for the last invoice and has been reminded."""
    p = c.person()
    standing = replace(FORMER, billing=KEEP, identity=KEEP)
    ended = c.time.between(c.rng, 150, 330)
    _, payer, debtor_id = contract_customer(c, p, standing, ended - timedelta(days=600), ended)
    invoice = books.invoice(c, payer, debtor_id, ended - timedelta(days=20), books.Terms(status="open"))
    books.reminder(c, invoice, ended + timedelta(days=30), KEEP)


def settled(c: Cluster) -> None:
    """A reminder of an invoice that has been paid since: nothing to claim any more."""
    p = c.person()
    _, payer, debtor_id = contract_customer(c, p, ACTIVE, c.time.between(c.rng, 500, 1500))
    day = c.time.between(c.rng, 200, 400)
    invoice = books.invoice(c, payer, debtor_id, day, books.Terms(paid_after=70))
    books.reminder(c, invoice, day + timedelta(days=45), DUE)


def returned(c: Cluster) -> None:
    """An invoice that was credited: two vouchers, each of its own year."""
    p = c.person()
    _, payer, debtor_id = contract_customer(c, p, ACTIVE, c.time.between(c.rng, 500, 1500))
    day = c.time.between(c.rng, 60, 400)
    invoice = books.invoice(c, payer, debtor_id, day, books.Terms(status="credited"))
    books.credit_note(c, invoice, day + timedelta(days=15))


def asked_for_access(c: Cluster) -> None:
    """A customer asked what is kept (Article 15): the request is needed until it is answered."""
    p = c.person()
    row, _, _ = contract_customer(c, p, ACTIVE, c.time.between(c.rng, 500, 1500))
    asked = c.time.between(c.rng, 3, 25)
    answered = None if c.rng.random() < 0.8 else c.time.ago(2)
    outcome = KEEP if answered is None else DUE
    about: dict[str, object] = {"customer_id": row.values["customer_id"], "email": p.email}
    shop.privacy_request(c, "access", asked, answered, about, {"key": outcome, "message": outcome})


def stray(c: Cluster) -> None:
    """Registered in the web shop and never seen again: no purpose is known, a human must look."""
    p = c.person()
    shop.customer(c, p, STRAY, {"pnr": None, **shop.login_values(c, c.time.between(c.rng, 2, 150))})


WEIGHTS: dict[Callable[[Cluster], None], float] = {
    objected_active: 2.5,
    objected_former: 0.7,
    erasure: 0.7,
    deceased: 0.5,
    unknown_end: 0.8,
    disputed: 0.7,
    unpaid: 1.5,
    settled: 0.2,
    returned: 0.6,
    asked_for_access: 0.4,
    stray: 0.4,
}
