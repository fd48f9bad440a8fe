"""A company in a few rows: the sample systems' own tables, the shipped policy and data maps, and the engine.

A case inserts the rows it is about, gives the day, and asks for verdicts. Columns that a case doesn't name get a value
that means nothing: 0, an empty text, or a number of its own.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import sqlalchemy as sa

from include.retention import deciding
from include.retention.classify import EXPIRED, OPEN_DAY, REASONS, REFERRED, Moment, Records, as_date, classify_group
from include.retention.column_types import Type, read_types
from include.retention.data_map.deletion_order import deletion_order
from include.retention.data_map.inspection import read_foreign_keys
from include.retention.data_map.model import DataMap, ForeignKey
from include.retention.data_map.relations import company_roles
from include.retention.dates import NO_DAY
from include.retention.decide_systems import decide_systems
from include.retention.extract import Extractor
from include.retention.identifiers import Normaliser
from include.retention.keys import RECORD, Key, KeyRing, identifier_domain, record_text
from include.retention.objections import Suppressed, apply_suppressions
from include.retention.plan import order_items, table_items
from include.retention.policy.load import Policy, load_policy
from include.retention.policy.model import FiscalYears
from include.retention.promised import COLUMNS
from include.retention.resolve import Resolved, TableName, resolve
from include.retention.settings import PROJECT
from include.retention.terms import IdentifierKind

KEY = Key(bytes(range(32)))
TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
DUE = ("ANONYMISE", "DELETE")
NO_SUPPRESSIONS = pd.DataFrame(columns=["address_ref", "kind", "channel", "since"], dtype=object)
NO_HOLDS = pd.DataFrame(columns=["scope", "identifier_kind", "system", "table", "ref"], dtype=object)
NO_PROMISES = pd.DataFrame(columns=COLUMNS)
NO_REFERRALS = pd.DataFrame(columns=["record_ref", "group", "first_seen"], dtype=object)


_EMPTY: dict[tuple[str, str], pd.DataFrame] = {}
"""What is read from tables without rows, and what is decided of it: always the same, so that cases are quick."""
_NOTHING: dict[tuple[str, str], pd.DataFrame] = {}


@lru_cache
def shipped() -> Policy:
    """Return the policy that Gallring ships with, loaded once."""
    return load_policy(PROJECT / "include" / "policy")


@lru_cache
def _blank(system: str) -> sqlite3.Connection:
    """Return a system's empty database, to be copied."""
    blank = sqlite3.connect(":memory:", check_same_thread=False)
    blank.executescript((PROJECT / "include" / "sample" / "ddl" / f"{system}.sqlite.sql").read_text(encoding="utf-8"))
    return blank


def _copy(system: str) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    _blank(system).backup(copy)
    # What a case doesn't name may be anything; foreign keys are off, so that a case may have orphans.
    copy.execute("PRAGMA ignore_check_constraints = ON")
    return copy


def empty_system(system: str) -> sa.Engine:
    """Return a sample system without a row."""
    connection = _copy(system)
    return sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.pool.StaticPool)


@lru_cache
def _columns(system: str, table: str) -> dict[str, Any]:
    return {each["name"]: each for each in sa.inspect(empty_system(system)).get_columns(table)}


@lru_cache
def _schema(system: str) -> tuple[tuple[ForeignKey, ...], Mapping[str, Mapping[str, Type]]]:
    engine = empty_system(system)
    with engine.connect() as connection:
        types = read_types(connection, shipped().maps[system])
    return tuple(read_foreign_keys(engine, None)), types


@dataclass(frozen=True)
class Told:
    """What the engine says of one column group of one record.

    Attributes:
        through: last day of storage; None while a purpose goes on, and where no clock ran.
    """

    verdict: str
    reason: str
    through: date | None
    purpose: str | None


