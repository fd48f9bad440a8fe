"""What the DPO must know, one finding each: failures first, then what a human has to decide, then notes.

A finding is a code with values; the sentences are in ``texts.*.yaml``. No rule of what is due is here: only what the
ledger, the control database and the schedule already say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from include.retention.errors import ConfigurationError
from include.retention.policy.model import Text
from include.retention.report.figures import SystemFigures, failed_sums
from include.retention.report.model import Approval, Finding, Guard, Severity, Step, StepState, Undone
from include.retention.report.parts import Chain, Coverage, Hold, Notice, Place, Referrals, Released, Validation
from include.retention.report.rule_parts import RestrictedColumn, Rule

Values = int | str | date | Text
ORDER = (Severity.FAILURE, Severity.DECISION, Severity.NOTE)


def failure(code: str, part: int, **values: Values) -> Finding:
    """Return a finding that makes a good outcome impossible."""
    return Finding(code, Severity.FAILURE, part, values)


def decision(code: str, part: int, **values: Values) -> Finding:
    """Return a finding that asks a human."""
    return Finding(code, Severity.DECISION, part, values)


def note(code: str, part: int, **values: Values) -> Finding:
    """Return a finding that only tells."""
    return Finding(code, Severity.NOTE, part, values)


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings, the most serious first, otherwise in their own order."""
    return tuple(sorted(findings, key=lambda each: ORDER.index(each.severity)))


def about_run(
    steps: Sequence[Step], approval: Approval | None, guards: Sequence[Guard], chain: Chain, *, dry: bool
) -> Iterator[Finding]:
    """Tell of the ledger, the guards, the approval and the steps."""
    if not chain.ok:
        yield failure("CHAIN_BROKEN", 15, seq=chain.broken_at or 0)
    refused = [guard for guard in guards if guard.level == "refuse"]
    if any(guard.guard == ConfigurationError.__name__ for guard in refused):
        yield failure("CONFIGURATION_REFUSED", 13)
    elif refused:
        yield failure("GUARD_REFUSED", 13)
    if approval is not None and not approval.approved:
        yield failure("REJECTED", 1, by=approval.by)
    if approval is not None and not approval.matches_plan:
        yield failure("APPROVAL_OF_ANOTHER_PLAN", 1)
    if approval is not None and approval.approved and approval.how == "configuration":
        yield decision("APPROVED_BY_CONFIGURATION", 1)
    if not refused:
        yield from _about_steps(steps)
    asked = [guard for guard in guards if guard.level == "approve"]
    if asked:
        n, names = len(asked), _names(asked)
        yield note("GUARDS_WOULD_ASK", 13, n=n, guards=names) if dry else note("GUARDS_ASK", 13, n=n, guards=names)
    told = [guard for guard in guards if guard.level == "notice"]
    if told:
        yield decision("GUARDS_NOTICE", 13, n=len(told), guards=_names(told))


def _about_steps(steps: Sequence[Step]) -> Iterator[Finding]:
    """Name the first step that is missing: the ones after it could not be taken."""
    for step in steps:
        if step.state is StepState.MISSING:
            code = "NOT_APPROVED" if step.name == "approve" else "STEP_MISSING"
            yield failure(code, 1, step=step.name)
            return
        if step.state is StepState.PARTLY and step.of is not None:
            yield failure("STEP_PARTLY", 1, step=step.name, done=step.done or 0, n=step.of)
            return


