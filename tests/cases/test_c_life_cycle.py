"""Section C: the life cycle of a relationship."""

from __future__ import annotations

from datetime import date

from include.retention.keys import RECORD, identifier_domain
from include.retention.plan import ITEM_COLUMNS
from include.retention.terms import IdentifierKind
from tests.cases.rows import (
    calendar_years,
    company,
    customer,
    delivery,
    invoice,
    lead,
    objection,
    order,
    relationship,
    representative,
    request,
    subscriber,
    talk,
)
from tests.cases.world import DUE, World


def test_case_C01_a_relationship_that_begins_again_is_a_new_episode() -> None:
    world = World()
    calendar_years(world, 2018, 2022)
    person = customer(world, email="anna@iret.example")
    relationship(world, "2023-03-01", customer_id=person)
    check = world.add("sales.credit_check", customer_id=person, completed_on="2022-05-01")
    copy = world.add("sales.id_document", customer_id=person, credit_check_id=check)
    old, newer, letter = invoice(world, "2018-05-01"), invoice(world, "2022-05-01"), subscriber(world)
    assert world.says("marketing.subscriber", letter).verdict == "DELETE"
    relationship(world, started_on="2023-11-01", customer_id=person)
    for record in (("sales.customer", person, "master"), ("marketing.subscriber", letter, "email")):
        assert world.says(*record).verdict == "RETAIN"
        assert world.says(*record).through is None
    world.assert_kept_through(("finance.invoice", old, "voucher"), date(2025, 12, 31), "ACCOUNTING")
    assert world.says("finance.invoice", newer, "voucher").through == date(2029, 12, 31)
    assert world.says("sales.id_document", copy).verdict == "DELETE"


def test_case_C01_neighbour_the_later_of_two_ends_counts_in_either_order() -> None:
    ends = ["2025-03-01", "2026-02-01"]
    for first, second in (ends, reversed(ends)):
        world = World(today=date(2027, 6, 1))
        person = customer(world)
        relationship(world, first, customer_id=person)
        relationship(world, second, customer_id=person)
        world.assert_kept_through(("sales.customer", person, "profile"), date(2027, 2, 1), "MARKETING_FORMER")


def test_case_C02_what_was_deleted_is_never_linked_again() -> None:
    world = World()
    back = customer(world, "1001", pnr="19811228-9874", email="anna@iret.example")
    relationship(world, started_on="2024-05-01", customer_id=back)
    assert world.says("sales.customer", back, "master").verdict == "RETAIN"
    # A plan remembers records by references that no identifier has, so that nobody is recognised by them.
    assert not set(ITEM_COLUMNS) & {"subject", "identifier", *(kind.value for kind in IdentifierKind)}
    assert RECORD not in {identifier_domain(kind) for kind in IdentifierKind}


def test_case_C03_a_prospect_who_becomes_a_customer_is_no_prospect() -> None:
    world = World()
    number = lead(world, "2026-11-01", status="converted", source_list="Mässan", score=80, email="anna@iret.example")
    assert world.says("sales.lead", number, "profile").verdict == "RETAIN"
    world.change("sales.lead", number, converted_on="2026-11-10")
    assert world.says("sales.lead", number, "profile").reason == "ENDED_AT_ONCE"
    assert world.says("sales.lead", number).verdict == "DELETE"


def test_case_C03_neighbour_an_order_alone_makes_a_customer() -> None:
    world = World()
    number = lead(world, "2026-11-01", customer_no="1001")
    order(world, "2026-11-10", customer_id=customer(world))
    assert world.says("sales.lead", number).verdict == "DELETE"


def test_case_C04_a_former_customer_never_becomes_a_prospect_again() -> None:
    world = World()
    number = lead(world, "2026-11-01", email="anna@iret.example")
    letter = subscriber(world, source="form", subscribed_at="2026-11-01T12:00:00")
    assert world.says("marketing.subscriber", letter, "email").through == date(2027, 5, 1)
    person = customer(world, email="anna@iret.example")
    relationship(world, "2025-06-30", customer_id=person)
    world.assert_kept_through(("marketing.subscriber", letter, "email"), date(2026, 6, 30), "MARKETING_FORMER")
    assert world.says("sales.lead", number).verdict == "DELETE"


def test_case_C05_a_no_thanks_ends_the_dialogue() -> None:
    world = World()
    number = lead(world, "2026-11-01")
    world.add("sales.meeting", lead_id=number, starts_at="2026-12-24T10:00:00")
    assert world.says("sales.lead", number, "contact").verdict == "RETAIN"
    world.change("sales.lead", number, closed_on="2026-11-20", status="closed")
    assert world.says("sales.lead", number, "profile").verdict in DUE
    assert world.says("sales.lead", number, "contact").verdict in DUE


def test_case_C05_neighbour_a_later_contact_opens_the_dialogue_again() -> None:
    world = World()
    number = lead(world, "2026-11-01", closed_on="2026-11-10")
    assert world.says("sales.lead", number).verdict == "DELETE"
    talk(world, number, "2026-11-11")
    world.assert_kept_through(("sales.lead", number, "contact"), date(2027, 5, 11), "PROSPECTING")


