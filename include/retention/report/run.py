"""Parts 1 and 2: which run it was, which steps the ledger shows, who approved, and which tables were reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from include.retention.data_map.model import DataMap, Table
from include.retention.policy.model import Schedule
from include.retention.report.entries import Entry, in_both, latest, latest_by, of_kind
from include.retention.report.figures import SystemFigures, Totals
from include.retention.report.model import Approval, Coverage, Guard, PastRun, Place, RunIdentity, Step, StepState, Undone
from include.retention.terms import Mode, RunOutcome, WhenExpired

_WENT_ON = ("resolved", "planned", "confirmed", "batch_started")
"""Entries that a refused run doesn't reach: after one of them an earlier refusal was overcome."""


def identify(entries: Sequence[Entry], run_id: str, schedule: Schedule) -> RunIdentity:
    """Return the run's identity. A digest that the ledger doesn't hold stays empty."""
    first, last = latest(entries, "run_started"), latest(entries, "run_finished")
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


def find_undone(entries: Sequence[Entry]) -> tuple[Undone, ...]:
    """Return what steps say they couldn't do, the latest word on each thing."""
    newest = latest_by(entries, "not_done", "system", "table", "what")
    bodies = [entry.body for entry in newest.values()]
    return tuple(Undone(str(b["system"]), str(b.get("table") or ""), str(b["what"]), int(b["count"])) for b in bodies)


def find_steps(
    entries: Sequence[Entry],
    maps: Mapping[str, DataMap],
    systems: Sequence[SystemFigures],
    mode: Mode,
    approval: Approval | None,
) -> tuple[Step, ...]:
    """Return the run's steps as the ledger shows them. A step without a trace is missing, whatever came after it."""
    plan = latest(entries, "planned")
    due = sum(table.planned.due for system in systems for table in system.tables if table.planned)
    changes = mode is Mode.ENFORCE
    acting = changes and (plan is None or due > 0)
    if approval is not None and not approval.approved:
        acting = False
    answered = _single("approve", latest(entries, "approved", "rejected"), acting)
    if approval is not None and not approval.approved:
        answered = Step("approve", StepState.STOPPED, approval.at)
    return (
        _single("start", latest(entries, "run_started"), True),
        _per_system("extract", entries, "extracted", maps, True),
        _single("resolve", latest(entries, "resolved"), True),
        _single("plan", plan, True),
        answered,
        _single("confirm", latest(entries, "confirmed"), acting),
        _act(entries, systems, acting),
        _per_system("validate", entries, "validated", maps, changes and (approval is None or approval.approved)),
    )


def find_places(entries: Sequence[Entry], maps: Mapping[str, DataMap]) -> tuple[Place, ...]:
    """Return every table of every map, with whether the run reached it."""
    extracted = {key[0]: entry.body for key, entry in latest_by(entries, "extracted", "system").items()}
    places = []
    for system, data_map in maps.items():
        body = extracted.get(system)
        closed = {each["table"]: each.get("problems", []) for each in (body or {}).get("closed_tables", [])}
        for name, table in data_map.tables.items():
            problems = closed.get(name, closed.get(f"{system}.{name}"))
            read = body is not None and name in body["tables"]
            places.append(_place(system, table, read, problems))
        known = {*data_map.tables, *(f"{system}.{name}" for name in data_map.tables)}
        places += [_undeclared(system, name, problems) for name, problems in closed.items() if name not in known]
    return tuple(places)


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


def _place(system: str, table: Table, read: bool, problems: Sequence[object] | None) -> Place:
    personal = [column for column in table.columns.values() if column.group is not None]
    if problems is not None:
        coverage = Coverage.CLOSED
    elif not table.personal:
        coverage = Coverage.REFERENCE
    else:
        coverage = Coverage.COVERED if read else Coverage.NOT_READ
    return Place(
        system=system,
        table=table.name,
        title=table.title,
        coverage=coverage,
        personal_columns=len(personal),
        other_columns=len(table.columns) - len(personal),
        categories=tuple(dict.fromkeys(column.category or "" for column in personal)),
        file_columns=len(table.files),
        when_expired=table.when_expired,
        problems=tuple(_in_words(each) for each in problems or ()),
    )


def _undeclared(system: str, name: str, problems: Sequence[object]) -> Place:
    """Return a table that the live database has and the map lacks."""
    words = tuple(_in_words(each) for each in problems)
    return Place(system, name, in_both(name), Coverage.CLOSED, 0, 0, (), 0, WhenExpired.ANONYMISE, words)


def _in_words(problem: object) -> str:
    if isinstance(problem, Mapping):
        return " ".join(str(problem[key]) for key in ("key", "what", "remedy") if problem.get(key))
    return str(problem)


def _single(name: str, entry: Entry | None, needed: bool) -> Step:
    if entry is not None:
        return Step(name, StepState.DONE, entry.at)
    return Step(name, StepState.MISSING if needed else StepState.NOT_NEEDED, None)


def _per_system(name: str, entries: Sequence[Entry], kind: str, maps: Mapping[str, DataMap], needed: bool) -> Step:
    found = {key[0]: entry for key, entry in latest_by(entries, kind, "system").items() if key[0] in maps}
    if not found:
        return Step(name, StepState.MISSING if needed else StepState.NOT_NEEDED, None, 0, len(maps))
    state = StepState.DONE if len(found) == len(maps) else StepState.PARTLY
    return Step(name, state, max(entry.at for entry in found.values()), len(found), len(maps))


def _act(entries: Sequence[Entry], systems: Sequence[SystemFigures], needed: bool) -> Step:
    batches = of_kind(entries, "batch_started", "batch_verified")
    if not batches:
        return Step("act", StepState.MISSING if needed else StepState.NOT_NEEDED, None)
    tables = [table for system in systems for table in system.tables if table.planned and table.planned.due]
    whole = all(table.acted is not None and table.acted.not_done == 0 for table in tables)
    return Step("act", StepState.DONE if whole else StepState.PARTLY, batches[-1].at)


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
