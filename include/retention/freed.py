"""Since when records are free to go: what a legal hold covers has to stay, so it can't be late before its release."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.dates import NO_DAY
from include.retention.deciding import HOLD, record_refs
from include.retention.events import RECORD as EVENT_OF_RECORD
from include.retention.events import SUBJECT, Events
from include.retention.keys import RECORD
from include.retention.resolve import TableName, places_of
from include.retention.run import Run

Days = npt.NDArray[np.int64]


def freed_days(
    run: Run,
    decided: Mapping[TableName, pd.DataFrame],
    released: pd.DataFrame,
    events: Events,
    identifiers: pd.DataFrame,
) -> dict[TableName, Days]:
    """Return for each record the first day after the last hold that covered it, or ``NO_DAY``.

    A hold covered what it would cover now: the record itself, what it is a part of, or one of its subjects. Of a hold
    that goes on nothing is said.

    Args:
        run: the run.
        decided: per table the facts with ``id``, ``key`` and ``role:<role>``.
        released: from ``remembered.released_of``.
        events: all events; a source's own holds (the reserved event ``hold``) are among them.
        identifiers: whose identifiers are whose: ``kind``, ``ref``, ``subject``.

    Returns:
        Local days as day numbers. A hold of Gallring's own frees on the day of its release, a source's on the day
        after the last that it covers.
    """
    subjects = _subjects_freed(released, identifiers)
    found: dict[TableName, Days] = {}

    def of(name: TableName) -> Days:
        if name not in found:
            frame = decided[name]
            roles = [frame[column].to_numpy() for column in frame if column.startswith("role:")]
            days = [_named(run, name, frame["key"], released), _of_source(events, frame["id"].to_numpy(), roles)]
            days += [_looked_up(pd.Series(numbers), subjects) for numbers in roles]
            for whole in run.policy.maps[name.system].tables[name.table].wholes:
                parent = TableName(name.system, whole.table)
                days.append(np.append(of(parent), NO_DAY)[places_of(frame, whole, decided[parent])])
            found[name] = np.maximum.reduce(days)
        return found[name]

    return {name: of(name) for name in decided}


def _subjects_freed(released: pd.DataFrame, identifiers: pd.DataFrame) -> pd.Series:
    """Return the day of the last release by subject number."""
    wanted = released.loc[released["scope"] == SUBJECT, ["identifier_kind", "ref", "day"]]
    both = identifiers.merge(wanted, left_on=["kind", "ref"], right_on=["identifier_kind", "ref"])
    return both.groupby("subject")["day"].max()


def _named(run: Run, name: TableName, keys: pd.Series, released: pd.DataFrame) -> Days:
    """Return the day of the last release for the records that holds named themselves."""
    of_table = (released["system"] == name.system) & (released["table"] == name.table)
    own = released[(released["scope"] == RECORD) & of_table]
    if own.empty:  # A whole table's references cost time.
        return np.full(len(keys), NO_DAY, dtype="int64")
    return _looked_up(pd.Series(record_refs(run, name, keys), dtype=object), own.groupby("ref")["day"].max())


def _of_source(events: Events, ids: npt.NDArray[np.int64], roles: list[npt.NDArray[np.int64]]) -> Days:
    found = [events.find(EVENT_OF_RECORD, HOLD, ids), *(events.find(SUBJECT, HOLD, numbers) for numbers in roles)]
    last = np.maximum.reduce([each.day for each in found]).astype("int64")
    return np.where(last == NO_DAY, NO_DAY, last + 1)


def _looked_up(values: pd.Series, days: pd.Series) -> Days:
    if days.empty:
        return np.full(len(values), NO_DAY, dtype="int64")
    return np.asarray(values.map(days).fillna(NO_DAY), dtype="int64")
