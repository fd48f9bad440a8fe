"""Cases E: objection, consent and suppression."""

from __future__ import annotations

from datetime import date

from include.sample.cases import people
from include.sample.cases.registry import Registry
from include.sample.cluster import Cluster
from include.sample.days import CALL_PROOF_MONTHS, FORMER_CUSTOMER_MONTHS, months_after, wall_clock
from include.sample.facts import crm, letters, orders, shop
from include.sample.facts.standing import FORMER, GONE, IN_WARRANTY
from include.sample.names import spell_telephone
from include.sample.outcomes import DUE, KEEP, REFER
from include.sample.scenarios.prospects import ENDED

REGISTRY = Registry()
case = REGISTRY.case


@case("E01")
def prospect_objects(c: Cluster) -> None:
    """Everything goes at once; the key of who objected stays."""
    p = c.objector()
    lead = crm.lead(c, p, c.time.ago(30), ENDED)
    entry = crm.dialogue(c, lead.values["lead_id"], c.time.ago(20), DUE)
    subscriber = letters.subscriber(c, p, DUE)
    letters.send(c, subscriber, c.time.ago(5))
    letters.membership(c, subscriber)
    objection = letters.objection(c, {"email": p.email}, c.time.ago(1))
    for row in (lead, entry, subscriber):
        c.promise(row, "DELETE")
    c.promise(c.rows[-2], "DELETE")
    c.promise(objection, {"key": "RETAIN", "proof": "ANONYMISE"})


@case("E01")
def prospect_objects_after_opening(c: Cluster) -> None:
    """A log of last week still refers to the letter: the subscriber's row is emptied and stays until the log goes."""
    p = c.objector()
    subscriber = letters.subscriber(c, p, DUE, "form", {"subscribed_at": wall_clock(c.time.ago(40))})
    opened = letters.send(c, subscriber, c.time.ago(9))
    unopened = letters.send(c, subscriber, c.time.ago(30))
    log = letters.engagement(c, opened, c.time.ago(8), DUE)
    letters.objection(c, {"email": p.email}, c.time.ago(7))
    c.promise(subscriber, "ANONYMISE")
    c.promise(log, {"network": "RETAIN", "behaviour": "ANONYMISE"})
    c.promise(opened, "RETAIN")
    c.promise(unopened, "RETAIN")


@case("E03")
def former_customer_objects(c: Cluster) -> None:
    """Day 20 of 365: marketing data go now, the warranty's stay."""
    who = people.customer(c, IN_WARRANTY, c.time.ago(40), person=c.objector())
    order = orders.order(c, who.row, who.person, c.time.ago(204), c.time.ago(200))
    subscriber = letters.subscriber(c, who.person, DUE)
    letters.objection(c, {"email": who.person.email}, c.time.ago(20))
    c.promise(subscriber, "DELETE")
    c.promise(order, "RETAIN")
    c.promise(who.row, {"master": "RETAIN", "profile": "ANONYMISE"})


@case("E04")
def former_customer_never_objects(c: Cluster) -> None:
    """Twelve months, not "until objection": to the day."""

    def former(day: date) -> date:
        return months_after(day, FORMER_CUSTOMER_MONTHS)

    for ended, standing, verdict in (
        (c.time.last_over(former), GONE, "DELETE"),
        (c.time.first_live(former), FORMER, "RETAIN"),
    ):
        who = people.customer(c, standing, ended)
        subscriber = letters.subscriber(c, who.person, standing.marketing)
        c.promise(subscriber, verdict)
        c.promise(who.row, "DELETE" if verdict == "DELETE" else {"master": "RETAIN", "profile": "RETAIN"})


@case("E05")
def consent_after_objection(c: Cluster) -> None:
    """Lifted by a new consent: marketing lives again from that day."""
    who = people.customer(c, person=c.objector())
    lifted_on = c.time.ago(60)
    values: dict[str, object] = {"email": who.person.email, "lifted_on": lifted_on}
    objection = letters.objection(c, values, c.time.ago(200), proof=KEEP)
    consent = letters.consent(c, who.person.email, lifted_on, KEEP, channel=None)
    subscriber = letters.subscriber(c, who.person, KEEP, "form", {"subscribed_at": wall_clock(lifted_on)})
    for row in (objection, consent, subscriber):
        c.promise(row, "RETAIN")
    c.promise(who.row, {"profile": "RETAIN"})


