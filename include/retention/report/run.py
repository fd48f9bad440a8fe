"""Part 1: which run it was, who approved it, which guards spoke and what couldn't be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from include.retention.policy.model import Schedule
from include.retention.report.entries import Entry, in_both, latest, latest_by, of_kind
from include.retention.report.figures import SystemFigures, Totals
from include.retention.report.model import Approval, Guard, RunIdentity, Undone
from include.retention.report.parts import PastRun
from include.retention.terms import Mode, RunOutcome

_WENT_ON = ("resolved", "planned", "confirmed", "batch_started", "validated")
"""Entries that a refused run doesn't reach: after one of them an earlier refusal was overcome."""


def identify(entries: Sequence[Entry], run_id: str, schedule: Schedule) -> RunIdentity:
    """Return the run's identity. A digest that the ledger doesn't hold stays empty."""
    first, last = latest(entries, "run_started"), latest(entries, "run_finished", "run_resumed")
    last = last if last and last.kind == "run_finished" else None
    plan = latest(entries, "planned")
    body: Mapping[str, Any] = first.body if first else {}
    span = (entries[-1].at - entries[0].at).total_seconds() if entries else None
    return RunIdentity(
        run_id=run_id,
        dag_run_id=str(body.get("dag_run_id") or ""),
        run_type=str(body.get("run_type") or ""),
        mode=Mode(body.get("mode", Mode.ENFORCE)),
        as_of=date.fromisoformat(str(body["as_of"])) if body.get("as_of") else None,
        started_at=first.at if first else None,
        finished_at=last.at if last else None,
        seconds=round(last.body.get("seconds", span)) if last else (round(span) if span is not None else None),
        time_zone=str(body.get("time_zone") or schedule.time_zone),
        key_id=str(body.get("key_id") or ""),
        schedule_version=str(body.get("schedule_version") or ""),
        schedule_digest=str(body.get("schedule_digest") or ""),
        map_digests=dict(body.get("map_digests") or {}),
        code_digest=str(body.get("code_digest") or ""),
        plan_digest=str(plan.body["digest"]) if plan else "",
        controller=schedule.controller.name,
        organisation_number=schedule.controller.organisation_number,
        data_protection_officer=schedule.controller.data_protection_officer,
    )


def find_approval(entries: Sequence[Entry], plan_digest: str) -> Approval | None:
    """Return the latest answer to the plan, and whether it was an answer to this plan."""
    answer = latest(entries, "approved", "rejected")
    if answer is None:
        return None
    return Approval(
        approved=answer.kind == "approved",
        how=str(answer.body.get("how") or "human"),
        by=str(answer.body.get("by") or ""),
        comment=str(answer.body.get("comment") or ""),
        at=answer.at,
        digest=str(answer.body.get("digest") or ""),
        matches_plan=bool(plan_digest) and answer.body.get("digest") == plan_digest,
    )


def find_guards(entries: Sequence[Entry]) -> tuple[Guard, ...]:
    """Return every guard that spoke, whichever step it spoke in."""
    newest = {entry.kind: entry for entry in entries if entry.body.get("guards")}
    spoke = [_guard(each, str(each["level"])) for entry in newest.values() for each in entry.body["guards"]]
    went_on = max((entry.seq for entry in of_kind(entries, *_WENT_ON)), default=0)
    refusals = {entry.body.get("text"): entry for entry in of_kind(entries, "refused")}
    spoke += [_guard(each.body, "overcome" if each.seq < went_on else "refuse") for each in refusals.values()]
    return tuple(spoke)


def find_undone(entries: Sequence[Entry], systems: Sequence[SystemFigures]) -> tuple[Undone, ...]:
    """Return what steps say they couldn't do, the latest word on each thing.

    In a table where nothing of the plan remains by now, an obstacle was overcome by a later try.
    """
    overcome = {
        (system.system, table.table)
        for system in systems
        for table in system.tables
        if table.acted is not None and table.acted.not_done == 0
    }
    newest = latest_by(entries, "not_done", "system", "table", "what")
    bodies = [entry.body for entry in newest.values()]
    found = (Undone(str(b["system"]), str(b.get("table") or ""), str(b["what"]), int(b["count"])) for b in bodies)
    return tuple(each for each in found if (each.system, each.table) not in overcome)


def _guard(body: Mapping[str, Any], level: str) -> Guard:
    measured, limit = body.get("measured"), body.get("limit")
    return Guard(
        guard=str(body.get("guard") or ""),
        level=level,
        system=str(body.get("system") or ""),
        table=str(body.get("table") or ""),
        measured=float(measured) if isinstance(measured, (int, float)) else None,
        limit=float(limit) if isinstance(limit, (int, float)) else None,
        text=in_both(body.get("text") or ""),
    )


def this_run(run: RunIdentity, outcome: RunOutcome, sums: Totals) -> tuple[PastRun, ...]:
    """Return this run in the form of the earlier ones, or nothing where it never started."""
    if run.started_at is None:
        return ()
    return (
        PastRun(
            run_id=run.run_id,
            started_at=run.started_at,
            as_of=run.as_of,
            mode=run.mode,
            run_type=run.run_type,
            outcome=outcome,
            due=sums.due,
            deleted=sums.deleted,
            anonymised=sums.anonymised,
            referred=sums.referred,
            schedule_version=run.schedule_version,
            schedule_digest=run.schedule_digest,
            map_digests=run.map_digests,
            code_digest=run.code_digest,
        ),
    )
