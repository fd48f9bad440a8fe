"""Making, sealing and confirming a run's plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from include.retention.deciding import classify_phase, resolve_phase
from include.retention.due_items import decide_items
from include.retention.guards import (
    Finding,
    TableCount,
    check_history,
    check_pause,
    check_quiet,
    check_volume,
)
from include.retention.kept_rules import changed_rules
from include.retention.ledger.batches import Batch, plan_batches
from include.retention.ledger.chain import append
from include.retention.ledger.items import plan_items
from include.retention.ledger.referrals import refer
from include.retention.ledger.runs import previous_run, seal_plan
from include.retention.ledger.sizes import quiet_purposes, record_activity
from include.retention.ledger.store import reading
from include.retention.live_schema import deletion_orders, write_live
from include.retention.plan import (
    confirmed_items,
    order_items,
)
from include.retention.reading import extract_system
from include.retention.remembered import note_recognised, waiting_of
from include.retention.run import Run
from include.retention.sealing import Sealed, digest_now, needs_human, require_sealed
from include.retention.staging import CONFIRM, PLAN, Staging
from include.retention.terms import Mode, RunOutcome, Verdict


def make_plan(run: Run) -> dict[str, Any]:
    """Decide every record, order what is due, seal it, and hold it against the guards."""
    staging = run.staging.phase(PLAN)
    items, counts, referred = decide_items(run, staging)
    items = order_items(list(items.values()), deletion_orders(run, staging), run.settings.batch_rows)
    staging.write("items", items)
    digest = digest_now(run, items)
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
        "tables": _due_by_table(counts),
        "needs_approval": run.row.mode is Mode.ENFORCE and needs_human(run, sealed.guards),
        "guards": [finding.text for finding in guards],
    }


def _due_by_table(counts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return how many rows each table would lose and how many would be anonymised in place; those that would."""
    return {
        f"{table['system']}.{table['table']}": {"delete": table["delete"], "anonymise": table["anonymise"]}
        for table in counts
        if table["delete"] or table["anonymise"]
    }


def _erased_values(run: Run, items: pd.DataFrame) -> int:
    """Return how many columns, and parts of columns, of how many rows the plan erases in place."""
    erased = items[items["action"] == Verdict.ANONYMISE]
    total = 0
    for (system, table, groups), rows in erased.groupby(["system", "table", "groups"]):
        mapped = run.policy.maps[system].tables[table]
        total += len(rows) * sum(part.group in json.loads(groups) for part in mapped.personal_parts())
    return total


def confirm_plan(run: Run) -> dict[str, Any]:
    """Extract and decide anew, and mark what of the plan is still due. An empty plan needs no second look.

    Raises:
        ApprovalError: the plan in staging isn't the one that was sealed.
    """
    approved = require_sealed(run)
    staging = run.staging.phase(CONFIRM)
    if approved.empty:
        run.staging.phase(PLAN).copy_to(staging)  # Validation starts from what was seen last.
        confirmed = approved.assign(confirmed=pd.Series(dtype=bool))
    else:
        confirmed = confirmed_items(approved, _due_now(run, staging))
    staging.write("items", confirmed)
    lost = confirmed[~confirmed["confirmed"]]
    drift = {f"{system}.{table}": len(rows) for (system, table), rows in lost.groupby(["system", "table"])}
    body: dict[str, Any] = {"records": int(confirmed["confirmed"].sum()), "drift": drift}
    with run.control.begin() as connection:
        append(connection, run.run_id, "confirmed", body, run.now)
    return body


def _due_now(run: Run, staging: Staging) -> pd.DataFrame:
    """Return the items that would be planned now."""
    for system in run.policy.maps:
        write_live(staging, system, extract_system(run, system, staging))
        note_recognised(run, staging, system)
    waiting = waiting_of(run, staging)
    _, suppressed = resolve_phase(run, staging, waiting)
    staging.write("suppressed", suppressed.entries)
    classify_phase(run, staging, 0, 1)
    items, _, _ = decide_items(run, staging)
    return pd.concat(items.values(), ignore_index=True)


def _guards(run: Run, counts: Sequence[Mapping[str, Any]], due: int) -> list[Finding]:
    guards = run.policy.schedule.guards
    volume = [TableCount(each["system"], each["table"], each["population"], each["due"]) for each in counts]
    with reading(run.control) as connection:
        acted = previous_run(connection, run.run_id, [RunOutcome.DONE])
        before = previous_run(connection, run.run_id)
        quiet = quiet_purposes(connection, guards.quiet_runs)
    digests = {"schedule": run.row.schedule_digest, **run.row.map_digests}
    approved = None if acted is None else {"schedule": acted.schedule_digest, **acted.map_digests}
    changed = () if acted is None else changed_rules(run.settings, acted.run_id, run.run_id)
    return [
        *check_volume(volume, guards),
        *check_history(approved, digests, due, [each.name for each in changed]),
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
