"""Fiscal years by a rule: each day falls in exactly one, and a table of days isn't taken for one of years."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from include.retention.dates import EARLIEST, LATEST
from include.retention.errors import ConfigurationError
from include.retention.fiscal_years import EPOCH, check_years, years_by_rule
from include.retention.policy.model import FiscalYears, FiscalYearsByRule
from include.retention.resolve import LONGEST_FISCAL_YEAR


def end_of(day: date, begin_month: int) -> date:
    """Return the last day of the fiscal year that a day falls in; it must fall in one alone."""
    years, number = years_by_rule(FiscalYearsByRule(begin_month)), (day - EPOCH).days
    found = years[(years["first"] <= number) & (years["last"] >= number)]
    assert len(found) == 1
    return EPOCH + timedelta(days=int(found["last"].iloc[0]))


@pytest.mark.parametrize(
    ("day", "begin_month", "end"),
    [
        (date(2021, 1, 1), 1, date(2021, 12, 31)),
        (date(2021, 12, 31), 1, date(2021, 12, 31)),
        (date(2021, 6, 30), 7, date(2021, 6, 30)),
        (date(2021, 7, 1), 7, date(2022, 6, 30)),
        (date(2024, 2, 29), 3, date(2024, 2, 29)),
        (EARLIEST, 1, date(1900, 12, 31)),
        (EARLIEST, 7, date(1900, 6, 30)),
        (LATEST, 12, date(2200, 11, 30)),
    ],
)
def test_a_day_belongs_to_the_year_that_the_rule_gives(day: date, begin_month: int, end: date) -> None:
    assert end_of(day, begin_month) == end


@pytest.mark.parametrize("begin_month", range(1, 13))
def test_years_follow_each_other_without_a_gap_and_none_is_too_long(begin_month: int) -> None:
    years = years_by_rule(FiscalYearsByRule(begin_month))
    first, last = years["first"].to_numpy(), years["last"].to_numpy()
    assert np.array_equal(first[1:], last[:-1] + 1)
    assert set(last - first + 1) == {365, 366}
    assert (last - first).max() <= LONGEST_FISCAL_YEAR
    assert (first.dtype, last.dtype) == (np.dtype("int32"), np.dtype("int32"))


def test_a_table_of_days_is_refused_with_the_remedy() -> None:
    where = FiscalYears("shop", "invoice", "created", "day")
    check_years(where, pd.DataFrame({"first": [0], "last": [364]}))
    told = r"1 of 2 rows begin and end on the same day.*ONE_DAY_YEARS"
    with pytest.raises(ConfigurationError, match=told) as refused:
        check_years(where, pd.DataFrame({"first": [0, 365], "last": [364, 365]}))
    assert "begin: 01-01" in str(refused.value)
