"""Cases D: one person in several systems, and several persons in one address."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from include.sample import registers
from include.sample.cases import people
from include.sample.cases.registry import Registry
from include.sample.cluster import Cluster, Person
from include.sample.days import instant, wall_clock
from include.sample.facts import books, crm, letters, orders, shop
from include.sample.facts.standing import ACTIVE, FORMER, GONE, Standing
from include.sample.names import spell_telephone
from include.sample.outcomes import DUE, KEEP, REFER, Row
from include.sample.scenarios.prospects import ENDED

REGISTRY = Registry()
case = REGISTRY.case
IN_DOUBT = Standing(REFER, REFER, REFER, REFER, REFER)
"""Nobody can say which person the data are about, so a human must."""


@case("D01")
def capitals_in_an_address(c: Cluster) -> None:
    """Capitals don't make another person; dots do."""
    p = replace(c.objector(), email="anna.d01@brev.example")
    who = people.customer(c, people.NO_MARKETING, person=p, values={"email": "Anna.D01@Brev.EXAMPLE"})
    subscriber = letters.subscriber(c, p, DUE, values={"email": "anna.d01@brev.example"})
    letters.objection(c, {"email": "ANNA.D01@BREV.EXAMPLE"}, c.time.ago(30))
    other = {"email": "annad01@brev.example", "subscribed_at": wall_clock(c.time.ago(60))}
    dotless = letters.subscriber(c, c.person(), KEEP, "form", other)
    c.promise(subscriber, "DELETE")
    c.promise(dotless, "RETAIN")
    c.promise(who.row, {"master": "RETAIN", "profile": "ANONYMISE"})


def _by_number_alone(c: Cluster, p: Person, spelled: dict[str, str]) -> tuple[Row, Row, Row]:
    """Add a person whom only the identity number links: customer with a contract, debtor, invoice and lead.

    The debtor is kept only if the contract in sales is found to be the same person's, and the lead's row is due only
    if it is.
    """
    row = shop.customer(c, p, ACTIVE, {"pnr": spelled["sales"]})
    shop.subscription(c, row.values["customer_id"], p.name, c.time.ago(900), None, KEEP)
    payer = replace(books.private_payer(c, p, None, pnr=spelled["debtor"]))
    payer.values["email"] = None
    debtor = books.debtor(c, payer, "private", ACTIVE)
    payer.values["pnr"] = spelled["invoice"]
    books.invoice(c, payer, debtor.values["debtor_id"], c.time.ago(400))
    lead = crm.lead(c, p, c.time.ago(950), ENDED, {"pnr": spelled["lead"], "email": None})
    crm.dialogue(c, lead.values["lead_id"], c.time.ago(100), DUE)
    return row, debtor, lead


@case("D02")
def four_spellings(c: Cluster) -> None:
    """Four ways to write one number: one person."""
    p = replace(c.person(), pnr="198112289874", birthday=date(1981, 12, 28))
    spelled = {"sales": "198112289874", "debtor": "19811228-9874", "invoice": "811228-9874", "lead": "8112289874"}
    row, debtor, lead = _by_number_alone(c, p, spelled)
    c.promise(row, {"identity": "RETAIN", "master": "RETAIN"})
    c.promise(debtor, "RETAIN")
    c.promise(lead, "DELETE")


@case("D04")
def ambiguous_century(c: Cluster) -> None:
    """Ten digits without a sign, and both centuries possible: nothing about the person is decided."""
    nine = "151231980"
    p = replace(c.person(), pnr=f"19{nine}{registers.check_digit(nine)}")
    who = people.customer(c, IN_DOUBT, c.time.ago(900), person=p, values={"pnr": p.pnr[2:]}, contract=REFER)
    who.debtor.values["pnr"] = None
    order = orders.order(c, who.row, p, c.time.ago(1404), c.time.ago(1400))
    c.promise(who.row, {"master": "REFER", "identity": "REFER", "profile": "REFER", "payment": "REFER"})
    # The order's clocks are its own: they don't ask who the buyer is.
    c.promise(order, "DELETE")


@case("D05")
def coordination_number(c: Cluster) -> None:
    """Day 63 is the third with sixty added: a samordningsnummer, not a wrong date."""
    p = replace(c.person(), pnr="197010632391", birthday=date(1970, 10, 3))
    spelled = {"sales": "701063-2391", "debtor": "197010632391", "invoice": "19701063-2391", "lead": "7010632391"}
    row, debtor, lead = _by_number_alone(c, p, spelled)
    c.promise(row, {"identity": "RETAIN"})
    c.promise(debtor, "RETAIN")
    c.promise(lead, "DELETE")


