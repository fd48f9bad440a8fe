"""Step 1, extract: keys, hashed identifiers, event dates and present-or-not flags leave a source, nothing else.

Names, addresses and free text are hardly ever selected: whether a column group still holds something is asked of the
database (``column IS DISTINCT FROM f(column)``), and so are the map's conditions. Only what a map erases inside a
value must be read, and is looked at in memory, a chunk at a time (see ``inside.py``). Identifiers are hashed in memory,
a chunk at a time, before anything is written. One read-only transaction per system, so that its tables agree.

What is read is the facts frame: see ``facts.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import sqlalchemy as sa

from include.retention.column_types import Type
from include.retention.conditions import holds
from include.retention.data_map.model import (
    DataMap,
    Emission,
    ForeignKey,
    Link,
    SubjectRole,
    Table,
    declared_references,
)
from include.retention.data_map.polymorphic import Arm
from include.retention.dates import INFINITY, NO_DAY, NO_INSTANT, REFER_CODE, Moments, read_moments, special_days
from include.retention.facts import ABSENT, KNOWN, OPEN, UNKNOWN, json_keys, reference_name
from include.retention.fiscal_years import check_years, no_years
from include.retention.identifiers import Hashed, Normaliser, hash_identifiers
from include.retention.inside import LABEL, all_columns_to_read, columns_to_read, look_inside, read_columns
from include.retention.keys import Key
from include.retention.methods import left
from include.retention.policy.model import FiscalYears, Schedule
from include.retention.polymorphic_sql import refers_by, typed
from include.retention.spelt_keys import Parent, spelt_as_key
from include.retention.statements import key_condition, sql_table
from include.retention.terms import IdentifierKind, Reason, WhenNull

CHUNK_ROWS = 50_000
INSIDE_ROWS = 2_000
"""Rows of a chunk where whole documents are read: memory must hold a chunk of them."""


@dataclass(frozen=True, slots=True)
class Extractor:
    """What reading one system needs.

    Attributes:
        references: all foreign keys of the live database; those between mapped tables are read.
        types: the live columns' types, by table, for the methods' sake.
    """

    data_map: DataMap
    schedule: Schedule
    normaliser: Normaliser
    key: Key
    references: tuple[ForeignKey, ...]
    types: Mapping[str, Mapping[str, Type]]

    def target(self, table: Table) -> sa.Table:
        """Return a mapped table for SQLAlchemy, with its live types."""
        return sql_table(table, self.data_map.schema, self.types[table.name])

    def read_table(
        self, connection: sa.Connection, table: Table, only: Callable[[sa.Table], sa.ColumnElement[bool]] | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield the table's facts frame in chunks, of ``CHUNK_ROWS`` rows at most.

        Args:
            connection: to the source.
            table: the mapped table.
            only: gives the condition under which a row is read; None reads all.
        """
        target = self.target(table)
        statement, names = self._statement(table, target)
        statement = statement if only is None else statement.where(only(target))
        size = INSIDE_ROWS if all_columns_to_read(table) else CHUNK_ROWS
        result = connection.execution_options(yield_per=size).execute(statement)
        for rows in result.partitions(size):
            yield self._facts(table, names, rows)

    def read_keys(self, connection: sa.Connection, table: Table, keys: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
        """Return the facts of just these records, locked against change where the database can.

        A record that is gone isn't in the frame.
        """
        target = self.target(table)
        statement, names = self._statement(table, target)
        chosen = statement.where(key_condition(target, table.key, keys))
        if connection.dialect.name != "sqlite":
            chosen = chosen.with_for_update()
        return self._facts(table, names, connection.execute(chosen).all())

    def read_identifiers(self, connection: sa.Connection, table: Table) -> Iterator[pd.DataFrame]:
        """Yield the hashed identifiers of a table's rows in chunks, one ``id:<role>:<kind>`` each, and nothing else."""
        columns = sorted({column for role in table.subjects.values() for column in role.identifiers.values()})
        for rows in self._only(connection, table, columns):
            values = dict(zip(columns, zip(*rows, strict=True), strict=True))
            hashed = [self._identifiers(role, values, len(rows)) for role in table.subjects.values()]
            named = {name: refs for each in hashed for name, refs in each.items() if name.startswith("id:")}
            yield pd.DataFrame(named)

    def read_all_keys(self, connection: sa.Connection, table: Table) -> Iterator[pd.Series]:
        """Yield the keys of a table's rows in chunks, spelt as in its facts."""
        for rows in self._only(connection, table, table.key):
            yield json_keys(list(zip(*rows, strict=True)))

    def _only(self, connection: sa.Connection, table: Table, columns: Sequence[str]) -> Iterator[Sequence[sa.Row[Any]]]:
        target = self.target(table)
        statement = sa.select(*(_raw(target.c[column]) for column in columns))
        return connection.execution_options(yield_per=CHUNK_ROWS).execute(statement).partitions(CHUNK_ROWS)

    def empty(self, table: Table) -> pd.DataFrame:
        """Return a facts frame without rows."""
        return self._facts(table, self._statement(table, self.target(table))[1], [])

    def read_fiscal_years(self, connection: sa.Connection) -> pd.DataFrame:
        """Return ``first`` and ``last`` (int32 local days) of each fiscal year whose two dates can be read.

        Raises:
            ConfigurationError: a year begins and ends on the same day.
        """
        years = self.schedule.fiscal_years
        if not isinstance(years, FiscalYears) or years.system != self.data_map.system:
            return no_years()
        table = self.data_map.tables[years.table]
        target = self.target(table)
        rows = connection.execute(sa.select(_raw(target.c[years.first_day]), _raw(target.c[years.last_day]))).all()
        columns = {years.first_day: [row[0] for row in rows], years.last_day: [row[1] for row in rows]}
        first, last = (self._moments(table, name, columns).day for name in (years.first_day, years.last_day))
        found = pd.DataFrame({"first": first, "last": last})
        found = found[(first != NO_DAY) & (last != NO_DAY)].reset_index(drop=True)
        check_years(years, found)
        return found

    def _statement(self, table: Table, target: sa.Table) -> tuple[sa.Select[Any], list[str]]:
        columns = sorted({column for wanted in self._columns(table) for column in wanted})
        values = self._values(table, target)
        selected: list[sa.ColumnElement[Any]] = [_raw(values[column]).label(f"c:{column}") for column in columns]
        selected += self._spelt(table, target)
        for number, emission in enumerate(table.emissions):
            selected.append(_flag(holds(target, emission.where), f"where:{number}"))
        selected.append(_flag(holds(target, table.personal_when), "personal"))
        selected.extend(_flag(left(table, target, group), f"left:{group}") for group in table.groups)
        selected.extend(read_columns(target, all_columns_to_read(table)))
        return sa.select(*selected), [element.name for element in selected if isinstance(element, sa.Label)]

    def _columns(self, table: Table) -> Iterator[Sequence[str]]:
        yield table.key
        yield from self.reference_columns(table)
        for role in table.subjects.values():
            yield list(role.identifiers.values())
        for emission in table.emissions:
            named = (emission.date, emission.begins, emission.channel, emission.fallback)
            yield [column for column in named if column is not None]

    def _values(self, table: Table, target: sa.Table) -> dict[str, sa.ColumnElement[Any]]:
        """Return what the names in references stand for: columns, and keys that polymorphic ones lead to."""
        arms = {name: refers_by(arm, target) for name, arm in self.arms(table).items()}
        return {**dict(target.c), **arms}

    def arms(self, table: Table) -> dict[str, Arm]:
        """Return the arms of a table's polymorphic references, with their live types."""
        tables = self.data_map.tables
        return {name: typed(arm, table.name, tables, self.types) for name, arm in table.arms.items()}

    def reference_columns(self, table: Table) -> list[tuple[str, ...]]:
        """Return the column lists whose values tie records together: references out of the table and into it."""
        return list(self._ties(table))

    def _is_emptied(self, table: Table, reference: tuple[str, ...]) -> bool:
        """Return whether the act itself may change a reference before it comes to the row."""
        return bool(set(table.empties) & set(table.columns_of(reference)))

    def _ties(self, table: Table) -> dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]]:
        """Return the column lists that tie records together, each with the tables and columns that it refers to."""
        mapped = self.data_map.tables
        links = [role.link for role in table.subjects.values() if role.link is not None]
        links += table.wholes
        links += [Link((name,), arm.table) for name, arm in table.arms.items()]
        links += [link for emission in table.emissions for link in emission.keeps]
        found: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = {}
        for link in links:
            found.setdefault(link.columns, []).append((link.table, link.to or mapped[link.table].key))
        for each in declared_references(mapped):
            if each.parent_table == table.name and each.parent_columns != table.key:
                found.setdefault(each.parent_columns, [])
        for link in (link for each in mapped.values() for emission in each.emissions for link in emission.keeps):
            if link.table == table.name and link.to:
                found.setdefault(link.to, [])
        for each in self.references:
            if each.child_table == table.name and each.parent_table in mapped:
                found.setdefault(each.child_columns, []).append((each.parent_table, each.parent_columns))
            if each.parent_table == table.name and each.child_table in mapped and each.parent_columns != table.key:
                found.setdefault(each.parent_columns, [])
        return found

    def _spelt(self, table: Table, target: sa.Table) -> list[sa.ColumnElement[Any]]:
        """Return the columns of references that may be spelt otherwise than the key that they refer to."""
        found: list[sa.ColumnElement[Any]] = []
        values = self._values(table, target)
        for number, (columns, ties) in enumerate(self._ties(table).items()):
            parents = [Parent(self.target(self.data_map.tables[name]), theirs) for name, theirs in dict.fromkeys(ties)]
            spelt = spelt_as_key(target, [values[name] for name in columns], parents)
            found += [_raw(column).label(f"spelt:{number}:{place}") for place, column in spelt.items()]
        return found

    def _facts(self, table: Table, names: list[str], rows: Sequence[sa.Row[Any]]) -> pd.DataFrame:
        raw = dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))
        columns = {name.removeprefix("c:"): values for name, values in raw.items() if name.startswith("c:")}
        facts: dict[str, Any] = {"key": json_keys([columns[name] for name in table.key])}
        for number, reference in enumerate(self.reference_columns(table)):
            values = [raw.get(f"spelt:{number}:{place}", columns[name]) for place, name in enumerate(reference)]
            facts[reference_name(reference)] = json_keys(values)
        for role in table.subjects.values():
            facts.update(self._identifiers(role, columns, len(rows)))
        for number, emission in enumerate(table.emissions):
            applies = np.array(raw[f"where:{number}"], dtype=bool)
            facts.update(self._event(table, number, emission, columns, applies))
        facts["personal"] = np.array(raw["personal"], dtype=bool)
        loose = {reference_name(each) for each in self.reference_columns(table) if self._is_emptied(table, each)}
        told = {name: values for name, values in facts.items() if name not in loose}
        fingerprint = _fingerprints(told, self.key, len(rows))
        for group in table.groups:
            facts[f"left:{group}"] = np.array(raw[f"left:{group}"], dtype=bool)
        facts.update(_inside(table, raw, facts))
        return pd.DataFrame({**facts, "fingerprint": fingerprint})

    def _identifiers(self, role: SubjectRole, columns: dict[str, Any], rows: int) -> dict[str, Any]:
        hashed = {
            kind: hash_identifiers(columns[column], kind, self.normaliser, self.key)
            for kind, column in role.identifiers.items()
        }
        refs = {kind: each.refs for kind, each in hashed.items()}
        if IdentifierKind.ORGANISATION_NUMBER in hashed:
            refs |= _sole_traders(hashed[IdentifierKind.ORGANISATION_NUMBER], refs.get(IdentifierKind.IDENTITY_NUMBER))
        ambiguous = [each.ambiguous.to_numpy() for each in hashed.values()]
        return {
            **{f"id:{role.name}:{kind}": found for kind, found in refs.items()},
            f"ambiguous:{role.name}": np.logical_or.reduce([np.zeros(rows, dtype=bool), *ambiguous]),
        }

    def _event(
        self, table: Table, number: int, emission: Emission, columns: dict[str, Any], applies: np.ndarray
    ) -> dict[str, Any]:
        if emission.date is None:
            return _goes_on(number, emission, columns, applies)
        ends = self._moments(table, emission.date, columns)
        special = {INFINITY: WhenNull.ONGOING, **emission.special}
        place = special_days(columns[emission.date], list(special))
        meant = np.array([*(_STATE_OF_NULL[each] for each in special.values()), KNOWN])[place]
        state = np.where(ends.null, _STATE_OF_NULL[emission.when_null], meant)
        day = np.where(state == KNOWN, ends.day, NO_DAY).astype("int32")
        problem = np.where(state == KNOWN, ends.problem, 0)
        problem = np.where(state == UNKNOWN, REFER_CODE[Reason.UNKNOWN_DATE], problem)
        begin = np.full(len(applies), NO_DAY, dtype="int32")
        if emission.begins is not None:
            begins = self._moments(table, emission.begins, columns)
            begin = begins.day
            known = (begins.day != NO_DAY) & (day != NO_DAY)
            problem = np.where(known & (begins.first > ends.last), REFER_CODE[Reason.CONTRADICTORY_DATES], problem)
        state = np.where(applies & (state != ABSENT), np.where(problem > 0, UNKNOWN, state), ABSENT)
        fallback = np.full(len(applies), NO_DAY, dtype="int32")
        if emission.fallback is not None:
            fallback = self._moments(table, emission.fallback, columns).day
        return {
            f"ev{number}:day": np.where(state == KNOWN, day, NO_DAY).astype("int32"),
            f"ev{number}:begin": begin,
            f"ev{number}:first": ends.first,
            f"ev{number}:last": ends.last,
            f"ev{number}:state": state.astype("int8"),
            f"ev{number}:problem": np.where(state == ABSENT, 0, problem).astype("int8"),
            f"ev{number}:channel": _channels(emission, columns, len(applies)),
            f"ev{number}:fallback": fallback,
        }

    def _moments(self, table: Table, column: str, columns: dict[str, Any]) -> Moments:
        local = ZoneInfo(self.schedule.time_zone)
        declared = table.columns[column].time_zone
        naive = ZoneInfo(declared) if declared else local
        return read_moments(columns[column], naive, local, self.schedule.sentinel_dates)


