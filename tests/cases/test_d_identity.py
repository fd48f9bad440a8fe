"""Section D: the same person in several systems."""

from __future__ import annotations

from datetime import date

from include.retention.identifiers import Normaliser, Quality
from include.retention.terms import IdentifierKind
from tests.cases.rows import (
    calendar_years,
    consent,
    customer,
    invoice,
    lead,
    objection,
    order,
    relationship,
    request,
    subscriber,
)
from tests.cases.world import DUE, TODAY, World


def subjects(world: World, table: str, role: str) -> list[int]:
    """Return whom the engine takes the rows of a table to be about."""
    world.decide()
    return next(found[role].tolist() for name, found in world.resolved.roles.items() if str(name) == table)


def normalised(kind: IdentifierKind, text: str) -> str | None:
    return Normaliser(TODAY, frozenset(), frozenset()).normalise(kind, text).text


def test_case_D01_an_address_in_capitals_is_the_same_address() -> None:
    world = World()
    person = customer(world, email="Anna@Iret.EXAMPLE")
    relationship(world, customer_id=person)
    same, other = subscriber(world, "anna@iret.example"), subscriber(world, "an.na@iret.example")
    assert world.says("marketing.subscriber", same, "email").verdict == "RETAIN"
    assert world.says("marketing.subscriber", other, "email").reason == "NO_KNOWN_PURPOSE"


def test_case_D02_four_spellings_are_one_person() -> None:
    world = World()
    spellings = ["198112289874", "19811228-9874", "811228-9874", "8112289874"]
    for number, spelling in enumerate(spellings):
        customer(world, f"{number + 1}", pnr=spelling)
    stranger = customer(world, "9", pnr="19811218-9876")
    *same, other = subjects(world, "sales.customer", "customer")
    assert len(set(same)) == 1
    assert other not in same
    assert world.says("sales.customer", stranger, "profile").verdict in {"REFER", *DUE}


def test_case_D04_ten_digits_of_two_possible_people_link_nobody() -> None:
    world = World()
    young = customer(world, "1", pnr="20121212-1212")
    relationship(world, customer_id=young)
    doubtful = customer(world, "2", pnr="1212121212")
    relationship(world, "2020-01-31", customer_id=doubtful)
    assert len(set(subjects(world, "sales.customer", "customer"))) == 2
    assert world.says("sales.customer", doubtful, "master").verdict == "REFER"
    assert world.says("sales.customer", doubtful, "master").reason == "IDENTITY_AMBIGUOUS"
    assert world.says("sales.customer", doubtful).verdict == "RETAIN"


def test_case_D05_a_samordningsnummer_is_a_number() -> None:
    world = World()
    first, second = customer(world, "1", pnr="701063-2391"), customer(world, "2", pnr="19701063-2391")
    relationship(world, "2026-06-30", customer_id=first)
    assert len(set(subjects(world, "sales.customer", "customer"))) == 1
    world.assert_kept_through(("sales.customer", second, "profile"), date(2027, 6, 30), "MARKETING_FORMER")


def test_case_D05_neighbour_no_day_62_of_february() -> None:
    found = Normaliser(TODAY, frozenset(), frozenset()).normalise(IdentifierKind.IDENTITY_NUMBER, "700290-2391")
    assert found.quality is Quality.ABSENT


def test_case_D07_one_telephone_number_in_four_spellings() -> None:
    spellings = ["+46701234567", "0046 70 123 45 67", "070-123 45 67", "+46 (0)70-1234567"]
    assert {normalised(IdentifierKind.PHONE, each) for each in spellings} == {"+46701234567"}
    world = World()
    people = [subscriber(world, f"{n}@iret.example", phone=each) for n, each in enumerate(spellings)]
    for number in range(4):
        relationship(world, customer_id=customer(world, f"{number + 1}", email=f"{number}@iret.example"))
    for person in people:
        assert world.says("marketing.subscriber", person, "phone").verdict == "RETAIN"
    objection(world, "2026-11-01T09:00:00", email=None, phone="0701234567", channel="sms")
    for person in people:
        assert world.says("marketing.subscriber", person, "phone").verdict == "ANONYMISE"
        assert world.says("marketing.subscriber", person, "email").verdict == "RETAIN"


def test_case_D08_a_shared_telephone_merges_nobody_and_is_silent_for_all() -> None:
    world = World()
    people = {}
    for number, name in enumerate(("anna", "bo")):
        person = customer(world, f"{number + 1}", email=f"{name}@iret.example", phone="08-123 456 78")
        relationship(world, customer_id=person)
        people[name] = person, subscriber(world, f"{name}@iret.example", phone="+46 8 123 456 78")
    request(world, "objection", "2026-11-01T09:00:00", customer_id=people["anna"][0])
    assert len(set(subjects(world, "sales.customer", "customer"))) == 2
    assert world.says("marketing.subscriber", people["anna"][1]).verdict == "DELETE"
    assert world.says("sales.customer", people["anna"][0], "profile").verdict == "ANONYMISE"
    assert world.says("marketing.subscriber", people["bo"][1], "phone").verdict == "ANONYMISE"
    assert world.says("marketing.subscriber", people["bo"][1], "email").verdict == "RETAIN"
    assert world.says("sales.customer", people["bo"][0], "profile").verdict == "RETAIN"


def test_case_D08_neighbour_a_shared_mailbox_merges_nobody() -> None:
    world = World()
    for number, ended in enumerate(["2020-01-31", None]):
        person = customer(world, f"{number + 1}", email="familjen@iret.example")
        relationship(world, ended, customer_id=person)
    assert len(set(subjects(world, "sales.customer", "customer"))) == 2


