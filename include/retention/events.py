"""Events as the clocks need them: per record and per subject, the latest day, whether it goes on, what is unknown.

Events are gathered once for all systems. A table's emission concerns the record itself, its subject roles, and the
records it keeps (a credit note its invoice); a part inherits its whole's record events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.dates import NO_DAY, NO_INSTANT
from include.retention.facts import ABSENT, KNOWN, OPEN

Ints = npt.NDArray[np.int64]


class EventKey(NamedTuple):
    """Which events: of records or of subjects, which event, for which marketing channel (None: all of them)."""

    target: str
    event: str
    channel: str | None


RECORD = "record"
SUBJECT = "subject"

COLUMNS = ("id", "open", "day", "begin", "past", "first", "last", "problem", "fallback")


@dataclass(frozen=True, slots=True)
class Found:
    """Events looked up for a list of targets; arrays as long as the list.

    Attributes:
        any: an event row exists, known or not.
        open: an episode goes on.
        day: int32, latest known local day, or ``NO_DAY``.
        begin: int32, latest beginning of an episode, or the event's own day; ``NO_DAY`` where unknown.
        past: int32, latest local day of an event that has happened, or ``NO_DAY``.
        first: int64, first instant of the latest event that has happened, or ``NO_INSTANT``.
        last: int64, last instant of the latest event that has happened, or ``NO_INSTANT``.
        problem: int8, why some event's day can't be known (index into ``REFER_CODES``), or 0.
        fallback: int32, latest fallback day, or ``NO_DAY``.
    """

    any: npt.NDArray[np.bool_]
    open: npt.NDArray[np.bool_]
    day: npt.NDArray[np.int32]
    begin: npt.NDArray[np.int32]
    past: npt.NDArray[np.int32]
    first: Ints
    last: Ints
    problem: npt.NDArray[np.int8]
    fallback: npt.NDArray[np.int32]


class Events:
    """All events of a run, aggregated by target. Immutable once built.

    Attributes:
        last_day_events: events whose own day still belongs to what they end (``Event.last_day``).
    """

    def __init__(self, tables: Mapping[EventKey, pd.DataFrame], last_day_events: frozenset[str]) -> None:
        """Take aggregated tables with ``COLUMNS``, one row per id, sorted by id."""
        self._tables = dict(tables)
        self.last_day_events = last_day_events

    @classmethod
    def of_rows(cls, rows: Mapping[EventKey, Iterable[pd.DataFrame]], last_day_events: frozenset[str]) -> Events:
        """Aggregate event rows (``COLUMNS``) by target id."""
        return cls({key: _aggregate(list(frames)) for key, frames in rows.items()}, last_day_events)

    def tables(self) -> Mapping[EventKey, pd.DataFrame]:
        """Return the aggregated tables, to be staged."""
        return self._tables

    def channels(self, target: str, event: str) -> list[str | None]:
        """Return the channels under which an event is known."""
        return [key.channel for key in self._tables if key.target == target and key.event == event]

    def find(self, target: str, event: str, ids: Ints, channels: Iterable[str | None] | None = None) -> Found:
        """Look an event up for each id; -1 finds nothing. Of several channels (None: of all), the latest counts."""
        wanted = self.channels(target, event) if channels is None else channels
        return latest([self._find_one(EventKey(target, event, channel), ids) for channel in wanted], len(ids))

    def _find_one(self, key: EventKey, ids: Ints) -> Found:
        table = self._tables.get(key)
        if table is None or table.empty:
            return _nothing(len(ids))
        known = table["id"].to_numpy()
        place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
        hit = known[place] == ids

        def pick(name: str, otherwise: int) -> npt.NDArray[np.generic]:
            values = table[name].to_numpy()[place]
            return np.where(hit, values, np.array(otherwise, dtype=values.dtype))

        return Found(
            hit,
            pick("open", 0).astype(bool),
            pick("day", NO_DAY).astype("int32"),
            pick("begin", NO_DAY).astype("int32"),
            pick("past", NO_DAY).astype("int32"),
            pick("first", NO_INSTANT).astype("int64"),
            pick("last", NO_INSTANT).astype("int64"),
            pick("problem", 0).astype("int8"),
            pick("fallback", NO_DAY).astype("int32"),
        )

    def inherited(self, parents: Ints, children: Ints) -> dict[EventKey, pd.DataFrame]:
        """Return rows by which each child record gets its parent record's events; -1 is no parent."""
        rows = {}
        for key, table in self._tables.items():
            if key.target != RECORD or table.empty:
                continue
            pairs = pd.DataFrame({"parent": parents, "child": children})[parents >= 0]
            joined = pairs.merge(table, left_on="parent", right_on="id")
            if not joined.empty:
                rows[key] = joined.assign(id=joined["child"])[list(COLUMNS)]
        return rows

    def with_rows(self, rows: Mapping[EventKey, Iterable[pd.DataFrame]]) -> Events:
        """Return these events and some more."""
        merged = dict(self._tables)
        for key, frames in rows.items():
            known = [merged[key]] if key in merged else []
            merged[key] = _aggregate([*known, *frames])
        return Events(merged, self.last_day_events)


