"""The records of a plan, and what became of each.

A record is known by a keyed reference. The items serve three things: carrying on after a crash with what was promised
but not verified, recognising records that a restored backup brought back (case H07), and counting.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import pandas as pd
import sqlalchemy as sa

from include.retention.dates import NO_DAY
from include.retention.errors import LedgerError
from include.retention.ledger import frames
from include.retention.ledger.approvals import approval_for
from include.retention.ledger.chain import serialise
from include.retention.ledger.tables import plan_item, run
from include.retention.terms import Mode, RunOutcome


class ItemState(StrEnum):
    """What became of a planned record."""

    PLANNED = "planned"
    DONE = "done"
    DRIFT = "drift"
    NOT_DONE = "not_done"


NEXT = {
    ItemState.PLANNED: {
        ItemState.DONE,  # measured in the source: it is gone, or its columns are erased
        ItemState.DRIFT,  # it changed since the plan (a hold, a new event), so it was left alone
        ItemState.NOT_DONE,  # the source or a file refused
    },
    ItemState.NOT_DONE: {
        ItemState.NOT_DONE,  # refused again
        ItemState.DONE,  # a later attempt succeeded
        ItemState.DRIFT,  # there is a reason to keep it now
    },
    ItemState.DONE: {ItemState.DONE},  # final; a retry may say it again
    ItemState.DRIFT: {ItemState.DRIFT},  # final in this run; the next plan decides afresh
}
"""Every transition that is allowed."""

_PLANNED = (
    "record_ref", "system", "table", "action", "groups", "reason", "purpose", "through", "fingerprint", "batch",
)  # fmt: skip
_ITEMS = {
    "run_id": frames.TEXT,
    "record_ref": frames.TEXT,
    "system": frames.TEXT,
    "table": frames.TEXT,
    "action": frames.TEXT,
    "groups": frames.OBJECT,
    "reason": frames.TEXT,
    "purpose": frames.TEXT,
    "retain_through": frames.DAY,
    "fingerprint": frames.TEXT,
    "batch": "Int64",
    "state": frames.TEXT,
    "changed_at": frames.INSTANT,
    "key_id": frames.TEXT,
}


def plan_items(conn: sa.Connection, run_id: str, planned: pd.DataFrame, at: datetime) -> None:
    """Write the records of a run's plan, in place of those of an earlier attempt to plan it.

    Args:
        conn: a connection of ``engine.begin()``.
        run_id: the run.
        planned: one row per record, as ``plan.ITEM_COLUMNS`` says, with ``batch``. Record keys are left out.
        at: when.

    Raises:
        LedgerError: a column is missing, or the plan is being carried out already.
    """
    rows = frames.rows_of(planned, _PLANNED, "plan items")
    serialise(conn)
    settled = sa.select(sa.func.count()).where(
        plan_item.c.run_id == run_id, plan_item.c.state != ItemState.PLANNED.value
    )
    if conn.scalar(settled):
        message = f"run {run_id}: its plan is being carried out and can't be replaced. Start a new run."
        raise LedgerError(message)
    conn.execute(plan_item.delete().where(plan_item.c.run_id == run_id))
    fixed = {"run_id": run_id, "state": ItemState.PLANNED.value, "state_reason": None, "changed_at": at}
    written = []
    for ref, system, table, action, groups, reason, purpose, through, fingerprint, number in rows:
        item = {"record_ref": ref, "system": system, "table_name": table, "action": action, "column_groups": groups}
        why = {"reason": reason, "purpose": purpose or None, "retain_through": _local_day(through)}
        written.append(fixed | item | why | {"fingerprint": fingerprint, "batch": int(number)})
    frames.insert_many(conn, plan_item, written)


def mark_items(  # noqa: PLR0913 - each is a field of the record, and named by the caller
    conn: sa.Connection, run_id: str, refs: Sequence[str], state: ItemState, at: datetime, *, why: str | None = None
) -> None:
    """Note what became of single records, within the caller's transaction.

    Args:
        conn: a connection of ``engine.begin()``.
        run_id: the run whose plan they are in.
        refs: their references, each once.
        state: what became of them.
        at: when it was measured.
        why: a word on it, such as a ``Reason``; no values.

    Raises:
        LedgerError: some of them aren't in the plan, or their state is final already. Roll back then.
    """
    changed = 0
    for some in frames.in_chunks(list(refs)):
        query = plan_item.update().where(plan_item.c.run_id == run_id, plan_item.c.record_ref.in_(some), _may_be(state))
        changed += conn.execute(query.values(state=state.value, state_reason=why, changed_at=at)).rowcount
    if changed != len(refs):
        message = (
            f"run {run_id}: of {len(refs)} records to be noted as {state}, {len(refs) - changed} aren't in its plan "
            "or have a final state already."
        )
        raise LedgerError(message)


def mark_batch(  # noqa: PLR0913 - as above
    conn: sa.Connection, run_id: str, batch: int, state: ItemState, at: datetime, *, why: str | None = None
) -> int:
    """Note what became of those records of a batch that no single word was said about; return how many they are."""
    query = plan_item.update().where(plan_item.c.run_id == run_id, plan_item.c.batch == batch)
    unsettled = plan_item.c.state.in_([ItemState.PLANNED.value, ItemState.NOT_DONE.value])
    return conn.execute(query.where(unsettled).values(state=state.value, state_reason=why, changed_at=at)).rowcount


def items_of(conn: sa.Connection, run_id: str, system: str | None = None, *, batch: int | None = None) -> pd.DataFrame:
    """Return the records of a run's plan, of one system or batch or all. Columns: see ``unfinished_items``."""
    query = _select().where(plan_item.c.run_id == run_id)
    if system is not None:
        query = query.where(plan_item.c.system == system)
    if batch is not None:
        query = query.where(plan_item.c.batch == batch)
    return _frame(conn, query)


