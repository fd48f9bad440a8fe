"""Runs: begun, finished, crashed, begun again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from include.retention.errors import LedgerError
from include.retention.ledger.chain import append, serialise
from include.retention.ledger.tables import batch, run
from include.retention.terms import Mode, RunOutcome

AGAIN = "="
"""Stands between a run's name and the number of its attempt: no name holds it."""

SUCCESSES = (RunOutcome.DONE, RunOutcome.NOTHING_DUE)
"""Outcomes after which what a run measured is a baseline for the next."""

NEXT = {
    RunOutcome.RUNNING: {
        RunOutcome.DONE,  # everything due was destroyed and verified
        RunOutcome.NOTHING_DUE,  # the plan was empty
        RunOutcome.DRY_RUN_DONE,  # the plan was shown, nothing was changed
        RunOutcome.REFUSED,  # a guard stopped it, whatever anybody answers
        RunOutcome.REJECTED,  # a human said no
        RunOutcome.FAILED,  # something is not done
    },
    RunOutcome.FAILED: {RunOutcome.RUNNING},  # an operator cleared a failed task: the same plan goes on
    RunOutcome.REJECTED: {RunOutcome.RUNNING},  # the approval task was cleared: the same plan is asked about again
    RunOutcome.REFUSED: {RunOutcome.RUNNING},  # what stopped the guard was put right, and its task cleared
    RunOutcome.DONE: {RunOutcome.RUNNING},  # a task was cleared for no need: it finds every batch verified
    RunOutcome.NOTHING_DUE: {RunOutcome.RUNNING},  # as above
    RunOutcome.DRY_RUN_DONE: {RunOutcome.RUNNING},  # as above
}
"""Every transition that is allowed. Each but the first comes from ``resume_run``."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run.

    Attributes:
        run_id: Gallring's name for it.
        dag_run_id: Airflow's name for it.
        run_type: Airflow's ``scheduled``, ``manual`` or ``backfill``.
        as_of: the local day it decides for.
        time_zone: IANA name of the zone that ``as_of`` is local to.
        mode: whether it may change anything.
        started_at: UTC.
        schedule_version: the version that the retention schedule gives itself.
        schedule_digest: SHA-256 of the schedule.
        map_digests: SHA-256 of each system's data map.
        code_digest: SHA-256 of the package.
        key_id: the key its references are made with.
        finished_at: UTC, or None while it runs or after a crash.
        outcome: how it ended.
        plan_digest: digest of its sealed plan, or None before that.
    """

    run_id: str
    dag_run_id: str
    run_type: str
    as_of: date
    time_zone: str
    mode: Mode
    started_at: datetime
    schedule_version: str
    schedule_digest: str
    map_digests: Mapping[str, str]
    code_digest: str
    key_id: str
    finished_at: datetime | None = None
    outcome: RunOutcome = RunOutcome.RUNNING
    plan_digest: str | None = None


def run_id_for(conn: sa.Connection, name: str) -> str:
    """Return the id for the run that an Airflow run begins: its name, and a number if it begins once more.

    A retry of the task that begins a run goes on with that run. Once a run has ended, or has started to destroy,
    clearing the whole Airflow run (or a backfill that reprocesses it) makes a new run: the evidence of both attempts
    stays apart.
    """
    serialise(conn)
    known = _attempts(conn, name)
    if known and known[-1].outcome is RunOutcome.RUNNING and not _is_acting(conn, known[-1].run_id):
        return known[-1].run_id
    return f"{name}{AGAIN}{len(known) + 1}" if known else name


def latest_attempt(conn: sa.Connection, name: str) -> str:
    """Return the id of the latest run that began under a name, or the name itself where none has."""
    known = _attempts(conn, name)
    return known[-1].run_id if known else name


def _attempts(conn: sa.Connection, name: str) -> list[RunRow]:
    mine = (run.c.run_id == name) | run.c.run_id.startswith(f"{name}{AGAIN}", autoescape=True)
    return [_row(row) for row in conn.execute(sa.select(run).where(mine).order_by(run.c.number))]


