"""The steps of a run, as Airflow calls them: each reads what the one before wrote, and writes its own.

Every function takes and returns small JSON: references and counts. Frames stay in the run's staging.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from include.retention import (
    carrying_out,
    clock,
    discovering,
    live_schema,
    planning,
    remembered,
    reporting,
    sealing,
    verifying,
)
from include.retention.deciding import classify_phase, resolve_phase
from include.retention.errors import ApprovalError, ConfigurationError
from include.retention.guards import check_clock, check_disk, check_extract, check_holds, check_ledger
from include.retention.kept_rules import keep_rules
from include.retention.keys import load_ring, require_own_key
from include.retention.ledger.approvals import How, record_approval, record_rejection
from include.retention.ledger.chain import append, verify_chain
from include.retention.ledger.holds import vanished_holds
from include.retention.ledger.recognise import watching
from include.retention.ledger.rekey import require_known_keys
from include.retention.ledger.runs import RunRow, create_run, latest_runs, run_id_for
from include.retention.ledger.sizes import previous_sizes
from include.retention.ledger.store import make_control, reading
from include.retention.policy.load import load_policy
from include.retention.reading import extract_system, why_closed
from include.retention.run import Run, RunRequest, code_digest, local_day, opened, recorded
from include.retention.settings import load_settings
from include.retention.staging import PLAN, remove_abandoned, require_usable
from include.retention.terms import Mode

__all__ = [
    "RunRequest", "act", "approve_automatically", "begin", "classify", "confirm", "extract", "finish", "plan",
    "record_answer", "report", "resolve", "validate",
]  # fmt: skip

MEBIBYTE = 1024 * 1024


def begin(request: RunRequest) -> dict[str, Any]:
    """Open the run in the ledger, after looking at policy, key, clock and disk.

    Raises:
        ConfigurationError: the policy, the key or a setting can't be used; nothing has begun.
        GuardError: the clock or the disk refuses the run; the ledger says so.
    """
    settings, ring = load_settings(os.environ), load_ring(os.environ)
    policy = load_policy(settings.policy)
    require_own_key(ring, request.mode)
    if request.mode is Mode.ENFORCE and policy.unapproved:
        raise ConfigurationError(policy.unapproved)
    now = clock.now()
    require_usable(settings.staging)
    for each in settings.directories:
        each.mkdir(parents=True, exist_ok=True)
    control = make_control(settings.control_url)
    try:
        with control.begin() as connection:
            run_id = run_id_for(connection, request.run_id)
        row = RunRow(
            run_id=run_id,
            dag_run_id=request.dag_run_id,
            run_type=request.run_type,
            as_of=request.as_of,
            time_zone=policy.schedule.time_zone,
            mode=request.mode,
            started_at=now,
            schedule_version=policy.schedule.version,
            schedule_digest=policy.schedule.digest,
            map_digests=policy.map_digests,
            code_digest=code_digest(settings.code),
            key_id=ring.current.key_id,
        )
        with control.begin() as connection:
            before = [run for run in latest_runs(connection, 2) if run.run_id != run_id]
            require_known_keys(connection, watching(ring, connection))
            create_run(connection, row)
        keep_rules(settings, run_id)
        with recorded(control, run_id):
            with reading(control) as connection:
                chain = verify_chain(connection)
                check_ledger("" if chain.ok else f"entry {chain.broken_at}: {chain.what}", request.mode)
                check_holds(vanished_holds(connection))
            last = before[0].started_at if before else None
            check_clock(request.as_of, local_day(now, policy.schedule.time_zone), now, last, request.mode)
            check_disk(min(map(_free, settings.directories)) // MEBIBYTE, policy.schedule.guards)
    finally:
        control.dispose()
    for place in {settings.staging, str(settings.previews)}:
        remove_abandoned(place, now, run_id)
    return {"run_id": run_id}


def extract(run_id: str, system: str) -> dict[str, Any]:
    """Read one system's facts into staging.

    Raises:
        ConfigurationError: the map names what the database doesn't have.
        GuardError: a table came back empty or much smaller than last time.
    """
    with opened(run_id) as run:
        staging = run.staging.phase(PLAN)
        found = extract_system(run, system, staging)
        with reading(run.control) as connection:
            before = previous_sizes(connection, system)
        check_extract(system, found.sizes, before, run.policy.schedule.guards)
        live_schema.write_live(staging, system, found)
        remembered.note_recognised(run, staging, system)
        closed = why_closed(system, found.closed, found.problems)
        tables = {table: {"rows": rows} for table, rows in found.sizes.items()}
        _tell(run, "extracted", {"system": system, "tables": tables, "closed_tables": closed})
        return {"system": system, "rows": sum(found.sizes.values()), "closed": sorted(found.closed)}


def discover(run_id: str, system: str) -> dict[str, Any]:
    """Look for personal data that one system's map doesn't know of."""
    with opened(run_id) as run:
        return discovering.discover(run, system)


def resolve(run_id: str) -> dict[str, Any]:
    """Find out who the records are about, and what has happened to whom."""
    with opened(run_id) as run:
        staging = run.staging.phase(PLAN)
        remembered.rekey_recognised(run, staging)
        resolved, suppressed = resolve_phase(run, staging, remembered.waiting_of(run, staging))
        remembered.remember_objections(run, suppressed)
        _tell(run, "resolved", dict(resolved.counts))
        return {"records": resolved.counts["records"], "subjects": resolved.counts["subjects"]}


def classify(run_id: str, bucket: int) -> dict[str, Any]:
    """Decide one part of the records."""
    with opened(run_id) as run:
        return {"bucket": bucket, "records": classify_phase(run, run.staging.phase(PLAN), bucket, run.settings.buckets)}


def plan(run_id: str) -> dict[str, Any]:
    """Put all that is due in order, seal it, and hold it against the guards."""
    with opened(run_id) as run:
        return planning.make_plan(run)


def approve_automatically(run_id: str) -> dict[str, Any]:
    """Record that the plan lies inside every guard, or that configuration has answered the first run's guard.

    Raises:
        ApprovalError: a guard asks for a human, so nothing else may answer.
    """
    with opened(run_id) as run:
        sealed = sealing.sealed_plan(run)
        if sealing.needs_human(run, sealed.guards):
            message = f"run {run.run_id}: a guard asks for a human's answer; it can't be given automatically."
            raise ApprovalError(message)
        answered: How = "configuration" if sealing.asked(sealed.guards) else "automatic"
        by = "GALLRING_FIRST_RUN" if answered == "configuration" else "guards"
        with run.control.begin() as connection:
            record_approval(connection, run.run_id, sealed.digest, how=answered, by=by, at=run.now)
        return {"digest": sealed.digest, "how": answered}


def record_answer(run_id: str, digest: str, approved: bool, by: str) -> dict[str, Any]:  # noqa: FBT001 - from XCom
    """Record a human's answer, bound to the plan that was shown.

    Raises:
        ApprovalError: the answer is no, or it is about another plan.
    """
    with opened(run_id) as run:
        sealed = sealing.sealed_plan(run)
        with run.control.begin() as connection:
            if approved:
                record_approval(connection, run.run_id, digest, how="human", by=by, at=run.now)
            else:
                record_rejection(connection, run.run_id, digest, by=by, at=run.now)
        if not approved:
            message = f"run {run.run_id}: the plan was rejected. Nothing has been changed."
            raise ApprovalError(message)
        if digest != sealed.digest:
            message = f"run {run.run_id}: the answer is about another plan than the one at hand. Ask and answer again."
            raise ApprovalError(message)
        return {"digest": digest, "by": by}


def confirm(run_id: str) -> dict[str, Any]:
    """Look at the sources again: what is no longer due is left out of the plan and counted."""
    with opened(run_id) as run:
        return planning.confirm_plan(run)


def act(run_id: str, system: str) -> dict[str, Any]:
    """Carry out the approved plan in one system.

    Raises:
        ApprovalError: no approval of exactly this plan is in force.
        ActError: something couldn't be carried out; what is known is in the ledger.
        LockError: another run is destroying in the system.
    """
    with opened(run_id) as run:
        return carrying_out.act_on(run, system)


def validate(run_id: str, system: str) -> dict[str, Any]:
    """Measure one system afresh and judge it.

    Raises:
        ValidationError: a critical check didn't pass.
    """
    with opened(run_id) as run:
        return verifying.validate_system(run, system)


def report(run_id: str, failed: Sequence[str] = ()) -> dict[str, Any]:
    """End the run in the ledger and write its report, whatever became of it.

    Args:
        run_id: the run.
        failed: names of tasks that failed.
    """
    return reporting.close_and_report(run_id, failed)


def finish(run_id: str, failed: Sequence[str] = ()) -> dict[str, Any]:
    """Clear up after the run and raise unless it is done.

    Raises:
        ActError: the run didn't reach its end; the message says how it ended and where the report is.
    """
    return reporting.finish(run_id, failed)


def _free(directory: Path) -> int:
    return shutil.disk_usage(directory).free


def _tell(run: Run, kind: str, body: dict[str, Any]) -> None:
    with run.control.begin() as connection:
        append(connection, run.run_id, kind, body, run.now)
