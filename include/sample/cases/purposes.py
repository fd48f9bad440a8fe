"""Cases B: several purposes at once."""

from __future__ import annotations

from datetime import date, timedelta

from include.sample.cases import people
from include.sample.cases.registry import Registry
from include.sample.cluster import Cluster
from include.sample.days import (
    BUSINESS_WARRANTY_MONTHS,
    DEBT_MONTHS,
    GUARANTEE_MONTHS,
    LOG_MONTHS,
    PROSPECT_MONTHS,
    TEN_YEARS,
    instant,
    months_after,
)
from include.sample.facts import books, credit, crm, letters, orders, shop
from include.sample.facts.standing import ACTIVE, FORMER, GONE, IN_WARRANTY, Standing
from include.sample.outcomes import DUE, KEEP
from include.sample.scenarios.companies import BOTH_KEPT

REGISTRY = Registry()
case = REGISTRY.case
DISPUTED = Standing(relation=DUE, billing=KEEP, identity=DUE, marketing=DUE, master=KEEP)
"""Everything ended, but a claim is open."""


@case("B01")
def union_of_purposes(c: Cluster) -> None:
    """Ended 16 months ago, goods delivered 25 months ago: the invoice and the warranty keep what they need."""
    ended = c.time.ago(490)
    values = shop.login_values(c, c.time.ago(500)) | {"payment_token": "tok_b01", "credit_limit": 20000}
    who = people.customer(c, IN_WARRANTY, ended, values=values)
    order = orders.order(c, who.row, who.person, c.time.ago(765), c.time.ago(760))
    invoice = books.invoice(c, who.payer, who.debtor_id, c.time.ago(760))
    about: dict[str, object] = {"customer_id": who.customer_id}
    credit.credit_check(c, about, c.time.ago(900), DUE, id_copy_of=who.person)
    copy = c.rows[-1]
    subscriber = letters.subscriber(c, who.person, DUE)
    letters.engagement(c, letters.send(c, subscriber, c.time.ago(520)), c.time.ago(519), DUE)
    c.promise(order, "RETAIN")
    c.promise(invoice, "RETAIN")
    c.promise(copy, "DELETE")
    c.promise(subscriber, "DELETE")
    gone = dict.fromkeys(("identity", "profile", "payment", "network"), "ANONYMISE")
    c.promise(who.row, {"master": "RETAIN", **gone})


@case("B02")
def ip_address_of_an_active_customer(c: Cluster) -> None:
    """An IP address has six months, however active the customer is."""

    def log(day: date) -> date:
        return months_after(day, LOG_MONTHS)

    for day, verdict in ((c.time.last_over(log), "ANONYMISE"), (c.time.first_live(log), "RETAIN")):
        values = {"last_login_at": instant(day), "last_login_ip": "192.0.2.17"}
        who = people.customer(c, values=values)
        c.promise(who.row, {"network": verdict, "master": "RETAIN"})


@case("B03")
def identity_number_in_two_places(c: Cluster) -> None:
    """On the invoice it is part of the voucher; in the CRM nothing needs it once billing is over."""
    who = people.customer(c, FORMER, c.time.ago(200))
    invoice = books.invoice(c, who.payer, who.debtor_id, c.time.ago(230))
    c.promise(who.row, {"identity": "ANONYMISE", "master": "RETAIN"})
    c.promise(who.debtor, "ANONYMISE")
    c.promise(invoice, "RETAIN")


@case("B04", "H01")
def private_text_on_an_invoice(c: Cluster) -> None:
    """A voucher stays as it is, private or not."""
    who = people.customer(c)
    note = "Åsa N, migrän, portkod 1234, lämnas hos grannen"
    invoice = books.invoice(c, who.payer, who.debtor_id, c.time.ago(700), books.Terms(private_note=note))
    line = next(row for row in c.rows if row.table == "invoice_line")
    line.values["description"] = note
    c.promise(invoice, "RETAIN")
    c.promise(line, "RETAIN")