def test_case_C06_opened_newsletters_are_no_dialogue() -> None:
    world = World()
    number = lead(world, "2026-04-10", email="bo@iret.example")
    talk(world, number, "2026-10-01", "mail_opened", two_way=False)
    talk(world, number, "2026-11-01", "mail_out", two_way=False)
    letter = subscriber(world, "bo@iret.example", source="bought_list")
    sent = world.add("marketing.send", subscriber_id=letter, campaign_id=1, sent_at="2026-11-01T09:00:00")
    world.add("marketing.engagement", send_id=sent, kind="open", occurred_at="2026-11-02T09:00:00")
    world.assert_kept_through(("sales.lead", number, "contact"), date(2026, 10, 10), "PROSPECTING")
    world.assert_kept_through(("marketing.subscriber", letter, "email"), date(2026, 10, 10), "PROSPECTING")


def test_case_C07_a_booked_meeting_keeps_an_idle_prospect_to_its_day() -> None:
    world = World()
    number = lead(world, "2026-04-22")
    meeting = world.add("sales.meeting", lead_id=number, starts_at="2026-12-22T10:00:00")
    for record in (("sales.lead", number, "contact"), ("sales.meeting", meeting, "booking")):
        world.assert_kept_through(record, date(2026, 12, 22), "MEETINGS")


def test_case_C07_neighbour_without_a_meeting_the_dialogue_is_over() -> None:
    world = World()
    world.assert_kept_through(("sales.lead", lead(world, "2026-04-22"), "contact"), date(2026, 10, 22), "PROSPECTING")


def test_case_C08_a_web_customers_relationship_ends_with_the_last_order() -> None:
    world = World()
    person = customer(world, email="anna@iret.example", registered_on="2010-01-01")
    order(world, "2014-01-07", customer_id=person)
    last = order(world, "2016-05-20", customer_id=person)
    delivery(world, "2016-05-20", last)
    letter = subscriber(world)
    world.assert_kept_through(("marketing.subscriber", letter, "email"), date(2017, 5, 20), "MARKETING_FORMER")
    world.assert_kept_through(("sales.customer", person, "master"), date(2019, 7, 20), "WARRANTY_CONSUMER")
    assert world.says("sales.customer", person).verdict == "DELETE"


def test_case_C09_a_representative_who_leaves_is_no_contact_any_more() -> None:
    world = World()
    calendar_years(world, 2024)
    firm = company(world)
    gone = representative(world, firm, ended_on="2026-03-31")
    stays = representative(world, firm)
    signed = relationship(world, company_id=firm, representative_id=gone, signatory_name="A")
    bill = invoice(world, "2024-05-01", None, orgno="556012-5790", your_reference="A", buyer="business")
    for group in ("contact", "profile"):
        assert world.says("sales.representative", gone, group, date(2026, 4, 1)).verdict == "ANONYMISE"
        assert world.says("sales.representative", stays, group).verdict == "RETAIN"
    assert world.says("sales.contract", signed, "core").verdict == "RETAIN"
    assert world.says("finance.invoice", bill, "voucher").verdict == "RETAIN"


def test_case_C09_neighbour_the_last_day_of_a_role_still_counts() -> None:
    world = World(today=date(2026, 3, 31))
    firm = company(world)
    relationship(world, company_id=firm)
    number = representative(world, firm, ended_on="2026-03-31")
    assert world.says("sales.representative", number, "contact").verdict == "RETAIN"
    assert world.again(today=date(2026, 4, 1)).says("sales.representative", number).verdict == "DELETE"


def test_case_C10_an_objection_concerns_the_person_and_nobody_else_at_the_company() -> None:
    world = World()
    firm = company(world)
    relationship(world, company_id=firm)
    who = {name: representative(world, firm, email=f"{name}@firman.example") for name in "bc"}
    listed = {
        name: world.add("marketing.business_contact", email=f"{name}@firman.example", orgno="5560125790")
        for name in "bc"
    }
    request(world, "objection", "2026-11-20T09:00:00", representative_id=who["b"])
    assert world.says("sales.representative", who["b"], "profile").verdict == "ANONYMISE"
    assert world.says("sales.representative", who["b"], "contact").purpose == "REPRESENTATION"
    assert world.says("marketing.business_contact", listed["b"]).verdict == "DELETE"
    assert world.says("sales.representative", who["c"], "profile").verdict == "RETAIN"
    assert world.says("marketing.business_contact", listed["c"], "contact").verdict == "RETAIN"


def test_case_C11_a_generic_mailbox_is_nobody() -> None:
    world = World()
    first, second = company(world), company(world, "556703-7485")
    people = [representative(world, firm, email="info@firman.example") for firm in (first, second)]
    for firm in (first, second):
        relationship(world, company_id=firm)
    objection(world, "2026-11-01T09:00:00", email="info@firman.example")
    world.decide()
    roles = next(found for name, found in world.resolved.roles.items() if name.table == "representative")
    assert len(set(roles["person"])) == len(people)
    assert world.suppressed.entries.empty
    for number in people:
        assert world.says("sales.representative", number, "profile").verdict == "RETAIN"
    neighbour = representative(world, first, email="eva.info@firman.example")
    objection(world, "2026-11-01T09:00:00", email="eva.info@firman.example")
    assert world.says("sales.representative", neighbour, "profile").verdict == "ANONYMISE"


