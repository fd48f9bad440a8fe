"""Calendar arithmetic: the cases A01 to A18 that concern periods, and what holds for every day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.retention.periods import add_period, after, retain_through, retain_through_amended
from include.retention.policy.model import Amendment, Keep, Period
from tests.reference.build import days, keep, months, years
from tests.reference.classifier import kept_through

BOOKKEEPING = keep(years(7), to_year_end=True)
OSS = keep(years(10), to_year_end=True)
TODAY = date(2026, 3, 1)
ANY_DAY = st.dates(date(1950, 1, 1), date(2150, 12, 31))
PERIODS = st.builds(Period, years=st.integers(0, 15), months=st.integers(0, 30), days=st.integers(0, 400))
KEEPS = st.builds(Keep, st.lists(PERIODS, min_size=1, max_size=3).map(tuple), st.booleans())


def through(day: date, kept: Keep) -> date:
    result: date = retain_through(np.array([day], dtype="datetime64[D]"), kept)[0].item()
    return result


def amended(day: date, kept: Keep, *amendments: Amendment, today: date = TODAY) -> date:
    days_of = np.array([day], dtype="datetime64[D]")
    result: date = retain_through_amended(days_of, kept, amendments, today)[0].item()
    return result


def test_case_A01_bookkeeping_runs_to_the_end_of_the_seventh_year() -> None:
    fiscal_year_end = date(2018, 12, 31)
    assert through(fiscal_year_end, BOOKKEEPING) == date(2025, 12, 31)
    assert through(date(2018, 3, 2), keep(years(7))) == date(2025, 3, 2)  # What the wrong reading would give.


def test_case_A02_a_broken_fiscal_year_counts_from_the_calendar_year_in_which_it_ended() -> None:
    assert through(date(2018, 4, 30), BOOKKEEPING) == date(2025, 12, 31)


@pytest.mark.parametrize(
    ("end", "last"), [(date(2018, 6, 30), date(2025, 12, 31)), (date(2019, 6, 30), date(2026, 12, 31))]
)
def test_case_A03_one_day_apart_is_one_year_apart(end: date, last: date) -> None:
    assert through(end, BOOKKEEPING) == last


def test_case_A06_ten_years_from_a_leap_day() -> None:
    assert through(date(2016, 2, 29), keep(years(10))) == date(2026, 2, 28)


def test_case_A07_periods_chain_and_are_not_added_up() -> None:
    delivered = date(2024, 2, 29)
    assert through(delivered, keep(years(3), months(2))) == date(2027, 4, 28)
    assert through(delivered, keep(months(38))) == date(2027, 4, 29)


def test_case_A08_two_months_from_new_years_eve() -> None:
    assert through(date(2024, 12, 31), keep(months(2))) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("start", "last"),
    [
        (date(2023, 6, 19), date(2024, 6, 19)),
        (date(2023, 6, 21), date(2024, 6, 21)),  # Midsummer Eve 2024.
        (date(2023, 3, 31), date(2024, 3, 31)),  # Easter Sunday 2024.
    ],
)
def test_case_A13_no_day_of_rest_lengthens_storage(start: date, last: date) -> None:
    assert through(start, keep(months(12))) == last


def test_case_A14_oss_runs_almost_eleven_years() -> None:
    assert through(date(2016, 1, 2), OSS) == date(2026, 12, 31)


def test_case_A18_ten_years_are_not_3650_days() -> None:
    start = date(2016, 1, 1)
    assert through(start, keep(years(10))) == date(2026, 1, 1)
    assert through(start, keep(days(3650))) == date(2025, 12, 29)


@pytest.mark.parametrize(
    ("start", "period", "last"),
    [
        (date(2024, 1, 31), months(1), date(2024, 2, 29)),
        (date(2023, 1, 31), months(1), date(2023, 2, 28)),
        (date(2024, 3, 31), months(1), date(2024, 4, 30)),
        (date(2024, 8, 31), months(6), date(2025, 2, 28)),
        (date(2024, 2, 29), years(4), date(2028, 2, 29)),
        (date(2024, 2, 29), years(1), date(2025, 2, 28)),
        (date(2024, 12, 15), months(13), date(2026, 1, 15)),
        (date(2024, 12, 31), days(60), date(2025, 3, 1)),
        (date(2024, 5, 5), days(0), date(2024, 5, 5)),
        (date(2024, 1, 30), Period(months=1, days=1), date(2024, 3, 1)),
        (date(1969, 12, 31), months(2), date(1970, 2, 28)),
        (date(1899, 12, 31), years(1), date(1900, 12, 31)),
    ],
)
def test_a_missing_day_becomes_the_months_last(start: date, period: Period, last: date) -> None:
    assert through(start, keep(period)) == last
    assert after(start, period) == last


def test_the_years_end_stays_where_it_is() -> None:
    assert through(date(2020, 12, 31), keep(days(0), to_year_end=True)) == date(2020, 12, 31)
    assert through(date(2020, 12, 31), keep(days(1), to_year_end=True)) == date(2021, 12, 31)


def test_no_day_stays_no_day() -> None:
    none = np.array(["NaT", "2024-01-31"], dtype="datetime64[D]")
    last = retain_through(none, BOOKKEEPING)
    assert np.isnat(last[0])
    assert last[1] == np.datetime64("2031-12-31")


@given(day=ANY_DAY, period=PERIODS)
def test_periods_agree_with_plain_arithmetic(day: date, period: Period) -> None:
    assert through(day, keep(period)) == kept_through(day, keep(period))


@given(starts=st.lists(ANY_DAY, min_size=1, max_size=20), kept=KEEPS)
def test_all_days_at_once_are_each_day_alone(starts: list[date], kept: Keep) -> None:
    together = retain_through(np.array(starts, dtype="datetime64[D]"), kept)
    assert [day.item() for day in together] == [kept_through(day, kept) for day in starts]


@given(day=ANY_DAY, ahead=st.integers(0, 4000), kept=KEEPS)
def test_a_later_start_never_ends_earlier(day: date, ahead: int, kept: Keep) -> None:
    assert through(day, kept) <= through(day + timedelta(days=ahead), kept)


@given(day=ANY_DAY, period=PERIODS, more=PERIODS)
def test_a_longer_period_never_ends_earlier(day: date, period: Period, more: Period) -> None:
    longer = Period(period.years + more.years, period.months + more.months, period.days + more.days)
    assert through(day, keep(period)) <= through(day, keep(longer))


def test_a_period_of_nothing_moves_nothing() -> None:
    start = np.array(["2024-02-29", "NaT"], dtype="datetime64[D]")
    np.testing.assert_array_equal(add_period(start, Period()), start)


class TestAmendments:
    """A changed period, with its transition."""

    SHORTER = Amendment(date(2025, 7, 1), keep(months(12)), None, "a decision")

    def test_case_J01_a_shorter_period_counts_from_the_day_it_is_in_force(self) -> None:
        start, before = date(2024, 5, 1), date(2025, 6, 30)
        assert amended(start, keep(months(24)), self.SHORTER, today=before) == date(2026, 5, 1)
        assert amended(start, keep(months(24)), self.SHORTER, today=date(2025, 7, 1)) == date(2025, 5, 1)

    def test_case_J03_a_longer_duty_covers_what_its_transition_says(self) -> None:
        longer = Amendment(date(2025, 1, 1), keep(years(10)), date(2020, 1, 1), "a law")
        assert amended(date(2019, 12, 31), keep(years(7)), longer) == date(2026, 12, 31)
        assert amended(date(2020, 1, 1), keep(years(7)), longer) == date(2030, 1, 1)

    def test_of_several_the_one_latest_in_force_decides(self) -> None:
        first = Amendment(date(2024, 1, 1), keep(years(1)), None, "a decision")
        second = Amendment(date(2025, 1, 1), keep(years(2)), None, "a decision")
        coming = Amendment(date(2027, 1, 1), keep(years(9)), None, "a decision")
        for order in ([first, second, coming], [coming, second, first]):
            assert amended(date(2024, 6, 1), keep(years(5)), *order) == date(2026, 6, 1)

    def test_one_that_doesnt_cover_an_event_leaves_the_one_before(self) -> None:
        first = Amendment(date(2024, 1, 1), keep(years(1)), None, "a decision")
        second = Amendment(date(2025, 1, 1), keep(years(2)), date(2024, 7, 1), "a decision")
        assert amended(date(2024, 6, 30), keep(years(5)), first, second) == date(2025, 6, 30)
        assert amended(date(2024, 7, 1), keep(years(5)), first, second) == date(2026, 7, 1)

    def test_no_day_stays_no_day(self) -> None:
        none = np.array(["NaT"], dtype="datetime64[D]")
        late = Amendment(date(2024, 1, 1), keep(years(1)), date(2020, 1, 1), "a decision")
        assert np.isnat(retain_through_amended(none, keep(years(5)), [late], TODAY)[0])
