"""Cases C: how a relationship begins, ends and begins again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from include.sample.cases import people
from include.sample.cases.registry import Registry
from include.sample.cluster import Cluster
from include.sample.days import BUSINESS_WARRANTY_MONTHS, PROSPECT_MONTHS, months_after
from include.sample.facts import books, credit, crm, letters, orders, shop
from include.sample.facts.standing import ACTIVE, GONE
from include.sample.outcomes import DUE, KEEP
from include.sample.scenarios.companies import BOTH_DUE, BOTH_KEPT, NO_MARKETING, contact_at
from include.sample.scenarios.prospects import ENDED, OPEN

REGISTRY = Registry()
case = REGISTRY.case


@case("C01")
def restarted(c: Cluster) -> None:
    """Ended, restarted eight months later: episodes, not one end date. The old ID copy doesn't come back."""
    who = people.customer(c, ACTIVE, started=c.time.ago(360))
    old = shop.subscription(c, who.customer_id, who.person.name, c.time.ago(1500), c.time.ago(600), DUE)
    credit.credit_check(c, {"customer_id": who.customer_id}, c.time.ago(1490), KEEP, id_copy_of=who.person)
    copy = c.rows[-1]
    c.promise(who.row, {"master": "RETAIN", "profile": "RETAIN", "payment": "RETAIN"})
    c.promise(old, "DELETE")
    c.promise(copy, "DELETE")


@case("C02")
def returned_after_deletion(c: Cluster) -> None:
    """Deleted years ago and back under a new number: the old invoice keeps its own clock."""
    who = people.customer(c, started=c.time.ago(200))
    old_payer = books.private_payer(c, who.person, "K0099991")
    c.promise(books.invoice(c, old_payer, None, c.time.ago(2100)), "RETAIN")
    c.promise(who.row, {"master": "RETAIN"})


@case("C03")
def prospect_became_customer(c: Cluster) -> None:
    """What only the prospect's row held is useless now."""
    who = people.customer(c, started=c.time.ago(50))
    values: dict[str, object] = {
        "status": "converted",
        "converted_on": c.time.ago(50),
        "customer_no": who.row.values["customer_no"],
    }
    lead = crm.lead(c, who.person, c.time.ago(90), ENDED, values)
    entry = crm.dialogue(c, lead.values["lead_id"], c.time.ago(60), DUE)
    c.promise(lead, "DELETE")
    c.promise(entry, "DELETE")


@case("C04")
def former_customer_is_no_prospect(c: Cluster) -> None:
    """Prospect, customer, gone: a talk two months ago doesn't start the prospect's clock again."""
    who = people.customer(c, GONE, c.time.ago(420))
    values: dict[str, object] = {"customer_no": who.row.values["customer_no"]}
    lead = crm.lead(c, who.person, c.time.ago(1300), ENDED, values)
    crm.dialogue(c, lead.values["lead_id"], c.time.ago(60), DUE)
    subscriber = letters.subscriber(c, who.person, DUE)
    c.promise(lead, "DELETE")
    c.promise(subscriber, "DELETE")
    c.promise(who.row, "DELETE")


@case("C05")
def no_thanks(c: Cluster) -> None:
    """The dialogue ended, though nobody used the word objection."""
    values: dict[str, object] = {"status": "closed", "closed_on": c.time.ago(1)}
    lead = crm.lead(c, c.person(), c.time.ago(40), ENDED, values)
    entry = crm.dialogue(c, lead.values["lead_id"], c.time.ago(3), DUE)
    c.promise(lead, "DELETE")
    c.promise(entry, "DELETE")


@case("C06")
def opened_newsletters_only(c: Cluster) -> None:
    """Six months without two-way contact: opened mails don't count."""

    def idle(day: date) -> date:
        return months_after(day, PROSPECT_MONTHS)

    for last, outcome, verdict in (
        (c.time.last_over(idle), ENDED, "DELETE"),
        (c.time.first_live(idle), OPEN, {"contact": "RETAIN", "profile": "RETAIN"}),
    ):
        p = c.person()
        text = outcome["contact"]
        lead = crm.lead(c, p, last - timedelta(days=30), outcome)
        crm.dialogue(c, lead.values["lead_id"], last, text)
        crm.dialogue(c, lead.values["lead_id"], c.time.ago(2), text, "mail_opened")
        subscriber = letters.subscriber(c, p, text)
        if text == KEEP:
            sent = letters.send(c, subscriber, c.time.ago(3))
            letters.engagement(c, sent, c.time.ago(2), text)
        c.promise(lead, verdict)
        c.promise(subscriber, "DELETE" if text == DUE else "RETAIN")


@case("C07", "H24")
def meeting_booked_ahead(c: Cluster) -> None:
    """Silent for seven months: kept for a meeting ahead and one today, not for yesterday's."""
    for day, outcome in ((c.time.ago(-25), OPEN), (c.time.as_of, OPEN), (c.time.ago(1), ENDED)):
        kept = outcome["contact"]
        lead = crm.lead(c, c.person(), c.time.ago(260), outcome)
        crm.dialogue(c, lead.values["lead_id"], c.time.ago(220), kept)
        meeting = crm.meeting(c, lead.values["lead_id"], day, kept)
        c.promise(meeting, "RETAIN" if kept == KEEP else "DELETE")
        c.promise(lead, {"contact": "RETAIN"} if kept == KEEP else "DELETE")