@case("E07")
def no_text_messages(c: Cluster) -> None:
    """No to text messages, yes to e-mail."""
    number = people.kept_phone(c)
    who = people.customer(c, person=c.person(phone=number))
    values: dict[str, object] = {"phone": spell_telephone(number, 0)}
    outcome = {"email": KEEP, "phone": DUE, "profile": KEEP}
    subscriber = letters.subscriber(c, who.person, outcome, values=values)
    said = {"email": who.person.email, "channel": "sms"}
    objection = letters.objection(c, said, c.time.ago(15), proof=KEEP)
    c.promise(subscriber, {"email": "RETAIN", "phone": "ANONYMISE", "profile": "RETAIN"})
    c.promise(objection, "RETAIN")
    c.promise(who.row, {"profile": "RETAIN"})


@case("E09")
def suppression_list(c: Cluster) -> None:
    """The list of who has objected is personal data too: the key and nothing more, and as long as it has effect."""
    objection = letters.objection(c, {"email": c.person().email}, c.time.ago(1900))
    withdrawn = letters.objection(c, {"email": c.person().email}, c.time.ago(1900), kind="withdrawal")
    email = c.person().email
    lifted = letters.objection(c, {"email": email, "lifted_on": c.time.ago(800)}, c.time.ago(1900), key=DUE)
    consent = letters.consent(c, email, c.time.ago(800), DUE, channel=None)
    for row in (objection, withdrawn):
        c.promise(row, {"key": "RETAIN", "proof": "ANONYMISE"})
    c.promise(lifted, "DELETE")
    c.promise(consent, "DELETE")


@case("E10")
def suppressed_address_comes_back(c: Cluster) -> None:
    """A bought list holds somebody who has objected."""
    p = c.objector()
    values: dict[str, object] = {"subscribed_at": wall_clock(c.time.ago(4))}
    c.promise(letters.subscriber(c, p, DUE, "bought_list", values), "DELETE")
    c.promise(letters.objection(c, {"email": p.email}, c.time.ago(300)), {"key": "RETAIN"})


@case("E11")
def erased_from_the_block_list_too(c: Cluster) -> None:
    """The wish to be erased from the block list can't be met: without the key the objection can't be honoured."""
    p = c.objector()
    lead = crm.lead(c, p, c.time.ago(90), ENDED)
    crm.dialogue(c, lead.values["lead_id"], c.time.ago(80), DUE)
    objection = letters.objection(c, {"email": p.email}, c.time.ago(60))
    outcome = {"key": KEEP, "message": DUE}
    request = shop.privacy_request(c, "erasure", c.time.ago(50), c.time.ago(30), {"email": p.email}, outcome)
    c.promise(lead, "DELETE")
    c.promise(objection, {"key": "RETAIN", "proof": "ANONYMISE"})
    c.promise(request, {"key": "RETAIN", "message": "ANONYMISE"})


@case("E14")
def no_proof_of_consent(c: Cluster) -> None:
    """On a bought list, and nothing else: no purpose is known, nobody is written to, a human decides."""
    c.promise(letters.subscriber(c, c.person(), REFER, "bought_list"), "REFER")


@case("E15")
def address_from_a_sale(c: Cluster) -> None:
    """Eight months after the end: similar products may still be offered."""
    who = people.customer(c, FORMER, c.time.ago(243))
    c.promise(letters.subscriber(c, who.person, KEEP), "RETAIN")
    c.promise(who.row, {"profile": "RETAIN"})


@case("E17")
def sales_call(c: Cluster) -> None:
    """The proof of a sales call has six months, objection or not; what the call wasn't about goes at once."""

    def proof(day: date) -> date:
        return months_after(day, CALL_PROOF_MONTHS)

    for called, kept in ((c.time.last_over(proof), DUE), (c.time.first_live(proof), KEEP)):
        p = c.objector()
        lead = crm.lead(c, p, called, {"contact": kept, "profile": DUE, "identity": DUE})
        entry = crm.dialogue(c, lead.values["lead_id"], called, kept, "sales_call")
        letters.objection(c, {"email": p.email}, c.time.ago(3))
        c.promise(entry, "RETAIN" if kept == KEEP else "DELETE")
        c.promise(lead, {"contact": "RETAIN", "profile": "ANONYMISE"} if kept == KEEP else "DELETE")
