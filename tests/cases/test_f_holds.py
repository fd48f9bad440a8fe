"""Section F: legal holds, claims and disputes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.errors import HoldError
from include.retention.ledger.holds import Subject, holds_in_force, place_hold
from include.retention.plan import confirmed_items
from include.retention.terms import IdentifierKind
from tests.cases.rows import (
    calendar_years,
    customer,
    delivery,
    invoice,
    objection,
    order,
    relationship,
    request,
    subscriber,
)
from tests.cases.world import KEY, World, hold_on, hold_on_record, ref

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)


def test_case_F01_a_hold_keeps_everything_about_one_person_and_nothing_else() -> None:
    world = World(holds=hold_on("identity_number", "198112289874"))
    calendar_years(world, 2015)
    held, other = customer(world, "1", pnr="811228-9874"), customer(world, "2")
    bills = [invoice(world, "2015-05-01", number) for number in ("1", "2")]
    for person in (held, other):
        relationship(world, "2020-01-31", customer_id=person)
    for record in (("sales.customer", held, "profile"), ("finance.invoice", bills[0], "voucher")):
        assert world.says(*record).verdict == "RETAIN"
        assert world.says(*record).reason == "LEGAL_HOLD"
    assert world.says("sales.customer", other).verdict == "DELETE"
    assert world.says("finance.invoice", bills[1]).verdict == "DELETE"


def test_case_F01_neighbour_a_hold_on_a_record_covers_its_parts() -> None:
    world = World()
    calendar_years(world, 2015)
    held, other = invoice(world, "2015-05-01"), invoice(world, "2015-05-01")
    world.holds = hold_on_record("finance.invoice", held)
    world.add("finance.invoice_line", invoice_id=held, line_no=1)
    assert world.says("finance.invoice", held, "voucher").reason == "LEGAL_HOLD"
    assert world.decide()["finance.invoice_line", f"[{held}, 1]", "voucher"].reason == "LEGAL_HOLD"
    assert world.says("finance.invoice", other).verdict == "DELETE"


def test_case_F03_a_hold_placed_after_the_plan_is_seen_before_anything_is_destroyed() -> None:
    world = World()
    people = [customer(world, str(number)) for number in (1, 2)]
    for person in people:
        relationship(world, "2020-01-31", customer_id=person)
    approved = world.plan()
    now = world.again(holds=hold_on("customer_number", "1")).plan()
    checked = confirmed_items(approved, now)
    confirmed = dict(zip(checked["record_ref"], checked["confirmed"], strict=True))
    assert [confirmed[ref("sales.customer", person)] for person in people] == [False, True]


USUAL: dict[str, Any] = {"owner": "Bolagsjurist", "reason": "Tvist T 12-26", "review_on": date(2027, 3, 1)}


@pytest.mark.parametrize(
    ("missing", "says"),
    [({"owner": " "}, "no owner"), ({"reason": ""}, "no reason"), ({"review_on": None}, "no review date"),
     ({"review_on": date(2026, 11, 22)}, "ahead"), ({"review_on": date(2040, 1, 1)}, "at most 5 years")],
)  # fmt: skip
def test_case_F04_a_hold_without_an_owner_or_an_end_is_refused(
    control: sa.Connection, missing: dict[str, Any], says: str
) -> None:
    person = Subject(IdentifierKind.CUSTOMER_NUMBER, "1001")
    with pytest.raises(HoldError, match=says):
        place_hold(control, KEY, person, **{**USUAL, **missing}, at=AT)
    assert holds_in_force(control).empty


def test_case_F04_neighbour_a_hold_with_all_of_them_is_placed_and_found(control: sa.Connection) -> None:
    place_hold(control, KEY, Subject(IdentifierKind.CUSTOMER_NUMBER, "1001"), **USUAL, at=AT)
    world = World(holds=holds_in_force(control))
    person = customer(world)
    relationship(world, "2020-01-31", customer_id=person)
    assert world.says("sales.customer", person, "master").reason == "LEGAL_HOLD"


def test_case_F05_a_complaint_on_the_last_day_keeps_the_data_until_the_case_is_closed() -> None:
    world = World()
    person = customer(world)
    sold = order(world, "2023-05-10", customer_id=person)
    sent = delivery(world, "2023-05-10", sold)
    records = (
        ("sales.order", sold, "shipping"),
        ("sales.delivery", sent, "receipt"),
        ("sales.customer", person, "master"),
    )
    for record in records:
        world.assert_kept_through(record, date(2026, 7, 10), "WARRANTY_CONSUMER")
    opened = world.add(
        "sales.support_case",
        kind="complaint",
        customer_id=person,
        order_id=sold,
        delivery_id=sent,
        opened_on="2026-07-10",
    )
    for record in records:
        assert world.says(*record).purpose == "CLAIM"
        assert world.says(*record).verdict == "RETAIN"
    world.change("sales.support_case", opened, closed_on="2026-09-01")
    for record in records:
        world.assert_kept_through(record, date(2026, 9, 1), "CLAIM")


def test_case_F06_a_person_may_ask_to_have_the_data_kept() -> None:
    world = World()
    person = customer(world)
    relationship(world, "2020-01-31", customer_id=person)
    assert world.says("sales.customer", person).verdict == "DELETE"
    asked = request(world, "restriction", "2026-11-01T09:00:00", customer_id=person)
    assert world.says("sales.customer", person, "master").reason == "LEGAL_HOLD"
    assert world.says("sales.customer", person).verdict == "RETAIN"
    world.change("sales.privacy_request", asked, closed_on="2026-11-21")
    assert world.says("sales.customer", person).verdict == "DELETE"


def test_case_F08_a_credit_note_keeps_its_invoice() -> None:
    world = World(today=date(2030, 6, 1))
    calendar_years(world, 2018, 2022)
    credited, other = invoice(world, "2018-05-01"), invoice(world, "2018-05-01")
    note = world.add("finance.credit_note", invoice_id=credited, booked_on="2022-05-01")
    line = world.add("finance.invoice_line", invoice_id=credited, line_no=1)
    for record in (("finance.invoice", credited, "voucher"), ("finance.credit_note", note, "voucher")):
        world.assert_kept_through(record, date(2029, 12, 31), "ACCOUNTING")
    world.assert_kept_through(("finance.invoice", other, "voucher"), date(2025, 12, 31), "ACCOUNTING")
    assert world.decide(date(2029, 12, 31))["finance.invoice_line", f"[{line}, 1]", "voucher"].verdict == "RETAIN"


def test_case_F09_a_payment_in_a_later_year_has_its_own_clock() -> None:
    world = World(today=date(2028, 6, 1))
    calendar_years(world, 2018, 2020)
    bill = invoice(world, "2018-05-01", paid_on="2020-02-01")
    paid = world.add("finance.payment", invoice_id=bill, booked_at="2020-02-01T09:00:00")
    world.assert_kept_through(("finance.payment", paid, "voucher"), date(2027, 12, 31), "ACCOUNTING")
    world.assert_kept_through(("finance.invoice", bill, "voucher"), date(2025, 12, 31), "ACCOUNTING")
    between = date(2026, 6, 1)
    # The payment refers to the invoice, so that its row has to stand, without what was personal in it.
    assert world.says("finance.invoice", bill, "voucher", between).verdict == "ANONYMISE"
    assert world.says("finance.invoice", bill, "voucher", between).reason == "REFERENCED_BY_RETAINED"
    assert world.says("finance.invoice", bill).verdict == "DELETE"


def test_case_F10_a_claim_that_was_sold_keeps_the_voucher_and_not_the_file() -> None:
    world = World()
    calendar_years(world, 2022)
    bill = invoice(world, "2022-05-01", status="written_off", due_on="2022-06-01", paid_on=None)
    sold = world.add(
        "finance.claim", invoice_id=bill, customer_no="1001", direction="ours", status="closed",
        opened_on="2023-01-10", closed_on="2024-03-01", sold_to="Inkasso AB",
    )  # fmt: skip
    world.assert_kept_through(("finance.claim", sold, "file"), date(2024, 3, 1), "CLAIM")
    world.assert_kept_through(("finance.invoice", bill, "voucher"), date(2029, 12, 31), "ACCOUNTING")


def test_case_F11_who_is_under_a_hold_and_objects_is_marketed_to_no_more() -> None:
    world = World(holds=hold_on("customer_number", "1001"))
    person = customer(world, email="anna@iret.example")
    relationship(world, customer_id=person)
    letter = subscriber(world)
    objection(world, "2026-11-01T09:00:00")
    assert world.says("marketing.subscriber", letter, "email").reason == "LEGAL_HOLD"
    assert len(world.suppressed.entries) == 1
    assert world.again(holds=World().holds).says("marketing.subscriber", letter).verdict == "DELETE"
