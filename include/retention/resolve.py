"""Step 2, resolve: every subject role of every record becomes a data subject, every emission an event of somebody.

Records are numbered through all systems in the order of the maps; the number lives as long as the run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.data_map.model import DataMap, Emission, Link, SubjectRole, Table
from include.retention.dates import NO_DAY, REFER_CODE
from include.retention.events import RECORD, SUBJECT, EventKey, Events, Ints, emission_rows
from include.retention.facts import KNOWN, UNKNOWN, reference_name
from include.retention.identity import Subjects, link
from include.retention.terms import IdentifierKind, Reason, SubjectKind

LONGEST_FISCAL_YEAR = 18 * 31
"""Days; an extended fiscal year has at most 18 months (3 kap. 3 § bokföringslagen)."""


class TableName(NamedTuple):
    """A table of a system."""

    system: str
    table: str

    def __str__(self) -> str:
        """Return ``system.table``."""
        return f"{self.system}.{self.table}"


Facts = Mapping[TableName, pd.DataFrame]
Rows = dict[EventKey, list[pd.DataFrame]]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who and what the records concern.

    Attributes:
        first: number of each table's first record.
        roles: per table and subject role, int64 subject number per record, -1 where the record lacks the role.
        subject_problem: int8 per subject, index into ``REFER_CODES``.
        events: all events, by record and by subject.
        row_problem: per table, int8 per record: its own dates contradict each other.
        identifiers: one row per subject and identifier: ``subject``, ``kind``, ``ref`` (keyed hash), ``person``.
        counts: figures for the ledger.
    """

    first: Mapping[TableName, int]
    roles: Mapping[TableName, Mapping[str, Ints]]
    subject_problem: npt.NDArray[np.int8]
    events: Events
    row_problem: Mapping[TableName, npt.NDArray[np.int8]]
    identifiers: pd.DataFrame
    counts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Past:
    """Up to which local day an event has happened: one that still fills its own day hasn't until the day is over."""

    horizon: int
    last_day_events: frozenset[str]

    def until(self, event: str) -> int:
        return self.horizon - (event in self.last_day_events)


def resolve(
    maps: Mapping[str, DataMap], facts: Facts, fiscal_years: pd.DataFrame, horizon: int, last_day_events: frozenset[str]
) -> Resolved:
    """Link subjects and gather events.

    Args:
        maps: the data maps by system.
        facts: the facts frame of every table that has one.
        fiscal_years: ``first`` and ``last`` (int32 local days), one row per fiscal year.
        horizon: local day (days since 1970-01-01) up to which an event counts as having happened.
        last_day_events: events whose own day still belongs to what they end.
    """
    tables = {name: maps[name.system].tables[name.table] for name in facts}
    first = _first_numbers(facts)
    nodes = _nodes(tables, facts)
    subjects = link(nodes)
    roles = {
        name: {role: _take(subjects.of_node, numbers) for role, numbers in of.items()}
        for name, of in role_nodes(tables, facts).items()
    }
    identifiers = _identifiers(nodes, subjects)
    facts = {name: with_fiscal_years(tables[name], frame, fiscal_years) for name, frame in facts.items()}
    events = Events.of_rows(_event_rows(tables, facts, first, roles, _Past(horizon, last_day_events)), last_day_events)
    return Resolved(
        first=first,
        roles=roles,
        subject_problem=subjects.problem,
        events=_inherit(tables, facts, first, events),
        row_problem={name: _row_problem(tables[name], frame) for name, frame in facts.items()},
        identifiers=identifiers,
        counts={**subjects.counts, **_record_counts(roles, identifiers)},
    )


def _record_counts(roles: Mapping[TableName, Mapping[str, Ints]], identifiers: pd.DataFrame) -> dict[str, int]:
    """Return how many records are of tables that are about somebody, and of how many nothing says about whom."""
    named = np.unique(identifiers["subject"].to_numpy(dtype="int64"))
    about = [np.array([np.isin(numbers, named) for numbers in of.values()]) for of in roles.values() if of]
    unknown = sum(int((~each.any(axis=0)).sum()) for each in about)
    return {"records": sum(each.shape[1] for each in about), "unidentified": unknown}


