"""Record by record: what was due is gone, what wasn't due is there, and holds what it held."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.data_map.model import Table
from include.retention.keys import Key
from include.retention.policy.model import Text
from include.retention.resolve import match
from include.retention.validate.checks import Check, Measured
from include.retention.validate.scan import KEY_DOMAIN

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Records:
    """A table's records before and after the act.

    Attributes:
        before: as decided.
        after: as found.
        place: for each record before its place after, -1 where it is gone.
        excused: bool per record before: it was rightly left alone, for it changed after the plan or is under a hold.
        early: bool per record before: it was gone before the act began.
        added: records after that came since the act began.
    """

    table: Table
    before: pd.DataFrame
    after: pd.DataFrame
    place: npt.NDArray[np.int64]
    excused: Bools
    early: Bools
    added: int

    @property
    def there(self) -> Bools:
        """Return which of the records before are still there."""
        return self.place >= 0

    @property
    def delete(self) -> Bools:
        """Return which of the records before were due for deletion."""
        return np.asarray(self.before["delete"], dtype=np.bool_)

    def now(self, column: str) -> Bools:
        """Return a flag of the records after, for each record before; False where it is gone."""
        flags: Bools = np.append(self.after[column].to_numpy(dtype=bool), np.False_)
        return flags[self.place]


def records_of(  # noqa: PLR0913 - two frames, and what explains the difference
    table: Table,
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    excused: Collection[str],
    counted: Mapping[str, Any],
    key: Key,
) -> Records:
    """Put a table's records before and after side by side.

    Args:
        table: the mapped table.
        before: as for `measure.measure`.
        after: as for `measure.measure`.
        excused: keys of records that were rightly left alone.
        counted: the table's part of the baseline.
        key: the key that the baseline was made with.
    """
    place = match(before["key"], after["key"])
    strangers = after["key"][match(after["key"], before["key"]) < 0].fillna("")
    arrived, gone = frozenset(counted["arrived"]), frozenset(counted["gone"])
    early = np.zeros(len(before), dtype=bool)
    if gone:
        missing = place < 0
        early[missing] = [ref in gone for ref in key.mac_many(KEY_DOMAIN, before["key"][missing].fillna(""))]
    return Records(
        table=table,
        before=before,
        after=after,
        place=place,
        excused=before["key"].isin(list(excused)).to_numpy(dtype=bool),
        early=early,
        added=sum(ref not in arrived for ref in key.mac_many(KEY_DOMAIN, strangers)),
    )


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
    still = due & records.there
    unexpected = int((still & ~records.excused).sum())
    about = _excused(int((still & records.excused).sum()))
    return Measured(Check.DELETED_GONE, records.table.name, int(due.sum()), unexpected, about)


def _erased_empty(records: Records) -> Measured:
    """Count records and column groups that still hold more than their method leaves."""
    examined = unexpected = excused = 0
    wrong = []
    for group in records.table.groups:
        due = records.before[f"erase:{group}"].to_numpy(dtype=bool)
        still = due & records.now(f"left:{group}")
        found = int((still & ~records.excused).sum())
        examined, unexpected = examined + int(due.sum()), unexpected + found
        excused += int((still & records.excused).sum())
        wrong += [group] if found else []
    about = _groups(wrong) or _excused(excused)
    return Measured(Check.ERASED_EMPTY, records.table.name, examined, unexpected, about)


def _texts_redacted(records: Records) -> Measured:
    """Count records in whose free texts something was to be replaced and is still recognised."""
    examined = unexpected = excused = 0
    for group in _redacting(records.table):
        redacts = records.before[f"redact:{group}"].to_numpy(dtype=bool)
        due = records.before[f"erase:{group}"].to_numpy(dtype=bool) & redacts
        still = due & records.now(f"redact:{group}")
        examined += int(due.sum())
        unexpected += int((still & ~records.excused).sum())
        excused += int((still & records.excused).sum())
    return Measured(Check.TEXTS_REDACTED, records.table.name, examined, unexpected, _excused(excused))


def _redacting(table: Table) -> list[str]:
    return list(dict.fromkeys(each.redaction.group for each in table.columns.values() if each.redaction is not None))


def _retained_present(records: Records) -> Measured:
    stay = ~records.delete & ~records.early
    return Measured(Check.RETAINED_PRESENT, records.table.name, int(stay.sum()), int((stay & ~records.there).sum()))


def _retained_unchanged(records: Records) -> Measured:
    """Count column groups that weren't due, held something, and hold nothing now in a row that is still there."""
    examined = unexpected = 0
    wrong = []
    for group in records.table.groups:
        stays = ~records.delete & ~records.before[f"erase:{group}"].to_numpy(dtype=bool)
        held = stays & records.before[f"left:{group}"].to_numpy(dtype=bool) & records.there
        lost = int((held & ~records.now(f"left:{group}")).sum())
        examined, unexpected = examined + int(held.sum()), unexpected + lost
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