_STATE_OF_NULL = {WhenNull.ONGOING: OPEN, WhenNull.UNKNOWN: UNKNOWN, WhenNull.ABSENT: ABSENT}


def _sole_traders(organisation: Hashed, identity: pd.Series | None) -> dict[IdentifierKind, pd.Series]:
    """Return organisation numbers and identity numbers, a sole trader's among the latter.

    Where the row has an identity number besides, the sole trader's stays where it was: two people may be meant.
    """
    person = organisation.kinds == IdentifierKind.IDENTITY_NUMBER.value
    if identity is None:
        identity = pd.Series(None, index=organisation.refs.index, dtype=object)
    free = identity.isna()
    return {
        IdentifierKind.ORGANISATION_NUMBER: organisation.refs.where(~person | ~free, None),
        IdentifierKind.IDENTITY_NUMBER: identity.where(~(person & free), organisation.refs),
    }


def _raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a column as the driver gives it: SQLAlchemy's own types raise on a date that isn't one."""
    return sa.type_coerce(column, sa.types.NullType())


def _inside(table: Table, raw: Mapping[str, Sequence[Any]], facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the flags of the groups that erase something inside a value; the values themselves go no further."""
    flags: dict[str, np.ndarray] = {}
    for group in table.groups:
        names = columns_to_read(table, [group])
        if names:
            rows = zip(*(raw[f"{LABEL}{name}"] for name in names), strict=True)
            found = [look_inside(table, [group], dict(zip(names, row, strict=True))) for row in rows]
            flags[f"left:{group}"] = facts[f"left:{group}"] | np.array([each.left for each in found], dtype=bool)
            flags[f"redact:{group}"] = np.array([each.redacts for each in found], dtype=bool)
            flags[f"unread:{group}"] = np.array([each.unread for each in found], dtype=bool)
    return flags


