"""Making, sealing and confirming a run's plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from include.retention.classify import REASONS
from include.retention.data_map.model import ForeignKey, declared_references
from include.retention.dates import day_number
from include.retention.deciding import Waiting, classify_phase, decide_phase, record_refs, resolve_phase
from include.retention.errors import ApprovalError
from include.retention.facts import reference_name
from include.retention.guards import (
    Finding,
    Level,
    TableCount,
    check_history,
    check_pause,
    check_quiet,
    check_volume,
)
from include.retention.keys import RECORD, record_text
from include.retention.ledger.batches import Batch, plan_batches
from include.retention.ledger.chain import append
from include.retention.ledger.holds import holds_in_force
from include.retention.ledger.items import plan_items, unfinished_items
from include.retention.ledger.recognise import (
    found_by,
    merged,
    translated_holds,
    translated_records,
    translated_suppressions,
)
from include.retention.ledger.referrals import open_referrals, refer
from include.retention.ledger.rekey import rekey
from include.retention.ledger.runs import previous_run, seal_plan
from include.retention.ledger.sizes import quiet_purposes, record_activity
from include.retention.ledger.store import reading
from include.retention.ledger.suppressions import close_suppressions, suppress, suppressions_in_force
from include.retention.ledger.watching_key import Found, WatchingKey
from include.retention.objections import Suppressed
from include.retention.periods import after
from include.retention.plan import (
    Inputs,
    confirmed_items,
    deletion_order,
    digest_of,
    order_items,
    table_items,
)
from include.retention.reading import SystemExtract, extract_system, read_facts
from include.retention.resolve import TableName, match
from include.retention.run import Run
from include.retention.staging import Staging
from include.retention.summary import count_table, referred
from include.retention.terms import Mode, RunOutcome, Verdict

PLAN, CONFIRM = "plan", "confirm"
FIRST_RUN = "FIRST_RUN"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A plan that can be approved: its digest, and what its guards found."""

    digest: str
    guards: tuple[Finding, ...]


def write_live(staging: Staging, system: str, found: SystemExtract) -> None:
    """Keep what extraction learned of the live schema for the steps after it."""
    references = [
        [each.child_table, list(each.child_columns), each.parent_table, list(each.parent_columns), each.ondelete]
        for each in found.references
    ]
    content = {"references": references, "closed": sorted(found.closed), "sizes": dict(found.sizes)}
    staging.write_json(f"live/{system}", content)


def all_references(run: Run, staging: Staging, system: str) -> tuple[ForeignKey, ...]:
    """Return a system's foreign keys as extraction found them, and the references that its map declares."""
    live = read_references(staging, system)
    known = {(each.child_table, each.child_columns, each.parent_table) for each in live}
    declared = declared_references(run.policy.maps[system].tables)
    return (
        *live,
        *(each for each in declared if (each.child_table, each.child_columns, each.parent_table) not in known),
    )


def read_references(staging: Staging, system: str) -> tuple[ForeignKey, ...]:
    """Return a system's foreign keys as extraction found them."""
    return tuple(
        ForeignKey(child, tuple(columns), parent, tuple(referred), ondelete)
        for child, columns, parent, referred, ondelete in staging.read_json(f"live/{system}")["references"]
    )


def read_closed(staging: Staging, system: str) -> frozenset[str]:
    """Return a system's tables that failed closed."""
    return frozenset(staging.read_json(f"live/{system}")["closed"])


def note_recognised(run: Run, staging: Staging, system: str) -> None:
    """Keep which references under former keys this extract has recognised; without former keys there are none."""
    if isinstance(run.ring.current, WatchingKey):
        for name, facts in read_facts(run, staging, [system]).items():
            record_refs(run, name, facts["key"])
    staging.write_json(f"recognised/{system}", found_by(run.ring))


def recognised(run: Run, staging: Staging) -> Found:
    """Return what all extracts of a phase have recognised."""
    return merged(staging.read_json(f"recognised/{system}") for system in run.policy.maps)