@case("B06")
def claim_outlives_the_books(c: Cluster) -> None:
    """Bookkeeping is over, a claim about the invoice is open."""
    booked = c.time.kept_books_from - timedelta(days=30)
    who = people.customer(c, DISPUTED, booked, contract=KEEP)
    terms = books.Terms(paid_after=0, outcome=KEEP)
    invoice = books.invoice(c, who.payer, who.debtor_id, booked, terms)
    opened = booked + timedelta(days=300)
    values: dict[str, object] = {"direction": "ours", "status": "open", "opened_on": opened, "arose_on": opened}
    about = {"invoice_id": invoice.values["invoice_id"], "customer_no": who.row.values["customer_no"]}
    c.promise(books.claim(c, {**values, **about}, KEEP), "RETAIN")
    c.promise(invoice, "RETAIN")
    c.promise(who.row, {"master": "RETAIN", "profile": "ANONYMISE", "identity": "ANONYMISE"})


@case("B07")
def written_reminder(c: Cluster) -> None:
    """A written reminder starts the three years anew."""

    def debt(day: date) -> date:
        return months_after(day, DEBT_MONTHS)

    who = people.customer(c)
    for sent, outcome, verdict in (
        (c.time.last_over(debt), DUE, "DELETE"),
        (c.time.first_live(debt), KEEP, "RETAIN"),
    ):
        terms = books.Terms(status="written_off")
        invoice = books.invoice(c, who.payer, who.debtor_id, sent - timedelta(days=400), terms)
        c.promise(books.reminder(c, invoice, sent, outcome), verdict)
        c.promise(invoice, "RETAIN")


@case("B09")
def claim_against_us(c: Cluster) -> None:
    """A customer's claim against the company lives for ten years, not three."""

    def ten_years(day: date) -> date:
        return months_after(day, TEN_YEARS)

    who = people.customer(c)
    for arose, outcome, verdict in (
        (c.time.last_over(ten_years), DUE, "DELETE"),
        (c.time.first_live(ten_years), KEEP, "RETAIN"),
        (c.time.ago(1500), KEEP, "RETAIN"),
    ):
        values: dict[str, object] = {
            "customer_no": who.row.values["customer_no"],
            "direction": "against_us",
            "status": "closed",
            "opened_on": arose + timedelta(days=20),
            "closed_on": arose + timedelta(days=200),
            "arose_on": arose,
        }
        c.promise(books.claim(c, values, outcome), verdict)


@case("B11")
def erasure_request_while_the_books_run(c: Cluster) -> None:
    """What only marketing carries goes; the voucher stays; the key of the request stays with it."""
    who = people.customer(c, GONE, c.time.ago(100))
    invoice = books.invoice(c, who.payer, who.debtor_id, c.time.ago(150))
    subscriber = letters.subscriber(c, who.person, DUE)
    about: dict[str, object] = {"customer_id": who.customer_id, "email": who.person.email}
    outcome = {"key": KEEP, "message": DUE}
    request = shop.privacy_request(c, "erasure", c.time.ago(40), c.time.ago(20), about, outcome)
    c.promise(invoice, "RETAIN")
    c.promise(subscriber, "DELETE")
    c.promise(request, {"key": "RETAIN", "message": "ANONYMISE"})
    # The request refers to the customer, so the emptied row stays with it.
    c.promise(who.row, "ANONYMISE")


@case("B12")
def objection_on_grounds_of_ones_own(c: Cluster) -> None:
    """Article 21(1): nothing is destroyed while the interests are weighed."""
    who = people.customer(c, people.HELD, c.time.ago(600), person=c.objector(), contract=KEEP)
    subscriber = letters.subscriber(c, who.person, KEEP)
    about: dict[str, object] = {"customer_id": who.customer_id, "email": who.person.email}
    shop.privacy_request(c, "objection_21_1", c.time.ago(10), None, about, {"key": KEEP, "message": KEEP})
    c.promise(who.row, "RETAIN")
    c.promise(subscriber, "RETAIN")


@case("B13")
def consumable(c: Cluster) -> None:
    """A right to complain doesn't justify keeping data about toner."""
    who = people.customer(c)
    toner = orders.Goods(product_class="consumable")
    order = orders.order(c, who.row, who.person, c.time.ago(65), c.time.ago(60), toner)
    # The row says until when marketing to a former customer is allowed; the addresses are gone.
    c.promise(order, {"reference": "RETAIN", "shipping": "ANONYMISE", "gift": "ANONYMISE"})
    c.promise(c.rows[-1], "DELETE")


@case("B13")
def consumable_of_last_year(c: Cluster) -> None:
    """And when that is over, the row goes too."""
    who = people.customer(c)
    toner = orders.Goods(product_class="consumable")
    order = orders.order(c, who.row, who.person, c.time.ago(405), c.time.ago(400), toner)
    c.promise(order, "DELETE")


