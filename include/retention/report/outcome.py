"""How a run ended, judged from what the ledger shows: never from what a step meant to do.

``judge`` is what the report prints and what the run's last step should go by: one rule for both.
"""

from __future__ import annotations

from collections.abc import Sequence

from include.retention.report.entries import Entry, of_kind
from include.retention.report.model import Finding, Severity
from include.retention.terms import Mode, RunOutcome

GOOD = frozenset({RunOutcome.DONE, RunOutcome.NOTHING_DUE, RunOutcome.DRY_RUN_DONE})


def judge(
    entries: Sequence[Entry],
    findings: Sequence[Finding],
    mode: Mode,
    due: int | None,
    stated: RunOutcome | None = None,
) -> RunOutcome:
    """Return the outcome.

    Args:
        entries: of the run; a run that began to change data is never merely rejected or refused.
        findings: what was found; a failure makes a good outcome impossible.
        mode: a dry run has an outcome of its own.
        due: rows due in the plan, or None where there is no plan.
        stated: what the run itself says, where it has said it. It is believed when it is bad news; good news is
            believed only where no finding contradicts it.
    """
    begun = bool(of_kind(entries, "batch_started"))
    codes = {finding.code for finding in findings if finding.severity is Severity.FAILURE}
    if stated is not None and stated not in GOOD:
        return stated
    if "REJECTED" in codes and not begun:
        return RunOutcome.REJECTED
    if codes & {"GUARD_REFUSED", "CONFIGURATION_REFUSED"} and not begun:
        return RunOutcome.REFUSED
    if codes or due is None:
        return RunOutcome.FAILED
    if mode is Mode.DRY_RUN:
        return RunOutcome.DRY_RUN_DONE
    return RunOutcome.NOTHING_DUE if due == 0 else RunOutcome.DONE


def deciding(outcome: RunOutcome, findings: Sequence[Finding]) -> bool:
    """Return whether a good outcome leaves a human something to decide: then the page isn't plain green."""
    return outcome in GOOD and any(finding.severity is Severity.DECISION for finding in findings)