def rekey_recognised(run: Run, staging: Staging) -> None:
    """Move holds and suppressions to the current key, but for a dry run."""
    if run.row.mode is not Mode.ENFORCE:
        return
    for domain, pairs in recognised(run, staging).items():
        kind = RECORD if domain == RECORD else domain.removeprefix("identifier.")
        with run.control.begin() as connection:
            rekey(connection, kind, pairs, run.ring.current.key_id, run.now)


def waiting_of(run: Run, staging: Staging) -> Waiting:
    """Return what earlier runs and people have left in the control database for this one."""
    found = recognised(run, staging)
    with reading(run.control) as connection:
        unfinished = unfinished_items(connection, run.run_id)["record_ref"]
        return Waiting(
            holds=translated_holds(holds_in_force(connection), found),
            listed=translated_suppressions(suppressions_in_force(connection), found),
            referrals=open_referrals(connection),
            unfinished=translated_records(unfinished, found),
        )


def remember_objections(run: Run, suppressed: Suppressed) -> None:
    """Bring the suppression list up to date, but for a dry run."""
    counts = {
        "in_force": len(suppressed.entries),
        "closed": len(suppressed.closed),
        "at_import": suppressed.reappeared,
        "added": 0,
    }
    if run.row.mode is Mode.ENFORCE:
        with run.control.begin() as connection:
            counts["added"] = suppress(connection, suppressed.entries, key_id=run.ring.current.key_id, at=run.now)
            close_suppressions(connection, suppressed.closed, at=run.now)
    staging = run.staging.phase(PLAN)
    staging.write_json("suppressions", counts)
    staging.write("suppressed", suppressed.entries)


def make_plan(run: Run) -> dict[str, Any]:
    """Decide every record, order what is due, seal it, and hold it against the guards."""
    staging = run.staging.phase(PLAN)
    items, counts, referred = decide_items(run, staging)
    items = order_items(list(items.values()), _orders(run, staging), run.settings.batch_rows)
    staging.write("items", items)
    digest = _digest(run, items)
    due = sum(table["due"] for table in counts)
    guards = [*_guards(run, counts, due)]
    body: dict[str, Any] = {
        "digest": digest,
        "tables": counts,
        "erased_values": _erased_values(run, items),
        "batches": int(items["batch"].max()) if len(items) else 0,
        "guards": [finding.body() for finding in guards],
        "suppressions": staging.read_json("suppressions"),
    }
    with run.control.begin() as connection:
        seal_plan(connection, run.run_id, digest)
        if run.row.mode is Mode.ENFORCE:
            refer(connection, referred, run.today)
            record_activity(connection, run.run_id, _activity(run, counts))
            plan_batches(connection, run.run_id, _batches(run, items), run.now)
            plan_items(connection, run.run_id, items, run.now)
        append(connection, run.run_id, "planned", body, run.now)
    staging.write_json("sealed", {"digest": digest, "guards": body["guards"], "due": due})
    sealed = Sealed(digest, tuple(guards))
    return {
        "digest": digest,
        "as_of": run.row.as_of.isoformat(),
        "due": due,
        "systems": _due_by_system(counts),
        "needs_approval": run.row.mode is Mode.ENFORCE and needs_human(run, sealed.guards),
        "guards": [finding.text for finding in guards],
    }


