"""Every record decided: the items due, the counts per table, and what a human is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from include.retention.classify import REASONS
from include.retention.dates import NO_DAY, day_number
from include.retention.deciding import decide_phase, read_events, record_refs
from include.retention.freed import freed_days
from include.retention.ledger.runs import previous_run
from include.retention.ledger.store import reading
from include.retention.live_schema import all_references, read_closed, read_unread
from include.retention.narrow.condition import ALL_READ
from include.retention.periods import after
from include.retention.plan import table_items
from include.retention.remembered import released_of, waiting_of
from include.retention.resolve import TableName, match, places_of
from include.retention.run import Run
from include.retention.staging import Staging
from include.retention.summary import count_table, referred


def decide_items(
    run: Run, staging: Staging
) -> tuple[dict[TableName, pd.DataFrame], list[dict[str, Any]], pd.DataFrame]:
    """Return the items due per table, the counts per table, and the referrals, of one phase.

    The referrals: ``record_ref, system, table, group, key`` (the record's key as JSON, which goes nowhere but to
    whoever asks on the command line) and ``reason``.
    """
    references = {system: all_references(run, staging, system) for system in run.policy.maps}
    closed = {system: read_closed(staging, system) for system in run.policy.maps}
    unread = {system: read_unread(staging, system) for system in run.policy.maps}
    decided, rows = decide_phase(run, staging, waiting_of(run, staging), references, closed)
    purposes = list(run.policy.schedule.purposes)
    window = (after(run.row.as_of, run.policy.schedule.execution_window) - run.row.as_of) // timedelta(days=1)
    ruled_from = _ruled_from(run)
    freed = freed_days(run, decided, released_of(run, staging), read_events(staging), staging.read("identifiers"))
    items, counts, referred = {}, [], []
    for name, frame in decided.items():
        table = run.policy.maps[name.system].tables[name.table]
        due = table_items(name.system, table, frame, rows[name], purposes, run.ring.current)
        items[name] = due.assign(subjects=_subjects(frame, due["key"]), wholes=_wholes(run, name, decided, due["key"]))
        counts.append(
            count_table(
                name, table, frame, rows[name], due, purposes,
                closed=name.table in closed[name.system],
                unread=unread[name.system].get(name.table, ALL_READ), as_of=day_number(run.row.as_of), window=window,
                ruled_from=ruled_from, freed=freed[name],
            )
        )  # fmt: skip
        referred.append(_referrals(name, frame, list(table.groups)))
        staging.write(f"decided/{name}", _for_validation(frame, rows[name]))
    return items, counts, pd.concat(referred, ignore_index=True)


def _ruled_from(run: Run) -> int:
    """Return the day of the last run that ended well, where it went by other rules; else a day before all others."""
    with reading(run.control) as connection:
        before = previous_run(connection, run.run_id)
    if before is None:
        return NO_DAY
    same = (before.schedule_digest, before.map_digests) == (run.row.schedule_digest, run.row.map_digests)
    return NO_DAY if same else day_number(before.as_of)


def _subjects(frame: pd.DataFrame, keys: pd.Series) -> list[list[int]]:
    """Return the subject numbers of each record to act on, for the last look at holds."""
    roles = [column for column in frame if column.startswith("role:")]
    chosen = frame.set_index("key").loc[keys, roles].to_numpy(dtype="int64")
    return [sorted({int(subject) for subject in row if subject >= 0}) for row in chosen]


def _wholes(run: Run, name: TableName, decided: Mapping[TableName, pd.DataFrame], keys: pd.Series) -> list[list[str]]:
    """Return the references of the records that each record to act on is a part of: a hold on them covers it too."""
    found: list[list[str]] = [[] for _ in keys]
    tables = run.policy.maps[name.system].tables

    def rise(table: TableName, parts: pd.Series, items: np.ndarray) -> None:
        for link in tables[table.table].wholes if len(parts) else ():
            whole = TableName(name.system, link.table)
            above = np.append(places_of(decided[table], link, decided[whole]), -1)[match(parts, decided[table]["key"])]
            there = above >= 0
            keys_above = decided[whole]["key"].iloc[above[there]]
            for item, ref in zip(items[there], record_refs(run, whole, keys_above), strict=True):
                found[item].append(ref)
            rise(whole, keys_above, items[there])

    rise(name, keys, np.arange(len(keys)))
    return found


def _for_validation(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    kept = [c for c in frame if c in {"key", "fingerprint", "held"} or c.startswith(("left:", "redact:"))]
    return pd.concat([frame[kept], rows], axis=1)


def _referrals(name: TableName, frame: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    frames = []
    for group in groups:
        rows = frame[referred(frame, group)]
        if len(rows):
            reasons = [REASONS[code].value for code in rows[f"reason:{group}"]]
            refs = rows["record_ref"].to_numpy(dtype=object)
            content = {"record_ref": refs, "system": name.system, "table": name.table, "group": group}
            content |= {"key": rows["key"].to_numpy(dtype=object)}
            frames.append(pd.DataFrame({**content, "reason": reasons}))
    columns = ["record_ref", "system", "table", "group", "key", "reason"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