@case("B14")
def five_year_guarantee(c: Cluster) -> None:
    """A guarantee sold with the goods outlives the statutory complaint, and needs the customer's address."""

    def guarantee(day: date) -> date:
        return months_after(day, GUARANTEE_MONTHS)

    for until, standing, verdict in (
        (c.time.last_over(guarantee), GONE, "DELETE"),
        (c.time.first_live(guarantee), IN_WARRANTY, "RETAIN"),
    ):
        closed = months_after(until, -60)
        p = c.person()
        row = shop.customer(c, p, standing)
        order = orders.order(c, row, p, closed - timedelta(days=3), closed, orders.Goods(guarantee_until=until))
        c.promise(c.rows[-1], verdict)
        if verdict == "RETAIN":
            c.promise(order, {"reference": "RETAIN", "shipping": "RETAIN", "gift": "ANONYMISE"})
            c.promise(row, {"master": "RETAIN", "profile": "ANONYMISE"})
        else:
            c.promise(order, "DELETE")
            c.promise(row, "DELETE")


@case("B16")
def sale_to_a_company(c: Cluster) -> None:
    """Two years from receipt."""

    def warranty(day: date) -> date:
        return months_after(day, BUSINESS_WARRANTY_MONTHS)

    firm = people.company(c)
    buyer = c.person()
    crm.representative(c, firm.company_id, buyer, c.time.ago(1500), None, BOTH_KEPT)
    crm.framework(c, firm.company_id, None, c.time.ago(1500), None, KEEP)
    for received, verdict in ((c.time.last_over(warranty), "DELETE"), (c.time.first_live(warranty), "RETAIN")):
        order = orders.order(c, firm.row, buyer, received - timedelta(days=5), received)
        c.promise(order, verdict)
        c.promise(c.rows[-1], verdict)


@case("B18")
def own_brand(c: Cluster) -> None:
    """Product liability keeps the delivery; the order and the customer are emptied around it."""
    p = c.person()
    row = shop.customer(c, p, GONE)
    closed = c.time.ago(1900)
    order = orders.order(c, row, p, closed - timedelta(days=4), closed, orders.Goods(circulated_on=c.time.ago(2000)))
    c.promise(c.rows[-1], "RETAIN")
    c.promise(order, "ANONYMISE")
    c.promise(row, "ANONYMISE")


@case("B20")
def question_without_a_purchase(c: Cluster) -> None:
    """A contact like a prospect's: six months, and no bookkeeping."""

    def idle(day: date) -> date:
        return months_after(day, PROSPECT_MONTHS)

    for opened, outcome, verdict in (
        (c.time.last_over(idle), DUE, "DELETE"),
        (c.time.first_live(idle), KEEP, "RETAIN"),
    ):
        p = c.person()
        about: dict[str, object] = {"contact_name": p.name, "contact_email": p.email}
        row = orders.support_case(c, opened, opened + timedelta(days=2), "question", about, outcome)
        c.promise(row, verdict)


@case("B21")
def credit_report(c: Cluster) -> None:
    """The report has served; the decision stays with the running contract."""
    who = people.customer(c)
    row = credit.credit_check(c, {"customer_id": who.customer_id}, c.time.ago(45), KEEP)
    c.promise(row, {"report": "ANONYMISE", "decision": "RETAIN"})


@case("B22")
def card_token(c: Cluster) -> None:
    """A stored card goes when the relationship ends; the account on the invoice follows the invoice."""
    values: dict[str, object] = {"payment_token": "tok_b22", "credit_limit": 30000}
    who = people.customer(c, FORMER, c.time.ago(1), values=values)
    invoice = books.invoice(c, who.payer, who.debtor_id, c.time.ago(60))
    c.promise(who.row, {"payment": "ANONYMISE", "master": "RETAIN"})
    c.promise(invoice, "RETAIN")


@case("B22")
def card_token_on_the_last_day(c: Cluster) -> None:
    """The last day of the relationship still belongs to it."""
    who = people.customer(c, ACTIVE, c.time.as_of, values={"payment_token": "tok_b22_2"}, contract=KEEP)
    c.promise(who.row, {"payment": "RETAIN"})
    c.promise(who.contract, "RETAIN")