def match(values: pd.Series, keys: pd.Series) -> Ints:
    """Return for each value its place among keys that are unique where they aren't null, or -1."""
    there = np.flatnonzero(keys.notna().to_numpy())
    places = pd.Index(keys.iloc[there]).get_indexer(pd.Index(values))
    found = values.notna().to_numpy() & (places >= 0)
    return np.where(found, np.append(there, -1)[places], -1).astype("int64")


def places_of(frame: pd.DataFrame, link: Link, parent: pd.DataFrame) -> Ints:
    """Return for each row the place of the row in ``parent`` that it refers to, or -1."""
    keys = parent[reference_name(link.to)] if link.to else parent["key"]
    return match(frame[reference_name(link.columns)], keys)


def _first_numbers(facts: Facts) -> dict[TableName, int]:
    numbers, count = {}, 0
    for name, frame in facts.items():
        numbers[name] = count
        count += len(frame)
    return numbers


def _nodes(tables: Mapping[TableName, Table], facts: Facts) -> pd.DataFrame:
    """Return one row per node, in the order of their numbers, as `identity.link` takes them."""
    frames = []
    for name, role in own_roles(tables):
        frame = facts[name]
        columns = {kind: frame.get(f"id:{role.name}:{kind}", None) for kind in IdentifierKind}
        node = pd.DataFrame(columns, index=frame.index, dtype=object)
        frames.append(node.assign(person=role.kind is SubjectKind.PERSON, ambiguous=frame[f"ambiguous:{role.name}"]))
    if not frames:
        return pd.DataFrame(columns=[*IdentifierKind, "person", "ambiguous"])
    return pd.concat(frames, ignore_index=True)


def own_roles(tables: Mapping[TableName, Table]) -> Iterator[tuple[TableName, SubjectRole]]:
    """Yield the roles that are known by identifiers in the row itself: each row is a node of theirs."""
    for name, table in tables.items():
        for role in table.subjects.values():
            if not role.through:
                yield name, role


def role_nodes(tables: Mapping[TableName, Table], facts: Facts) -> dict[TableName, dict[str, Ints]]:
    """Return each record's nodes per role, -1 where it has none, following references and wholes.

    A node is a role that is known by identifiers, in one row. Nodes are numbered table by table, role by role, row by
    row. The maps are checked to be free of cycles.
    """
    node_of, count = {}, 0
    for name, role in own_roles(tables):
        node_of[name, role.name] = np.arange(count, count + len(facts[name]))
        count += len(facts[name])

    @cache
    def of(name: TableName, role: str) -> Ints:
        table = tables[name]
        own = table.subjects.get(role)
        if own is not None and not own.through:
            return node_of[name, role]
        if own is not None and own.link is not None and own.role is not None:
            return _take(of(TableName(name.system, own.link.table), own.role), _parents(name, own.link, facts))
        above = [link for link in table.wholes if role in role_names(tables, TableName(name.system, link.table))]
        if not above:
            message = f"{name} has no subject role {role}"
            raise KeyError(message)
        each = [_take(of(TableName(name.system, link.table), role), _parents(name, link, facts)) for link in above]
        found: Ints = np.maximum.reduce(each)
        return found

    return {name: {role: of(name, role) for role in role_names(tables, name)} for name in tables}


def role_names(tables: Mapping[TableName, Table], name: TableName) -> list[str]:
    """Return the names of a table's subject roles, those inherited from its whole first."""
    inherited = [
        role for link in tables[name].wholes for role in role_names(tables, TableName(name.system, link.table))
    ]
    return list(dict.fromkeys([*inherited, *tables[name].subjects]))


def _parents(name: TableName, reference: Link, facts: Facts) -> Ints:
    return places_of(facts[name], reference, facts[TableName(name.system, reference.table)])


def _take(numbers: Ints, places: Ints) -> Ints:
    if not len(numbers):
        return np.full(len(places), -1, dtype="int64")
    return np.where(places >= 0, numbers[places], -1)