@dataclass
class World:
    """The sample systems with a case's rows in them."""

    policy: Policy = field(default_factory=shipped)
    today: date = TODAY
    listed: pd.DataFrame = field(default_factory=NO_SUPPRESSIONS.copy)
    """Suppressions in force in the control database."""
    holds: pd.DataFrame = field(default_factory=NO_HOLDS.copy)
    """Legal holds in force in the control database."""
    referrals: pd.DataFrame = field(default_factory=NO_REFERRALS.copy)
    """Referrals that wait for a human."""
    promised: pd.DataFrame = field(default_factory=NO_PROMISES.copy)
    """What earlier plans promised to destroy and haven't."""
    closed: frozenset[str] = frozenset()
    """Tables, as ``system.table``, that failed closed."""
    facts: Mapping[TableName, pd.DataFrame] = field(init=False, repr=False)
    resolved: Resolved = field(init=False, repr=False)
    suppressed: Suppressed = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._used: set[TableName] = set()
        self._forget()
        self.engines = {system: empty_system(system) for system in self.policy.maps}

    def _forget(self) -> None:
        """Forget what was read and decided, because rows have changed."""
        self._read: tuple[dict[TableName, pd.DataFrame], pd.DataFrame] | None = None
        self._resolved: dict[int, tuple[Resolved, Suppressed]] = {}
        self._decided: dict[date, dict[tuple[str, str, str], Told]] = {}

    def add(self, name: str, /, **values: Any) -> Any:
        """Insert a row into ``system.table``; return its (first) key value: a number, a text for an ID copy."""
        system, table = name.split(".")
        columns, first = _columns(system, table), self.policy.maps[system].tables[table].key[0]
        unknown = set(values) - set(columns)
        assert not unknown, f"{name} has no {unknown}"
        number: Any = next(self._numbers)
        values.setdefault(first, number if isinstance(columns[first]["type"], sa.Integer) else f"D{number}")
        for column, about in columns.items():
            if column not in values and not about["nullable"]:
                numeric = isinstance(about["type"], (sa.Numeric, sa.Integer, sa.Boolean))
                number = 0 if numeric and not column.endswith("_no") else next(self._numbers)
                values[column] = number if numeric else f"x{number}"
        target = sa.table(table, *(sa.column(column) for column in values))
        with self.engines[system].begin() as connection:
            connection.execute(sa.insert(target).values(values))
        self._used.add(TableName(system, table))
        self._forget()
        return values[first]

    def change(self, name: str, number: Any, /, **values: Any) -> None:
        """Change a row's columns."""
        system, table = name.split(".")
        first = self.policy.maps[system].tables[table].key[0]
        target = sa.table(table, *(sa.column(column) for column in {first, *values}))
        with self.engines[system].begin() as connection:
            connection.execute(sa.update(target).where(target.c[first] == number).values(values))
        self._forget()

    def again(self, **fields: Any) -> World:
        """Return the same systems with other fields: another day, a hold, another policy."""
        other = replace(self, **fields)
        other.engines, other._numbers, other._used = self.engines, self._numbers, self._used
        return other

    def says(self, name: str, number: Any, group: str = "", as_of: date | None = None) -> Told:
        """Return what the engine says of a group of a record; of the row itself without a group."""
        return self.decide(as_of)[name, key(number), group]

    def assert_kept_through(self, record: tuple[str, Any, str], last: date, purpose: str | None = None) -> None:
        """Assert that a group is kept up to and including a day, and is due on the next."""
        on, after = self.says(*record, last), self.says(*record, last + DAY)
        assert on == Told("RETAIN", "LIVE_PURPOSE", last, purpose or on.purpose)
        assert after.verdict in DUE
        assert after.through == last

    def decide(self, as_of: date | None = None) -> Mapping[tuple[str, str, str], Told]:
        """Return what the engine says: (``system.table``, key as JSON, group) -> told. Group "" is the row."""
        day = as_of or self.today
        if day not in self._decided:
            self._decided[day] = self._decide(day)
        return self._decided[day]

    def plan(self, as_of: date | None = None) -> pd.DataFrame:
        """Return the plan's items in the order in which they would be carried out."""
        self._decided.pop(as_of or self.today, None)
        self.decide(as_of)
        items, orders = [], {}
        for system, data_map in self.policy.maps.items():
            orders[system], _ = deletion_order(list(data_map.tables), _schema(system)[0])
            for table in self.maps[system].tables.values():
                name = TableName(system, table.name)
                purposes = list(self.policy.schedule.purposes)
                items.append(table_items(system, table, self.every[name], self.rows[name], purposes, KEY))
        return order_items(items, orders, 500).assign(subjects="", wholes="")

    def _decide(self, as_of: date) -> dict[tuple[str, str, str], Told]:
        schedule, moment = self.policy.schedule, Moment(as_of=as_of, today=self.today)
        if self._read is None:
            self.maps = self._maps()
            self._read = self._extract()
        self.facts, years = self._read
        maps = self.maps
        if moment.horizon not in self._resolved:
            last_day = frozenset(name for name, event in schedule.events.items() if event.last_day)
            resolved = resolve(maps, self.facts, years, moment.horizon, last_day)
            zone = ZoneInfo(schedule.time_zone)
            self._resolved[moment.horizon] = (
                resolved, apply_suppressions(resolved.events, resolved.identifiers, self.listed, zone)
            )  # fmt: skip
        self.resolved, self.suppressed = self._resolved[moment.horizon]
        run: Any = SimpleNamespace(
            policy=replace(self.policy, maps=maps), moment=moment, ring=KeyRing(KEY), row=SimpleNamespace(as_of=as_of)
        )
        every, needed = self._classify(run)
        events = self.suppressed.events
        references = {system: _schema(system)[0] for system in maps}
        closed = {system: self._closed(system) for system in maps}
        self.every, self.rows = decide_systems(maps, every, events, years, needed, references, closed)
        told: dict[tuple[str, str, str], Told] = {}
        for name, rows in self.rows.items():
            told.update(_told(self.policy, name, self.every[name], rows))
        return told

    def _maps(self) -> dict[str, DataMap]:
        """Return the maps with the tables that have rows and those that they name: the others have nothing to say."""
        years = self.policy.schedule.fiscal_years
        always = {TableName(years.system, years.table)} if isinstance(years, FiscalYears) else set()
        return {
            system: replace(whole, tables={name: table for name, table in whole.tables.items() if name in needed})
            for system, whole in self.policy.maps.items()
            for needed in [_with_named(whole, {each.table for each in self._used | always if each.system == system})]
        }

    def _closed(self, system: str) -> frozenset[str]:
        return frozenset(name.partition(".")[2] for name in self.closed if name.startswith(f"{system}."))

    def _extract(self) -> tuple[dict[TableName, pd.DataFrame], pd.DataFrame]:
        facts: dict[TableName, pd.DataFrame] = {}
        years = pd.DataFrame({"first": [], "last": []}, dtype="int32")
        where = self.policy.schedule.fiscal_years
        for system, data_map in self.maps.items():
            extractor = self._extractor(data_map)
            with self.engines[system].connect() as connection:
                for table in data_map.tables.values():
                    name = TableName(system, table.name)
                    if name in self._used:
                        facts[name] = pd.concat(extractor.read_table(connection, table), ignore_index=True)
                        continue
                    if (str(name), data_map.digest) not in _EMPTY:
                        _EMPTY[str(name), data_map.digest] = extractor.empty(table)
                    facts[name] = _EMPTY[str(name), data_map.digest]
                if isinstance(where, FiscalYears) and where.system == system:
                    years = extractor.read_fiscal_years(connection)
        return facts, years

    def _extractor(self, data_map: DataMap) -> Extractor:
        schedule = self.policy.schedule
        normaliser = Normaliser(self.today, schedule.placeholder_identity_numbers, schedule.generic_mailboxes)
        return Extractor(data_map, schedule, normaliser, KEY, *_schema(data_map.system))

    def _classify(self, run: Any) -> tuple[dict[TableName, pd.DataFrame], pd.DataFrame]:
        resolved, events = self.resolved, self.suppressed.events
        held = deciding._held(run, self.facts, resolved, events, self.holds)
        waiting = deciding.Waiting(self.holds, self.listed, self.referrals, self.promised)
        order = {name: place for place, name in enumerate(self.policy.schedule.purposes)}
        every, needs = {}, []
        for name, facts in self.facts.items():
            data_map = self.policy.maps[name.system]
            nothing = _NOTHING.get((str(name), data_map.digest))
            if nothing is not None and not len(facts):
                every[name] = nothing
                continue
            table, ids = data_map.tables[name.table], np.arange(len(facts)) + resolved.first[name]
            records = Records(
                ids=ids,
                roles=resolved.roles[name],
                companies=company_roles(data_map.tables, table.name),
                subject_problem=resolved.subject_problem,
                row_problem=resolved.row_problem[name],
                held=held[name],
                personal=facts["personal"].to_numpy(dtype=bool),
                promised=deciding._promised(run, name, facts, self.promised),
            )
            roles = {f"role:{role}": subjects for role, subjects in resolved.roles[name].items()}
            frame = facts.assign(id=ids, held=held[name], **roles)
            for group in table.groups.values():
                classes, rests = classify_group(group, self.policy.schedule.purposes, records, events, run.moment)
                needs.append(rests)
                named = np.array([*(order[use.purpose] for use in group.purposes), -1])
                classes["purpose"] = named[classes["purpose"].to_numpy()]
                frame = frame.assign(**{f"{column}:{group.name}": classes[column] for column in classes})
            every[name] = deciding._settle(run, name, table, frame, waiting)
            if not len(facts):
                _NOTHING[str(name), data_map.digest] = every[name]
        return every, pd.concat(needs, ignore_index=True)


