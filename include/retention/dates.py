"""What a source's dates and timestamps mean: a local day, the instants it spans, or the reason nobody can say.

A value is never guessed: text must be ISO 8601, a sentinel such as 1900-01-01 is nobody's date, and neither is a day
that no business has known or will know: year 24 for 2024, the zero of a spreadsheet, the last day of a calendar.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.terms import Reason

REFER_CODES: tuple[Reason | None, ...] = (
    None,
    Reason.NO_KNOWN_PURPOSE,
    Reason.UNKNOWN_DATE,
    Reason.NO_FISCAL_YEAR,
    Reason.UNPARSABLE_DATE,
    Reason.SENTINEL_DATE,
    Reason.CONTRADICTORY_DATES,
    Reason.IDENTITY_AMBIGUOUS,
    Reason.IDENTITY_CONFLICT,
)
"""Reasons to refer as small integers: of several, the highest is named."""
REFER_CODE = {reason: code for code, reason in enumerate(REFER_CODES) if reason is not None}

NO_DAY = np.iinfo(np.int32).min
"""No day: earlier than every day."""
NO_INSTANT = np.iinfo(np.int64).min
"""No instant: earlier than every instant."""
EARLIEST, LATEST = date(1900, 1, 2), date(2199, 12, 31)
"""Days outside stand for "unknown" or come of a slip of the keyboard: they start no clock."""
INFINITY, MINUS_INFINITY = "infinity", "-infinity"
"""PostgreSQL's words for later and earlier than every day."""
_DAY_LENGTH = len("2026-12-31")
_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_INSTANT = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
_ISO_8601 = re.compile(r"(\d{4}-\d\d-\d\d|\d{8}|\d{4}-W\d\d-\d|\d{4}W\d{3})(?:[T ](.+))?", re.ASCII)
_SENTINEL = (NO_DAY, NO_INSTANT, NO_INSTANT, REFER_CODE[Reason.SENTINEL_DATE])


@dataclass(frozen=True, slots=True)
class Moments:
    """Dates of one column, ready to compare.

    Attributes:
        day: int32, local day as days since 1970-01-01, or ``NO_DAY``.
        first: int64, first instant of the value in microseconds since the epoch, UTC, or ``NO_INSTANT``.
        last: int64, last instant: the same for a timestamp, the end of the local day for a date.
        null: bool, the source holds no value.
        problem: int8, index into ``REFER_CODES``, 0 where the value is readable.
    """

    day: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    null: npt.NDArray[np.bool_]
    problem: npt.NDArray[np.int8]


def read_moments(
    values: Sequence[Any], naive_zone: ZoneInfo, local_zone: ZoneInfo, sentinels: frozenset[date]
) -> Moments:
    """Read a column's values, each distinct one once.

    Args:
        values: dates, datetimes, ISO 8601 text or None, as the driver gave them.
        naive_zone: zone of timestamps that carry none.
        local_zone: zone whose civil days count (Europe/Stockholm).
        sentinels: local days that stand for "unknown".
    """
    series = pd.Series(list(values), dtype=object)
    codes, distinct = pd.factorize(series, use_na_sentinel=True)
    read = [_read_one(value, naive_zone, local_zone, sentinels) for value in distinct]
    read.append((NO_DAY, NO_INSTANT, NO_INSTANT, 0))
    day, first, last, problem = (np.array([row[i] for row in read], dtype="int64") for i in range(4))
    null = codes == -1
    return Moments(day[codes].astype("int32"), first[codes], last[codes], null, problem[codes].astype("int8"))


def special_days(values: Sequence[Any], special: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return for each value its place among days of a special meaning, or -1.

    Args:
        values: as for `read_moments`.
        special: days in ISO 8601, which stand for their timestamps too, and words such as ``infinity``.
    """
    codes, distinct = pd.factorize(pd.Series(list(values), dtype=object), use_na_sentinel=True)
    texts = [value.isoformat() if isinstance(value, date) else str(value).strip() for value in distinct]
    places = {text: place for place, text in enumerate(special)}
    found = [places.get(text, places.get(text[:_DAY_LENGTH], -1)) for text in texts]
    place: npt.NDArray[np.int64] = np.array([*found, -1], dtype="int64")[codes]
    return place


def day_number(day: date) -> int:
    """Return a local day as days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def instant_number(instant: datetime) -> int:
    """Return an aware instant as microseconds since the epoch, UTC."""
    return (instant - _EPOCH_INSTANT) // timedelta(microseconds=1)


def _read_one(
    value: object, naive_zone: ZoneInfo, local_zone: ZoneInfo, sentinels: frozenset[date]
) -> tuple[int, int, int, int]:
    moment = _parse(value) if isinstance(value, str) else value
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=naive_zone)
        try:
            local_day = aware.astimezone(local_zone).date()
        except OverflowError:
            return _SENTINEL
        if _stands_for_unknown(local_day, sentinels) or moment.date() in sentinels:
            return _SENTINEL
        at = instant_number(aware)
        return day_number(local_day), at, at, 0
    if isinstance(moment, date):
        if _stands_for_unknown(moment, sentinels):
            return _SENTINEL
        first = instant_number(datetime.combine(moment, time(), local_zone))
        last = instant_number(datetime.combine(moment + timedelta(days=1), time(), local_zone)) - 1
        return day_number(moment), first, last, 0
    return NO_DAY, NO_INSTANT, NO_INSTANT, REFER_CODE[Reason.UNPARSABLE_DATE]


def _stands_for_unknown(day: date, sentinels: frozenset[date]) -> bool:
    return day in sentinels or not EARLIEST <= day <= LATEST


def _parse(text: str) -> date | datetime | None:
    """Return what a text says, a day without a time as a date; None where it isn't ISO 8601.

    ``datetime.fromisoformat`` alone would take any character between date and time.
    """
    if text in {INFINITY, MINUS_INFINITY}:
        return date.min  # A day that no business has known.
    shape = _ISO_8601.fullmatch(text.strip())
    if shape is None:
        return None
    day, at = shape.groups()
    try:
        return date.fromisoformat(day) if at is None else datetime.fromisoformat(f"{day}T{at}")
    except ValueError:
        return None
