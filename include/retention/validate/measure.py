"""The measurements after the act: the sources as they are now, against what was decided and what was there before.

Nothing is copied from what act said of itself. The ledger's number of deleted rows enters the balance, where it has
to equal what is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from include.retention.data_map.model import DataMap, ForeignKey, SeriesInvariant, SumInvariant
from include.retention.keys import Key
from include.retention.policy.model import Text
from include.retention.validate.checks import Check, Measured, Severity, frame_of
from include.retention.validate.records import Records, measure_records, records_of
from include.retention.validate.references import count_orphans, reference_text
from include.retention.validate.rest import hash_rests, measure_rests
from include.retention.validate.scan import Totals, scan
from include.retention.validate.stored_files import count_files, tables_of
from include.retention.validate.suppressed import measure_suppressed


def measure(  # noqa: PLR0913 - what was decided, done and known, and the means to look for oneself
    connection: sa.Connection,
    data_map: DataMap,
    references: Sequence[ForeignKey],
    *,
    baseline: Mapping[str, Any],
    before: Mapping[str, pd.DataFrame],
    after: Mapping[str, pd.DataFrame],
    items: pd.DataFrame,
    entries: pd.DataFrame,
    held: Mapping[str, Collection[str]],
    deleted: Mapping[str, int],
    environ: Mapping[str, str],
    key: Key,
) -> pd.DataFrame:
    """Measure a system after the act.

    Args:
        connection: to the source, reading only.
        data_map: the system's map.
        references: all foreign keys of the live database, as the baseline had them.
        baseline: from `baseline.take_baseline`.
        before: per table the records as last seen before the act and what was decided on them: ``key``, ``delete``
            and, per column group, ``left:<group>`` and ``erase:<group>`` (bool).
        after: per table the facts as extracted after the act: ``key``, ``personal``, ``left:<group>``,
            ``id:<role>:<kind>``.
        items: the system's items of the plan: ``table``, ``key`` and ``state``; those in state ``drift`` changed
            after the plan and were rightly left alone.
        entries: suppressions in force: ``address_ref``, ``kind``, ``channel``.
        held: per table the keys of records under a legal hold now.
        deleted: rows deleted per table, by the ledger's own figures of its batches.
        environ: the environment, for the file roots of the map.
        key: the key that the baseline was made with.

    Returns:
        One row per measurement, with ``checks.COLUMNS``.
    """
    drift = items[items["state"] == "drift"]
    found: list[Measured] = []
    for name, frame in before.items():
        table, counted = data_map.tables[name], baseline["tables"][name]
        excused = {*drift["key"][drift["table"] == name], *held.get(name, ())}
        records = records_of(table, frame, after[name], excused=excused, counted=counted, key=key)
        found += measure_records(records)
        found.append(_balance(records, counted, deleted.get(name, 0)))
        found += measure_suppressed(table, after[name], entries, excused)
        if table.sums or table.series:
            now = scan(connection, table, data_map.schema, before=frame, key=key, arrived=frozenset(counted["arrived"]))
            found += _totals(Check.SUMS, name, table.sums, counted["sums"], now.sums)
            found += _totals(Check.SERIES, name, table.series, counted["series"], now.series)
    found += measure_rests(baseline.get("rests", {}), hash_rests(connection, data_map, before, key))
    found += _references(references, baseline["references"], count_orphans(connection, references, data_map.schema))
    found += _files(data_map, baseline["files"], count_files(connection, data_map, environ))
    return frame_of(found)


def _balance(records: Records, counted: Mapping[str, Any], deleted: int) -> Measured:
    """Rows of the baseline, less what the ledger says was deleted, plus what came since, must be what is there."""
    expected = counted["rows"] - deleted + records.added
    about = None
    if records.added:
        about = Text(f"tillkomna rader: {records.added}", f"rows added: {records.added}")
    examined = max(counted["rows"], len(records.after))
    return Measured(Check.BALANCE, records.table.name, examined, abs(len(records.after) - expected), about)


def _totals(
    check: Check,
    table: str,
    invariants: Sequence[SumInvariant | SeriesInvariant],
    before: Sequence[Totals],
    now: Sequence[Totals],
) -> Iterator[Measured]:
    for invariant, then, at_present in zip(invariants, before, now, strict=True):
        places = then.keys() | at_present.keys()
        wrong = sum(then.get(place, 0) != at_present.get(place, 0) for place in places)
        by = ", ".join(invariant.by)
        about = Text(f"{invariant.column} per {by}", f"{invariant.column} by {by}")
        whole = Text(invariant.column, invariant.column)
        yield Measured(check, table, len(places), wrong, about if by else whole)


def _references(
    references: Iterable[ForeignKey], before: Mapping[str, Mapping[str, int]], now: Mapping[str, Mapping[str, int]]
) -> Iterator[Measured]:
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
