"""The end of a run: judged by the ledger alone, reported, and cleared up."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from include.retention import clock
from include.retention.data_map.duties import overdue_scopes
from include.retention.errors import ActError, GallringError, LedgerError
from include.retention.kept_rules import changed_rules, rules_of
from include.retention.ledger.chain import ChainState, append, entries, verify_chain
from include.retention.ledger.expiry import expire_evidence
from include.retention.ledger.holds import holds_in_force
from include.retention.ledger.referrals import referral_counts
from include.retention.ledger.runs import (
    SUCCESSES,
    RunRow,
    acting_runs,
    finish_run,
    get_run,
    latest_attempt,
    latest_runs,
    resume_run,
)
from include.retention.ledger.sizes import record_sizes
from include.retention.ledger.store import open_control, reading
from include.retention.ledger.suppressions import suppression_counts
from include.retention.periods import after
from include.retention.policy.checks import overdue_reviews
from include.retention.policy.load import Policy, load_policy
from include.retention.policy.model import Period
from include.retention.report.collect import Inputs, collect
from include.retention.report.history import REPORT_JSON, previous_run, read_heads, read_history, unreadable_reports
from include.retention.report.model import ReportData
from include.retention.report.outcome import GOOD
from include.retention.report.promises import load_promises
from include.retention.report.write import write_copy, write_report
from include.retention.run import local_day
from include.retention.settings import Settings, load_settings
from include.retention.staging import AFTER, Staging, open_staging, sizes_name
from include.retention.terms import Mode, RunOutcome

log = logging.getLogger(__name__)

ABANDONED_AFTER = timedelta(days=1)
"""Longer than a task waits for its turn or tries again."""
REPORTED, REPORTED_AGAIN = "reported", "reported_again"
"""Ledger entries: of a run's own report, and of one that was written again, to a directory of its own."""
REPORT = "report"
"""The task that calls ``close_and_report``."""


def close_and_report(run_id: str, failed: Sequence[str]) -> dict[str, Any]:
    """End the run in the ledger and write its report, whatever became of it.

    A run that ended badly is judged again by what its ledger shows now: its tasks may have been cleared and have done
    everything since.

    Args:
        run_id: the run.
        failed: names of Airflow tasks that failed: with any, no outcome is good.
    """
    settings = load_settings(os.environ)
    control = open_control(settings.control_url)
    try:
        with reading(control) as connection:
            row = get_run(connection, latest_attempt(connection, run_id))
        close_abandoned(control, settings, row.run_id)
        run_id, policy = row.run_id, rules_of(settings, row)
        if row.outcome not in GOOD:
            data = collect_report(control, settings, policy, row, None)
            outcome = RunOutcome.FAILED if failed and data.outcome in GOOD else data.outcome
            if outcome is not row.outcome:
                with control.begin() as connection:
                    resume_run(connection, run_id, clock.now())
                    row = finish_run(connection, run_id, outcome, clock.now())
        _report(control, settings, policy, row)
    finally:
        control.dispose()
    return {"outcome": row.outcome.value, "report": str(report_directory(settings, run_id))}


def close_abandoned(control: sa.Engine, settings: Settings, run_id: str) -> None:
    """End runs that nobody works on any more, as failed, and write their reports: what they changed must be told.

    A worker that was killed, or a run that somebody marked as failed in Airflow, leaves a run that never ends. Where
    its report can't be written, it stays unfinished, and this run's report says so.

    Args:
        control: the control database.
        settings: where the reports are.
        run_id: the run that is reported now.
    """
    for row in abandoned_runs(control, run_id):
        try:
            policy = rules_of(settings, row)
        except GallringError as error:
            log.error("Run %s can't be reported on: %s", row.run_id, type(error).__name__)  # noqa: TRY400 - its rules are gone
            continue
        with control.begin() as connection:
            ended = finish_run(connection, row.run_id, RunOutcome.FAILED, clock.now())
        _report(control, settings, policy, ended)


def _report(control: sa.Engine, settings: Settings, policy: Policy, row: RunRow) -> tuple[ReportData, dict[str, str]]:
    """Write the report of a run that has ended, and say so in the ledger; return it, and file name -> SHA-256."""
    data = collect_report(control, settings, policy, row, row.outcome)
    files = write_report(data, settings.reports, row.run_id)
    with control.begin() as connection:
        append(connection, row.run_id, REPORTED, {"files": files}, clock.now())
    return data, files


def abandoned_runs(control: sa.Engine, run_id: str) -> list[RunRow]:
    """Return other runs that have begun to change data and of which nothing has been heard for a day."""
    with reading(control) as connection:
        return [
            row
            for row in acting_runs(connection, run_id)
            if clock.now() - max(entry.at for entry in entries(connection, row.run_id)) > ABANDONED_AFTER
        ]


def report_directory(settings: Settings, run_id: str) -> Path:
    """Return where a run's report is."""
    return settings.reports / run_id


