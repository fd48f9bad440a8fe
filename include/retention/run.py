"""A run and its surroundings, opened anew by every step: steps share nothing but what they wrote."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from include.retention import clock
from include.retention.classify import Moment
from include.retention.errors import ConfigurationError, GuardError, Problem
from include.retention.identifiers import Normaliser
from include.retention.keys import KeyRing, load_ring
from include.retention.ledger.chain import append
from include.retention.ledger.recognise import watching
from include.retention.ledger.runs import RunRow, latest_attempt, resume_run
from include.retention.ledger.store import open_control
from include.retention.policy.load import Policy, load_policy
from include.retention.policy.model import Schedule
from include.retention.settings import Settings, load_settings
from include.retention.staging import Staging, open_staging
from include.retention.terms import Mode


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is asked for.

    Attributes:
        run_id: safe as a file name.
        dag_run_id: Airflow's name for the run.
        run_type: ``scheduled``, ``manual`` or ``backfill``.
        mode: whether anything may be changed.
        as_of: the local day to decide for.
    """

    run_id: str
    dag_run_id: str
    run_type: str
    mode: Mode
    as_of: date


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way.

    Attributes:
        now: the instant at which this step began, UTC.
    """

    row: RunRow
    settings: Settings
    policy: Policy
    ring: KeyRing
    control: sa.Engine
    staging: Staging
    now: datetime

    @property
    def run_id(self) -> str:
        """Return the run's id."""
        return self.row.run_id

    @property
    def today(self) -> date:
        """Return the local day of this step."""
        return local_day(self.now, self.policy.schedule.time_zone)

    @property
    def moment(self) -> Moment:
        """Return what is decided for, and when."""
        return Moment(as_of=self.row.as_of, today=self.today)

    @property
    def normaliser(self) -> Normaliser:
        """Return how identifiers are normalised today."""
        return normaliser_for(self.policy.schedule, self.today)


def normaliser_for(schedule: Schedule, today: date) -> Normaliser:
    """Return how identifiers are normalised on a local day, by what the schedule says of those that are nobody's."""
    return Normaliser(today, schedule.placeholder_identity_numbers, schedule.generic_mailboxes)


def local_day(instant: datetime, zone: str) -> date:
    """Return the civil day of an instant in a zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


@contextmanager
def opened(run_id: str) -> Iterator[Run]:
    """Open a run that has begun, under its name the latest attempt. One that had ended goes on.

    A guard that refuses is written into the ledger before the error goes on, so that the report can tell of it.

    Raises:
        LedgerError: no such run has begun.
        ConfigurationError: the policy or the key isn't the one that the run began with, or can't be used.
    """
    settings = load_settings(os.environ)
    control = open_control(settings.control_url)
    try:
        with control.begin() as connection:
            row = resume_run(connection, latest_attempt(connection, run_id), clock.now())
            ring = watching(load_ring(os.environ), connection)
        policy = load_policy(settings.policy)
        _require_same_policy(row, policy)
        _require_same_key(row, ring)
        run = Run(
            row=row,
            settings=settings,
            policy=policy,
            ring=ring,
            control=control,
            staging=open_staging(settings.staging, row.run_id),
            now=clock.now(),
        )
        with recorded(control, row.run_id):
            yield run
    finally:
        control.dispose()


@contextmanager
def recorded(control: sa.Engine, run_id: str) -> Iterator[None]:
    """Write a refusal into the ledger before its error goes on."""
    try:
        yield
    except (GuardError, ConfigurationError) as error:
        text = str(error) if isinstance(error, GuardError) else f"{len(error.problems)} problems in the configuration"
        body = {"guard": type(error).__name__, "text": text[:2000]}
        with control.begin() as connection:
            append(connection, run_id, "refused", body, clock.now())
        raise


def code_digest(root: Path) -> str:
    """Return SHA-256 over the package's Python files, by name, lower-case hex."""
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def _require_same_policy(row: RunRow, policy: Policy) -> None:
    if (row.schedule_digest, dict(row.map_digests)) == (policy.schedule.digest, policy.map_digests):
        return
    problem = Problem(
        file="include/policy",
        key="(the whole)",
        what="has changed since the run began: its plan would be made by two policies.",
        remedy="Clear the task `begin` so that the run starts again under the present policy.",
        code="POLICY_CHANGED",
    )
    raise ConfigurationError([problem])


def _require_same_key(row: RunRow, ring: KeyRing) -> None:
    if row.key_id == ring.current.key_id:
        return
    problem = Problem(
        file="environment",
        key="GALLRING_KEY",
        what=f"is {ring.current.key_id} here, and the run began with {row.key_id}: the same people would seem others.",
        remedy="Give every machine the same key and clear this task. If it was replaced meanwhile, clear `begin`.",
        code="KEY_CHANGED",
    )
    raise ConfigurationError([problem])
