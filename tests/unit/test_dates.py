"""What a stored date means: local days, instants, and the reasons why nobody can say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.retention.dates import (
    NO_DAY,
    NO_INSTANT,
    REFER_CODE,
    REFER_CODES,
    Moments,
    day_number,
    instant_number,
    read_moments,
)
from include.retention.terms import Reason
from tests.reference.build import SENTINELS

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def read(*values: Any, naive: str = "Europe/Stockholm") -> Moments:
    return read_moments(values, ZoneInfo(naive), STOCKHOLM, SENTINELS)


def day(value: Any, naive: str = "Europe/Stockholm") -> date | Reason | None:
    moments = read(value, naive=naive)
    if moments.problem[0]:
        return REFER_CODES[moments.problem[0]]
    return None if moments.null[0] else date(1970, 1, 1) + timedelta(days=int(moments.day[0]))


def instants(value: Any) -> tuple[str, str]:
    moments = read(value)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    first, last = (epoch + timedelta(microseconds=int(each[0])) for each in (moments.first, moments.last))
    return first.isoformat(), last.isoformat()


class TestLocalDays:
    """A09: the local day counts, never the UTC day."""

    def test_case_A09_half_past_eleven_utc_on_new_years_eve_is_next_year(self) -> None:
        assert day("2024-12-31T23:30:00Z") == date(2025, 1, 1)
        assert day(datetime(2024, 12, 31, 23, 30, tzinfo=UTC)) == date(2025, 1, 1)
        assert day(datetime(2024, 12, 31, 23, 30), naive="UTC") == date(2025, 1, 1)  # noqa: DTZ001

    def test_case_A10_a_quarter_past_ten_utc_in_june_is_july(self) -> None:
        assert day("2025-06-30T22:15:00Z") == date(2025, 7, 1)
        assert day("2025-06-30T21:59:59Z") == date(2025, 6, 30)

    @pytest.mark.parametrize(
        ("stored", "local"),
        [
            ("2024-12-31 23:30:00", date(2024, 12, 31)),  # Naive: local time already.
            ("2025-01-01T00:30:00+02:00", date(2024, 12, 31)),
            ("2025-01-01T00:30:00+01:00", date(2025, 1, 1)),
            ("2024-12-31T18:00:00-06:00", date(2025, 1, 1)),
            ("2025-03-29T22:59:59Z", date(2025, 3, 29)),  # Winter time: UTC+1.
            ("2025-03-29T23:00:00Z", date(2025, 3, 30)),
            ("2025-03-30T21:59:59Z", date(2025, 3, 30)),  # Summer time from this night: UTC+2.
            ("2025-03-30T22:00:00Z", date(2025, 3, 31)),
            ("2025-10-26T21:59:59Z", date(2025, 10, 26)),
            ("2025-10-26T22:30:00Z", date(2025, 10, 26)),  # Winter time again: still the 26th, for an hour.
            ("2025-10-26T23:00:00Z", date(2025, 10, 27)),
        ],
    )
    def test_the_day_in_stockholm(self, stored: str, local: date) -> None:
        assert day(stored) == local
        assert day(datetime.fromisoformat(stored)) == local

    def test_a_naive_timestamp_is_in_its_columns_zone(self) -> None:
        stored = datetime(2025, 6, 30, 23, 0)  # noqa: DTZ001
        assert day(stored) == date(2025, 6, 30)
        assert day(stored, naive="UTC") == date(2025, 7, 1)
        assert day(stored, naive="America/New_York") == date(2025, 7, 1)

    def test_a_columns_zone_never_moves_a_plain_date(self) -> None:
        assert day(date(2025, 7, 1), naive="Pacific/Kiritimati") == date(2025, 7, 1)
        assert day("2025-07-01", naive="America/New_York") == date(2025, 7, 1)

    def test_an_aware_timestamp_ignores_its_columns_zone(self) -> None:
        aware = datetime(2025, 6, 30, 22, 15, tzinfo=timezone(timedelta(hours=2)))
        assert day(aware, naive="UTC") == date(2025, 6, 30)


class TestInstants:
    """A date spans its local day; a timestamp is one instant."""

    def test_case_A11_the_day_summer_time_begins_has_23_hours(self) -> None:
        assert instants("2025-03-30") == ("2025-03-29T23:00:00+00:00", "2025-03-30T21:59:59.999999+00:00")

    def test_the_day_summer_time_ends_has_25_hours(self) -> None:
        assert instants(date(2025, 10, 26)) == ("2025-10-25T22:00:00+00:00", "2025-10-26T22:59:59.999999+00:00")

    def test_a_timestamp_is_one_instant(self) -> None:
        assert instants("2025-07-01 00:15:00") == ("2025-06-30T22:15:00+00:00",) * 2

    @given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    def test_an_instant_is_within_its_local_day(self, at: datetime) -> None:
        moments = read(at, at.astimezone(STOCKHOLM).date())
        assert moments.day[0] == moments.day[1]
        assert moments.first[1] <= moments.first[0] == moments.last[0] <= moments.last[1]


class TestUnknown:
    """Never guessed: a reason, and no day."""

    @pytest.mark.parametrize("text", ["1900-01-01", "1970-01-01", "1970-01-01T00:00:00", "9999-12-31"])
    def test_case_G03_a_sentinel_is_nobodys_date(self, text: str) -> None:
        assert day(text) == Reason.SENTINEL_DATE

    @pytest.mark.parametrize(
        "text",
        [
            "0024-05-01", "0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31T00:00:00", "2999-12-31", "2200-01-01",
            "9999-01-01",
        ],
    )  # fmt: skip
    def test_case_G03_nor_is_a_day_that_no_business_knows(self, text: str) -> None:
        assert day(text) == Reason.SENTINEL_DATE

    @pytest.mark.parametrize("stored", [date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC), datetime(1900, 1, 1)])  # noqa: DTZ001
    def test_case_G03_in_every_type(self, stored: date) -> None:
        assert day(stored) == Reason.SENTINEL_DATE

    def test_a_sentinel_is_known_by_its_utc_and_by_its_local_day(self) -> None:
        assert day("1969-12-31T23:30:00Z") == Reason.SENTINEL_DATE  # 1 January in Stockholm.
        assert day("1970-01-01T23:30:00Z") == Reason.SENTINEL_DATE  # 1 January as stored.

    @pytest.mark.parametrize(
        "text",
        [
            "2018-02-30", "03/04/2018", "2018-13-01", "2019-02-29", "20180230", "180304", "2018", "2018-03",
            "4 mars 2018", "unknown", "n/a", "0000-00-00", "2018-03-04T25:00:00", "2018-03-04x10:00:00",
            "2018-03-04T10:00:00+99:00", "2018-03-04T10:00:00 CET", "٢٠١٨-٠٣-٠٤", "",
        ],
    )  # fmt: skip
    def test_case_G12_text_that_isnt_a_date_in_iso_8601(self, text: str) -> None:
        assert day(text) == Reason.UNPARSABLE_DATE

    @pytest.mark.parametrize("value", [20180304, 1520121600, 43163.5, True, b"2018-03-04"])
    def test_a_number_or_bytes_are_no_date(self, value: object) -> None:
        assert day(value) == Reason.UNPARSABLE_DATE

    @pytest.mark.parametrize(
        "value",
        [
            date.min,
            date.max,
            datetime.min,  # noqa: DTZ901
            datetime.max,  # noqa: DTZ901
            datetime.max.replace(tzinfo=UTC),
            "9999-12-31T23:30:00Z",
        ],
    )
    def test_the_ends_of_time_overflow_nothing(self, value: object) -> None:
        assert day(value) == Reason.SENTINEL_DATE

    def test_null_is_null(self) -> None:
        moments = read(None, "2024-01-01")
        assert moments.null.tolist() == [True, False]
        assert moments.problem.tolist() == [0, 0]

    def test_no_instant_is_given_to_what_isnt_known(self) -> None:
        moments = read(None, "unknown", "1900-01-01")
        assert moments.day.tolist() == [NO_DAY] * 3
        assert moments.first.tolist() == moments.last.tolist() == [NO_INSTANT] * 3


class TestSpellings:
    """ISO 8601 as databases and programs write it."""

    @pytest.mark.parametrize(
        "text",
        [
            "2018-03-04", " 2018-03-04 ", "2018-03-04T10:11:12", "2018-03-04 10:11:12", "2018-03-04T10:11",
            "2018-03-04T10:11:12.345678", "2018-03-04T10:11:12+01:00", "2018-03-04 10:11:12+00", "2018-03-04T10:11:12Z",
            "20180304", "20180304T101112Z", "2018-W09-7",
        ],
    )  # fmt: skip
    def test_iso_8601(self, text: str) -> None:
        assert day(text) == date(2018, 3, 4)

    def test_a_plain_date_in_basic_format_spans_its_day_too(self) -> None:
        assert instants("20180304") == instants("2018-03-04")
        assert day("20180304", naive="Pacific/Kiritimati") == date(2018, 3, 4)

    def test_types_may_be_mixed_in_a_column(self) -> None:
        values = [date(2018, 3, 4), datetime(2018, 3, 4, 12, tzinfo=UTC), "2018-03-04", None, 7]
        moments = read(*values, *values)
        assert moments.day.tolist()[:3] == [day_number(date(2018, 3, 4))] * 3
        assert moments.null.tolist() == [False, False, False, True, False] * 2
        np.testing.assert_array_equal(moments.day[:5], moments.day[5:])

    def test_an_empty_column(self) -> None:
        assert read().day.tolist() == []


def test_numbers_count_from_1970() -> None:
    assert day_number(date(1970, 1, 1)) == 0
    assert day_number(date(1969, 12, 31)) == -1
    assert instant_number(datetime(1970, 1, 1, 1, tzinfo=STOCKHOLM)) == 0
    assert instant_number(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


def test_reasons_are_ordered_by_how_much_they_weigh() -> None:
    order = [Reason.UNKNOWN_DATE, Reason.UNPARSABLE_DATE, Reason.CONTRADICTORY_DATES, Reason.IDENTITY_CONFLICT]
    assert sorted(order, key=REFER_CODE.__getitem__) == order
    assert REFER_CODES[0] is None
