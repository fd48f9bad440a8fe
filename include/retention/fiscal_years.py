"""The controller's fiscal years: every one by a rule, or those of a table, which must be able to be fiscal years.

Bookkeeping counts from the end of the fiscal year (7 kap. 2 § bokföringslagen). One that ends too early by mistake
would destroy vouchers inside the duty, so a table that can't hold fiscal years is refused rather than read.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from include.retention.dates import EARLIEST, LATEST
from include.retention.errors import ConfigurationError, Problem
from include.retention.policy.model import FiscalYears, FiscalYearsByRule, Schedule

EPOCH = date(1970, 1, 1)


def no_years() -> pd.DataFrame:
    """Return a frame of fiscal years without any: ``first`` and ``last``, int32 local days since 1970-01-01."""
    return pd.DataFrame({"first": [], "last": []}, dtype="int32")


def years_by_rule(rule: FiscalYearsByRule) -> pd.DataFrame:
    """Return ``first`` and ``last`` of every fiscal year that a readable day can fall in, as `no_years` has them."""
    starts = [date(year, rule.begin_month, 1) for year in range(EARLIEST.year - 1, LATEST.year + 2)]
    days = np.array([(start - EPOCH).days for start in starts], dtype="int32")
    return pd.DataFrame({"first": days[:-1], "last": days[1:] - np.int32(1)})


def years_of(schedule: Schedule) -> pd.DataFrame:
    """Return the fiscal years that the schedule itself states: none where it names a table, or nothing."""
    rule = schedule.fiscal_years
    return years_by_rule(rule) if isinstance(rule, FiscalYearsByRule) else no_years()


def check_years(where: FiscalYears, years: pd.DataFrame) -> None:
    """Refuse a table in which a row begins and ends on the same day: it holds days, not fiscal years.

    Args:
        where: the table.
        years: ``first`` and ``last`` of its rows.

    Raises:
        ConfigurationError: at least one row lasts one day.
    """
    short = int((years["first"] == years["last"]).sum())
    if short:
        what = (
            f"names {where.system}.{where.table}, where {short} of {len(years)} rows begin and end on the same day: "
            "they aren't fiscal years, and bookkeeping would be counted from the voucher's own day."
        )
        remedy = "Name the table of fiscal years, or state the rule instead: fiscal_years: {begin: 01-01}."
        raise ConfigurationError([Problem("retention_schedule.yaml", "fiscal_years", what, remedy, "ONE_DAY_YEARS")])
