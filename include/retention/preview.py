"""What a run would decide, without a run: for the command line. Nothing is approved, sealed or changed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from include.retention import clock
from include.retention.deciding import classify_phase, resolve_phase
from include.retention.errors import Problem
from include.retention.keys import load_ring
from include.retention.ledger.recognise import watching
from include.retention.ledger.rekey import require_known_keys
from include.retention.ledger.runs import RunRow
from include.retention.ledger.store import open_control, reading
from include.retention.live_schema import write_live
from include.retention.policy.load import load_policy
from include.retention.reading import extract_system
from include.retention.remembered import note_recognised, waiting_of
from include.retention.run import Run, local_day
from include.retention.settings import load_settings
from include.retention.staging import Staging
from include.retention.terms import Mode

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Preview:
    """Decisions for one day, in a staging of their own that is gone afterwards."""

    run: Run
    staging: Staging
    problems: tuple[Problem, ...]


@contextmanager
def previewed(as_of: date | None, step: Step) -> Iterator[Preview]:
    """Extract and decide everything for a day; the frames are removed at the end.

    Args:
        as_of: the local day, None for today. It may lie ahead.
        step: told the name of each step before it begins.

    Raises:
        ConfigurationError: the policy, the key or a map can't be used.
    """
    settings, policy = load_settings(os.environ), load_policy(load_settings(os.environ).policy)
    now = clock.now()
    plain = load_ring(os.environ)
    control = open_control(settings.control_url)
    with reading(control) as connection:
        ring = watching(plain, connection)
        require_known_keys(connection, ring)
    row = RunRow(
        run_id="preview",
        dag_run_id="",
        run_type="preview",
        as_of=as_of or local_day(now, policy.schedule.time_zone),
        time_zone=policy.schedule.time_zone,
        mode=Mode.DRY_RUN,
        started_at=now,
        schedule_version=policy.schedule.version,
        schedule_digest=policy.schedule.digest,
        map_digests={name: data_map.digest for name, data_map in policy.maps.items()},
        code_digest="",
        key_id=ring.current.key_id,
    )
    settings.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with tempfile.TemporaryDirectory(prefix="preview-", dir=settings.staging) as directory:
            staging = Staging(Path(directory))
            run = Run(row, settings, policy, ring, control, staging, now)
            problems: list[Problem] = []
            for system in policy.maps:
                step(f"read {system}")
                found = extract_system(run, system, staging)
                problems += [problem for problem in found.problems if problem.table is not None]
                write_live(staging, system, found)
                note_recognised(run, staging, system)
            step("link people and events")
            resolve_phase(run, staging, waiting_of(run, staging))
            step("decide")
            classify_phase(run, staging, 0, 1)
            yield Preview(run, staging, tuple(problems))
    finally:
        control.dispose()