def with_fiscal_years(table: Table, frame: pd.DataFrame, years: pd.DataFrame) -> pd.DataFrame:
    """Return the facts with the day of ``as: fiscal_year_end`` events moved to the end of their fiscal year.

    A day in no known fiscal year, or only in one that is longer than the law allows, can't end a statutory duty.
    """
    changed = {}
    for number, emission in enumerate(table.emissions):
        if not emission.as_fiscal_year_end:
            continue
        day = frame[f"ev{number}:day"].to_numpy()
        end = np.full(len(day), NO_DAY, dtype="int32")
        real = day[day != NO_DAY]
        met = years[(years["first"] <= real.max()) & (years["last"] >= real.min())] if len(real) else years[:0]
        for first, last in met[["first", "last"]].itertuples(index=False):
            if 0 <= last - first <= LONGEST_FISCAL_YEAR:
                end = np.where((day >= first) & (day <= last), np.maximum(end, last), end)
        known = frame[f"ev{number}:state"].to_numpy() == KNOWN
        lost = known & (end == NO_DAY)
        changed[f"ev{number}:day"] = np.where(known, end, day).astype("int32")
        changed[f"ev{number}:state"] = np.where(lost, UNKNOWN, frame[f"ev{number}:state"]).astype("int8")
        code = REFER_CODE[Reason.NO_FISCAL_YEAR]
        changed[f"ev{number}:problem"] = np.where(lost, code, frame[f"ev{number}:problem"]).astype("int8")
    return frame.assign(**changed)


def _event_rows(
    tables: Mapping[TableName, Table],
    facts: Facts,
    first: Mapping[TableName, int],
    roles: Mapping[TableName, Mapping[str, Ints]],
    past: _Past,
) -> Rows:
    rows: Rows = defaultdict(list)

    def add(target: str, emission: Emission, found: Mapping[str | None, pd.DataFrame]) -> None:
        for channel, frame in found.items():
            rows[EventKey(target, emission.event, channel)].append(frame)

    for name, table in tables.items():
        frame = facts[name]
        own = np.arange(first[name], first[name] + len(frame))
        for number, emission in enumerate(table.emissions):
            horizon = past.until(emission.event)
            add(RECORD, emission, emission_rows(frame, number, own, horizon))
            for role in emission.of:
                add(SUBJECT, emission, emission_rows(frame, number, roles[name][role], horizon))
            for kept in emission.keeps:
                target = TableName(name.system, kept.table)
                places = _parents(name, kept, facts)
                records = np.where(places >= 0, places + first[target], -1)
                add(RECORD, emission, emission_rows(frame, number, records, horizon))
    return rows


def _inherit(tables: Mapping[TableName, Table], facts: Facts, first: Mapping[TableName, int], events: Events) -> Events:
    """Give parts their wholes' record events, wholes before parts."""
    done: set[TableName] = set()

    def give(name: TableName) -> None:
        nonlocal events
        if name in done:
            return
        done.add(name)
        for reference in tables[name].wholes:
            whole = TableName(name.system, reference.table)
            give(whole)
            places = _parents(name, reference, facts)
            parents = np.where(places >= 0, places + first[whole], -1)
            children = np.arange(first[name], first[name] + len(places))
            events = events.with_rows({key: [frame] for key, frame in events.inherited(parents, children).items()})

    for each in tables:
        give(each)
    return events


def _row_problem(table: Table, frame: pd.DataFrame) -> npt.NDArray[np.int8]:
    problem = np.zeros(len(frame), dtype="int8")
    contradiction = REFER_CODE[Reason.CONTRADICTORY_DATES]
    for number in range(len(table.emissions)):
        contradicts = frame[f"ev{number}:problem"].to_numpy() == contradiction
        problem = np.where(contradicts, contradiction, problem).astype("int8")
    return problem


def _identifiers(nodes: pd.DataFrame, subjects: Subjects) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"subject": subjects.of_node, "kind": str(kind), "ref": nodes[kind], "person": nodes["person"]})
        for kind in IdentifierKind
    ]
    found = pd.concat(frames, ignore_index=True)
    return found[found["ref"].notna()].drop_duplicates(ignore_index=True)
