"""Cases G and J: data that say too little, too late or nonsense."""

from __future__ import annotations

from datetime import date, timedelta

from include.sample.cases import people
from include.sample.cases.registry import Registry
from include.sample.cluster import Cluster
from include.sample.days import wall_clock
from include.sample.facts import books, credit, crm, letters, orders, shop
from include.sample.facts.standing import GONE, UNKNOWN
from include.sample.outcomes import DUE, REFER
from include.sample.scenarios.prospects import NOBODY

REGISTRY = Registry()
case = REGISTRY.case


def _ended(c: Cluster, started: date | None, ended: date | None, status: str) -> people.Customer:
    """Add a customer whose contract has an end that can't be true."""
    who = people.customer(c, UNKNOWN, contract=REFER)
    who.contract.values.update(started_on=started, ended_on=ended, status=status, last_activity_on=c.time.ago(4300))
    return who


@case("G01")
def no_end_and_not_active(c: Cluster) -> None:
    """No end date, last seen twelve years ago: neither active nor expired."""
    who = _ended(c, c.time.ago(5000), None, "unknown")
    subscriber = letters.subscriber(c, who.person, REFER)
    for row in (who.contract, who.debtor, subscriber):
        c.promise(row, "REFER")
    c.promise(who.row, {"master": "REFER", "identity": "REFER", "profile": "REFER", "payment": "REFER"})


@case("G03")
def sentinel_dates(c: Cluster) -> None:
    """1 January 1900 and 1970 are nobody's last day."""
    for sentinel in (date(1900, 1, 1), date(1970, 1, 1)):
        who = _ended(c, None, sentinel, "ended")
        c.promise(who.contract, "REFER")
        c.promise(who.row, {"master": "REFER"})


@case("G04")
def ended_before_it_started(c: Cluster) -> None:
    """A contract that ended before it began."""
    who = _ended(c, c.time.ago(800), c.time.ago(2000), "ended")
    c.promise(who.contract, "REFER")
    c.promise(who.row, {"master": "REFER"})


@case("G06")
def orphan_invoice(c: Cluster) -> None:
    """No customer anywhere: the duty follows the document."""
    payer = books.private_payer(c, c.person(), "K0099992")
    c.promise(books.invoice(c, payer, None, c.time.ago(1800)), "RETAIN")
    old = c.time.kept_books_from - timedelta(days=400)
    c.promise(books.invoice(c, payer, None, old, books.Terms(paid_after=0)), "DELETE")


@case("G07")
def orphan_contact(c: Cluster) -> None:
    """A name without company, dialogue or contract, and a note about nobody."""
    lead = crm.lead(c, c.person(), c.time.ago(700), NOBODY, {"company_name": None})
    c.promise(lead, {"contact": "REFER", "profile": "REFER"})
    c.promise(shop.note(c, {}, c.time.ago(700), REFER), "REFER")


@case("G12")
def unreadable_dates(c: Cluster) -> None:
    """30 February, and a date that is March to one and April to another."""
    who = people.customer(c)
    for text in ("2018-02-30", "03/04/2018"):
        terms = books.Terms(status="credited", outcome=REFER, date_text=text)
        c.promise(books.invoice(c, who.payer, who.debtor_id, c.time.ago(700), terms), "REFER")


@case("G12")
def empty_and_sentinel_dates(c: Cluster) -> None:
    """No date on the invoice, and one that stands for none."""
    who = people.customer(c)
    for text in (None, "1970-01-01"):
        terms = books.Terms(status="credited", outcome=REFER, date_text=text or "")
        invoice = books.invoice(c, who.payer, who.debtor_id, c.time.ago(700), terms)
        invoice.values["invoice_date"] = text
        c.promise(invoice, "REFER")


@case("G14")
def flagged_as_test(c: Cluster) -> None:
    """Somebody set the flag for tests: real data follow the real rules."""
    c.promise(people.customer(c, values={"is_test": True}).row, {"master": "RETAIN"})
    c.promise(people.customer(c, GONE, c.time.ago(700), values={"is_test": True}).row, "DELETE")


@case("J10")
def objection_registered_late(c: Cluster) -> None:
    """The objection is older than the last letter: it counts now all the same."""
    who = people.customer(c, people.NO_MARKETING, person=c.objector())
    subscriber = letters.subscriber(c, who.person, DUE)
    letters.send(c, subscriber, c.time.ago(5))
    letters.objection(c, {"email": who.person.email}, c.time.ago(60))
    c.promise(subscriber, "DELETE")
    c.promise(c.rows[-2], "DELETE")


@case("J14")
def long_overdue(c: Cluster) -> None:
    """Due for years: it goes, and the DPO sees for how long."""
    values: dict[str, object] = {"subscribed_at": wall_clock(c.time.ago(1600))}
    c.promise(letters.subscriber(c, c.person(), DUE, "form", values), "DELETE")


@case("J17")
def log_in_and_opened_letter(c: Cluster) -> None:
    """Yesterday's log-in and yesterday's opened letter start nothing but their own logs."""
    who = people.customer(c, GONE, c.time.ago(800), values=shop.login_values(c, c.time.ago(1)))
    subscriber = letters.subscriber(c, who.person, DUE)
    log = letters.engagement(c, letters.send(c, subscriber, c.time.ago(2)), c.time.ago(1), DUE)
    gone = dict.fromkeys(("identity", "master", "profile", "payment"), "ANONYMISE")
    c.promise(who.row, {"network": "RETAIN", **gone})
    c.promise(subscriber, "ANONYMISE")
    c.promise(log, {"network": "RETAIN", "behaviour": "ANONYMISE"})


@case("J18")
def children_before_parents(c: Cluster) -> None:
    """Everything about a customer goes, in the order of the foreign keys."""
    who = people.customer(c, GONE, c.time.ago(1300))
    order = orders.order(c, who.row, who.person, c.time.ago(1404), c.time.ago(1400))
    about: dict[str, object] = {"customer_id": who.customer_id}
    delivery = c.rows[-1]
    complaint = orders.support_case(
        c,
        c.time.ago(1390),
        c.time.ago(1380),
        "complaint",
        {**about, "order_id": order.values["order_id"], "delivery_id": delivery.values["delivery_id"]},
    )
    credit.credit_check(c, about, c.time.ago(2400), DUE, id_copy_of=who.person)
    shop.web_login(c, who.customer_id, c.time.ago(1310))
    subscriber = letters.subscriber(c, who.person, DUE)
    letters.engagement(c, letters.send(c, subscriber, c.time.ago(1320)), c.time.ago(1319), DUE)
    letters.membership(c, subscriber)
    for row in (who.row, who.contract, who.debtor, order, delivery, complaint, subscriber):
        c.promise(row, "DELETE")