def test_case_D09_one_person_in_three_systems_is_decided_on_together() -> None:
    world = World()
    calendar_years(world, 2019)
    person = customer(world, pnr="19811228-9874", email="anna@iret.example")
    contract = relationship(world, "2025-10-31", customer_id=person)
    debtor = world.add("finance.debtor", kind="private", pnr="811228-9874", name="Anna")
    letter = subscriber(world, "ANNA@iret.example")
    world.add(
        "finance.invoice",
        invoice_date="2019-01-10",
        paid_on="2019-02-01",
        status="paid",
        pnr="8112289874",
        buyer="consumer",
    )
    world.assert_kept_through(("finance.debtor", debtor, "billing"), date(2025, 10, 31), "INVOICING")
    for record in (("sales.customer", person, "profile"), ("marketing.subscriber", letter, "email")):
        world.assert_kept_through(record, date(2026, 10, 31), "MARKETING_FORMER")
    login = world.add("sales.web_login", customer_id=person, logged_at="2026-01-01T10:00:00")
    planned = world.plan(date(2026, 11, 22))
    assert set(planned["system"]) == {"sales", "finance", "marketing"}
    gone = {
        ("sales.customer", person),
        ("sales.contract", contract),
        ("sales.web_login", login),
        ("finance.debtor", debtor),
        ("marketing.subscriber", letter),
    }
    assert all(world.says(*record).verdict == "DELETE" for record in gone)


def test_case_D09_neighbour_one_live_contract_keeps_what_the_other_systems_need() -> None:
    world = World()
    person = customer(world, pnr="19811228-9874", email="anna@iret.example")
    again = customer(world, "1002", pnr="198112289874")
    relationship(world, "2020-10-31", customer_id=person)
    relationship(world, customer_id=again)
    letter = subscriber(world)
    debtor = world.add("finance.debtor", kind="private", customer_no="1001", name="Anna")
    for record in (
        ("sales.customer", person, "master"),
        ("marketing.subscriber", letter, "email"),
        ("finance.debtor", debtor, "billing"),
    ):
        assert world.says(*record).verdict == "RETAIN"


def test_case_D10_of_two_ends_the_earlier_never_destroys() -> None:
    world = World()
    person = customer(world)
    relationship(world, "2025-01-31", customer_id=person)
    order(world, "2025-08-15", customer_id=person)
    world.assert_kept_through(("sales.customer", person, "profile"), date(2026, 8, 15), "MARKETING_FORMER")


def test_case_D10_neighbour_an_end_that_nobody_knows_is_referred_beside_a_known_one() -> None:
    world = World()
    person = customer(world)
    relationship(world, "2020-01-31", customer_id=person)
    relationship(world, status="unknown", ended_on=None, customer_id=person)
    assert world.says("sales.customer", person, "profile").reason == "UNKNOWN_DATE"
    assert world.says("sales.customer", person).verdict == "RETAIN"


def test_case_D12_an_objection_on_one_duplicate_counts_for_all() -> None:
    world = World()
    twins = [customer(world, f"{number}", pnr="19811228-9874", email=f"{number}@iret.example") for number in (1, 2)]
    letters = [subscriber(world, f"{number}@iret.example") for number in (1, 2)]
    relationship(world, customer_id=twins[0])
    objection(world, "2026-11-01T09:00:00", email="2@iret.example")
    for twin, letter in zip(twins, letters, strict=True):
        assert world.says("sales.customer", twin, "profile").verdict == "ANONYMISE"
        assert world.says("sales.customer", twin, "master").verdict == "RETAIN"
        assert world.says("marketing.subscriber", letter).verdict == "DELETE"


def test_case_D14_what_looks_alike_is_never_linked() -> None:
    world = World()
    alike = {"given_name": "Anna", "family_name": "Svensson", "street": "Storgatan 1", "postcode": "111 22"}
    anna = customer(world, "1", pnr="19811228-9874", email="anna.svensson@iret.example", **alike)
    nearly = customer(world, "2", email="ana.svensson@iret.example", **alike)
    relationship(world, "2020-01-31", customer_id=anna)
    relationship(world, customer_id=nearly)
    assert len(set(subjects(world, "sales.customer", "customer"))) == 2
    assert world.says("sales.customer", anna).verdict == "DELETE"
    assert world.says("sales.customer", nearly, "master").verdict == "RETAIN"


def test_case_D14_neighbour_two_numbers_that_contradict_each_other_are_referred() -> None:
    world = World()
    for pnr in ("19811228-9874", "19811218-9876"):
        world.add("finance.debtor", kind="private", customer_no="1001", pnr=pnr, name="Anna")
    person = customer(world)
    relationship(world, "2020-01-31", customer_id=person)
    assert world.says("sales.customer", person, "master").reason == "IDENTITY_CONFLICT"
    assert world.says("sales.customer", person).verdict == "RETAIN"


def test_case_D15_nothing_is_collected_to_identify_somebody() -> None:
    world = World()
    calendar_years(world, 2017)
    ticket = world.add(
        "sales.support_case", contact_name="Anna", kind="question", opened_on="2026-11-01", closed_on="2026-11-02"
    )
    bill = invoice(world, "2017-05-01", None)
    unknown = lead(world, "2026-11-01", name="Anna")
    consent(world, "2026-11-01T09:00:00", email=None)
    alone = {*subjects(world, "sales.support_case", "enquirer"), *subjects(world, "finance.invoice", "customer")}
    assert len(alone) == 2
    assert world.resolved.identifiers.empty
    world.assert_kept_through(("finance.invoice", bill, "voucher"), date(2024, 12, 31), "ACCOUNTING")
    world.assert_kept_through(("sales.support_case", ticket, "text"), date(2027, 5, 1), "PROSPECTING")
    assert world.says("sales.lead", unknown, "contact").through == date(2027, 5, 1)
