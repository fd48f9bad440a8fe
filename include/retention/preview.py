"""What a run would decide, without a run: for the command line. Nothing is approved, sealed or changed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from include.retention import clock
from include.retention.deciding import classify_phase, resolve_phase
from include.retention.errors import Problem
from include.retention.keys import load_ring
from include.retention.ledger.recognise import watching
from include.retention.ledger.rekey import require_known_keys
from include.retention.ledger.runs import RunRow
from include.retention.ledger.store import make_control, missing_control, open_control, reading
from include.retention.live_schema import write_live
from include.retention.policy.load import Policy, load_policy
from include.retention.reading import extract_system
from include.retention.remembered import note_recognised, waiting_of
from include.retention.run import Run, local_day
from include.retention.settings import load_settings
from include.retention.staging import Staging
from include.retention.terms import Mode

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Preview:
    """Decisions for one day, in a staging of their own that is gone afterwards.

    Attributes:
        problems: what closes tables.
        notices: what the decisions don't know of: there is no control database yet.
    """

    run: Run
    staging: Staging
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]


@contextmanager
def previewed(as_of: date | None, step: Step, *, whole: bool = False) -> Iterator[Preview]:
    """Extract and decide everything for a day; the frames are removed at the end.

    Where there is no control database yet, an empty one beside the frames stands in for it, and goes with them.

    Args:
        as_of: the local day, None for today. It may lie ahead.
        step: told the name of each step before it begins.
        whole: read every record, also those in which nothing could be due.

    Raises:
        ConfigurationError: the policy, the key or a map can't be used.
    """
    settings, policy = load_settings(os.environ), load_policy(load_settings(os.environ).policy)
    now = clock.now()
    ring = load_ring(os.environ)
    missing = missing_control(settings.control_url)
    with _directory(settings.previews) as directory:
        control = (
            make_control(f"sqlite:///{directory / 'control.db'}") if missing else open_control(settings.control_url)
        )
        try:
            with reading(control) as connection:
                ring = watching(ring, connection)
                require_known_keys(connection, ring)
            row = _row(policy, as_of or local_day(now, policy.schedule.time_zone), now, ring.current.key_id)
            staging = Staging(directory)
            run = Run(row, settings, policy, ring, control, staging, now)
            problems: list[Problem] = []
            for system in policy.maps:
                step(f"read {system}")
                found = extract_system(run, system, staging, whole=whole)
                problems += [problem for problem in found.problems if problem.table is not None]
                write_live(staging, system, found)
                note_recognised(run, staging, system)
            step("link people and events")
            resolve_phase(run, staging, waiting_of(run, staging))
            step("decide")
            classify_phase(run, staging, 0, 1)
            yield Preview(run, staging, tuple(problems), () if missing is None else (_unknowing(missing),))
        finally:
            control.dispose()


@contextmanager
def _directory(previews: Path) -> Iterator[Path]:
    """Give a directory of this preview's own; nothing is left of it, nor of what it lies in, if that is new."""
    new = [each for each in (previews, *previews.parents) if not each.exists()]
    previews.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with tempfile.TemporaryDirectory(prefix="preview-", dir=previews) as directory:
            yield Path(directory)
    finally:
        for each in new:
            with suppress(OSError):  # A run that has begun meanwhile works there.
                each.rmdir()


def _row(policy: Policy, as_of: date, now: datetime, key_id: str) -> RunRow:
    return RunRow(
        run_id="preview",
        dag_run_id="",
        run_type="preview",
        as_of=as_of,
        time_zone=policy.schedule.time_zone,
        mode=Mode.DRY_RUN,
        started_at=now,
        schedule_version=policy.schedule.version,
        schedule_digest=policy.schedule.digest,
        map_digests=policy.map_digests,
        code_digest="",
        key_id=key_id,
    )


def _unknowing(missing: Problem) -> Problem:
    """Return the notice that nothing of what a control database keeps is known here."""
    return replace(missing, what=f"{missing.what} No legal hold, objection or earlier run is known here.")
