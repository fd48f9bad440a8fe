"""Collects the report from the ledger, the rules and the control database. Pure: no database, no file, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pandas as pd

from include.retention.data_map.model import DataMap
from include.retention.errors import Problem
from include.retention.periods import after
from include.retention.policy.model import Schedule
from include.retention.report import findings as tell
from include.retention.report import run as run_parts
from include.retention.report.counting import collect_figures
from include.retention.report.discovery import about_discoveries, collect_discoveries
from include.retention.report.entries import Entry, latest, read_entries
from include.retention.report.gaps import GAPS
from include.retention.report.history import changes_since, previous_run
from include.retention.report.model import Finding, ReportData, RunIdentity
from include.retention.report.outcome import judge
from include.retention.report.parts import Chain, Change, Notice, PastRun
from include.retention.report.places import find_places
from include.retention.report.promises import Promise
from include.retention.report.rules import (
    collect_decided,
    collect_erasures,
    collect_restricted,
    collect_rules,
    compare_with_policy,
)
from include.retention.report.steps import find_steps
from include.retention.report.verification import collect_validation
from include.retention.report.waiting import (
    collect_holds,
    collect_objections,
    collect_referrals,
    collect_released,
    collect_resolution,
)
from include.retention.terms import Mode, RunOutcome

_TOLD_BY_THE_RULES = frozenset({"PAST_PUBLISHED_CEILING", "REVIEW_OVERDUE"})
"""Notices that part 3 tells of in both languages."""


class ChainState(Protocol):
    """What the ledger's ``verify_chain`` found: see ``Chain``."""

    @property
    def ok(self) -> bool: ...  # noqa: D102 - as in Chain
    @property
    def entries(self) -> int: ...  # noqa: D102
    @property
    def head(self) -> str: ...  # noqa: D102
    @property
    def head_seq(self) -> int: ...  # noqa: D102
    @property
    def broken_at(self) -> int | None: ...  # noqa: D102
    @property
    def what(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything the report is made from.

    Attributes:
        run_id: the run's id; names the report's directory.
        entries: the run's ledger entries: mappings with seq, at (aware instant), kind and body.
        holds: legal holds in force: columns hold_id, scope, owner, reason, placed_at, review_on. None: not read.
        released: ``hold_released`` entries of the ledger: mappings with at and body.
        referrals: open referrals: columns system, table, group, reason, first_seen, records. None: not read.
        suppressions: entries in force on the suppression list per marketing channel. None: not read.
        notices: problems that the loader reports without refusing, for the DPO.
        history: earlier runs, oldest first: see ``read_history``.
        unfinished: other runs that have begun to change data and haven't ended.
        rule_changes: what differs from the rules of the run before: see ``kept_rules.changed_rules``.
        promises: the published policy, sentence by sentence: see ``load_promises``.
        outcome: what the control database says of the run, ``RUNNING`` included. None: judge by the evidence alone.
        again: the run has its report already, and this is another.
    """

    run_id: str
    entries: Sequence[Mapping[str, Any]]
    schedule: Schedule
    maps: Mapping[str, DataMap]
    holds: pd.DataFrame | None
    referrals: pd.DataFrame | None
    suppressions: Mapping[str, int] | None
    chain: ChainState
    notices: Sequence[Problem] = ()
    history: Sequence[PastRun] = ()
    rule_changes: Sequence[Change] = ()
    unfinished: Sequence[str] = ()
    promises: Sequence[Promise] = ()
    outcome: RunOutcome | None = None
    again: bool = False
    released: Sequence[Mapping[str, Any]] = ()


def collect(given: Inputs, now: datetime) -> ReportData:
    """Return the report.

    Args:
        given: see ``Inputs``.
        now: aware instant of writing.
    """
    schedule, maps = given.schedule, given.maps
    zone = ZoneInfo(schedule.time_zone)
    today = now.astimezone(zone).date()
    entries = read_entries(given.entries)
    run = run_parts.identify(entries, given.run_id, schedule)
    approval = run_parts.find_approval(entries, run.plan_digest)
    systems = collect_figures(entries, maps, enforce=run.mode is Mode.ENFORCE)
    steps = find_steps(entries, maps, systems, run.mode, approval)
    validation = collect_validation(entries, systems, steps)
    places = find_places(entries, maps)
    discoveries = collect_discoveries(entries, maps)
    rules = collect_rules(schedule, maps, given.promises, today)
    policy = compare_with_policy(schedule, given.promises)
    holds = collect_holds(given.holds, today, zone)
    before = previous_run(given.history, run.started_at)
    released = collect_released(given.released, before.started_at if before else None, zone)
    referrals = collect_referrals(given.referrals, maps, schedule.referral_period, today, zone)
    restricted = collect_restricted(schedule, maps)
    notices = tuple(
        Notice(each.code, f"{each.file}: {each.key}", each.what, each.remedy)
        for each in given.notices
        if each.code not in _TOLD_BY_THE_RULES
    )
    undone = run_parts.find_undone(entries, systems)
    questions = sum(promise.question is not None for promise in given.promises)
    guards = run_parts.find_guards(entries)
    walked = given.chain
    chain = Chain(walked.ok, walked.entries, walked.head, walked.head_seq, walked.broken_at, walked.what)
    found = tell.by_severity(
        [
            *tell.about_run(steps, approval, guards, chain, dry=run.mode is Mode.DRY_RUN),
            *tell.about_records(
                systems, places, validation, undone, approved=approval is not None and approval.approved
            ),
            *tell.about_waiting(referrals, holds, released, restricted),
            *tell.about_others(given.unfinished),
            *about_discoveries(discoveries, planned=latest(entries, "planned") is not None),
            *tell.about_rules(rules, questions, len(policy.absent), len(policy.unpublished), notices),
        ]
    )
    return ReportData(
        written_at=now,
        again=given.again,
        run=run,
        outcome=_outcome(entries, found, run.mode, given.outcome),
        findings=found,
        steps=steps,
        approval=approval,
        guards=guards,
        undone=undone,
        system_titles={name: data_map.title for name, data_map in maps.items()},
        category_titles={name: category.title for name, category in schedule.categories.items()},
        systems=systems,
        places=places,
        discoveries=discoveries,
        rules=rules,
        decided_periods=collect_decided(schedule),
        policy=policy,
        holds=holds,
        released=released,
        referrals=referrals,
        referral_period=schedule.referral_period,
        execution_window=schedule.execution_window,
        resolution=collect_resolution(entries),
        objections=collect_objections(entries, given.suppressions),
        restricted=restricted,
        validation=validation,
        erasures=collect_erasures(maps),
        erased_values=_erased_values(entries),
        history=tuple(given.history),
        changes=_changes(given, run),
        notices=notices,
        chain=chain,
        evidence_until=_evidence_until(run, schedule, zone),
        gaps=GAPS,
    )


def _changes(given: Inputs, run: RunIdentity) -> tuple[Change, ...] | None:
    found = changes_since(previous_run(given.history, run.started_at), run)
    return None if found is None else (*found, *given.rule_changes)


def _evidence_until(run: RunIdentity, schedule: Schedule, zone: ZoneInfo) -> date | None:
    return after(run.started_at.astimezone(zone).date(), schedule.evidence_period) if run.started_at else None


def _outcome(entries: Sequence[Entry], found: Iterable[Finding], mode: Mode, given: RunOutcome | None) -> RunOutcome:
    plan = latest(entries, "planned")
    due = sum(int(row["due"]) for row in plan.body["tables"]) if plan else None
    return judge(entries, tuple(found), mode, due, given)


def _erased_values(entries: Sequence[Entry]) -> int | None:
    plan = latest(entries, "planned")
    value = plan.body.get("erased_values") if plan else None
    return int(value) if isinstance(value, int) else None
