"""The steps of a run, as the ledger shows them. A step without a trace is missing, whatever came after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.retention.data_map.model import DataMap
from include.retention.report.entries import Entry, latest, latest_by, of_kind
from include.retention.report.figures import SystemFigures
from include.retention.report.model import Approval, Step, StepState
from include.retention.report.verification import validated
from include.retention.terms import Mode


def find_steps(
    entries: Sequence[Entry],
    maps: Mapping[str, DataMap],
    systems: Sequence[SystemFigures],
    mode: Mode,
    approval: Approval | None,
) -> tuple[Step, ...]:
    """Return the run's steps in their order.

    Args:
        entries: of the run.
        maps: the systems that some steps are taken in one by one.
        systems: what is due where.
        mode: a dry run ends with its plan.
        approval: the answer to the plan; a rejected plan ends the run.
    """
    plan = latest(entries, "planned")
    due = sum(table.planned.due for system in systems for table in system.tables if table.planned)
    rejected = approval is not None and not approval.approved
    changes = mode is Mode.ENFORCE and not rejected
    acts = changes and (plan is None or due > 0)
    answered = _single("approve", latest(entries, "approved", "rejected"), needed=acts)
    if approval is not None and rejected:
        answered = Step("approve", StepState.STOPPED, approval.at)
    extracted = {str(key[0]): entry for key, entry in latest_by(entries, "extracted", "system").items()}
    return (
        _single("start", latest(entries, "run_started"), needed=True),
        _per_system("extract", extracted, maps, needed=True),
        _single("resolve", latest(entries, "resolved"), needed=True),
        _single("plan", plan, needed=True),
        answered,
        _single("confirm", latest(entries, "confirmed"), needed=acts),
        _act(entries, systems, needed=acts),
        _per_system("validate", validated(entries), maps, needed=changes),
    )


def _single(name: str, entry: Entry | None, *, needed: bool) -> Step:
    if entry is not None:
        return Step(name, StepState.DONE, entry.at)
    return Step(name, StepState.MISSING if needed else StepState.NOT_NEEDED, None)


def _per_system(name: str, entries: Mapping[str, Entry], maps: Mapping[str, DataMap], *, needed: bool) -> Step:
    found = {system: entry for system, entry in entries.items() if system in maps}
    if not found:
        return Step(name, StepState.MISSING if needed else StepState.NOT_NEEDED, None, 0, len(maps))
    state = StepState.DONE if len(found) == len(maps) else StepState.PARTLY
    return Step(name, state, max(entry.at for entry in found.values()), len(found), len(maps))


def _act(entries: Sequence[Entry], systems: Sequence[SystemFigures], *, needed: bool) -> Step:
    batches = of_kind(entries, "batch_started", "batch_verified")
    if not batches:
        return Step("act", StepState.MISSING if needed else StepState.NOT_NEEDED, None)
    tables = [table for system in systems for table in system.tables if table.planned and table.planned.due]
    whole = all(table.acted is not None and table.acted.not_done == 0 for table in tables)
    return Step("act", StepState.DONE if whole else StepState.PARTLY, batches[-1].at)