def report_again(run_id: str | None) -> tuple[RunRow, ReportData, Path, dict[str, str]]:
    """Write a run's report once more, and say so in the ledger (``reported_again``). The original stays as it is.

    A run that has ended and has no report gets it now (``reported``).

    Args:
        run_id: the run; None for the one that began last.

    Returns:
        The run, the report, its directory, and file name -> SHA-256.

    Raises:
        LedgerError: there is no such run.
        ReportError: the rules of the run are known no more.
    """
    settings, now = load_settings(os.environ), clock.now()
    control = open_control(settings.control_url)
    try:
        with reading(control) as connection:
            row = (
                get_run(connection, latest_attempt(connection, run_id))
                if run_id
                else next(iter(latest_runs(connection)), None)
            )
        if row is None:
            raise LedgerError("There is no run yet, so there is nothing to report on. Trigger the DAG `gallring`.")
        original = report_directory(settings, row.run_id)
        policy = rules_of(settings, row)
        if not (original / REPORT_JSON).exists() and row.outcome is not RunOutcome.RUNNING:
            data, files = _report(control, settings, policy, row)
            return row, data, original, files
        data = collect_report(control, settings, policy, row, row.outcome, again=True)
        where = original / f"again-{now:%Y%m%dT%H%M%SZ}"
        files = write_copy(data, where)
        with control.begin() as connection:
            append(connection, row.run_id, REPORTED_AGAIN, {"files": files, "directory": where.name}, now)
    finally:
        control.dispose()
    return row, data, where, files


def collect_report(  # noqa: PLR0913 - a run, its rules, and what is known of its end
    control: sa.Engine,
    settings: Settings,
    policy: Policy,
    row: RunRow,
    outcome: RunOutcome | None,
    *,
    again: bool = False,
) -> ReportData:
    """Collect a run's report from the ledger, the policy and what waits in the control database."""
    with reading(control) as connection:
        told = [
            {"seq": entry.seq, "at": entry.at, "kind": entry.kind, "body": entry.body}
            for entry in entries(connection, row.run_id)
        ]
        history = read_history(settings.reports, row.run_id)
        before = previous_run(history, row.started_at)
        given = Inputs(
            run_id=row.run_id,
            entries=told,
            schedule=policy.schedule,
            maps=policy.maps,
            holds=holds_in_force(connection),
            referrals=referral_counts(connection),
            suppressions=suppression_counts(connection),
            chain=verified_chain(connection, settings.reports),
            notices=(
                *policy.notices,
                *overdue_reviews(policy.schedule, row.as_of),
                *overdue_scopes(policy.maps, row.as_of),
            ),
            history=history,
            unfinished=tuple(each.run_id for each in acting_runs(connection, row.run_id)),
            rule_changes=changed_rules(settings, before.run_id, row.run_id) if before else (),
            promises=load_promises(policy.directory),
            outcome=outcome,
            again=again,
            released=[
                {"at": each.at, "body": each.body}
                for each in entries(connection, kind="hold_released")
                if row.finished_at is None or each.at <= row.finished_at
            ],
        )
    return collect(given, clock.now())


def verified_chain(connection: sa.Connection, reports: Path, heads: Mapping[int, str] | None = None) -> ChainState:
    """Verify the ledger's chain, and hold it against the heads that the reports printed, and others that are known.

    A report that can't be read proves nothing any more, and may have been made so: then the chain isn't proved whole.
    """
    state, damaged = verify_chain(connection, read_heads(reports) | dict(heads or {})), unreadable_reports(reports)
    if not state.ok or not damaged:
        return state
    what = (
        f"report.json of {', '.join(damaged)} can't be read, so the ledger can't be held against the head that it "
        "printed. Restore it from your copy."
    )
    return replace(state, ok=False, broken_at=state.head_seq, what=what)


def finish(run_id: str, failed: Sequence[str]) -> dict[str, Any]:
    """Clear up after the run, and raise unless it is done.

    Where tasks were cleared without the one that reports, the report is written here, for the old one is out of date.

    Raises:
        LedgerError: the run was never closed: its report couldn't be written.
        ActError: the run isn't done; the message says how it ended and where the report is.
    """
    settings = load_settings(os.environ)
    control = open_control(settings.control_url)
    try:
        with reading(control) as connection:
            row = get_run(connection, latest_attempt(connection, run_id))
        if row.outcome is RunOutcome.RUNNING and REPORT not in failed:
            close_and_report(run_id, failed)
        with control.begin() as connection:
            row = get_run(connection, row.run_id)
            run_id, staging = row.run_id, open_staging(settings.staging, row.run_id)
            unreported = row.outcome is RunOutcome.RUNNING
            if unreported:
                row = finish_run(connection, run_id, RunOutcome.FAILED, clock.now())
            elif row.outcome in SUCCESSES and row.mode is Mode.ENFORCE:
                _take_stock(connection, row, staging)
                expire_evidence(connection, _evidence_floor(settings), clock.now())
    finally:
        control.dispose()
    if unreported:
        message = f"run {run_id} couldn't be reported on. It counts as failed; clear the task `report`."
        raise LedgerError(message)
    where = report_directory(settings, run_id)
    if row.outcome in GOOD and not failed:
        staging.remove()
        return {"outcome": row.outcome.value, "report": str(where)}
    message = f"run {run_id} ended as {row.outcome.value}: see {where / 'gallringsprotokoll.en.html'}."
    raise ActError(message)


def _evidence_floor(settings: Settings) -> datetime:
    """Return the instant before which Gallring's own evidence has outlived its purpose (6 kap. 4 § dataskyddslagen)."""
    schedule = load_policy(settings.policy).schedule
    today = local_day(clock.now(), schedule.time_zone)
    back = Period(-schedule.evidence_period.years, -schedule.evidence_period.months, -schedule.evidence_period.days)
    return datetime.combine(after(today, back), time(), ZoneInfo(schedule.time_zone))


def _take_stock(connection: sa.Connection, row: RunRow, staging: Staging) -> None:
    """Note how many rows each table has now: the next extract is measured by it."""
    after = staging.phase(AFTER)
    for system in row.map_digests:
        sizes = after.read_json(sizes_name(system)) if after.has_json(sizes_name(system)) else {}
        record_sizes(connection, row.run_id, system, sizes)
