"""What an approved plan promised to destroy and hasn't: the next run keeps the promise.

What made a record due may have gone with other records of that plan: the contract that told when a relationship ended,
the customer that a prospect had become. To a new run such a record looks as if nothing had ever happened to it, or as
if nothing had ever ended. So a promise counts where a purpose was never known, and where one still runs on nothing
newer than the plan: see ``include/docs/adr/0004-carried-over.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.dates import NO_DAY, day_number
from include.retention.ledger.runs import RunRow

ANY_NEWS = NO_DAY + 1
"""The day of a promise that no running purpose yields to: every event is newer."""
COLUMNS = ["record_ref", "system", "table", "groups", "fingerprint", "day"]
Days = npt.NDArray[np.int32]


def promises(unfinished: pd.DataFrame, promised_by: Mapping[str, RunRow], now: RunRow) -> pd.DataFrame:
    """Return what earlier plans promised, as one run may rely on it.

    Args:
        unfinished: records from ``ledger.items.unfinished_items``.
        promised_by: the runs that they belong to, by their ids.
        now: the run that asks.

    Returns:
        ``record_ref``, ``system``, ``table``, ``groups`` (tuple, empty for the whole row), ``fingerprint`` (of the
        facts that were planned on) and ``day`` (int32, local day of the plan; ``ANY_NEWS`` where it went by other
        rules or for a later day, so that only what nobody knows a purpose of is still promised).
    """
    days = {run_id: _day_of(row, now) for run_id, row in promised_by.items()}
    day = unfinished["run_id"].map(days).astype("int32")
    return unfinished.assign(day=day)[COLUMNS].reset_index(drop=True)


def _day_of(before: RunRow, now: RunRow) -> int:
    rules = (before.schedule_digest, dict(before.map_digests)) == (now.schedule_digest, dict(now.map_digests))
    if not rules or before.as_of > now.as_of:
        return ANY_NEWS
    return day_number(before.started_at.astimezone(ZoneInfo(before.time_zone)).date())


def promised_days(
    promised: pd.DataFrame, refs: Iterable[str], fingerprints: Iterable[str], groups: Iterable[str]
) -> dict[str, Days]:
    """Return per column group the day of the plan that promised it, for each record; ``NO_DAY`` where none did.

    Args:
        promised: promises about one table.
        refs: the references of its records.
        fingerprints: of their facts as they are now; a record that was changed has news of its own.
        groups: the table's column groups.
    """
    rows = pd.DataFrame({"record_ref": list(refs), "now": list(fingerprints)})
    found = rows.merge(promised.drop_duplicates("record_ref"), on="record_ref", how="left")
    there = found["groups"].notna().to_numpy()
    changed = (found["now"] != found["fingerprint"]).to_numpy()
    day = np.where(changed, ANY_NEWS, found["day"].fillna(ANY_NEWS)).astype("int32")
    whole = [there_is and not named for there_is, named in zip(there, found["groups"], strict=True)]
    days = {}
    for group in groups:
        named = [there_is and group in of for there_is, of in zip(there, found["groups"], strict=True)]
        days[group] = np.where(np.logical_or(whole, named), day, NO_DAY).astype("int32")
    return days
