"""Which day a run decides for, and what it is called: pure, so that every kind of run can be tested without one."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from include.retention.errors import GuardError

PARAMETERS = frozenset({"dry_run", "as_of"})
"""What a run's configuration may hold."""
RUNS_WITH_INTERVAL = frozenset({"scheduled", "backfill"})
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME = 100
_SAFE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{_LONGEST_NAME - 1}}}")
_TAKEN = frozenset({"latest"})
"""Names that the reports' directory uses itself."""


def decision_day(  # noqa: PLR0913  (each is a fact about the run, named at the call)
    *,
    run_type: str,
    interval_end: datetime | None,
    requested: date | None,
    now: datetime,
    zone: ZoneInfo,
    dry_run: bool,
) -> date:
    """Return ``as_of``: the local day for which a run decides what is due.

    A scheduled or a backfilled run decides for the day on which its data interval ends, but never for a day that
    hasn't come. Any other run decides for today, or for the day it was asked for.

    Args:
        run_type: Airflow's ``dag_run.run_type``.
        interval_end: end of the data interval; manual runs have none.
        requested: the run's ``as_of`` parameter.
        now: the present instant.
        zone: zone whose civil days count.
        dry_run: whether the run changes nothing.

    Raises:
        GuardError: the day asked for is in the future and the run isn't a dry run, or a day was asked of a run that
            has its own.
    """
    today = now.astimezone(zone).date()
    if run_type in RUNS_WITH_INTERVAL and interval_end is not None:
        if requested is not None:
            raise GuardError(
                f"A {run_type} run decides for the day on which its data interval ends; it takes no as_of. "
                "Leave as_of out, or trigger a manual run."
            )
        return min(interval_end.astimezone(zone).date(), today)
    if requested is not None and requested > today and not dry_run:
        raise GuardError(
            f"as_of {requested} is in the future: only a dry run may look ahead. "
            "Set dry_run, or choose today or an earlier day."
        )
    return requested or today


def require_known(conf: Mapping[str, object]) -> None:
    """Refuse a run whose configuration has a key that means nothing: what was meant might have been a dry run.

    Raises:
        GuardError: names the keys, never a value.
    """
    unknown = sorted(set(conf) - PARAMETERS)
    if unknown:
        near = difflib.get_close_matches(unknown[0].casefold(), sorted(PARAMETERS), n=1, cutoff=0.5)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise GuardError(
            f"The run's configuration has {', '.join(unknown)}, which means nothing here: nothing is done.{meant} "
            f"Trigger it again with {' and '.join(sorted(PARAMETERS))} alone."
        )


def file_safe(run_id: str) -> str:
    """Return Airflow's run id as a name that is safe in a path and still nobody else's.

    Airflow lets people choose run ids, so characters that mean something in a path are replaced, and a digest keeps
    two ids apart that then look alike.
    """
    if _SAFE.fullmatch(run_id) and run_id not in _TAKEN:
        return run_id
    name = _UNSAFE.sub("-", run_id).strip("-_")[:_LONGEST_NAME] or "run"
    return f"{name}-{hashlib.sha256(run_id.encode()).hexdigest()[:8]}"
