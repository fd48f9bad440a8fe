"""Section H of the catalogue: copies, files, logs and other people's data in a row.

What is about the act itself (files, cascades), the ledger and Airflow's own traces is tested where that code is.
"""

from __future__ import annotations

import json
from datetime import date, timedelta

from tests.cases.rows import calendar_years, customer, delivery, invoice, lead, order, relationship
from tests.cases.world import TODAY, World

LONG_AGO, RECENTLY = "2020-01-01", "2026-10-01"


def test_case_H01_a_private_text_on_an_invoice_line_stays_with_its_voucher() -> None:
    world = World()
    calendar_years(world, 2020)
    number = invoice(world, "2020-05-02")
    line = world.add("finance.invoice_line", invoice_id=number, line_no=1, description="Åsa N, migrän, portkod 1234")
    at = ("finance.invoice_line", json.dumps([number, 1]))
    for as_of, verdict in ((date(2027, 12, 31), "RETAIN"), (date(2028, 1, 1), "DELETE")):
        assert world.decide(as_of)[(*at, "")].verdict == verdict
    assert line == number, "the line's key begins with its invoice's"


def test_case_H02_the_same_text_in_a_note_goes_with_the_customer() -> None:
    world = World()
    gone, here = customer(world), customer(world, "1002")
    relationship(world, LONG_AGO, customer_id=gone)
    relationship(world, customer_id=here)
    text = "Åsa N, migrän, portkod 1234"
    notes = [world.add("sales.note", customer_id=who, body=text) for who in (gone, here)]
    assert [world.says("sales.note", note).verdict for note in notes] == ["DELETE", "RETAIN"]


def test_case_H06_a_hidden_row_is_judged_like_any_other() -> None:
    world = World()
    hidden = customer(world, deleted_at="2021-01-01T00:00:00")
    hidden_too_early = customer(world, "1002", deleted_at="2026-11-01T00:00:00")
    relationship(world, LONG_AGO, customer_id=hidden)
    relationship(world, customer_id=hidden_too_early)
    assert world.says("sales.customer", hidden).verdict == "DELETE"
    assert world.says("sales.customer", hidden_too_early).verdict == "RETAIN", "hiding a row ends no purpose"


def test_case_H12_an_address_in_a_link_has_the_logs_clock() -> None:
    world = World()
    who = customer(world)
    relationship(world, customer_id=who)
    path = "/losenord?epost=anna%40iret.example"
    login = world.add("sales.web_login", customer_id=who, logged_at="2026-05-22T10:00:00", path=path)
    world.assert_kept_through(("sales.web_login", login, "log"), date(2026, 11, 22), "SECURITY_LOG")


def test_case_H20_a_gifts_recipient_is_kept_for_delivery_and_complaints_alone() -> None:
    world = World()
    who = customer(world)
    bought = order(world, "2022-03-01", customer_id=who, gift_name="Bo", gift_street="Storgatan 1")
    delivery(world, "2022-03-01", bought, guarantee_until="2030-03-01")
    assert world.says("sales.order", bought, "shipping").verdict == "RETAIN", "the buyer's guarantee runs"
    assert world.says("sales.order", bought, "gift").verdict == "ANONYMISE", "the recipient has bought nothing"


def test_case_H20_neighbour_within_the_complaint_period_the_recipient_is_kept_too() -> None:
    world = World()
    bought = order(world, "2024-03-01", customer_id=customer(world), gift_name="Bo", gift_street="Storgatan 1")
    delivery(world, "2024-03-01", bought)
    world.assert_kept_through(("sales.order", bought, "gift"), date(2027, 5, 1), "WARRANTY_CONSUMER")


def test_case_H24_a_booked_meeting_has_its_own_clock() -> None:
    world = World()
    prospect = lead(world, LONG_AGO)
    past, ahead = (
        world.add("sales.meeting", lead_id=prospect, starts_at=f"{TODAY + timedelta(days=days)}T10:00:00", agenda="x")
        for days in (-400, 20)
    )
    assert world.says("sales.meeting", past).verdict == "DELETE"
    assert world.says("sales.meeting", ahead).verdict == "RETAIN"
