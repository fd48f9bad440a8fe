"""Section B: several purposes at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from include.retention.policy.checks import overdue_reviews
from tests.cases.policies import problems_of, with_purpose
from tests.cases.rows import (
    calendar_years,
    company,
    customer,
    delivery,
    invoice,
    lead,
    order,
    relationship,
    request,
    subscriber,
)
from tests.cases.world import DAY, World, shipped


def test_case_B01_every_column_is_kept_for_as_long_as_its_own_purposes() -> None:
    world = World(today=date(2031, 6, 1))
    calendar_years(world, 2023)
    person = customer(
        world, email="anna@iret.example", last_login_at="2023-11-01T08:00:00", last_login_ip="192.0.2.1"
    )  # fmt: skip
    contract = relationship(world, "2024-01-31", customer_id=person)
    sold = order(world, "2023-05-10", customer_id=person)
    sent = delivery(world, "2023-05-10", sold)
    check = world.add("sales.credit_check", customer_id=person, completed_on="2023-05-01")
    copy = world.add("sales.id_document", customer_id=person, credit_check_id=check)
    letter, bill = subscriber(world), invoice(world, "2023-05-10")
    on = date(2025, 6, 1)
    assert world.says("finance.invoice", bill, "voucher", on).verdict == "RETAIN"
    assert world.says("sales.customer", person, "master", on).purpose == "WARRANTY_CONSUMER"
    for kept in ("shipping", "reference"):
        assert world.says("sales.order", sold, kept, on).through == date(2026, 7, 10)
    for gone in ("profile", "network", "payment", "identity"):
        assert world.says("sales.customer", person, gone, on).verdict == "ANONYMISE"
    for table, number in (("marketing.subscriber", letter), ("sales.id_document", copy)):
        assert world.says(table, number, as_of=on).verdict == "DELETE"
    world.assert_kept_through(("finance.invoice", bill, "voucher"), date(2030, 12, 31), "ACCOUNTING")
    world.assert_kept_through(("sales.customer", person, "master"), date(2026, 7, 10), "WARRANTY_CONSUMER")
    world.assert_kept_through(("sales.delivery", sent, "receipt"), date(2026, 7, 10), "WARRANTY_CONSUMER")
    world.assert_kept_through(("sales.customer", person, "profile"), date(2025, 1, 31), "MARKETING_FORMER")
    world.assert_kept_through(("marketing.subscriber", letter, "email"), date(2025, 1, 31), "MARKETING_FORMER")
    world.assert_kept_through(("sales.customer", person, "network"), date(2024, 5, 1), "SECURITY_LOG")
    world.assert_kept_through(("sales.id_document", copy, "copy"), date(2023, 5, 31), "CREDIT_CHECK")
    assert world.says("sales.contract", contract, "core", date(2025, 2, 1)).verdict in {"ANONYMISE", "DELETE"}


def test_case_B02_an_ip_address_goes_although_invoices_stay() -> None:
    world = World()
    calendar_years(world, 2025)
    person = customer(world, last_login_at="2025-01-10T10:00:00", last_login_ip="192.0.2.1")
    relationship(world, customer_id=person)
    bill = invoice(world, "2025-01-10")
    world.assert_kept_through(("sales.customer", person, "network"), date(2025, 7, 10), "SECURITY_LOG")
    assert world.says("sales.customer", person, "network").verdict == "ANONYMISE"
    assert world.says("sales.customer", person, "master").verdict == "RETAIN"
    assert world.says("finance.invoice", bill, "voucher").verdict == "RETAIN"


def test_case_B03_an_identity_number_stays_on_the_invoice_and_goes_from_the_crm() -> None:
    world = World()
    calendar_years(world, 2025)
    person = customer(world, pnr="19811228-9874", email="anna@iret.example")
    relationship(world, "2026-06-30", customer_id=person)
    bill = invoice(world, "2025-03-01", pnr="811228-9874")
    world.assert_kept_through(("sales.customer", person, "identity"), date(2026, 6, 30), "INVOICING")
    assert world.says("sales.customer", person, "master").purpose == "MARKETING_FORMER"
    assert world.says("finance.invoice", bill, "voucher").through == date(2032, 12, 31)


def test_case_B03_neighbour_an_unpaid_invoice_keeps_the_number_in_the_crm() -> None:
    world = World()
    calendar_years(world, 2025)
    person = customer(world, pnr="19811228-9874")
    relationship(world, "2026-06-30", customer_id=person)
    bill = invoice(world, "2025-03-01", status="open", paid_on=None)
    assert world.says("sales.customer", person, "identity").purpose == "INVOICING"
    assert world.says("sales.customer", person, "identity").verdict == "RETAIN"
    world.change("finance.invoice", bill, status="paid", paid_on="2026-08-15")
    world.assert_kept_through(("sales.customer", person, "identity"), date(2026, 8, 15), "INVOICING")


def test_case_B04_a_voucher_is_whole_while_its_duty_runs() -> None:
    world = World()
    calendar_years(world, 2020)
    bill = invoice(world, "2020-02-01", private_note="Portkod", your_reference="Anna")
    world.assert_kept_through(("finance.invoice", bill, "voucher"), date(2027, 12, 31), "ACCOUNTING")
    finance = shipped().maps["finance"].tables
    for name in ("invoice", "invoice_line", "credit_note", "payment"):
        assert list(finance[name].groups) == ["voucher"]
        assert {column.group for column in finance[name].columns.values() if column.category} == {"voucher"}
    assert shipped().schedule.purposes["ACCOUNTING"].recipients == ("finance",)


def test_case_B06_an_open_claim_keeps_the_invoice_after_bookkeeping() -> None:
    world = World()
    calendar_years(world, 2016)
    bill, other = invoice(world, "2016-02-01"), invoice(world, "2016-02-01")
    dispute = world.add("finance.claim", invoice_id=bill, direction="ours", status="open", opened_on="2022-05-01")
    assert world.says("finance.invoice", bill, "voucher").purpose == "CLAIM"
    assert world.says("finance.invoice", bill, "voucher").through is None
    world.assert_kept_through(("finance.invoice", other, "voucher"), date(2023, 12, 31), "ACCOUNTING")
    world.change("finance.claim", dispute, status="closed", closed_on="2026-03-01")
    world.assert_kept_through(("finance.invoice", bill, "voucher"), date(2026, 3, 1), "CLAIM")


def test_case_B07_a_written_reminder_restarts_the_limitation_period() -> None:
    world = World()
    calendar_years(world, 2011)
    debt = {"status": "written_off", "paid_on": None, "due_on": "2021-06-01"}
    reminded, rung, left = (invoice(world, "2011-05-01", **debt) for _ in range(3))
    letter = world.add("finance.reminder", invoice_id=reminded, kind="written", sent_on="2023-05-01")
    world.add("finance.reminder", invoice_id=reminded, kind="written", sent_on="2022-05-01")
    world.add("finance.reminder", invoice_id=rung, kind="oral", sent_on="2023-05-01")
    world.assert_kept_through(("finance.invoice", reminded, "voucher"), date(2026, 5, 1), "CLAIM_RECEIVABLE")
    world.assert_kept_through(("finance.reminder", letter, "letter"), date(2026, 5, 1), "CLAIM_RECEIVABLE")
    for number in (rung, left):
        world.assert_kept_through(("finance.invoice", number, "voucher"), date(2024, 6, 1), "CLAIM_RECEIVABLE")


def test_case_B07_neighbour_a_settled_debt_keeps_nothing() -> None:
    world = World()
    calendar_years(world, 2011)
    debt = {"status": "written_off", "paid_on": "2024-02-01", "due_on": "2021-06-01"}
    bill = invoice(world, "2011-05-01", **debt)
    world.add("finance.reminder", invoice_id=bill, kind="written", sent_on="2024-01-15")
    assert world.says("finance.invoice", bill, "voucher").verdict == "DELETE"
    assert world.says("finance.invoice", bill, "voucher").through == date(2018, 12, 31)


def test_case_B09_a_claim_against_us_is_kept_ten_years_from_when_it_arose() -> None:
    world = World()
    calendar_years(world, 2012)
    bill = invoice(world, "2012-02-01")
    claim = {"status": "closed", "opened_on": "2015-03-10", "closed_on": "2016-01-01", "arose_on": "2015-03-10"}
    against = world.add("finance.claim", invoice_id=bill, direction="against_us", **claim)
    ours = world.add("finance.claim", direction="ours", **claim)
    world.assert_kept_through(("finance.claim", against, "file"), date(2025, 3, 10), "CLAIM_AGAINST_US")
    world.assert_kept_through(("finance.invoice", bill, "voucher"), date(2025, 3, 10), "CLAIM_AGAINST_US")
    world.assert_kept_through(("finance.claim", ours, "file"), date(2016, 1, 1), "CLAIM")


JUST_IN_CASE = {
    "title": {"sv": "Om någon stämmer", "en": "In case somebody sues"},
    "lawful_basis": "6(1)(f)", "recipients": ["management"], "starts": "relationship", "scope": "subject",
    "keep": "P10Y", "source": "Vana", "approved_by": "Dataskyddsombud",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, {"necessity", "scope"}),
        ({"necessity": "För säkerhets skull"}, {"scope"}),
        ({"scope": "record"}, {"necessity"}),
        ({"scope": "record", "keep": "P3Y1D"}, {"necessity"}),
        ({"scope": "record", "necessity": "Avtalets kärna, fordran preskriberas efter tio år"}, set()),
        ({"keep": "P3Y"}, set()),
    ],
)
def test_case_B10_everything_for_ten_years_in_case_somebody_sues_is_refused(
    tmp_path: Path, changes: dict[str, str], keys: set[str]
) -> None:
    schedule = with_purpose("JUST_IN_CASE", **{**JUST_IN_CASE, **changes})
    assert problems_of(tmp_path, schedule) == {f"BLANKET purposes.JUST_IN_CASE.{key}" for key in keys}


def test_case_B11_an_erasure_request_ends_what_yields_and_no_legal_duty() -> None:
    world = World()
    calendar_years(world, 2025)
    person = customer(world, email="anna@iret.example", last_login_at="2026-01-10T10:00:00", last_login_ip="192.0.2.1")
    relationship(world, "2026-10-01", customer_id=person)
    letter, bill = subscriber(world), invoice(world, "2025-03-01")
    assert world.says("marketing.subscriber", letter).verdict == "RETAIN"
    asked = request(world, "erasure", "2026-11-20T09:00:00", customer_id=person)
    assert world.says("marketing.subscriber", letter).verdict == "DELETE"
    for group in ("profile", "network"):
        assert world.says("sales.customer", person, group).verdict == "ANONYMISE"
    assert world.says("sales.customer", person, "master").purpose == "CLAIM"  # to answer the request, with reasons
    assert world.says("finance.invoice", bill, "voucher").through == date(2032, 12, 31)
    assert world.says("sales.privacy_request", asked, "message").purpose == "CLAIM"
    world.change("sales.privacy_request", asked, closed_on="2026-11-21")
    assert world.says("sales.customer", person, "master").verdict == "ANONYMISE"
    assert world.says("finance.invoice", bill, "voucher").verdict == "RETAIN"


def test_case_B11_neighbour_a_relationship_that_begins_after_the_request_is_a_new_one() -> None:
    world = World()
    person = customer(world)
    relationship(world, "2026-10-01", customer_id=person)
    request(world, "erasure", "2026-10-05T09:00:00", customer_id=person)
    assert world.says("sales.customer", person, "profile").verdict in {"ANONYMISE", "DELETE"}
    relationship(world, started_on="2026-10-06", customer_id=person)
    assert world.says("sales.customer", person, "profile").verdict == "RETAIN"


def test_case_B12_an_objection_to_other_processing_freezes_the_data_and_stops_marketing() -> None:
    world = World()
    person = customer(world, email="anna@iret.example")
    relationship(world, "2026-10-01", customer_id=person)
    letter = subscriber(world)
    asked = request(world, "objection_21_1", "2026-11-20T09:00:00", customer_id=person)
    for record in (("sales.customer", person, "profile"), ("marketing.subscriber", letter, "email")):
        assert world.says(*record).reason == "LEGAL_HOLD"
    assert set(world.suppressed.entries["channel"]) == {"all"}
    world.change("sales.privacy_request", asked, closed_on="2026-11-21")
    assert world.says("sales.customer", person, "profile").verdict == "ANONYMISE"
    assert world.says("marketing.subscriber", letter).verdict == "DELETE"


def test_case_B13_a_complaint_right_keeps_nothing_about_what_is_used_up() -> None:
    world = World(today=date(2029, 1, 1))
    person = customer(world)
    sold = {kind: order(world, "2025-03-01", customer_id=person) for kind in ("consumable", "durable")}
    sent = {kind: delivery(world, "2025-03-01", number, product_class=kind) for kind, number in sold.items()}
    for record in (("sales.order", sold["consumable"], "shipping"), ("sales.delivery", sent["consumable"], "receipt")):
        world.assert_kept_through(record, date(2025, 3, 1), "ORDER_FULFILMENT")
    world.assert_kept_through(("sales.order", sold["durable"], "shipping"), date(2028, 5, 1), "WARRANTY_CONSUMER")


def test_case_B14_a_promised_guarantee_keeps_the_data_to_its_end_and_two_months() -> None:
    world = World()
    person = customer(world)
    sold = order(world, "2021-05-10", customer_id=person)
    sent = delivery(world, "2021-05-10", sold, guarantee_until="2026-05-10")
    for record in (
        ("sales.order", sold, "shipping"), ("sales.delivery", sent, "receipt"), ("sales.customer", person, "master"),
    ):  # fmt: skip
        world.assert_kept_through(record, date(2026, 7, 10), "GUARANTEE")


def test_case_B16_a_business_has_two_years() -> None:
    world = World()
    buyer = company(world)
    plain, promised = order(world, "2023-05-10", company_id=buyer), order(world, "2023-05-10", company_id=buyer)
    delivery(world, "2023-05-10", plain, "business")
    delivery(world, "2023-05-10", promised, "business", guarantee_until="2026-08-10")
    world.assert_kept_through(("sales.order", plain, "shipping"), date(2025, 5, 10), "WARRANTY_BUSINESS")
    world.assert_kept_through(("sales.order", promised, "shipping"), date(2026, 10, 10), "GUARANTEE")


def test_case_B18_own_brands_and_imports_keep_the_delivery_for_ten_years() -> None:
    world = World(today=date(2028, 1, 1))
    sold = order(world, "2017-04-01", customer_id=customer(world))
    own = delivery(world, "2017-04-01", sold, own_brand=True, circulated_on="2017-03-01")
    others = delivery(world, "2017-04-01", sold, circulated_on="2017-03-01")
    world.assert_kept_through(("sales.delivery", own, "receipt"), date(2027, 3, 1), "PRODUCT_LIABILITY")
    world.assert_kept_through(("sales.delivery", others, "receipt"), date(2020, 6, 1), "WARRANTY_CONSUMER")
    world.assert_kept_through(("sales.order", sold, "shipping"), date(2020, 6, 1), "WARRANTY_CONSUMER")
    schedule, due = shipped().schedule, "purposes.PRODUCT_LIABILITY.review_on"
    assert due not in {problem.key for problem in overdue_reviews(schedule, date(2026, 12, 9))}
    assert due in {problem.key for problem in overdue_reviews(schedule, date(2026, 12, 9) + DAY)}


def test_case_B20_a_question_without_a_purchase_is_a_prospects_dialogue() -> None:
    world = World()
    asked = {"kind": "question", "opened_on": "2026-01-10", "closed_on": "2026-01-20"}
    ticket = world.add("sales.support_case", contact_email="bo@iret.example", **asked)
    buyers = world.add("sales.support_case", customer_id=customer(world), contact_email="eva@iret.example", **asked)
    world.assert_kept_through(("sales.support_case", ticket, "text"), date(2026, 7, 10), "PROSPECTING")
    world.assert_kept_through(("sales.support_case", buyers, "text"), date(2026, 1, 20), "CLAIM")


def test_case_B21_a_credit_report_goes_and_the_decision_stays() -> None:
    world = World()
    person = customer(world)
    contract = relationship(world, customer_id=person)
    check = world.add("sales.credit_check", customer_id=person, completed_on="2025-02-01")
    world.assert_kept_through(("sales.credit_check", check, "report"), date(2025, 3, 3), "CREDIT_CHECK")
    assert world.says("sales.credit_check", check, "decision").purpose == "DELIVERY"
    assert world.says("sales.credit_check", check).verdict == "RETAIN"
    world.change("sales.contract", contract, status="ended", ended_on="2026-04-30")
    world.assert_kept_through(("sales.credit_check", check, "decision"), date(2026, 4, 30), "DELIVERY")


def test_case_B22_a_card_token_goes_with_the_relationship_and_an_account_with_the_invoice() -> None:
    world = World()
    calendar_years(world, 2025)
    person = customer(world, payment_token="tok")
    relationship(world, "2026-06-30", customer_id=person)
    bill = invoice(world, "2025-03-01", bank_account="123")
    world.assert_kept_through(("sales.customer", person, "payment"), date(2026, 6, 30), "DELIVERY")
    assert world.says("finance.invoice", bill, "voucher").through == date(2032, 12, 31)
    assert shipped().maps["finance"].tables["invoice"].columns["bank_account"].group == "voucher"


def test_case_B20_neighbour_a_prospect_has_no_invoice_and_no_bookkeeping() -> None:
    world = World()
    number = lead(world, "2026-01-10")
    world.assert_kept_through(("sales.lead", number, "contact"), date(2026, 7, 10), "PROSPECTING")
