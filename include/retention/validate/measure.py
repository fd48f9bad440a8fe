"""The measurements after the act: the sources as they are now, against what was decided and what was there before.

Nothing is copied from what act said of itself. The ledger's number of deleted rows enters the balance, where it has
to equal what is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from include.retention.column_types import Type
from include.retention.data_map.model import DataMap, ForeignKey, SeriesInvariant, SumInvariant, Table
from include.retention.identifiers import Normaliser
from include.retention.keys import Key
from include.retention.policy.model import Text
from include.retention.validate.asked import Asked, asked_of
from include.retention.validate.checks import Check, Measured, Severity, frame_of
from include.retention.validate.due_rows import KEY_DOMAIN, read_due
from include.retention.validate.marks import teach_marks
from include.retention.validate.records import Records, measure_records
from include.retention.validate.references import Orphans, count_orphans, reference_text
from include.retention.validate.rest import hash_rests, measure_rests
from include.retention.validate.retained import retained_rows
from include.retention.validate.stored_files import count_files, tables_of
from include.retention.validate.suppressed import find_suppressed
from include.retention.validate.tally import Tally, Totals, take_tally


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided, done and known of a system.

    Attributes:
        baseline: from `baseline.take_baseline`.
        witness: gives the witness that a baseline kept of a table.
        due: per table the records that were due, as last seen before the act: ``key``, ``delete`` and, per column
            group, ``left:<group>``, ``erase:<group>`` and, where texts are redacted, ``redact:<group>`` (bool).
        seen: given a table and keys, ``key`` and ``left:<group>`` of those that were seen then.
        drift: ``table`` and ``key`` of the plan's items that changed after it and were rightly left alone.
        entries: suppressions in force: ``address_ref``, ``kind``, ``channel``.
        planned_entries: those of them that the plan knew.
        held: gives the keys of a table's records under a legal hold now.
        deleted: rows deleted per table, by the ledger's own figures of its batches.
    """

    baseline: Mapping[str, Any]
    witness: Callable[[str], pd.DataFrame]
    due: Mapping[str, pd.DataFrame]
    seen: Callable[[str, pd.Series], pd.DataFrame]
    drift: pd.DataFrame
    entries: pd.DataFrame
    planned_entries: pd.DataFrame
    held: Callable[[str], Collection[str]]
    deleted: Mapping[str, int]

    def excused(self, table: str) -> set[str]:
        """Return the keys of a table's records that were rightly left alone."""
        return {*self.drift["key"][self.drift["table"] == table], *self.held(table)}


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to look for oneself.

    Attributes:
        connection: to the source, reading only, and one moment of it.
        types: column types by table, from `column_types.read_types`.
        normaliser: how identifiers are normalised today.
        environ: the environment, for the file roots of the map.
        key: the key that the baseline was made with.
    """

    connection: sa.Connection
    types: Mapping[str, Mapping[str, Type]]
    normaliser: Normaliser
    environ: Mapping[str, str]
    key: Key


def measure(
    means: Means, data_map: DataMap, references: Sequence[ForeignKey], decided: Decided
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Measure a system after the act.

    Args:
        means: what it takes.
        data_map: the system's map.
        references: all foreign keys of the live database, as the baseline had them.
        decided: what was decided, done and known.

    Returns:
        One row per measurement, with ``checks.COLUMNS``; and how many rows each table has now.
    """
    connection, baseline = means.connection, decided.baseline
    teach_marks(connection)
    found: list[Measured] = []
    orphans, sizes = Orphans(), {}
    for name, table in data_map.tables.items():
        asked = asked_of(table, data_map.schema, means.types.get(name))
        mine = [each for each in references if each.child_table == name]
        tally = take_tally(connection, asked, references=mine, bound=baseline["tables"][name]["top"])
        orphans.update(tally.orphans)
        sizes[name] = tally.rows
        found += _table(means, asked, tally, decided)
        if table.suppresses:
            found.append(_suppressed(means, asked, decided))
    others = [each for each in references if each.child_table not in data_map.tables]
    orphans.update(count_orphans(connection, others, data_map.schema))
    rests = hash_rests(connection, data_map, decided.due, means.key)
    found += measure_rests(baseline.get("rests", {}), rests)
    found += _references(references, baseline["references"], orphans)
    found += _files(data_map, baseline["files"], count_files(connection, data_map, means.environ))
    return frame_of(found), sizes


def _table(means: Means, asked: Asked, tally: Tally, decided: Decided) -> Iterator[Measured]:
    """Yield the checks of a table's rows and invariants."""
    table, name = asked.table, asked.table.name
    due, counted = decided.due[name], decided.baseline["tables"][name]
    now = read_due(means.connection, asked, due, bound=counted["top"], look=True)
    retained = retained_rows(
        means.connection,
        asked,
        counted=counted,
        tally=tally,
        due=now,
        witness=partial(decided.witness, name),
        seen=partial(decided.seen, name),
        key=means.key,
    )
    excuses = partial(decided.excused, name)
    records = Records(table, due, now, _early(due, now.there, counted["gone"], means.key), excuses, retained, counted)
    yield from measure_records(records)
    yield _balance(table, tally.rows, counted, decided.deleted.get(name, 0), retained.added)
    yield from _totals(Check.SUMS, name, table.sums, counted["sums"], retained.sums)
    yield from _totals(Check.SERIES, name, table.series, counted["series"], retained.series)