def _flag(condition: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
    return sa.case((condition, sa.literal_column("1")), else_=sa.literal_column("0")).label(name)


def _goes_on(number: int, emission: Emission, columns: dict[str, Any], applies: np.ndarray) -> dict[str, Any]:
    """Return what is known of an event that a row's state alone tells of: it goes on, or there is none."""
    no_day, no_instant = (np.full(len(applies), none) for none in (np.int32(NO_DAY), np.int64(NO_INSTANT)))
    return {
        f"ev{number}:day": no_day,
        f"ev{number}:begin": no_day,
        f"ev{number}:first": no_instant,
        f"ev{number}:last": no_instant,
        f"ev{number}:state": np.where(applies, OPEN, ABSENT).astype("int8"),
        f"ev{number}:problem": np.zeros(len(applies), dtype="int8"),
        f"ev{number}:channel": _channels(emission, columns, len(applies)),
        f"ev{number}:fallback": no_day,
    }


def _channels(emission: Emission, columns: dict[str, Any], rows: int) -> pd.Series:
    """Return the marketing channel that each row names, None for all."""
    found = [None] * rows if emission.channel is None else [_channel(value) for value in columns[emission.channel]]
    return pd.Series(found, dtype=object)


def _channel(value: object) -> str | None:
    text = "" if value is None else str(value).strip().lower()
    return None if text in {"", "all"} else text


def _fingerprints(facts: dict[str, Any], key: Key, rows: int) -> pd.Series:
    lists = [values.tolist() if hasattr(values, "tolist") else list(values) for values in facts.values()]
    texts = [repr(row) for row in zip(*lists, strict=True)] if rows else []
    return pd.Series(list(key.mac_many("fingerprint", texts)), dtype=object)