def create_run(conn: sa.Connection, row: RunRow) -> RunRow:
    """Begin a run, and say so in the ledger (``run_started``). A retry finds it begun, and doubles no evidence.

    If policy, map, code or key changed between the attempts, the run goes by the present ones and says so again.

    Raises:
        LedgerError: a run of this id is for another day or mode, has ended, or destroys already.
    """
    serialise(conn)
    before = find_run(conn, row.run_id)
    if before is None:
        conn.execute(run.insert().values(**_values(row)))
    elif (before.as_of, before.mode) != (row.as_of, row.mode):
        message = f"run {row.run_id} exists already for {before.as_of} in mode {before.mode}: give this one another id."
        raise LedgerError(message)
    elif before.outcome is not RunOutcome.RUNNING or _is_acting(conn, row.run_id):
        message = f"run {row.run_id} has ended or destroys already: begin a new one (``run_id_for`` names it)."
        raise LedgerError(message)
    elif _same_rules(before, row):
        return before
    else:
        conn.execute(run.update().where(run.c.run_id == row.run_id).values(**_values(row)))
    append(conn, row.run_id, "run_started", _started(row), row.started_at)
    return row


def resume_run(conn: sa.Connection, run_id: str, at: datetime) -> RunRow:
    """Let a run that has ended go on with the same plan, and say so in the ledger (``run_resumed``).

    This is what clearing single tasks in Airflow comes to. A run that hasn't ended is left as it is.

    Raises:
        LedgerError: there is no such run.
    """
    serialise(conn)
    before = get_run(conn, run_id)
    if before.outcome is RunOutcome.RUNNING:
        return before
    again = {"outcome": RunOutcome.RUNNING.value, "finished_at": None}
    conn.execute(run.update().where(run.c.run_id == run_id).values(**again))
    append(conn, run_id, "run_resumed", {"outcome_before": before.outcome.value}, at)
    return get_run(conn, run_id)


def seal_plan(conn: sa.Connection, run_id: str, digest: str) -> None:
    """Note the digest of the run's plan; approvals bind to it.

    Raises:
        LedgerError: the run doesn't exist or has ended.
    """
    _running(conn, run_id)
    conn.execute(run.update().where(run.c.run_id == run_id).values(plan_digest=digest))


def finish_run(conn: sa.Connection, run_id: str, outcome: RunOutcome, at: datetime) -> RunRow:
    """End a run, and say so in the ledger (``run_finished``). A retry with the same outcome changes nothing.

    Raises:
        LedgerError: the run doesn't exist, or has ended otherwise.
    """
    serialise(conn)
    before = get_run(conn, run_id)
    if before.outcome is outcome and outcome is not RunOutcome.RUNNING:
        return before
    if before.outcome is not RunOutcome.RUNNING or outcome not in NEXT[before.outcome]:
        message = f"run {run_id} is {before.outcome}: it can't become {outcome}."
        raise LedgerError(message)
    seconds = round((at - before.started_at).total_seconds(), 3)
    conn.execute(run.update().where(run.c.run_id == run_id).values(outcome=outcome.value, finished_at=at))
    append(conn, run_id, "run_finished", {"outcome": outcome.value, "seconds": seconds}, at)
    return get_run(conn, run_id)


def find_run(conn: sa.Connection, run_id: str) -> RunRow | None:
    """Return a run, or None."""
    row = conn.execute(sa.select(run).where(run.c.run_id == run_id)).one_or_none()
    return None if row is None else _row(row)


def get_run(conn: sa.Connection, run_id: str) -> RunRow:
    """Return a run.

    Raises:
        LedgerError: there is none of this id.
    """
    row = find_run(conn, run_id)
    if row is None:
        message = f"run {run_id} isn't in the control database: it was never begun, or the database is another one."
        raise LedgerError(message)
    return row