def about_records(
    systems: Sequence[SystemFigures],
    places: Sequence[Place],
    validation: Validation,
    undone: Sequence[Undone],
    *,
    approved: bool,
) -> Iterator[Finding]:
    """Tell of sums, checks, closed tables and what wasn't done."""
    wrong = failed_sums(systems)
    if wrong:
        yield failure("SUMS_FAIL", 4, n=len(wrong))
    yield from _about_checks(validation)
    not_done = sum(system.totals.not_done or 0 for system in systems)
    if not_done and approved:
        yield failure("NOT_DONE", 4, n=not_done)
    if undone:
        yield failure("UNDONE", 4, n=sum(each.count for each in undone))
    closed = [place for place in places if place.coverage is Coverage.CLOSED]
    if closed:
        yield failure("TABLES_CLOSED", 2, n=len(closed), tables=", ".join(f"{p.system}.{p.table}" for p in closed))
    overdue = sum(system.totals.overdue or 0 for system in systems)
    if overdue:
        days = max(table.planned.overdue_days for system in systems for table in system.tables if table.planned)
        yield decision("OVERDUE", 14, n=overdue, days=days)
    changed = sum(system.totals.changed or 0 for system in systems)
    if changed:
        yield note("CHANGED_SINCE_PLAN", 4, n=changed)


def _about_checks(validation: Validation) -> Iterator[Finding]:
    if validation.failed:
        yield failure("CHECKS_FAIL", 8, n=validation.failed)
    if validation.errors:
        yield failure("CHECKS_ERROR", 8, n=validation.errors)
    if validation.files and validation.files["refused"]:
        yield failure("FILES_REFUSED", 8, n=validation.files["refused"])
    if validation.warnings:
        yield decision("CHECKS_WARN", 8, n=validation.warnings)


def about_waiting(
    referrals: Sequence[Referrals] | None,
    holds: Sequence[Hold] | None,
    released: Sequence[Released],
    restricted: Sequence[RestrictedColumn],
) -> Iterator[Finding]:
    """Tell of referrals, holds and restricted columns that need somebody."""
    if referrals is None or holds is None:
        yield failure("CONTROL_DATABASE_NOT_READ", 5)
    late = [each for each in referrals or () if each.late]
    if late:
        oldest = min(each.oldest for each in late)
        yield decision("REFERRALS_LATE", 5, n=sum(each.questions for each in late), oldest=oldest)
    waiting = [each for each in referrals or () if not each.late]
    if waiting:
        first = min(each.answer_by for each in waiting)
        yield decision("REFERRALS", 5, n=sum(each.questions for each in waiting), answer_by=first)
    review = [hold for hold in holds or () if hold.review_due]
    if review:
        yield decision("HOLDS_REVIEW", 5, n=len(review))
    if released:
        yield note("HOLDS_RELEASED", 5, n=len(released))
    foreign = [column for column in restricted if column.foreign or not column.purposes]
    if foreign:
        yield decision("RESTRICTED_WITHOUT_PURPOSE", 7, n=len(foreign))


def about_others(unfinished: Sequence[str]) -> Iterator[Finding]:
    """Tell of other runs that changed data and have no end: this report doesn't tell of what they did."""
    if unfinished:
        yield decision("UNFINISHED_RUNS", 13, n=len(unfinished), runs=", ".join(unfinished))


def about_rules(
    rules: Sequence[Rule], questions: int, absent: int, unpublished: int, notices: Sequence[Notice]
) -> Iterator[Finding]:
    """Tell of rules past the ceiling, past their review or approved by nobody, and of the published policy."""
    past = [rule for rule in rules if rule.passes_ceiling]
    if past:
        yield decision("CEILING", 3, n=len(past), rules=", ".join(rule.name for rule in past))
    unapproved = [rule for rule in rules if not rule.approved_by or not rule.source]
    if unapproved:
        yield decision("RULES_UNAPPROVED", 3, n=len(unapproved), rules=", ".join(rule.name for rule in unapproved))
    review = [rule for rule in rules if rule.review_due]
    if review:
        yield decision("RULES_REVIEW", 3, n=len(review))
    if absent:
        yield decision("POLICY_ABSENT", 3, n=absent)
    if questions:
        yield decision("POLICY_QUESTIONS", 3, n=questions)
    if unpublished:
        yield note("POLICY_UNPUBLISHED", 3, n=unpublished)
    if notices:
        yield decision("NOTICES", 13, n=len(notices))


def _names(guards: Sequence[Guard]) -> str:
    return ", ".join(dict.fromkeys(guard.guard for guard in guards))
