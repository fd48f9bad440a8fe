"""Cases F: holds, claims and disputes."""

from __future__ import annotations

from datetime import timedelta

from include.sample.cases import people
from include.sample.cases.registry import Registry
from include.sample.cluster import Cluster
from include.sample.days import consumer_warranty
from include.sample.facts import books, crm, letters, orders, shop
from include.sample.facts.standing import GONE, IN_WARRANTY
from include.sample.outcomes import DUE, KEEP

REGISTRY = Registry()
case = REGISTRY.case
LEAD_HELD = {"contact": KEEP, "profile": KEEP, "identity": KEEP}


def hold(c: Cluster, scope: dict[str, object]) -> None:
    """Ask for a legal hold in the control database."""
    c.holds.append(
        {
            **scope,
            "owner": "Chefsjurist",
            "reason": "Tvist vid tingsrätten",
            "review_on": c.time.ago(-180),
            "case": c.case,
        }
    )


def hold_subject(c: Cluster, kind: str, value: object) -> None:
    """Ask for a hold on everything about a person."""
    hold(c, {"scope": "subject", "identifier": {"kind": kind, "value": value}})


@case("F01")
def hold_on_a_customer(c: Cluster) -> None:
    """Held: everything about X in every system, and about nobody else."""
    held = people.customer(c, people.HELD, c.time.ago(700), contract=KEEP)
    subscriber = letters.subscriber(c, held.person, KEEP)
    note = shop.note(c, {"customer_id": held.customer_id}, c.time.ago(900), KEEP)
    hold_subject(c, "customer_number", held.row.values["customer_no"])
    free = people.customer(c, GONE, c.time.ago(700))
    for row in (held.row, held.contract, held.debtor, subscriber, note):
        c.promise(row, "RETAIN")
    c.promise(free.row, "DELETE")
    c.promise(free.debtor, "DELETE")


@case("F01")
def hold_on_a_prospect(c: Cluster) -> None:
    """A hold by e-mail address, written with capitals."""
    p = c.person()
    lead = crm.lead(c, p, c.time.ago(500), LEAD_HELD)
    entry = crm.dialogue(c, lead.values["lead_id"], c.time.ago(400), KEEP)
    hold_subject(c, "email", p.email.title())
    c.promise(lead, "RETAIN")
    c.promise(entry, "RETAIN")


@case("F01")
def hold_on_one_record(c: Cluster) -> None:
    """A hold on one record: it stays, and what it refers to is emptied instead of deleted."""
    who = people.customer(c, GONE, c.time.ago(700))
    about: dict[str, object] = {"customer_id": who.customer_id}
    held = orders.support_case(c, c.time.ago(800), c.time.ago(790), "complaint", about, KEEP)
    other = orders.support_case(c, c.time.ago(780), c.time.ago(770), "complaint", about)
    hold(c, {"scope": "record", "system": "sales", "table": "support_case", "key": [held.values["case_id"]]})
    c.promise(held, "RETAIN")
    c.promise(other, "DELETE")
    c.promise(who.row, "ANONYMISE")


@case("F05")
def complaint_on_the_last_day(c: Cluster) -> None:
    """It came in on the last day of the warranty and is still open."""
    p = c.person()
    row = shop.customer(c, p, IN_WARRANTY)
    delivered = c.time.last_over(consumer_warranty)
    order = orders.order(c, row, p, delivered - timedelta(days=4), delivered, orders.Goods(claimed=True))
    delivery = c.rows[-1]
    about = {
        "customer_id": row.values["customer_id"],
        "order_id": order.values["order_id"],
        "delivery_id": delivery.values["delivery_id"],
    }
    complaint = orders.support_case(c, consumer_warranty(delivered), None, "complaint", about)
    c.promise(complaint, "RETAIN")
    c.promise(delivery, "RETAIN")
    c.promise(order, {"shipping": "RETAIN", "gift": "ANONYMISE"})
    c.promise(row, {"master": "RETAIN", "profile": "ANONYMISE"})


@case("F06")
def kept_at_the_persons_wish(c: Cluster) -> None:
    """Article 18(1)(c): the person needs the data for a claim of their own."""
    who = people.customer(c, people.HELD, c.time.ago(800), contract=KEEP)
    about: dict[str, object] = {"customer_id": who.customer_id}
    request = shop.privacy_request(c, "restriction", c.time.ago(60), None, about, {"key": KEEP, "message": KEEP})
    c.promise(who.row, "RETAIN")
    c.promise(who.debtor, "RETAIN")
    c.promise(request, "RETAIN")


@case("F06")
def restriction_lifted(c: Cluster) -> None:
    """The restriction has been lifted: the clocks run as before."""
    who = people.customer(c, GONE, c.time.ago(800))
    about: dict[str, object] = {"customer_id": who.customer_id}
    outcome = {"key": DUE, "message": DUE}
    request = shop.privacy_request(c, "restriction", c.time.ago(160), c.time.ago(20), about, outcome)
    c.promise(who.row, "DELETE")
    c.promise(request, "DELETE")


@case("F08")
def credit_note(c: Cluster) -> None:
    """A credit note refers to an invoice whose own time is over: the invoice is kept as long."""
    who = people.customer(c)
    day = c.time.kept_books_from - timedelta(days=60)
    invoice = books.invoice(c, who.payer, who.debtor_id, day, books.Terms(status="credited", outcome=KEEP))
    note = books.credit_note(c, invoice, c.time.ago(1500))
    c.promise(note, "RETAIN")
    c.promise(invoice, "RETAIN")


@case("F09")
def paid_in_a_later_year(c: Cluster) -> None:
    """The payment is a voucher of its own year. It refers to the invoice, which is emptied and stays."""
    who = people.customer(c)
    day = c.time.kept_books_from - timedelta(days=60)
    invoice = books.invoice(c, who.payer, who.debtor_id, day, books.Terms(paid_after=90))
    c.promise(c.rows[-1], "RETAIN")
    c.promise(c.rows[-2], "DELETE")
    c.promise(invoice, "ANONYMISE")


@case("F10")
def claim_sold(c: Cluster) -> None:
    """The claim was sold: the books keep the invoice, nothing keeps the file."""
    who = people.customer(c)
    invoice = books.invoice(c, who.payer, who.debtor_id, c.time.ago(900), books.Terms(status="written_off"))
    values: dict[str, object] = {
        "invoice_id": invoice.values["invoice_id"],
        "customer_no": who.row.values["customer_no"],
        "direction": "ours",
        "status": "closed",
        "opened_on": c.time.ago(800),
        "closed_on": c.time.ago(600),
        "arose_on": c.time.ago(870),
        "sold_to": "Inkassobolaget AB",
    }
    c.promise(books.claim(c, values, DUE), "DELETE")
    c.promise(invoice, "RETAIN")


@case("F11")
def held_and_objected(c: Cluster) -> None:
    """The hold keeps the data; marketing is over all the same."""
    who = people.customer(c, people.HELD, c.time.ago(500), person=c.objector(), contract=KEEP)
    subscriber = letters.subscriber(c, who.person, KEEP)
    objection = letters.objection(c, {"email": who.person.email}, c.time.ago(10), proof=KEEP)
    hold_subject(c, "identity_number", who.person.pnr)
    for row in (who.row, subscriber, objection):
        c.promise(row, "RETAIN")
