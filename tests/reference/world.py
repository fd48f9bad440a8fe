"""Everything that a decision depends on, as plain data: what the reference takes, and what the engine is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from include.retention.data_map.model import DataMap
from include.retention.policy.model import Schedule

Row = Mapping[str, Any]


class ForeignKey(NamedTuple):
    """A foreign key of a database: the child's columns point at the parent's."""

    child: str
    child_columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


class Hold(NamedTuple):
    """A legal hold: on one record, or on whoever has an identifier (kind and its one form)."""

    system: str | None = None
    table: str | None = None
    key: tuple[Any, ...] | None = None
    identifier: tuple[str, str] | None = None


class Suppression(NamedTuple):
    """An entry of the suppression list: address kind and form, channel or ``all``, the instant of the objection."""

    kind: str
    address: str
    channel: str
    since: datetime


@dataclass(frozen=True)
class Source:
    """One system: its map, its rows by table, its foreign keys, and the tables that failed closed."""

    data_map: DataMap
    rows: Mapping[str, Sequence[Row]]
    references: Sequence[ForeignKey] = ()
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class World:
    """All systems, the schedule, and the day that is decided for (``as_of``) on the day ``today``."""

    schedule: Schedule
    sources: Mapping[str, Source]
    as_of: date
    today: date
    holds: Sequence[Hold] = ()
    suppressions: Sequence[Suppression] = field(default=())


class Place(NamedTuple):
    """A column group of a record. Group None: the row as a whole, where its table has no groups."""

    system: str
    table: str
    key: tuple[Any, ...]
    group: str | None


class Decision(NamedTuple):
    """What is decided for one place.

    Attributes:
        verdict: ``RETAIN``, ``ANONYMISE``, ``DELETE`` or ``REFER``.
        reason: as ``terms.Reason``; ``CLOSED`` where a table that failed closed keeps what has expired.
        purposes: those that last, or lasted, longest: several where they end on the same day.
        through: last day of storage by the clocks, ``date.max`` while a purpose goes on, None where none ran.
    """

    verdict: str
    reason: str
    purposes: frozenset[str]
    through: date | None
