"""Private customers: contracts, web orders, and how they end."""

# ruff: noqa: PLR0913, PLR0917 - a fact has many columns.
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from include.sample import registers
from include.sample.cluster import Cluster, Person
from include.sample.days import wall_clock
from include.sample.facts import books, credit, letters, orders, shop
from include.sample.facts.standing import ACTIVE, FORMER, GONE, IN_WARRANTY, Standing
from include.sample.outcomes import DUE, KEEP, Row

PLACEHOLDER_SHARE = 0.06
"""Customers whose personnummer is the one that the staff type when they have none."""


def typed_pnr(c: Cluster, p: Person) -> str:
    """Return a personnummer as typed, now and then the placeholder."""
    if c.rng.random() < PLACEHOLDER_SHARE:
        return c.rng.choice((registers.PLACEHOLDER, f"{registers.PLACEHOLDER[:8]}-{registers.PLACEHOLDER[8:]}"))
    return registers.spell_personal(p.pnr, c.rng)


def yearly_invoices(
    c: Cluster, payer: books.Payer, debtor_id: object, started: date, ended: date, *, lines: int = 1
) -> None:
    """Add a paid invoice for every year of a contract, long enough ago to be paid."""
    day = (started + timedelta(days=10)).replace(day=c.rng.randint(5, 25))
    while day <= min(ended, c.time.ago(40)):
        books.invoice(c, payer, debtor_id, day, books.Terms(lines=lines))
        day = (day + timedelta(days=365)).replace(day=day.day)


def newsletter(c: Cluster, p: Person, outcome: str) -> Row:
    """Add a subscriber with letters, and opens far enough back to be over if the subscriber is due."""
    subscriber = letters.subscriber(c, p, outcome)
    for _ in range(c.rng.randrange(3)):
        old = outcome == DUE or c.rng.random() < 0.08
        day = c.time.between(c.rng, 220, 420) if old else c.time.between(c.rng, 5, 150)
        sent = letters.send(c, subscriber, day)
        if c.rng.random() < 0.35:
            letters.engagement(c, sent, day + timedelta(days=1), outcome, c.rng.choice(("open", "click")))
    if c.rng.random() < 0.5:
        letters.membership(c, subscriber)
    return subscriber


def contract_customer(
    c: Cluster,
    p: Person,
    standing: Standing,
    started: date,
    ended: date | None = None,
    values: dict[str, object] | None = None,
    *,
    debtor: bool = True,
    contract: str | None = None,
) -> tuple[Row, books.Payer, object]:
    """Add a customer with a contract, a debtor and an invoice for each year.

    Returns:
        The customer, how finance spells them, and the debtor's number or None.
    """
    filled: dict[str, object] = {"pnr": typed_pnr(c, p), **(values or {})}
    row = shop.customer(c, p, standing, filled)
    customer_id = row.values["customer_id"]
    shop.subscription(
        c, customer_id, p.name, started, ended, contract or (KEEP if ended is None else standing.marketing)
    )
    payer = books.private_payer(c, p, row.values["customer_no"], pnr=typed_pnr(c, p))
    debtor_id = books.debtor(c, payer, "private", standing).values["debtor_id"] if debtor else None
    yearly_invoices(c, payer, debtor_id, started, ended or c.time.as_of)
    return row, payer, debtor_id


def everyday_values(c: Cluster, p: Person) -> dict[str, object]:
    """Return what an active customer's row holds besides the usual."""
    values = shop.profile_values(c, p)
    if c.rng.random() < 0.4:
        values |= {"payment_token": f"tok_{c.number('token'):010d}", "credit_limit": 5000 * c.rng.randint(1, 9)}
    if c.rng.random() < 0.6:
        old = c.rng.random() < 0.12
        values |= shop.login_values(c, c.time.between(c.rng, 220, 500) if old else c.time.between(c.rng, 3, 150))
    return values


