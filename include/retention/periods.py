"""Calendar arithmetic: from a start day to the last day of storage.

Days are ``numpy.datetime64[D]`` values: local civil days (Europe/Stockholm), never instants. The start day isn't
counted and a missing day of the month becomes the month's last day (Regulation 1182/71, Article 3(2)(c)): ten
years from 29 February 2016 end on 28 February 2026. Nothing is postponed to a working day: lag (1930:173) lets
an act be done later, it doesn't lengthen storage.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from include.retention.policy.model import Amendment, Keep, Period

Days = npt.NDArray[np.datetime64]

NOT_A_DAY = np.datetime64("NaT", "D")


def add_period(days: Days, period: Period) -> Days:
    """Return each day moved by whole years and months, clamped to the month's end, and then by days."""
    months = days.astype("datetime64[M]")
    day_of_month = days - months.astype("datetime64[D]")
    target = months + np.timedelta64(12 * period.years + period.months, "M")
    month_end = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    moved: Days = np.minimum(target.astype("datetime64[D]") + day_of_month, month_end)
    return moved + np.timedelta64(period.days, "D")


def retain_through(days: Days, keep: Keep) -> Days:
    """Return the last day of storage for each start day; NaT stays NaT.

    Chained periods run one after the other: three years, *then* two months (5 kap. 2 § konsumentköplagen).
    """
    last = days
    for period in keep.periods:
        last = add_period(last, period)
    if keep.to_year_end:
        new_year: Days = (last.astype("datetime64[Y]") + np.timedelta64(1, "Y")).astype("datetime64[D]")
        last = new_year - np.timedelta64(1, "D")
    return last


def retain_through_amended(days: Days, keep: Keep, amendments: Sequence[Amendment], today: date) -> Days:
    """Return the last day of storage under the schedule as it stands today.

    An amendment counts from the day it is in force, for the start events its transition covers; of several, the
    one latest in force decides. A run for an older date decides by today's schedule too.
    """
    last = retain_through(days, keep)
    for amendment in sorted(amendments, key=lambda each: each.in_force):
        if amendment.in_force > today:
            continue
        changed = retain_through(days, amendment.keep)
        if amendment.events_from is None:
            last = changed
        else:
            last = np.where(days >= np.datetime64(amendment.events_from, "D"), changed, last)
    return last


def after(day: date, period: Period) -> date:
    """Return a single day moved by a period."""
    moved = add_period(np.array([day], dtype="datetime64[D]"), period)
    result: date = moved[0].item()
    return result
