"""The seal on a plan: its digest covers every item, and what is carried out is held against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from include.retention.errors import ApprovalError
from include.retention.guards import (
    Finding,
    Level,
)
from include.retention.keys import RECORD, record_texts
from include.retention.plan import (
    Inputs,
    digest_of,
)
from include.retention.run import Run
from include.retention.staging import CONFIRM, PLAN

FIRST_RUN = "FIRST_RUN"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A plan that can be approved: its digest, and what its guards found."""

    digest: str
    guards: tuple[Finding, ...]


def sealed_plan(run: Run) -> Sealed:
    """Return the plan that was sealed, from staging."""
    content = run.staging.phase(PLAN).read_json("sealed")
    found = (Finding(**{**body, "level": Level(body["level"])}) for body in content["guards"])
    return Sealed(content["digest"], tuple(found))


def asked(guards: Sequence[Finding]) -> list[Finding]:
    """Return the findings that ask for an approval."""
    return [finding for finding in guards if finding.level is Level.APPROVE]


def needs_human(run: Run, guards: Sequence[Finding]) -> bool:
    """Say whether only a human can approve: configuration may answer the guard "first run" and no other."""
    return any(finding.guard != FIRST_RUN or not run.settings.first_run_approved for finding in asked(guards))


def require_sealed(run: Run) -> pd.DataFrame:
    """Return the plan's items.

    Raises:
        ApprovalError: they aren't the ones the sealed digest covers.
    """
    return _sealed_items(run, PLAN)


def require_confirmed(run: Run) -> pd.DataFrame:
    """Return the plan's items with what was confirmed of them: the sealed plan's, and no others.

    Raises:
        ApprovalError: they aren't the ones the sealed digest covers.
    """
    return _sealed_items(run, CONFIRM)


def _sealed_items(run: Run, phase: str) -> pd.DataFrame:
    items = run.staging.phase(phase).read("items")
    # The digest covers the references; a key that isn't its reference's would destroy another record.
    same = all(
        run.ring.current.mac_many(RECORD, record_texts(str(system), str(table), _texts(rows["key"])))
        == _texts(rows["record_ref"])
        for (system, table), rows in items.groupby(["system", "table"], sort=False)
    )
    if not same or run.row.plan_digest is None or digest_now(run, items) != run.row.plan_digest:
        message = f"run {run.run_id}: the plan in staging isn't the one that was sealed. Clear the task `plan`."
        raise ApprovalError(message)
    return items


def _texts(column: pd.Series) -> list[str]:
    found: list[str] = column.to_numpy(dtype=object).tolist()  # One by one, Arrow's texts take ten times as long.
    return found


def digest_now(run: Run, items: pd.DataFrame) -> str:
    """Return the digest of a plan's items under this run's policy, maps and day."""
    return digest_of(items, _inputs(run), run.ring.current)


def _inputs(run: Run) -> Inputs:
    return Inputs(run.row.as_of, run.row.mode, run.row.schedule_digest, run.row.map_digests)