def logins(c: Cluster, customer_id: object) -> None:
    """Add some log-ins, few of them too old."""
    for _ in range(c.rng.randrange(3)):
        old = c.rng.random() < 0.1
        shop.web_login(c, customer_id, c.time.between(c.rng, 220, 420) if old else c.time.between(c.rng, 2, 150))


def active_subscription(c: Cluster) -> None:
    """A running contract with everything around it."""
    p = c.person()
    started = c.time.between(c.rng, 400, 3600)
    row, _, _ = contract_customer(c, p, ACTIVE, started, values=everyday_values(c, p))
    customer_id = row.values["customer_id"]
    logins(c, customer_id)
    if c.rng.random() < 0.6:
        newsletter(c, p, KEEP)
        if c.rng.random() < 0.5:
            letters.consent(c, p.email, started + timedelta(days=3), KEEP)
    if c.rng.random() < 0.3:
        shop.note(c, {"customer_id": customer_id}, c.time.between(c.rng, 10, 390), KEEP)
    if c.rng.random() < 0.05:
        opened = c.time.between(c.rng, 5, 30)
        about: dict[str, object] = {"customer_id": customer_id}
        orders.support_case(c, opened, None if c.rng.random() < 0.8 else c.time.ago(2), "question", about)


def goods(c: Cluster, closed: date) -> orders.Goods:
    """Return what somebody ordered."""
    dice = c.rng.random()
    if dice < 0.10:
        return orders.Goods(product_class="consumable")
    if dice < 0.16:
        return orders.Goods(guarantee_until=closed + timedelta(days=5 * 365))
    if dice < 0.20:
        return orders.Goods(circulated_on=closed - timedelta(days=100))
    if dice < 0.27:
        return orders.Goods(gift_to=c.person())
    return orders.Goods()


def web_customer(
    c: Cluster, p: Person, standing: Standing, closed: date, values: dict[str, object] | None = None
) -> Row:
    """Add a web customer whose last order was closed on a day, with its invoice: no contract, no debtor."""
    row = shop.customer(c, p, standing, {"pnr": None, **(values or {})})
    web_order(c, p, row, closed, goods(c, closed) if standing != IN_WARRANTY else orders.Goods())
    return row


def web_order(c: Cluster, p: Person, row: Row, closed: date, what: orders.Goods) -> Row:
    """Add a closed order with its paid invoice, now and then sold abroad under the One Stop Shop."""
    placed = closed - timedelta(days=c.rng.randint(2, 6))
    order = orders.order(c, row, p, placed, closed, what)
    payer = books.private_payer(c, p, row.values["customer_no"], pnr="")
    payer = replace(payer, values={**payer.values, "pnr": None})
    terms = books.Terms(paid_after=12, lines=c.rng.randint(1, 3), oss=c.rng.random() < 0.03)
    books.invoice(c, payer, None, placed, terms)
    return order


def web_recent(c: Cluster) -> None:
    """Orders, the last one within a year: a former customer to whom marketing is still allowed."""
    p = c.person()
    closed = c.time.between(c.rng, 20, 330)
    row = web_customer(c, p, FORMER, closed, shop.profile_values(c, p))
    for _ in range(c.rng.randrange(2)):
        web_order(c, p, row, closed - timedelta(days=c.rng.randint(400, 500)), orders.Goods())
    logins(c, row.values["customer_id"])
    if c.rng.random() < 0.5:
        newsletter(c, p, KEEP)


def web_open(c: Cluster) -> None:
    """An order on its way, not paid yet."""
    p = c.person()
    row = shop.customer(c, p, ACTIVE, {"pnr": None, **everyday_values(c, p)})
    placed = c.time.between(c.rng, 1, 6)
    orders.order(c, row, p, placed, None)
    payer = books.private_payer(c, p, row.values["customer_no"])
    books.invoice(c, payer, None, placed, books.Terms(status="open"))