def _early(due: pd.DataFrame, there: np.ndarray, gone: Collection[str], key: Key) -> np.ndarray:
    """Return which of the records that were due were gone before the act began."""
    early = np.zeros(len(due), dtype=bool)
    if gone:
        early[~there] = [ref in set(gone) for ref in key.mac_many(KEY_DOMAIN, due["key"][~there])]
    return early


def _suppressed(means: Means, asked: Asked, decided: Decided) -> Measured:
    """Count those who are on a list and have objected before the plan; whom it didn't know of the next run takes."""

    def on_list(entries: pd.DataFrame) -> tuple[int, set[str]]:
        found = find_suppressed(means.connection, asked, entries, means.normaliser, means.key)
        return found.examined, set(found.keys) - decided.excused(name) if found.keys else set()

    name = asked.table.name
    examined, listed = on_list(decided.entries)
    wrong = on_list(decided.planned_entries)[1] if listed else set()
    late = len(listed - wrong)
    about = Text(
        f"invändningar efter planen, som nästa körning tar: {late}",
        f"objections after the plan, which the next run takes: {late}",
    )
    return Measured(Check.SUPPRESSED_ABSENT, name, examined, len(wrong), about if late else None)


def _balance(table: Table, rows: int, counted: Mapping[str, Any], deleted: int, added: int) -> Measured:
    """Rows of the baseline, less what the ledger says was deleted, plus what came since, must be what is there."""
    about = Text(f"tillkomna rader: {added}", f"rows added: {added}") if added else None
    wrong = abs(rows - (counted["rows"] - deleted + added))
    return Measured(Check.BALANCE, table.name, max(counted["rows"], rows), wrong, about)


def _totals(
    check: Check,
    table: str,
    invariants: Sequence[SumInvariant | SeriesInvariant],
    before: Sequence[Totals],
    now: Sequence[Totals],
) -> Iterator[Measured]:
    for invariant, then, at_present in zip(invariants, before, now, strict=True):
        places = then.keys() | at_present.keys()
        wrong = sum(_differs(then.get(place), at_present.get(place)) for place in places)
        by = ", ".join(invariant.by)
        about = Text(f"{invariant.column} per {by}", f"{invariant.column} by {by}")
        whole = Text(invariant.column, invariant.column)
        yield Measured(check, table, len(places), wrong, about if by else whole)


def _differs(then: Sequence[int] | None, now: Sequence[int] | None) -> bool:
    """Return whether two totals differ; one that there isn't is nothing."""
    return any(then or ()) != any(now or ()) if then is None or now is None else list(then) != list(now)


def _references(references: Iterable[ForeignKey], before: Orphans, now: Orphans) -> Iterator[Measured]:
    """Yield one measurement per referring table: orphans that weren't there before."""
    by_child: dict[str, list[str]] = {}
    for each in references:
        by_child.setdefault(each.child_table, []).append(reference_text(each))
    for child, names in by_child.items():
        rows = sum(now[name]["rows"] for name in names)
        new = sum(max(0, now[name]["orphans"] - before[name]["orphans"]) for name in names)
        yield Measured(Check.FOREIGN_KEYS, child, rows, new)


def _files(
    data_map: DataMap, before: Mapping[str, Mapping[str, int] | None], now: Mapping[str, Mapping[str, int] | None]
) -> Iterator[Measured]:
    """Yield per file root the files that lost their row, the rows that lost their file, and files without any row."""
    for root, then in before.items():
        tables = ", ".join(dict.fromkeys(table.name for table, _ in tables_of(data_map, root)))
        about, here = Text(root, root), now[root]
        if then is None or here is None:
            yield Measured(Check.FILES_GONE, tables, 0, None, about)
            continue
        left = max(0, here["unreferenced"] - then["unreferenced"])
        yield Measured(Check.FILES_GONE, tables, here["files"], left, about)
        lost = max(0, here["missing"] - then["missing"])
        yield Measured(Check.FILES_KEPT, tables, here["referred"], lost, about)
        yield _named(tables, root, here)


def _named(tables: str, root: str, here: Mapping[str, int]) -> Measured:
    """Return how many files no row names, and how old they are: nobody knows whose they are, and no run culls them."""
    about = Text(root, root)
    if here["oldest"]:
        day = date.fromordinal(here["oldest"]).isoformat()
        about = Text(f"{root}, den äldsta från {day}", f"{root}, the oldest of {day}")
    lone, found = here["unreferenced"], here["files"]
    return Measured(Check.FILES_NAMED, tables, found, lone, about, severity=Severity.WARNING)
