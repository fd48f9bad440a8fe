"""Record by record what was due: gone or emptied; and what wasn't: there, and holding what it held."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.data_map.model import Table
from include.retention.policy.model import Text
from include.retention.validate.checks import Check, Measured
from include.retention.validate.due_rows import DueRows
from include.retention.validate.retained import Retained

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Records:
    """A table's records after the act.

    Attributes:
        due: those that were due, as decided.
        now: what is there of them.
        early: bool per record that was due: it was gone before the act began.
        excuses: gives the keys of records that were rightly left alone, for they changed after the plan or are under
            a hold. Asked only where something is left.
        retained: what became of the others.
        counted: the table's part of the baseline.
    """

    table: Table
    due: pd.DataFrame
    now: DueRows
    early: Bools
    excuses: Callable[[], Collection[str]]
    retained: Retained
    counted: Mapping[str, Any]

    @property
    def delete(self) -> Bools:
        """Return which of the records were due for deletion."""
        return np.asarray(self.due["delete"], dtype=np.bool_)

    def erase(self, group: str) -> Bools:
        """Return in which of the records a column group was due for erasure."""
        return np.asarray(self.due[f"erase:{group}"], dtype=np.bool_)

    def split(self, still: Bools) -> tuple[int, int]:
        """Return how many of some records are unexpected, and how many of them are excused."""
        if not still.any():
            return 0, 0
        excused = self.due["key"].isin(list(self.excuses())).to_numpy(dtype=bool)
        return int((still & ~excused).sum()), int((still & excused).sum())


def measure_records(records: Records) -> Iterator[Measured]:
    """Yield the checks that look at every record. Reference tables without personal data are never due."""
    if records.table.personal:
        yield _deleted_gone(records)
        yield _erased_empty(records)
        if any(column.redaction for column in records.table.columns.values()):
            yield _texts_redacted(records)
    yield _retained_present(records)
    if records.table.groups:
        yield _retained_unchanged(records)


def _deleted_gone(records: Records) -> Measured:
    due = records.delete
    unexpected, excused = records.split(due & records.now.there)
    return Measured(Check.DELETED_GONE, records.table.name, int(due.sum()), unexpected, _excused(excused))


def _erased_empty(records: Records) -> Measured:
    """Count records and column groups that still hold more than their method leaves."""
    examined = unexpected = excused = 0
    wrong = []
    for group in records.table.groups:
        due = records.erase(group)
        found, left_alone = records.split(due & records.now.left[group])
        examined, unexpected, excused = examined + int(due.sum()), unexpected + found, excused + left_alone
        wrong += [group] if found else []
    about = _groups(wrong) or _excused(excused)
    return Measured(Check.ERASED_EMPTY, records.table.name, examined, unexpected, about)


def _texts_redacted(records: Records) -> Measured:
    """Count records in whose free texts something was to be replaced and is still recognised."""
    examined = unexpected = excused = 0
    for group in _redacting(records.table):
        due = records.erase(group) & records.due[f"redact:{group}"].to_numpy(dtype=bool)
        found, left_alone = records.split(due & records.now.redacts[group])
        examined, unexpected, excused = examined + int(due.sum()), unexpected + found, excused + left_alone
    return Measured(Check.TEXTS_REDACTED, records.table.name, examined, unexpected, _excused(excused))


def _redacting(table: Table) -> list[str]:
    return list(dict.fromkeys(each.redaction.group for each in table.columns.values() if each.redaction is not None))


def _retained_present(records: Records) -> Measured:
    stay = ~records.delete & ~records.early
    lost = records.retained.lost + int((stay & ~records.now.there).sum())
    return Measured(Check.RETAINED_PRESENT, records.table.name, records.counted["kept"] + int(stay.sum()), lost)


def _retained_unchanged(records: Records) -> Measured:
    """Count column groups that weren't due, held something, and hold nothing now in a row that is still there."""
    examined = unexpected = 0
    wrong = []
    for group in records.table.groups:
        stays = ~records.delete & ~records.erase(group)
        held = stays & records.due[f"left:{group}"].to_numpy(dtype=bool) & records.now.there
        lost = int((held & ~records.now.left[group]).sum()) + records.retained.emptied[group]
        examined += int(held.sum()) + records.counted["left"][group]
        unexpected += lost
        wrong += [group] if lost else []
    return Measured(Check.RETAINED_UNCHANGED, records.table.name, examined, unexpected, _groups(wrong))


def _excused(count: int) -> Text | None:
    if not count:
        return None
    return Text(
        f"undantagna, ändrade efter planen eller under gallringsstopp: {count}",
        f"excepted, changed after the plan or under a legal hold: {count}",
    )


def _groups(names: list[str]) -> Text | None:
    return Text(f"kolumngrupper: {', '.join(names)}", f"column groups: {', '.join(names)}") if names else None
