"""The sample's own calendar, written from the law and the DPO's numbers, not from the engine.

If the engine's arithmetic goes wrong, this mustn't go wrong with it: nothing here imports ``include.retention``.
All days are local days in Sweden.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

SWEDEN = ZoneInfo("Europe/Stockholm")
FORMER_CUSTOMER_MONTHS = 12
PROSPECT_MONTHS = 6
LOG_MONTHS = 6
CALL_PROOF_MONTHS = 6
CREDIT_CHECK_DAYS = 30
BUSINESS_WARRANTY_MONTHS = 24
GUARANTEE_MONTHS = 2
DEBT_MONTHS = 36
TEN_YEARS = 120


def months_after(day: date, months: int) -> date:
    """Return the same day ``months`` later (or earlier), or the month's last day where there is none such."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def consumer_warranty(delivered: date) -> date:
    """Return the last day of a complaint: three years, then two months from their end (KKL 4:14, 5:2)."""
    return months_after(months_after(delivered, 36), 2)


def instant(day: date, hour: int = 12, minute: int = 0) -> datetime:
    """Return an instant on a Swedish day, in UTC."""
    return datetime.combine(day, time(hour, minute), SWEDEN).astimezone(UTC)


def wall_clock(day: date, hour: int = 9, minute: int = 30) -> datetime:
    """Return a naive local time."""
    return datetime.combine(day, time(hour, minute))


@dataclass(frozen=True)
class Timeline:
    """What day it is, and what follows from that.

    Attributes:
        as_of: the day for which the expected verdicts hold.
    """

    as_of: date

    def ago(self, days: int) -> date:
        """Return the day ``days`` before ``as_of`` (after it if negative)."""
        return self.as_of - timedelta(days=days)

    def between(self, rng: Random, nearest: int, farthest: int) -> date:
        """Return a random day, so many days before ``as_of``."""
        return self.as_of - timedelta(days=rng.randint(nearest, farthest))

    def over(self, last_day: date) -> bool:
        """Return whether a period is over: its last day lies before ``as_of``."""
        return last_day < self.as_of

    def last_over(self, through: Callable[[date], date]) -> date:
        """Return the latest start whose period is over on ``as_of``.

        Args:
            through: a period's last day, from its start; never falls when the start grows.
        """
        day = self.as_of
        while through(day) >= self.as_of:
            day -= timedelta(days=1)
        return day

    def first_live(self, through: Callable[[date], date]) -> date:
        """Return the earliest start whose period still covers ``as_of``: the day after ``last_over``."""
        return self.last_over(through) + timedelta(days=1)

    @cached_property
    def fiscal_years(self) -> tuple[tuple[date, date], ...]:
        """First and last days, oldest first.

        Calendar years, then an extended year of 18 months, a broken one from July to June, a shortened one of six
        months, and calendar years again. The boundary between what bookkeeping still keeps and what it doesn't runs
        between the extended and the broken year.
        """
        return tuple(_fiscal_years(self.as_of.year))

    def fiscal_year(self, day: date) -> int | None:
        """Return the position of the fiscal year that a day falls in, or None."""
        for index, (first, last) in enumerate(self.fiscal_years):
            if first <= day <= last:
                return index
        return None

    def bookkeeping_over(self, day: date) -> bool:
        """Return whether a voucher booked on a day is through: 31 December, seven years after its fiscal year's end."""
        index = self.fiscal_year(day)
        if index is None:
            raise ValueError("A day outside every fiscal year has no end of its bookkeeping duty")
        return self.fiscal_years[index][1].year + 7 < self.as_of.year

    def oss_over(self, day: date) -> bool:
        """Return whether a sale under the One Stop Shop is through: ten years from its year's end (ML 22:77)."""
        return day.year + 10 < self.as_of.year

    @cached_property
    def kept_books_from(self) -> date:
        """The first day whose vouchers bookkeeping still keeps."""
        return date(self.as_of.year - 8, 7, 1)


def _fiscal_years(year: int) -> Iterator[tuple[date, date]]:
    for old in range(year - 20, year - 9):
        yield date(old, 1, 1), date(old, 12, 31)
    yield date(year - 9, 1, 1), date(year - 8, 6, 30)
    yield date(year - 8, 7, 1), date(year - 7, 6, 30)
    yield date(year - 7, 7, 1), date(year - 7, 12, 31)
    for recent in range(year - 6, year + 2):
        yield date(recent, 1, 1), date(recent, 12, 31)