def test_case_C13_everything_about_a_sole_trader_is_about_a_person() -> None:
    world = World()
    trader, limited = company(world, "811228-9874", "EF"), company(world)
    for firm in (trader, limited):
        relationship(world, "2023-01-31", company_id=firm)
        delivery(world, "2023-05-10", order(world, "2023-05-10", company_id=firm), "business")
    world.assert_kept_through(("sales.company", trader, "master"), date(2025, 5, 10), "WARRANTY_BUSINESS")
    assert world.says("sales.company", trader).verdict == "DELETE"
    assert world.says("sales.company", limited, "master").reason == "NOT_PERSONAL"


def test_case_C13_neighbour_the_owner_is_found_by_the_firms_number() -> None:
    world = World()
    trader = company(world, "8112289874", "EF", email="firma@iret.example")
    relationship(world, company_id=trader)
    assert world.says("sales.company", trader, "master").verdict == "RETAIN"
    person = customer(world, pnr="19811228-9874", email="anna@iret.example")
    letter = subscriber(world, "firma@iret.example")
    request(world, "objection", "2026-11-01T09:00:00", customer_id=person)
    assert world.says("marketing.subscriber", letter).verdict == "DELETE"


def test_case_C15_a_relationship_goes_on_with_the_company_that_took_over() -> None:
    world = World()
    calendar_years(world, 2024)
    successor = company(world, "556703-7485")
    absorbed = company(world, merged_into_id=successor)
    relationship(world, "2024-12-31", company_id=absorbed)
    going_on = relationship(world, company_id=successor)
    number = representative(world, absorbed)
    bill = invoice(world, "2024-05-01", None, orgno="556012-5790", buyer="business")
    assert world.says("sales.representative", number, "contact").verdict == "RETAIN"
    assert world.says("finance.invoice", bill, "voucher").through == date(2031, 12, 31)
    world.change("sales.contract", going_on, status="ended", ended_on="2026-01-31")
    world.assert_kept_through(("sales.representative", number, "contact"), date(2027, 1, 31), "MARKETING_FORMER")


def test_case_C16_marketing_stops_when_a_customer_dies_and_the_estate_keeps_its_papers() -> None:
    world = World()
    calendar_years(world, 2025)
    person = customer(world, email="anna@iret.example")
    contract = relationship(world, customer_id=person)
    letter, bill = subscriber(world), invoice(world, "2025-05-01")
    dispute = world.add("finance.claim", customer_no="1001", direction="ours", status="open", opened_on="2026-01-01")
    assert world.says("marketing.subscriber", letter).verdict == "RETAIN"
    world.change("sales.customer", person, deceased_on="2026-11-01")
    assert world.says("marketing.subscriber", letter).verdict == "DELETE"
    assert world.says("sales.customer", person, "profile").verdict == "ANONYMISE"
    assert world.says("sales.customer", person, "master").verdict == "RETAIN"
    for record in (
        ("finance.invoice", bill, "voucher"),
        ("finance.claim", dispute, "file"),
        ("sales.contract", contract, "core"),
    ):
        assert world.says(*record).verdict == "RETAIN"


def test_case_C18_a_protected_identity_has_the_same_clocks() -> None:
    world = World()
    people = [customer(world, str(number), protected_identity=number == 1) for number in (1, 2)]
    for person in people:
        relationship(world, "2025-06-30", customer_id=person)
    hidden, other = (
        [world.says("sales.customer", person, group) for group in ("master", "profile", "identity")]
        for person in people
    )
    assert hidden == other
    # What the engine reads of anybody is keys, keyed references and days: no address can reach a report.
    frame = next(found for name, found in world.facts.items() if str(name) == "sales.customer")
    assert not {"street", "postcode", "city", "protected_identity"} & set(frame.columns)


def test_case_C22_a_contract_that_renews_itself_keeps_the_contract_and_not_everything() -> None:
    world = World()
    person = customer(world, email="anna@iret.example", last_login_at="2020-01-10T10:00:00", last_login_ip="192.0.2.1")
    contract = relationship(world, customer_id=person, auto_renews=True)
    login = world.add("sales.web_login", customer_id=person, logged_at="2020-01-10T10:00:00")
    assert world.says("sales.contract", contract, "core").verdict == "RETAIN"
    assert world.says("sales.customer", person, "master").verdict == "RETAIN"
    assert world.says("sales.customer", person, "network").verdict == "ANONYMISE"
    assert world.says("sales.web_login", login).verdict == "DELETE"
    objection(world, "2026-11-01T09:00:00")
    assert world.says("sales.customer", person, "profile").verdict == "ANONYMISE"
    assert world.says("sales.customer", person, "master").verdict == "RETAIN"