@case("D07")
def forms_of_a_telephone_number(c: Cluster) -> None:
    """No to text messages under a number: it counts for whoever holds it, however it is written."""
    for form in range(1, 5):
        number = people.kept_phone(c)
        who = people.customer(c, person=c.person(phone=number))
        outcome = {"email": KEEP, "phone": DUE, "profile": KEEP}
        values: dict[str, object] = {"phone": spell_telephone(number, 0)}
        subscriber = letters.subscriber(c, who.person, outcome, values=values)
        said = {"phone": spell_telephone(number, form), "channel": "sms"}
        # Nothing links the number to a person, so nobody knows what the proof of this objection is still good for.
        letters.objection(c, said, c.time.ago(20), proof=REFER)
        c.promise(subscriber, {"email": "RETAIN", "phone": "ANONYMISE", "profile": "RETAIN"})


@case("D08")
def family_address(c: Cluster) -> None:
    """Two customers share an address: they stay two, and a no to its e-mail counts for the address."""
    p = c.person()
    partner = replace(c.person(), family=p.family, email=p.email)
    first, second = people.customer(c, person=p), people.customer(c, GONE, c.time.ago(700), person=partner)
    outcome = {"email": DUE, "phone": REFER, "profile": REFER}
    subscriber = letters.subscriber(c, p, outcome, values={"phone": None})
    letters.objection(c, {"email": p.email, "channel": "email"}, c.time.ago(40), proof=REFER)
    c.promise(first.row, {"master": "RETAIN", "profile": "RETAIN"})
    c.promise(second.row, "DELETE")
    c.promise(subscriber, {"email": "ANONYMISE", "profile": "REFER"})


@case("D08")
def switchboard(c: Cluster) -> None:
    """Two customers share a telephone: one says no to text messages, and none is sent to it any more."""
    number = people.kept_phone(c)
    rows = []
    for form in (1, 3):
        who = people.customer(c, person=c.person(phone=number))
        values: dict[str, object] = {"phone": spell_telephone(number, form)}
        rows.append(
            (who, letters.subscriber(c, who.person, {"email": KEEP, "phone": DUE, "profile": KEEP}, values=values))
        )
    said = {"email": rows[0][0].person.email, "phone": spell_telephone(number, 2), "channel": "sms"}
    letters.objection(c, said, c.time.ago(20), proof=KEEP)
    for _, subscriber in rows:
        c.promise(subscriber, {"email": "RETAIN", "phone": "ANONYMISE"})


@case("D09")
def three_keys(c: Cluster) -> None:
    """Sales knows a number, finance a personnummer, marketing an address: one decision, three systems."""
    who = people.customer(c, GONE, c.time.ago(700))
    who.debtor.values.update(customer_no=None, email=None)
    subscriber = letters.subscriber(c, who.person, DUE)
    c.promise(who.row, "DELETE")
    c.promise(who.debtor, "DELETE")
    c.promise(subscriber, "DELETE")


@case("D10")
def systems_disagree_on_the_end(c: Cluster) -> None:
    """The contract ended two years ago, an order 100 days ago: the later one counts."""
    who = people.customer(c, FORMER, c.time.ago(730), contract=DUE)
    orders.order(c, who.row, who.person, c.time.ago(104), c.time.ago(100))
    subscriber = letters.subscriber(c, who.person, KEEP)
    c.promise(who.row, {"master": "RETAIN", "profile": "RETAIN"})
    c.promise(subscriber, "RETAIN")


@case("D12")
def duplicates(c: Cluster) -> None:
    """Three rows for one prospect, an objection that names one of them: it counts for all."""
    p = c.objector()
    rows = [crm.lead(c, p, c.time.ago(80), ENDED, {"email": spelled}) for spelled in (p.email, p.email.upper())]
    rows.append(crm.lead(c, p, c.time.ago(70), ENDED, {"email": p.email.title(), "name": f"{p.given[0]}. {p.family}"}))
    for row in rows:
        crm.dialogue(c, row.values["lead_id"], c.time.ago(60), DUE)
    about: dict[str, object] = {"lead_id": rows[0].values["lead_id"]}
    outcome = {"key": KEEP, "message": DUE}
    request = shop.privacy_request(c, "objection", c.time.ago(10), c.time.ago(9), about, outcome)
    c.promise(request, {"key": "RETAIN"})
    c.promise(rows[0], "ANONYMISE")
    c.promise(rows[1], "DELETE")
    c.promise(rows[2], "DELETE")


@case("D14")
def two_identity_numbers(c: Cluster) -> None:
    """One customer number, two personnummer: perhaps one person, perhaps two. Nothing is destroyed on a perhaps."""
    who = people.customer(c, IN_DOUBT, c.time.ago(800), contract=REFER)
    other = c.person()
    who.debtor.values["pnr"] = other.pnr
    subscriber = letters.subscriber(c, who.person, REFER)
    c.promise(who.row, {"master": "REFER"})
    c.promise(who.debtor, "REFER")
    c.promise(subscriber, "REFER")


@case("D15")
def nobody_known(c: Cluster) -> None:
    """A payment without an invoice: whose it is isn't looked for; its own clock is enough."""
    values: dict[str, object] = {
        "booked_at": instant(c.time.ago(800)),
        "amount": Decimal("249.00"),
        "payer_name": "Okänd",
        "message": "Tack",
    }
    c.promise(c.add("payment", values, KEEP), "RETAIN")