def _due_by_system(counts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return how many rows each system would lose and how many would be anonymised in place."""
    found: dict[str, Counter[str]] = {}
    for table in counts:
        due = found.setdefault(table["system"], Counter(delete=0, anonymise=0))
        due.update(delete=table["delete"], anonymise=table["anonymise"])
    return {system: dict(due) for system, due in found.items()}


def _erased_values(run: Run, items: pd.DataFrame) -> int:
    """Return how many columns of how many rows the plan erases in place."""
    erased = items[items["action"] == Verdict.ANONYMISE]
    total = 0
    for (system, table, groups), rows in erased.groupby(["system", "table", "groups"]):
        mapped = run.policy.maps[system].tables[table]
        total += len(rows) * sum(column.group in json.loads(groups) for column in mapped.columns.values())
    return total


def sealed_plan(run: Run) -> Sealed:
    """Return the plan that was sealed, from staging."""
    content = run.staging.phase(PLAN).read_json("sealed")
    found = (Finding(**{**body, "level": Level(body["level"])}) for body in content["guards"])
    return Sealed(content["digest"], tuple(found))


def asked(guards: Sequence[Finding]) -> list[Finding]:
    """Return the findings that ask for an approval."""
    return [finding for finding in guards if finding.level is Level.APPROVE]


def needs_human(run: Run, guards: Sequence[Finding]) -> bool:
    """Say whether only a human can approve: configuration may answer the guard "first run" and no other."""
    return any(finding.guard != FIRST_RUN or not run.settings.first_run_approved for finding in asked(guards))


def confirm_plan(run: Run) -> dict[str, Any]:
    """Extract and decide anew, and mark what of the plan is still due.

    Raises:
        ApprovalError: the plan in staging isn't the one that was sealed.
    """
    approved = require_sealed(run)
    staging = run.staging.phase(CONFIRM)
    for system in run.policy.maps:
        write_live(staging, system, extract_system(run, system, staging))
        note_recognised(run, staging, system)
    waiting = waiting_of(run, staging)
    _, suppressed = resolve_phase(run, staging, waiting)
    staging.write("suppressed", suppressed.entries)
    classify_phase(run, staging, 0, 1)
    items, _, _ = decide_items(run, staging)
    now = pd.concat(items.values(), ignore_index=True) if items else approved
    confirmed = confirmed_items(approved, now)
    staging.write("items", confirmed)
    lost = confirmed[~confirmed["confirmed"]]
    drift = {f"{system}.{table}": len(rows) for (system, table), rows in lost.groupby(["system", "table"])}
    body: dict[str, Any] = {"records": int(confirmed["confirmed"].sum()), "drift": drift}
    with run.control.begin() as connection:
        append(connection, run.run_id, "confirmed", body, run.now)
    return body


def require_sealed(run: Run) -> pd.DataFrame:
    """Return the plan's items.

    Raises:
        ApprovalError: they aren't the ones the sealed digest covers.
    """
    return _sealed_items(run, PLAN)


def require_confirmed(run: Run) -> pd.DataFrame:
    """Return the plan's items with what was confirmed of them: the sealed plan's, and no others.

    Raises:
        ApprovalError: they aren't the ones the sealed digest covers.
    """
    return _sealed_items(run, CONFIRM)


def _sealed_items(run: Run, phase: str) -> pd.DataFrame:
    items = run.staging.phase(phase).read("items")
    records = zip(items["system"], items["table"], items["key"], strict=True)
    texts = [record_text(system, table, json.loads(key)) for system, table, key in records]
    # The digest covers the references; a key that isn't its reference's would destroy another record.
    same = run.ring.current.mac_many(RECORD, texts) == items["record_ref"].tolist()
    if not same or run.row.plan_digest is None or _digest(run, items) != run.row.plan_digest:
        message = f"run {run.run_id}: the plan in staging isn't the one that was sealed. Clear the task `plan`."
        raise ApprovalError(message)
    return items


def _digest(run: Run, items: pd.DataFrame) -> str:
    return digest_of(items, _inputs(run), run.ring.current)


def _inputs(run: Run) -> Inputs:
    return Inputs(run.row.as_of, run.row.mode, run.row.schedule_digest, run.row.map_digests)


def decide_items(
    run: Run, staging: Staging
) -> tuple[dict[TableName, pd.DataFrame], list[dict[str, Any]], pd.DataFrame]:
    """Return the items due per table, the counts per table, and the referrals, of one phase."""
    references = {system: all_references(run, staging, system) for system in run.policy.maps}
    closed = {
        system: read_closed(staging, system) | deletion_order(list(data_map.tables), references[system])[1]
        for system, data_map in run.policy.maps.items()
    }
    decided, rows = decide_phase(run, staging, waiting_of(run, staging), references, closed)
    purposes = list(run.policy.schedule.purposes)
    window = (after(run.row.as_of, run.policy.schedule.execution_window) - run.row.as_of) // timedelta(days=1)
    items, counts, referred = {}, [], []
    for name, frame in decided.items():
        table = run.policy.maps[name.system].tables[name.table]
        due = table_items(name.system, table, frame, rows[name], purposes, run.ring.current)
        items[name] = due.assign(subjects=_subjects(frame, due["key"]), wholes=_wholes(run, name, decided, due["key"]))
        counts.append(
            count_table(
                name, table, frame, rows[name], due, purposes,
                closed=name.table in closed[name.system], as_of=day_number(run.row.as_of), window=window,
            )
        )  # fmt: skip
        referred.append(_referrals(name, frame, list(table.groups)))
        staging.write(f"decided/{name}", _for_validation(frame, rows[name]))
    return items, counts, pd.concat(referred, ignore_index=True)


def _subjects(frame: pd.DataFrame, keys: pd.Series) -> list[list[int]]:
    """Return the subject numbers of each record to act on, for the last look at holds."""
    roles = [column for column in frame if column.startswith("role:")]
    chosen = frame.set_index("key").loc[keys, roles].to_numpy(dtype="int64")
    return [sorted({int(subject) for subject in row if subject >= 0}) for row in chosen]


def _wholes(run: Run, name: TableName, decided: Mapping[TableName, pd.DataFrame], keys: pd.Series) -> list[list[str]]:
    """Return the references of the records that each record to act on is a part of: a hold on them covers it too."""
    found: list[list[str]] = [[] for _ in keys]
    link, table, parts = run.policy.maps[name.system].tables[name.table].part_of, name, keys
    while link is not None and len(keys):
        places = match(parts, decided[table]["key"])
        parts = decided[table][reference_name(link.columns)].iloc[places].where(places >= 0)
        table = TableName(name.system, link.table)
        there = parts.notna().to_numpy()
        refs = iter(record_refs(run, table, parts[there]))
        for place in np.flatnonzero(there):
            found[place].append(next(refs))
        link = run.policy.maps[name.system].tables[table.table].part_of
    return found


def _for_validation(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    kept = [column for column in frame if column in {"key", "fingerprint", "held"} or column.startswith("left:")]
    return pd.concat([frame[kept], rows], axis=1)


def _referrals(name: TableName, frame: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    frames = []
    for group in groups:
        rows = frame[referred(frame, group)]
        if len(rows):
            reasons = [REASONS[code].value for code in rows[f"reason:{group}"]]
            refs = rows["record_ref"].to_numpy(dtype=object)
            content = {"record_ref": refs, "system": name.system, "table": name.table, "group": group}
            frames.append(pd.DataFrame({**content, "reason": reasons}))
    columns = ["record_ref", "system", "table", "group", "reason"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _orders(run: Run, staging: Staging) -> Mapping[str, list[str]]:
    return {
        system: deletion_order(list(data_map.tables), all_references(run, staging, system))[0]
        for system, data_map in run.policy.maps.items()
    }


def _guards(run: Run, counts: Sequence[Mapping[str, Any]], due: int) -> list[Finding]:
    guards = run.policy.schedule.guards
    volume = [TableCount(each["system"], each["table"], each["population"], each["due"]) for each in counts]
    with reading(run.control) as connection:
        acted = previous_run(connection, run.run_id, [RunOutcome.DONE])
        before = previous_run(connection, run.run_id)
        quiet = quiet_purposes(connection, guards.quiet_runs)
    digests = {"schedule": run.row.schedule_digest, **run.row.map_digests}
    approved = None if acted is None else {"schedule": acted.schedule_digest, **acted.map_digests}
    return [
        *check_volume(volume, guards),
        *check_history(approved, digests, due),
        *check_pause(None if before is None else before.started_at, run.now, due),
        *check_quiet(quiet, guards),
    ]


def _activity(run: Run, counts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many records each purpose let expire."""
    expired: Counter[str] = Counter(dict.fromkeys(run.policy.schedule.purposes, 0))
    for table in counts:
        expired.update({name: count for name, count in table["due_by"].items() if name in expired})
    return dict(expired)


def _batches(run: Run, items: pd.DataFrame) -> list[Batch]:
    firsts = items.groupby("batch", sort=True).agg(
        system=("system", "first"), table=("table", "first"), action=("action", "first"), rows=("key", "size")
    )
    return [
        Batch(run.run_id, int(row.Index), row.system, row.table, row.action, int(row.rows))
        for row in firsts.itertuples()
    ]