def emission_rows(facts: pd.DataFrame, number: int, targets: Ints, horizon: int) -> dict[str | None, pd.DataFrame]:
    """Return the rows that an emission gives for some targets, by channel.

    Args:
        facts: the table's facts frame.
        number: the emission's place in the map.
        targets: for each fact row the record or subject concerned, or -1.
        horizon: local day; what is dated after it hasn't happened yet, so it can't end a purpose.
    """
    state = facts[f"ev{number}:state"].to_numpy()
    emits = (state != ABSENT) & (targets >= 0)
    day = facts[f"ev{number}:day"].to_numpy()
    past = (state == KNOWN) & (day <= horizon)
    begin = facts[f"ev{number}:begin"].to_numpy()
    rows = pd.DataFrame(
        {
            "id": targets,
            "open": state == OPEN,
            "day": day,
            "begin": np.where(begin != NO_DAY, begin, day),
            "past": np.where(past, day, NO_DAY).astype("int32"),
            "first": np.where(past, facts[f"ev{number}:first"], NO_INSTANT),
            "last": np.where(past, facts[f"ev{number}:last"], NO_INSTANT),
            "problem": facts[f"ev{number}:problem"].to_numpy(),
            "fallback": facts[f"ev{number}:fallback"].to_numpy(),
        }
    )[emits]
    channel = facts[f"ev{number}:channel"].to_numpy(dtype=object)[emits]
    every = pd.isna(channel)
    found: dict[str | None, pd.DataFrame] = {None: rows[every]} if every.any() else {}
    for name in pd.unique(channel[~every]):
        found[str(name)] = rows[channel == name]
    return found


def latest(found: Sequence[Found], count: int) -> Found:
    """Return the latest of several lookups for the same ``count`` places, or nothing where there is none."""
    if len(found) < 2:  # noqa: PLR2004 - nothing to compare
        return found[0] if found else _nothing(count)
    return Found(*(np.maximum.reduce([getattr(each, name) for each in found]) for name in Found.__dataclass_fields__))


def _aggregate(frames: list[pd.DataFrame]) -> pd.DataFrame:
    rows = pd.concat([frame[list(COLUMNS)] for frame in frames], ignore_index=True)
    return rows.groupby("id", sort=True).max().reset_index()


def _nothing(count: int) -> Found:
    none = np.zeros(count, dtype=bool)
    no_day = np.full(count, NO_DAY, dtype="int32")
    no_instant = np.full(count, NO_INSTANT, dtype="int64")
    return Found(none, none, no_day, no_day, no_day, no_instant, no_instant, np.zeros(count, dtype="int8"), no_day)