def web_in_warranty(c: Cluster) -> None:
    """The last order a year and more ago: only complaints are left, and sometimes what should be gone."""
    p = c.person()
    left = c.rng.random() < 0.12
    values = shop.profile_values(c, p) if left else None
    web_customer(c, p, IN_WARRANTY, c.time.between(c.rng, 430, 1050), values)
    if left:
        newsletter(c, p, DUE)


def web_gone(c: Cluster) -> None:
    """The last order years ago: nothing but bookkeeping is left; half of them hidden instead of deleted."""
    p = c.person()
    hidden = {"deleted_at": wall_clock(c.time.ago(400))} if c.rng.random() < 0.5 else {}
    row = shop.customer(c, p, GONE, {"pnr": None, **hidden})
    web_order(c, p, row, c.time.between(c.rng, 1250, 2300), orders.Goods())


def former_recent(c: Cluster) -> None:
    """A contract that ended within a year."""
    p = c.person()
    ended = c.time.between(c.rng, 30, 330)
    started = ended - timedelta(days=c.rng.randint(400, 2500))
    with_rest = c.rng.random() < 0.25
    values = shop.profile_values(c, p) | ({} if with_rest else {"pnr": None})
    row, _, _ = contract_customer(c, p, FORMER, started, ended, values, debtor=with_rest)
    if c.rng.random() < 0.5:
        newsletter(c, p, KEEP)
    if c.rng.random() < 0.1:
        shop.note(c, {"customer_id": row.values["customer_id"]}, ended, DUE)


def former_past(c: Cluster) -> None:
    """A contract that ended more than a year ago."""
    p = c.person()
    ended = c.time.between(c.rng, 420, 1100)
    started = ended - timedelta(days=c.rng.randint(400, 2000))
    row, _, _ = contract_customer(c, p, GONE, started, ended, debtor=c.rng.random() < 0.3)
    if c.rng.random() < 0.3:
        newsletter(c, p, DUE)
    if c.rng.random() < 0.3:
        shop.note(c, {"customer_id": row.values["customer_id"]}, ended, DUE)


def restarted(c: Cluster) -> None:
    """A contract that ended, and another one running."""
    p = c.person()
    started = c.time.between(c.rng, 420, 900)
    row, _, _ = contract_customer(c, p, ACTIVE, started, values=everyday_values(c, p))
    ended = started - timedelta(days=c.rng.randint(60, 700))
    shop.subscription(c, row.values["customer_id"], p.name, ended - timedelta(days=500), ended, DUE)


def credit_checked(c: Cluster) -> None:
    """A running contract with a credit check; the report and the ID copy are due soon after it."""
    p = c.person()
    fresh = c.rng.random() < 0.92
    started = c.time.between(c.rng, 60, 390)
    row, _, _ = contract_customer(c, p, ACTIVE, started, values=everyday_values(c, p))
    completed = c.time.between(c.rng, 3, 25) if fresh else c.time.between(c.rng, 40, 55)
    copy_of = p if c.rng.random() < 0.7 else None
    credit.credit_check(c, {"customer_id": row.values["customer_id"]}, completed, KEEP, id_copy_of=copy_of)


def family(c: Cluster) -> None:
    """Two customers with one e-mail address and one telephone."""
    first, second = c.person(), c.person()
    second = replace(second, family=first.family, email=first.email, phone=first.phone, street=first.street)
    for p in (first, second):
        contract_customer(c, p, ACTIVE, c.time.between(c.rng, 400, 1500), values=shop.profile_values(c, p))


WEIGHTS: dict[Callable[[Cluster], None], float] = {
    active_subscription: 30,
    web_recent: 14,
    web_open: 3,
    web_in_warranty: 12,
    web_gone: 2.5,
    former_recent: 5,
    former_past: 3,
    restarted: 1.5,
    credit_checked: 2.5,
    family: 0.7,
}