def _with_named(data_map: DataMap, names: set[str]) -> set[str]:
    """Return tables with all that they name: as their whole, for their subjects, or to keep."""
    found = set(names)
    for name in names:
        table = data_map.tables[name]
        links = [table.part_of, *(link for emission in table.emissions for link in emission.keeps)]
        found |= {link.table for link in links if link is not None}
        found |= {role.table for role in table.subjects.values() if role.table is not None}
    return found if found == names else _with_named(data_map, found)


def _told(policy: Policy, name: TableName, frame: pd.DataFrame, rows: pd.DataFrame) -> dict[tuple[str, str, str], Told]:
    purposes, told = list(policy.schedule.purposes), {}
    for place, written in enumerate(frame["key"]):
        gone = bool(rows["delete"].iloc[place])
        told[str(name), written, ""] = Told("DELETE" if gone else "RETAIN", "", None, None)
        for group in policy.maps[name.system].tables[name.table].groups.values():
            state = int(frame[f"state:{group.name}"].iloc[place])
            verdict = {REFERRED: "REFER", EXPIRED: "DELETE" if gone else "ANONYMISE"}.get(state, "RETAIN")
            through = int(frame[f"through:{group.name}"].iloc[place])
            use = int(frame[f"purpose:{group.name}"].iloc[place])
            told[str(name), written, group.name] = Told(
                verdict,
                REASONS[int(rows[f"reason:{group.name}"].iloc[place])].value,
                None if through in {OPEN_DAY, NO_DAY} else as_date(through),
                purposes[use] if use >= 0 else None,
            )
    return told


def key(*values: Any) -> str:
    """Return a record's key as the engine writes it."""
    return json.dumps(list(values))


def ref(name: str, *values: Any) -> str:
    """Return a record's keyed reference."""
    system, table = name.split(".")
    return KEY.mac(RECORD, record_text(system, table, values))


def address(kind: str, normalised: str) -> str:
    """Return an identifier's keyed reference."""
    return KEY.mac(identifier_domain(IdentifierKind(kind)), normalised)


def hold_on(kind: str, normalised: str) -> pd.DataFrame:
    """Return a legal hold on a data subject, as the control database gives it."""
    whom = {"identifier_kind": kind, "ref": address(kind, normalised)}
    return pd.DataFrame([{**_NOTHING_HELD, "scope": "subject", **whom}])


def hold_on_record(name: str, *values: Any) -> pd.DataFrame:
    """Return a legal hold on a record."""
    system, table = name.split(".")
    which = {"system": system, "table": table, "ref": ref(name, *values)}
    return pd.DataFrame([{**_NOTHING_HELD, "scope": "record", **which}])


_NOTHING_HELD = dict.fromkeys(("scope", "identifier_kind", "system", "table", "ref"))