@case("C08")
def web_customer_of_long_ago(c: Cluster) -> None:
    """No end date anywhere: the last order ended the relationship."""
    p = c.person()
    row = shop.customer(c, p, GONE, shop.profile_values(c, p))
    order = orders.order(c, row, p, c.time.ago(3504), c.time.ago(3500))
    c.promise(order, "DELETE")
    c.promise(row, "DELETE")


@case("C09")
def representative_leaves(c: Cluster) -> None:
    """The person left, the company stays: the name remains on the agreement alone."""
    firm = people.company(c)
    a, b = c.person(), c.person()
    left_on = c.time.ago(1)
    leaver = crm.representative(c, firm.company_id, a, c.time.ago(1200), left_on, BOTH_DUE)
    stayer = crm.representative(c, firm.company_id, b, c.time.ago(900), None, BOTH_KEPT)
    agreement = crm.framework(c, firm.company_id, leaver, c.time.ago(1100), None, KEEP)
    invoice = books.invoice(c, replace(firm.payer, reference=a.name), None, c.time.ago(500))
    contact_at(c, firm.row, a, DUE, left_on)
    c.promise(c.rows[-1], "DELETE")
    # The agreement refers to the row, so it is emptied and stays.
    c.promise(leaver, "ANONYMISE")
    c.promise(stayer, "RETAIN")
    c.promise(agreement, "RETAIN")
    c.promise(invoice, "RETAIN")


@case("C10", "E02")
def one_of_two_objects(c: Cluster) -> None:
    """One representative objects to marketing: the other one, the company and the agreement aren't concerned."""
    firm = people.company(c)
    b, other = c.objector(), c.person()
    objector = crm.representative(c, firm.company_id, b, c.time.ago(900), None, NO_MARKETING)
    silent = crm.representative(c, firm.company_id, other, c.time.ago(900), None, BOTH_KEPT)
    agreement = crm.framework(c, firm.company_id, objector, c.time.ago(900), None, KEEP)
    contact_at(c, firm.row, b, DUE)
    c.promise(c.rows[-1], "DELETE")
    contact_at(c, firm.row, other, KEEP)
    c.promise(c.rows[-1], "RETAIN")
    objection = letters.objection(c, {"email": b.email.upper()}, c.time.ago(1))
    c.promise(objector, {"contact": "RETAIN", "profile": "ANONYMISE"})
    c.promise(silent, "RETAIN")
    c.promise(agreement, "RETAIN")
    c.promise(objection, {"key": "RETAIN", "proof": "ANONYMISE"})


@case("C11")
def generic_mailbox(c: Cluster) -> None:
    """info@ is nobody: a company's row has no clock."""
    firm = people.company(c)
    debtor = books.debtor(c, firm.payer, "company", ACTIVE)
    debtor.values["email"] = f"info@{firm.firm.domain}"
    crm.framework(c, firm.company_id, None, c.time.ago(2000), c.time.ago(1000), KEEP)
    c.promise(firm.row, "RETAIN")
    c.promise(debtor, "RETAIN")


@case("C13")
def sole_trader(c: Cluster) -> None:
    """The organisation number is a personnummer: every field is personal, and the warranty is a business's."""

    def warranty(day: date) -> date:
        return months_after(day, BUSINESS_WARRANTY_MONTHS)

    for received, master in ((c.time.last_over(warranty), DUE), (c.time.first_live(warranty), KEEP)):
        owner = c.person()
        firm = crm.sole_trader(c, owner, {"master": master, "identity": DUE})
        ended = c.time.ago(500)
        crm.framework(c, firm.values["company_id"], None, ended - timedelta(days=900), ended, KEEP)
        orders.order(c, firm, owner, received - timedelta(days=2), received)
        c.promise(firm, {"master": "RETAIN" if master == KEEP else "ANONYMISE", "identity": "ANONYMISE"})


@case("C15")
def merger(c: Cluster) -> None:
    """The company was absorbed: its people are the successor's now."""
    successor = people.company(c)
    old = people.company(c, {"merged_into_id": successor.company_id})
    p = c.person()
    representative = crm.representative(c, old.company_id, p, c.time.ago(2000), None, BOTH_KEPT)
    crm.framework(c, old.company_id, representative, c.time.ago(2000), c.time.ago(800), KEEP)
    crm.framework(c, successor.company_id, None, c.time.ago(799), None, KEEP)
    c.promise(representative, "RETAIN")


@case("C16")
def deceased(c: Cluster) -> None:
    """No marketing to the dead; the estate's invoices stay."""
    ended = c.time.ago(90)
    who = people.customer(c, GONE, ended, values={"deceased_on": ended})
    invoice = books.invoice(c, who.payer, who.debtor_id, c.time.ago(120))
    subscriber = letters.subscriber(c, who.person, DUE)
    c.promise(subscriber, "DELETE")
    c.promise(invoice, "RETAIN")
    c.promise(who.row, "DELETE")


@case("C18")
def protected_identity(c: Cluster) -> None:
    """Protected personal data follow the normal rules."""
    protected: dict[str, object] = {"protected_identity": True, "street": None, "postcode": None, "city": None}
    c.promise(people.customer(c, values=protected).row, {"master": "RETAIN"})
    c.promise(people.customer(c, GONE, c.time.ago(700), values=protected).row, "DELETE")


@case("C22")
def renewed_every_year(c: Cluster) -> None:
    """A contract that renews itself and isn't used: it is live, the log-in has its own clock."""
    values = shop.login_values(c, c.time.ago(1400))
    who = people.customer(c, values=values, started=c.time.ago(3000))
    c.promise(who.contract, "RETAIN")
    c.promise(who.row, {"master": "RETAIN", "network": "ANONYMISE"})
