"""Batches of a plan: planned -> started -> verified, and nothing else counts as done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from include.retention.errors import LedgerError
from include.retention.ledger.chain import Json, append, serialise
from include.retention.ledger.tables import batch


class BatchState(StrEnum):
    """How far a batch came."""

    PLANNED = "planned"
    STARTED = "started"
    VERIFIED = "verified"
    NOT_DONE = "not_done"


NEXT = {
    BatchState.PLANNED: {
        BatchState.STARTED,  # about to be sent to the source
    },
    BatchState.STARTED: {
        BatchState.STARTED,  # the process died; it is sent again, which is harmless, and measured
        BatchState.VERIFIED,  # measured in the source: nothing remains
        BatchState.NOT_DONE,  # measured in the source: something remains
    },
    BatchState.NOT_DONE: {
        BatchState.STARTED,  # another attempt
    },
    BatchState.VERIFIED: set(),  # final: what is gone stays gone
}
"""Every transition that is allowed. Above all: nothing is verified that wasn't started and measured."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of a plan.

    Attributes:
        run_id: the run.
        batch: its place in the plan's order, from 1.
        system: the system.
        table: the table.
        action: DELETE or ANONYMISE.
        rows: records in it, as planned.
        state: how far it came.
        attempts: how often it was started.
        done: records measured as carried out.
        drift: records skipped, for they changed since the plan.
        remaining: records still there.
    """

    run_id: str
    batch: int
    system: str
    table: str
    action: str
    rows: int
    state: BatchState = BatchState.PLANNED
    attempts: int = 0
    done: int | None = None
    drift: int | None = None
    remaining: int | None = None


def plan_batches(conn: sa.Connection, run_id: str, batches: Iterable[Batch], at: datetime) -> None:
    """Write the batches of a run's plan, in place of those of an earlier attempt to plan it.

    Raises:
        LedgerError: a batch of this run was started already: its plan can't change any more.
    """
    serialise(conn)
    if any(known.state is not BatchState.PLANNED for known in batches_of(conn, run_id)):
        message = f"run {run_id}: its plan is being carried out and can't be replaced. Start a new run."
        raise LedgerError(message)
    conn.execute(batch.delete().where(batch.c.run_id == run_id))
    rows = [
        {
            "run_id": run_id,
            "batch": each.batch,
            "system": each.system,
            "table_name": each.table,
            "action": each.action,
            "rows": each.rows,
            "state": BatchState.PLANNED.value,
            "attempts": 0,
            "planned_at": at,
        }
        for each in batches
    ]
    if rows:
        conn.execute(batch.insert(), rows)


def start_batch(conn: sa.Connection, run_id: str, number: int, at: datetime) -> Batch:
    """Note that a batch is about to be sent, and say so in the ledger (``batch_started``). Commit before sending it.

    Raises:
        LedgerError: there is no such batch, or it is verified already.
    """
    known = _move(conn, run_id, number, BatchState.STARTED)
    _write(conn, known, state=BatchState.STARTED.value, attempts=known.attempts + 1, started_at=at)
    append(conn, run_id, "batch_started", {**_told(known), "rows": known.rows}, at)
    return get_batch(conn, run_id, number)


def verify_batch(  # noqa: PLR0913 - each is a measured count, and named by the caller
    conn: sa.Connection,
    run_id: str,
    number: int,
    *,
    done: int,
    drift: int,
    remaining: int,
    at: datetime,
    files: Mapping[str, int] | None = None,
) -> Batch:
    """Note what was measured after a batch, and say so in the ledger (``batch_verified``).

    The batch is verified if nothing remains, otherwise it is not done.

    Args:
        conn: a connection of ``engine.begin()``.
        run_id: the run.
        number: the batch.
        done: records measured as deleted or anonymised.
        drift: records that changed since the plan and were left alone.
        remaining: records that should be gone and are not.
        at: when it was measured.
        files: counts of files ``deleted``, ``absent`` and ``refused``.

    Raises:
        LedgerError: the batch wasn't started, or the counts don't add up to its rows.
    """
    state = BatchState.NOT_DONE if remaining else BatchState.VERIFIED
    known = _move(conn, run_id, number, state)
    if min(done, drift, remaining) < 0 or done + drift + remaining != known.rows:
        message = (
            f"run {run_id}, batch {number} on {known.system}.{known.table}: {done} done + {drift} drift + "
            f"{remaining} remaining is not {known.rows} planned. A batch is accounted for to the last record."
        )
        raise LedgerError(message)
    _write(conn, known, state=state.value, done=done, drift=drift, remaining=remaining, verified_at=at)
    counts = {"done": done, "drift": drift, "remaining": remaining}
    kept = {"deleted": 0, "absent": 0, "refused": 0, **(files or {})}
    append(conn, run_id, "batch_verified", {**_told(known), **counts, "files": kept}, at)
    return get_batch(conn, run_id, number)


def batches_of(conn: sa.Connection, run_id: str, system: str | None = None) -> tuple[Batch, ...]:
    """Return the batches of a run in the plan's order, of one system or of all."""
    query = sa.select(batch).where(batch.c.run_id == run_id).order_by(batch.c.batch)
    if system is not None:
        query = query.where(batch.c.system == system)
    return tuple(_batch(row) for row in conn.execute(query))


def get_batch(conn: sa.Connection, run_id: str, number: int) -> Batch:
    """Return a batch.

    Raises:
        LedgerError: the run's plan has no such batch.
    """
    row = conn.execute(sa.select(batch).where(batch.c.run_id == run_id, batch.c.batch == number)).one_or_none()
    if row is None:
        message = f"run {run_id} has no batch {number} in its plan."
        raise LedgerError(message)
    return _batch(row)


def _move(conn: sa.Connection, run_id: str, number: int, to: BatchState) -> Batch:
    serialise(conn)
    known = get_batch(conn, run_id, number)
    if to not in NEXT[known.state]:
        message = f"run {run_id}, batch {number} on {known.system}.{known.table}: it is {known.state}, not to be {to}."
        raise LedgerError(message)
    return known


def _told(known: Batch) -> dict[str, Json]:
    """Return how the ledger names a batch."""
    return {"batch": known.batch, "system": known.system, "table": known.table, "action": known.action}


def _write(conn: sa.Connection, known: Batch, **values: Any) -> None:  # noqa: ANN401 - columns of several types
    conn.execute(batch.update().where(batch.c.run_id == known.run_id, batch.c.batch == known.batch).values(**values))


def _batch(row: sa.Row[tuple[object, ...]]) -> Batch:
    counts = (row.attempts, row.done, row.drift, row.remaining)
    return Batch(
        row.run_id, row.batch, row.system, row.table_name, row.action, row.rows, BatchState(row.state), *counts
    )
