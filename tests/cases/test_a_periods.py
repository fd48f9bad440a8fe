"""Section A: periods and the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from include.retention.periods import retain_through
from include.retention.policy.model import Keep, Period
from tests.cases.policies import problems_of, with_purpose
from tests.cases.rows import calendar_years, customer, delivery, fiscal_year, invoice, objection, order, subscriber
from tests.cases.world import Told, World, shipped


def voucher(number: int) -> tuple[str, int, str]:
    return "finance.invoice", number, "voucher"


def test_case_A01_bookkeeping_counts_from_the_end_of_the_fiscal_year() -> None:
    world = World()
    calendar_years(world, 2018)
    paid = invoice(world, "2018-03-02")
    world.assert_kept_through(voucher(paid), date(2025, 12, 31), "ACCOUNTING")
    assert world.says(*voucher(paid), date(2025, 3, 3)).verdict == "RETAIN"
    assert world.says("finance.invoice", paid, as_of=date(2026, 1, 1)).verdict == "DELETE"


@pytest.mark.parametrize(("day", "last"), [("2018-01-01", 2025), ("2018-12-31", 2025), ("2019-01-01", 2026)])
def test_case_A01_neighbours_at_the_turn_of_the_year(day: str, last: int) -> None:
    world = World(today=date(2030, 1, 1))
    calendar_years(world, 2018, 2019)
    world.assert_kept_through(voucher(invoice(world, day)), date(last, 12, 31), "ACCOUNTING")


def test_case_A02_a_broken_fiscal_year_counts_from_the_calendar_year_in_which_it_ended() -> None:
    world = World()
    fiscal_year(world, "2017-05-01", "2018-04-30")
    world.assert_kept_through(voucher(invoice(world, "2017-06-10")), date(2025, 12, 31), "ACCOUNTING")


def test_case_A03_one_day_apart_is_one_year_apart() -> None:
    world = World(today=date(2027, 6, 1))
    fiscal_year(world, "2018-07-01", "2019-06-30")
    fiscal_year(world, "2017-07-01", "2018-06-30")
    first, second = invoice(world, "2018-06-30"), invoice(world, "2018-07-01")
    world.assert_kept_through(voucher(first), date(2025, 12, 31))
    world.assert_kept_through(voucher(second), date(2026, 12, 31))


@pytest.mark.parametrize("day", ["2016-12-31", "2019-01-01", "2010-05-05"])
def test_case_A05_an_invoice_in_no_fiscal_year_is_kept_and_referred(day: str) -> None:
    world = World(today=date(2060, 1, 1))
    calendar_years(world, 2017, 2018)
    number = invoice(world, day)
    assert world.says(*voucher(number)) == Told("REFER", "NO_FISCAL_YEAR", None, "ACCOUNTING")
    assert world.says("finance.invoice", number).verdict == "RETAIN"


def test_case_A06_ten_years_from_a_leap_day_end_on_the_28th() -> None:
    world = World()
    sold = order(world, "2016-02-29", company_id=None)
    number = delivery(world, "2016-02-29", sold, "business", own_brand=True, circulated_on="2016-02-29")
    world.assert_kept_through(("sales.delivery", number, "receipt"), date(2026, 2, 28), "PRODUCT_LIABILITY")


def test_case_A07_three_years_and_then_two_months() -> None:
    world = World(today=date(2027, 6, 1))
    sold = order(world, "2024-02-29", customer_id=customer(world))
    number = delivery(world, "2024-02-29", sold)
    for record in (("sales.delivery", number, "receipt"), ("sales.order", sold, "shipping")):
        world.assert_kept_through(record, date(2027, 4, 28), "WARRANTY_CONSUMER")


@pytest.mark.parametrize(
    ("day", "last"),
    [("2023-12-31", date(2027, 2, 28)), ("2024-12-31", date(2028, 2, 29)), ("2023-02-28", date(2026, 4, 28))],
)  # fmt: skip
def test_case_A07_neighbours(day: str, last: date) -> None:
    world = World(today=date(2029, 1, 1))
    sold = order(world, day, customer_id=customer(world))
    world.assert_kept_through(("sales.delivery", delivery(world, day, sold), "receipt"), last, "WARRANTY_CONSUMER")


@pytest.mark.parametrize(
    ("until", "last"),
    [("2024-12-31", date(2025, 2, 28)), ("2023-12-31", date(2024, 2, 29)), ("2024-12-30", date(2025, 2, 28))],
)  # fmt: skip
def test_case_A08_two_months_from_new_years_eve(until: str, last: date) -> None:
    world = World()
    sold = order(world, "2020-01-10")
    number = delivery(world, "2020-01-10", sold, product_class="consumable", guarantee_until=until)
    world.assert_kept_through(("sales.delivery", number, "receipt"), last, "GUARANTEE")


@pytest.mark.parametrize(
    ("at", "last"), [("2024-12-31T23:30:00", 2032), ("2024-12-31T23:00:00", 2032), ("2024-12-31T22:59:59", 2031)]
)
def test_case_A09_a_timestamp_counts_on_its_day_in_stockholm(at: str, last: int) -> None:
    world = World(today=date(2035, 1, 1))
    calendar_years(world, 2024, 2025)
    number = world.add("finance.payment", booked_at=at)
    world.assert_kept_through(("finance.payment", number, "voucher"), date(last, 12, 31), "ACCOUNTING")


def test_case_A10_an_objection_has_effect_from_its_own_instant() -> None:
    world = World()
    person = customer(world, email="anna@iret.example")
    world.add("sales.contract", customer_id=person, status="active", started_on="2020-01-01")
    number = subscriber(world)
    objection(world, "2025-06-30T22:15:00")
    assert world.says("marketing.subscriber", number, "email").reason == "ENDED_AT_ONCE"
    (since,) = world.suppressed.entries["since"]
    assert since == datetime(2025, 6, 30, 22, 15, tzinfo=UTC)
    assert since.astimezone(ZoneInfo("Europe/Stockholm")).date() == date(2025, 7, 1)
    assert since > datetime(2025, 7, 1, tzinfo=ZoneInfo("Europe/Stockholm"))


@pytest.mark.parametrize(
    ("at", "last"),
    [
        ("2025-03-29T22:59:59", date(2025, 9, 29)),
        ("2025-03-29T23:00:00", date(2025, 9, 30)),
        ("2025-10-25T21:59:59", date(2026, 4, 25)),
        ("2025-10-25T22:00:00", date(2026, 4, 26)),
        ("2025-10-26T22:59:59", date(2026, 4, 26)),
        ("2025-10-26T23:00:00", date(2026, 4, 27)),
    ],
)
def test_case_A11_a_day_may_have_23_or_25_hours(at: str, last: date) -> None:
    world = World()
    number = world.add("sales.web_login", customer_id=customer(world), logged_at=at)
    world.assert_kept_through(("sales.web_login", number, "log"), last, "SECURITY_LOG")


@pytest.mark.parametrize(
    ("until", "last", "weekday"),
    [("2026-06-30", date(2026, 8, 30), 6), ("2026-04-19", date(2026, 6, 19), 4), ("2025-10-25", date(2025, 12, 25), 3)],
)
def test_case_A13_no_day_of_rest_lengthens_storage(until: str, last: date, weekday: int) -> None:
    assert last.weekday() == weekday  # a Sunday, Midsummer Eve, Christmas Day
    world = World()
    number = delivery(
        world, "2020-01-10", order(world, "2020-01-10"), product_class="consumable", guarantee_until=until
    )
    world.assert_kept_through(("sales.delivery", number, "receipt"), last, "GUARANTEE")


def test_case_A14_an_oss_sale_is_kept_for_almost_eleven_years_and_the_policy_is_told() -> None:
    world = World(today=date(2028, 1, 1))
    calendar_years(world, 2016)
    reported, domestic = invoice(world, "2016-01-02", vat_scheme="oss"), invoice(world, "2016-01-02")
    world.assert_kept_through(voucher(reported), date(2026, 12, 31), "OSS")
    world.assert_kept_through(voucher(domestic), date(2023, 12, 31), "ACCOUNTING")
    told = {(notice.code, notice.key) for notice in shipped().notices}
    assert ("PAST_PUBLISHED_CEILING", "purposes.OSS.keep") in told


def test_case_A17_ten_years_for_all_invoices_is_refused(tmp_path: Path) -> None:
    schedule = with_purpose("ACCOUNTING", keep="P10Y")
    assert problems_of(tmp_path, schedule) == {"LONGER_THAN_STATUTE purposes.ACCOUNTING.keep"}


def test_case_A17_neighbour_nor_is_ten_years_to_the_day(tmp_path: Path) -> None:
    schedule = with_purpose("ACCOUNTING", keep="P10Y", to_year_end=False)
    assert problems_of(tmp_path, schedule) == {"LONGER_THAN_STATUTE purposes.ACCOUNTING.keep"}


@pytest.mark.parametrize("days", ["P3650D", "P2557D", "P3653D"])
def test_case_A18_years_as_days_are_refused(tmp_path: Path, days: str) -> None:
    found = problems_of(tmp_path, with_purpose("OSS", keep=days))
    assert "YEARS_AS_DAYS purposes.OSS.keep" in found


def test_case_A18_neighbour_two_months_as_days_in_a_legal_period(tmp_path: Path) -> None:
    found = problems_of(tmp_path, with_purpose("WARRANTY_CONSUMER", keep=["P3Y", "P60D"]))
    assert found == {"YEARS_AS_DAYS purposes.WARRANTY_CONSUMER.keep"}


def test_case_A18_ten_years_are_not_3650_days() -> None:
    import numpy as np

    start = np.array(["2016-03-01"], dtype="datetime64[D]")
    years, days = Keep((Period(years=10),)), Keep((Period(days=3650),))
    assert retain_through(start, years)[0] - retain_through(start, days)[0] == np.timedelta64(2, "D")