def latest_runs(conn: sa.Connection, limit: int = 1, *, mode: Mode | None = None) -> tuple[RunRow, ...]:
    """Return the runs that were begun last, newest first."""
    query = sa.select(run).order_by(run.c.number.desc()).limit(limit)
    if mode is not None:
        query = query.where(run.c.mode == mode.value)
    return tuple(_row(row) for row in conn.execute(query))


def previous_run(conn: sa.Connection, run_id: str, outcomes: Sequence[RunOutcome] = SUCCESSES) -> RunRow | None:
    """Return the last run before this one that was meant to destroy and ended so: the baseline to compare with.

    Args:
        conn: the control database.
        run_id: this run.
        outcomes: endings that count. A run with nothing due has succeeded without anybody's looking at its rules, so
            who asks what was approved asks for ``DONE`` alone.

    Returns:
        The run; None means that this would be the first one.
    """
    query = (
        sa.select(run)
        .where(run.c.mode == Mode.ENFORCE.value, run.c.outcome.in_([end.value for end in outcomes]))
        .where(run.c.run_id != run_id)
        .order_by(run.c.finished_at.desc())
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else _row(row)


def unfinished_runs(conn: sa.Connection, except_run: str | None = None) -> tuple[RunRow, ...]:
    """Return runs that began and never ended, oldest first: they are running now, or they crashed."""
    query = sa.select(run).where(run.c.outcome == RunOutcome.RUNNING.value).order_by(run.c.number)
    return tuple(_row(row) for row in conn.execute(query) if row.run_id != except_run)


def acting_runs(conn: sa.Connection, except_run: str) -> tuple[RunRow, ...]:
    """Return the runs besides one that have begun to change data and haven't ended, oldest first."""
    return tuple(row for row in unfinished_runs(conn, except_run) if _is_acting(conn, row.run_id))


def _running(conn: sa.Connection, run_id: str) -> None:
    if get_run(conn, run_id).outcome is not RunOutcome.RUNNING:
        message = f"run {run_id} has ended; begin it again before changing it."
        raise LedgerError(message)


def _is_acting(conn: sa.Connection, run_id: str) -> bool:
    query = sa.select(sa.func.count()).where(batch.c.run_id == run_id, batch.c.attempts > 0)
    return bool(conn.scalar(query))


def _same_rules(before: RunRow, row: RunRow) -> bool:
    names = ("schedule_digest", "map_digests", "code_digest", "key_id")
    return all(getattr(before, name) == getattr(row, name) for name in names)


def _started(row: RunRow) -> dict[str, str | dict[str, str]]:
    return {
        "as_of": row.as_of.isoformat(),
        "mode": row.mode.value,
        "dag_run_id": row.dag_run_id,
        "run_type": row.run_type,
        "schedule_version": row.schedule_version,
        "schedule_digest": row.schedule_digest,
        "map_digests": dict(row.map_digests),
        "code_digest": row.code_digest,
        "time_zone": row.time_zone,
        "key_id": row.key_id,
    }


def _values(row: RunRow) -> dict[str, object]:
    return {
        "run_id": row.run_id,
        "dag_run_id": row.dag_run_id,
        "run_type": row.run_type,
        "as_of": row.as_of,
        "time_zone": row.time_zone,
        "mode": row.mode.value,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "outcome": row.outcome.value,
        "schedule_version": row.schedule_version,
        "schedule_digest": row.schedule_digest,
        "map_digests": json.dumps(dict(row.map_digests), sort_keys=True),
        "code_digest": row.code_digest,
        "key_id": row.key_id,
        "plan_digest": row.plan_digest,
    }


def _row(row: sa.Row[tuple[object, ...]]) -> RunRow:
    fields = {name: value for name, value in row._mapping.items() if name != "number"}  # noqa: SLF001 - SQLAlchemy's public name
    fields["map_digests"] = json.loads(row.map_digests)
    fields["mode"] = Mode(row.mode)
    fields["outcome"] = RunOutcome(row.outcome)
    return RunRow(**fields)
