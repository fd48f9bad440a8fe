"""What the report says, as a frozen tree that every format is written from.

``None`` always means "that step has not run, nobody knows"; zero means that it was counted and came to nothing.
Days are local civil days in the schedule's time zone, instants are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from include.retention.policy.model import Period, Text
from include.retention.report.discovery_parts import Discovery
from include.retention.report.figures import SystemFigures
from include.retention.report.parts import (
    Chain,
    Change,
    Gap,
    Hold,
    Notice,
    Objections,
    PastRun,
    Place,
    Referrals,
    Released,
    Resolution,
    Validation,
)
from include.retention.report.rule_parts import DecidedPeriod, Erasure, PolicyDiff, RestrictedColumn, Rule
from include.retention.terms import Mode, RunOutcome


class Severity(StrEnum):
    """How much a finding asks of its reader."""

    FAILURE = "failure"
    """Something isn't as it must be: the run can't be called done."""
    DECISION = "decision"
    """A human has something to decide."""
    NOTE = "note"
    """Worth knowing; nothing to do."""


class StepState(StrEnum):
    """What the ledger shows of a step of the run."""

    DONE = "done"
    PARTLY = "partly"
    MISSING = "missing"
    STOPPED = "stopped"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Part 1: which run this is.

    Attributes:
        started_at: None where the ledger has no ``run_started``.
        finished_at: None while the run hasn't written its last entry (the report is written just before it).
        seconds: from the first to the last entry seen.
        code_digest: SHA-256 over the engine's code, or None where the run never started.
    """

    run_id: str
    dag_run_id: str
    run_type: str
    mode: Mode
    as_of: date | None
    started_at: datetime | None
    finished_at: datetime | None
    seconds: int | None
    time_zone: str
    key_id: str
    schedule_version: str
    schedule_digest: str
    map_digests: Mapping[str, str]
    code_digest: str
    plan_digest: str
    controller: str
    organisation_number: str
    data_protection_officer: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Who let the plan through, or stopped it. ``how`` is automatic, configuration or human."""

    approved: bool
    how: str
    by: str
    comment: str
    at: datetime
    digest: str
    matches_plan: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the run. ``done`` of ``of`` systems, where the step is taken system by system."""

    name: str
    state: StepState
    at: datetime | None
    done: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence for the DPO; its words are in ``texts.*.yaml`` under ``finding.<code>``.

    Attributes:
        part: the part of the report where the details stand, 1 to 16.
        values: what the sentence is filled with. Counts, days, titles and names of tables, never personal data.
    """

    code: str
    severity: Severity
    part: int
    values: Mapping[str, int | str | date | Text]


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard that spoke.

    Attributes:
        level: approve, refuse or notice; ``overcome`` for a refusal after which the run could go on.
        measured: what was found, in the guard's own unit; None where it has no number.
        text: the guard's own words.
    """

    guard: str
    level: str
    system: str
    table: str
    measured: float | None
    limit: float | None
    text: Text


@dataclass(frozen=True, slots=True)
class Undone:
    """Part 4: something that the plan orders and a step couldn't carry out, in the step's own words."""

    system: str
    table: str
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class ReportData:
    """The whole report. ``findings`` come most serious first.

    ``again``: written once more, after the run's own report.
    """

    written_at: datetime
    again: bool
    run: RunIdentity
    outcome: RunOutcome
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...]
    approval: Approval | None
    guards: tuple[Guard, ...]
    undone: tuple[Undone, ...]
    system_titles: Mapping[str, Text]
    category_titles: Mapping[str, Text]
    systems: tuple[SystemFigures, ...]
    places: tuple[Place, ...]
    discoveries: tuple[Discovery, ...]
    rules: tuple[Rule, ...]
    decided_periods: tuple[DecidedPeriod, ...]
    policy: PolicyDiff
    holds: tuple[Hold, ...] | None
    released: tuple[Released, ...]
    referrals: tuple[Referrals, ...] | None
    referral_period: Period
    execution_window: Period
    resolution: Resolution | None
    objections: Objections
    restricted: tuple[RestrictedColumn, ...]
    validation: Validation
    erasures: tuple[Erasure, ...]
    erased_values: int | None
    history: tuple[PastRun, ...]
    changes: tuple[Change, ...] | None
    notices: tuple[Notice, ...]
    chain: Chain
    evidence_until: date | None
    gaps: tuple[Gap, ...]