def item_counts(conn: sa.Connection, run_id: str) -> pd.DataFrame:
    """Return how many records of a run are in which state: ``system, table, action, state, records``."""
    keys = (plan_item.c.system, plan_item.c.table_name, plan_item.c.action, plan_item.c.state)
    query = sa.select(*keys, sa.func.count()).where(plan_item.c.run_id == run_id).group_by(*keys).order_by(*keys)
    text = dict.fromkeys(("system", "table", "action", "state"), frames.TEXT)
    return frames.frame(conn.execute(query), text | {"records": frames.COUNT})


def unfinished_items(conn: sa.Connection, except_run: str | None = None) -> pd.DataFrame:
    """Return records that an approved plan promised to destroy and nobody has seen destroyed.

    After a crash the facts that made them due may be gone (a deleted order no longer says when its relationship
    ended), so a new plan can't always find them by itself: it carries them over. A record is listed once, under its
    latest approved plan; it leaves the list when it is settled as done or drift, in that run or a later one.

    Args:
        conn: any connection.
        except_run: the run that asks.

    Returns:
        ``run_id, record_ref, system, table, action, groups`` (tuples), ``reason, purpose, retain_through`` (local day
        or None), ``fingerprint, batch, state, changed_at, key_id``.
    """
    promised = _promised_by(conn, except_run)
    later, later_run = plan_item.alias("later"), run.alias("later_run")
    # The ledger holds years of records and few that are unfinished: each of these is looked for in later plans.
    planned_again = (
        sa.select(later.c.record_ref)
        .join(later_run, later_run.c.run_id == later.c.run_id)
        .where(later.c.record_ref == plan_item.c.record_ref, later.c.run_id.in_(promised))
        .where(later_run.c.number > run.c.number)
        .correlate(plan_item, run)
        .exists()
    )
    unfinished = plan_item.c.state.in_([ItemState.PLANNED.value, ItemState.NOT_DONE.value])
    return _frame(conn, _select().where(plan_item.c.run_id.in_(promised), unfinished, ~planned_again))


def count_done(conn: sa.Connection) -> pd.Series:
    """Return how many records were destroyed and verified, in all runs together, by the ``key_id`` of the run."""
    query = (
        sa.select(run.c.key_id, sa.func.count())
        .join(plan_item, run.c.run_id == plan_item.c.run_id)
        .where(plan_item.c.state == ItemState.DONE.value)
        .group_by(run.c.key_id)
    )
    return pd.Series({row[0]: row[1] for row in conn.execute(query)}, dtype="int64")


def done_items(conn: sa.Connection, action: str | None = None) -> pd.DataFrame:
    """Return records that were destroyed and verified, latest run only: what must not come back with a restore.

    Args:
        conn: any connection.
        action: DELETE or ANONYMISE, or both.

    Returns:
        The columns of ``unfinished_items``.
    """
    number = sa.func.max(run.c.number).label("number")
    done = plan_item.c.state == ItemState.DONE.value
    latest = (
        sa.select(plan_item.c.record_ref, number)
        .join(run, run.c.run_id == plan_item.c.run_id)
        .where(done)
        .group_by(plan_item.c.record_ref)
        .subquery()
    )
    query = _select().where(done)
    query = query.join(latest, (latest.c.record_ref == plan_item.c.record_ref) & (latest.c.number == run.c.number))
    if action is not None:
        query = query.where(plan_item.c.action == action)
    return _frame(conn, query)


def _promised_by(conn: sa.Connection, except_run: str | None) -> list[str]:
    """Return the enforce runs whose plan has an approval in force.

    A refused or rejected run promised nothing.
    """
    query = sa.select(run.c.run_id, run.c.plan_digest).where(
        run.c.mode == Mode.ENFORCE.value,
        run.c.plan_digest.is_not(None),
        run.c.outcome.not_in([RunOutcome.REFUSED.value, RunOutcome.REJECTED.value]),
    )
    found = [(row.run_id, row.plan_digest) for row in conn.execute(query)]
    return [run_id for run_id, digest in found if run_id != except_run and approval_for(conn, run_id, digest)]


def _select() -> sa.Select[tuple[object, ...]]:
    columns = plan_item.c
    return (
        sa.select(
            columns.run_id,
            columns.record_ref,
            columns.system,
            columns.table_name,
            columns.action,
            columns.column_groups,
            columns.reason,
            columns.purpose,
            columns.retain_through,
            columns.fingerprint,
            columns.batch,
            columns.state,
            columns.changed_at,
            run.c.key_id,
        )
        .join(run, run.c.run_id == columns.run_id)
        .order_by(run.c.number, columns.batch, columns.record_ref)
    )


def _frame(conn: sa.Connection, query: sa.Select[tuple[object, ...]]) -> pd.DataFrame:
    made = frames.frame(conn.execute(query), _ITEMS)
    made["groups"] = pd.Series([tuple(json.loads(text)) for text in made["groups"]], index=made.index, dtype="object")
    return made


def _may_be(state: ItemState) -> sa.ColumnElement[bool]:
    """Return the condition that an item may come into a state."""
    return plan_item.c.state.in_([before.value for before, after in NEXT.items() if state in after])


def _local_day(number: int) -> date | None:
    return None if number == NO_DAY else date(1970, 1, 1) + timedelta(days=int(number))
