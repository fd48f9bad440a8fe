"""Cases H and K: copies, files, logs and restricted categories."""

from __future__ import annotations

from datetime import date, timedelta

from include.sample.cases import people
from include.sample.cases.registry import Registry
from include.sample.cluster import Cluster
from include.sample.days import CREDIT_CHECK_DAYS, wall_clock
from include.sample.facts import books, credit, crm, orders, shop
from include.sample.facts.standing import GONE
from include.sample.outcomes import DUE, KEEP
from include.sample.scenarios.prospects import OPEN

REGISTRY = Registry()
case = REGISTRY.case


@case("H02")
def private_text_in_a_note(c: Cluster) -> None:
    """The same text as on the invoice, but in the CRM: it goes with the customer."""
    who = people.customer(c, GONE, c.time.ago(500))
    text = "Åsa N, migrän, portkod 1234, lämnas hos grannen"
    c.promise(shop.note(c, {"customer_id": who.customer_id}, c.time.ago(600), DUE, text), "DELETE")
    c.promise(who.row, "DELETE")


@case("H03", "K03")
def id_copy_with_its_derivatives(c: Cluster) -> None:
    """Scan, thumbnail and text that was read from it: all of them, and then the row. No law asks for ten years."""
    who = people.customer(c)
    about: dict[str, object] = {"customer_id": who.customer_id}
    credit.credit_check(c, about, c.time.ago(3200), KEEP, id_copy_of=who.person)
    c.promise(c.rows[-1], "DELETE")
    c.promise(c.rows[-2], {"report": "ANONYMISE", "decision": "RETAIN"})


@case("H06")
def hidden_is_not_deleted(c: Cluster) -> None:
    """Hidden in the CRM a year ago: the row is still there, and goes now."""
    hidden: dict[str, object] = {"deleted_at": wall_clock(c.time.ago(390))}
    c.promise(people.customer(c, GONE, c.time.ago(400), values=hidden).row, "DELETE")


@case("H12")
def address_in_a_link(c: Cluster) -> None:
    """An e-mail address in a path of the web log has the log's clock."""
    who = people.customer(c)
    for days, verdict in ((250, "DELETE"), (100, "RETAIN")):
        path = f"/losenord?epost={who.person.email.replace('@', '%40')}"
        c.promise(shop.web_login(c, who.customer_id, c.time.ago(days), path), verdict)


@case("H18")
def cascade(c: Cluster) -> None:
    """Deleting the debtor would take the invoices along: the row is emptied and stays."""
    who = people.customer(c, GONE, c.time.ago(700))
    invoice = books.invoice(c, who.payer, who.debtor_id, c.time.ago(720))
    c.promise(who.row, "DELETE")
    c.promise(who.debtor, "ANONYMISE")
    c.promise(invoice, "RETAIN")


@case("H20")
def gift(c: Cluster) -> None:
    """The recipient's address lives for delivery and complaints, not for the buyer's guarantee."""
    who = people.customer(c)
    for days, goods, verdict in (
        (300, orders.Goods(gift_to=c.person()), "RETAIN"),
        (400, orders.Goods(product_class="consumable", gift_to=c.person()), "DELETE"),
        (
            1300,
            orders.Goods(gift_to=c.person(), guarantee_until=c.time.ago(-500)),
            {"shipping": "RETAIN", "gift": "ANONYMISE"},
        ),
    ):
        order = orders.order(c, who.row, who.person, c.time.ago(days + 3), c.time.ago(days), goods)
        c.promise(order, verdict)


@case("K01", "K09")
def id_copy_that_nobody_needed(c: Cluster) -> None:
    """A copy without a credit check: paid by card, or sent in to prove who asks for erasure."""
    who = people.customer(c)
    c.promise(credit.id_document(c, who.person, who.customer_id, c.time.ago(12), DUE), "DELETE")


@case("K02")
def id_copy_after_the_credit_check(c: Cluster) -> None:
    """Thirty days after the decision, to the day; the decision stays. A check under way keeps its copy."""

    def check(day: date) -> date:
        return day + timedelta(days=CREDIT_CHECK_DAYS)

    for completed, verdict in (
        (c.time.last_over(check), "DELETE"),
        (c.time.first_live(check), "RETAIN"),
        (None, "RETAIN"),
    ):
        who = people.customer(c)
        about: dict[str, object] = {"customer_id": who.customer_id}
        row = credit.credit_check(c, about, completed, KEEP, id_copy_of=who.person)
        c.promise(c.rows[-1], verdict)
        c.promise(row, {"report": "ANONYMISE" if verdict == "DELETE" else "RETAIN", "decision": "RETAIN"})


@case("K04")
def identity_number_of_a_prospect(c: Cluster) -> None:
    """It has no purpose, unless a credit check is under way."""
    p, checked = c.person(), c.person()
    lead = crm.lead(c, p, c.time.ago(60), OPEN, {"pnr": p.pnr})
    crm.dialogue(c, lead.values["lead_id"], c.time.ago(20), KEEP)
    kept = crm.lead(c, checked, c.time.ago(60), {**OPEN, "identity": KEEP}, {"pnr": checked.pnr})
    crm.dialogue(c, kept.values["lead_id"], c.time.ago(20), KEEP)
    credit.credit_check(c, {"lead_id": kept.values["lead_id"]}, None, KEEP)
    c.promise(lead, {"contact": "RETAIN", "identity": "ANONYMISE"})
    c.promise(kept, "RETAIN")
