"""Part 8: what the checks after the act said, and what became of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.retention.report.entries import Body, Entry, in_both, latest_by
from include.retention.report.figures import SystemFigures
from include.retention.report.model import Step, StepState
from include.retention.report.parts import Check, Validation

_WORST_FIRST = ("error", "fail", "warn", "pass")


def collect_validation(entries: Sequence[Entry], systems: Sequence[SystemFigures], steps: Sequence[Step]) -> Validation:
    """Return all checks, the worst first within each system.

    A system without checks is named as missing where the run's steps say that it should have been validated. Checks
    made before the act last changed something there are old news and count as missing too.
    """
    expected = any(step.name == "validate" and step.state is not StepState.NOT_NEEDED for step in steps)
    found = validated(entries)
    order = [each.system for each in systems]
    checks = [_check(system, each) for system in order if system in found for each in found[system].body["checks"]]
    checks.sort(key=lambda check: (order.index(check.system), _WORST_FIRST.index(check.outcome)))
    outcomes = [check.outcome for check in checks]
    return Validation(
        checks=tuple(checks),
        missing=tuple(system for system in order if expected and system not in found),
        passed=outcomes.count("pass"),
        failed=outcomes.count("fail"),
        warnings=outcomes.count("warn"),
        errors=outcomes.count("error"),
        files=_files(systems),
    )


def validated(entries: Sequence[Entry]) -> Mapping[str, Entry]:
    """Return each system's newest validation, where nothing was changed in the system after it."""
    acted = {key[0]: entry.seq for key, entry in latest_by(entries, "batch_verified", "system").items()}
    acted |= {
        key[0]: max(entry.seq, acted.get(key[0], 0))
        for key, entry in latest_by(entries, "batch_started", "system").items()
    }
    newest = {str(key[0]): entry for key, entry in latest_by(entries, "validated", "system").items()}
    return {system: entry for system, entry in newest.items() if entry.seq > acted.get(system, 0)}


def _check(system: str, body: Body) -> Check:
    return Check(
        system=system,
        table=str(body.get("table") or ""),
        check=str(body["check"]),
        title=in_both(body.get("title") or body["check"]),
        severity=str(body.get("severity") or ""),
        outcome=_outcome(body),
        examined=_count(body.get("examined")),
        unexpected=_count(body.get("unexpected")),
        limit="" if body.get("limit") is None else str(body["limit"]),
    )


def _outcome(body: Body) -> str:
    """Return pass, fail, warn or error. A failed check that tolerates it warns; an unknown outcome is an error."""
    outcome = str(body["outcome"])
    if outcome == "pass":
        return outcome
    if body.get("severity") == "warning":
        return "warn"
    return outcome if outcome == "fail" else "error"


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
