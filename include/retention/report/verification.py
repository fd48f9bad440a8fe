"""Part 8: what the checks after the act said, and what became of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.retention.report.entries import Body, Entry, in_both, latest_by
from include.retention.report.figures import SystemFigures
from include.retention.report.model import Check, Step, StepState, Validation

_WORST_FIRST = {"error": 0, "fail": 1, "pass": 2}


def collect_validation(
    entries: Sequence[Entry], systems: Sequence[SystemFigures], steps: Sequence[Step]
) -> Validation:
    """Return all checks, the worst first within each system.

    A system without checks is named as missing where the run's steps say that it should have been validated.
    """
    expected = any(step.name == "validate" and step.state is not StepState.NOT_NEEDED for step in steps)
    found = {str(key[0]): entry.body for key, entry in latest_by(entries, "validated", "system").items()}
    checks = [_check(system, each) for system, body in found.items() for each in body["checks"]]
    outcomes = [check.outcome for check in checks]
    order = {each.system: place for place, each in enumerate(systems)}
    checks.sort(key=lambda check: (order.get(check.system, len(order)), _WORST_FIRST.get(check.outcome, 0)))
    return Validation(
        checks=tuple(checks),
        missing=tuple(each.system for each in systems if expected and each.system not in found),
        passed=outcomes.count("pass"),
        failed=outcomes.count("fail"),
        errors=len(outcomes) - outcomes.count("pass") - outcomes.count("fail"),
        files=_files(systems),
    )


def _check(system: str, body: Body) -> Check:
    return Check(
        system=system,
        table=str(body.get("table") or ""),
        check=str(body["check"]),
        title=in_both(body.get("title") or body["check"]),
        severity=str(body.get("severity") or ""),
        outcome=str(body["outcome"]),
        examined=_count(body.get("examined")),
        unexpected=_count(body.get("unexpected")),
        limit="" if body.get("limit") is None else str(body["limit"]),
    )


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) else None


def _files(systems: Sequence[SystemFigures]) -> Mapping[str, int] | None:
    acted = [table.acted for system in systems for table in system.tables if table.acted]
    if not acted:
        return None
    return {
        "deleted": sum(each.files_deleted for each in acted),
        "absent": sum(each.files_absent for each in acted),
        "refused": sum(each.files_refused for each in acted),
    }
