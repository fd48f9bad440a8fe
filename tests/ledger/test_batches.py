"""Batches: nothing is verified that wasn't started and measured to the last record."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
import sqlalchemy as sa

from include.retention.errors import LedgerError
from include.retention.ledger.batches import (
    NEXT,
    Batch,
    BatchState,
    batches_of,
    get_batch,
    plan_batches,
    start_batch,
    verify_batch,
)
from include.retention.ledger.chain import entries
from include.retention.ledger.runs import RunRow
from tests.ledger.world import AT, RUN, later

Begin = Callable[..., RunRow]
RUN_ID = RUN.run_id
FIRST = Batch(RUN_ID, 1, "sales", "order_line", "DELETE", 5)
SECOND = Batch(RUN_ID, 2, "finance", "invoice", "ANONYMISE", 3)


@pytest.fixture
def planned(conn: sa.Connection, begin: Begin) -> sa.Connection:
    """A run with two batches."""
    begin()
    plan_batches(conn, RUN_ID, [FIRST, SECOND], AT)
    return conn


def verify(conn: sa.Connection, done: int, drift: int, remaining: int, number: int = 1) -> Batch:
    return verify_batch(conn, RUN_ID, number, done=done, drift=drift, remaining=remaining, at=later(minutes=2))


def test_batches_are_read_back_in_the_plans_order(planned: sa.Connection) -> None:
    assert batches_of(planned, RUN_ID) == (FIRST, SECOND)
    assert batches_of(planned, RUN_ID, "finance") == (SECOND,)
    with pytest.raises(LedgerError, match="no batch 3"):
        get_batch(planned, RUN_ID, 3)


def test_a_batch_is_started_measured_and_verified_and_the_ledger_tells(planned: sa.Connection) -> None:
    assert start_batch(planned, RUN_ID, 1, later(minutes=1)).state is BatchState.STARTED
    files = {"deleted": 2, "absent": 1}
    verified = verify_batch(planned, RUN_ID, 1, done=4, drift=1, remaining=0, at=later(minutes=2), files=files)
    assert (verified.state, verified.attempts, verified.done, verified.drift) == (BatchState.VERIFIED, 1, 4, 1)
    started, told = [entry for entry in entries(planned, RUN_ID) if entry.kind.startswith("batch")]
    what = {"batch": 1, "system": "sales", "table": "order_line", "action": "DELETE"}
    assert started.body == {**what, "rows": 5}
    assert told.body == {
        **what, "done": 4, "drift": 1, "remaining": 0, "files": {"deleted": 2, "absent": 1, "refused": 0},
    }  # fmt: skip


def test_what_remains_is_not_done_until_it_is(planned: sa.Connection) -> None:
    start_batch(planned, RUN_ID, 1, AT)
    assert verify(planned, 3, 0, 2).state is BatchState.NOT_DONE
    with pytest.raises(LedgerError, match="not_done"):
        verify(planned, 5, 0, 0)
    assert start_batch(planned, RUN_ID, 1, AT).attempts == 2
    assert verify(planned, 5, 0, 0).state is BatchState.VERIFIED


def test_after_a_crash_a_started_batch_is_started_again(planned: sa.Connection) -> None:
    start_batch(planned, RUN_ID, 1, AT)
    assert start_batch(planned, RUN_ID, 1, AT).attempts == 2


@pytest.mark.parametrize("counts", [(5, 0, 1), (4, 0, 0), (0, 0, 0), (6, -1, 0), (5, 1, -1)])
def test_a_batch_is_accounted_for_to_the_last_record(planned: sa.Connection, counts: tuple[int, int, int]) -> None:
    start_batch(planned, RUN_ID, 1, AT)
    with pytest.raises(LedgerError, match=r"sales\.order_line.*is not 5 planned"):
        verify(planned, *counts)
    assert get_batch(planned, RUN_ID, 1).state is BatchState.STARTED


def _put(conn: sa.Connection, state: BatchState) -> None:
    """Bring batch 1 into a state by the allowed way."""
    if state is not BatchState.PLANNED:
        start_batch(conn, RUN_ID, 1, AT)
    if state is BatchState.VERIFIED:
        verify(conn, 5, 0, 0)
    if state is BatchState.NOT_DONE:
        verify(conn, 4, 0, 1)


@pytest.mark.parametrize(("before", "after"), list(product(BatchState, [s for s in BatchState if s != "planned"])))
def test_only_the_transitions_of_the_table_are_possible(
    planned: sa.Connection, before: BatchState, after: BatchState
) -> None:
    moves = {
        BatchState.STARTED: lambda: start_batch(planned, RUN_ID, 1, AT),
        BatchState.VERIFIED: lambda: verify(planned, 5, 0, 0),
        BatchState.NOT_DONE: lambda: verify(planned, 0, 0, 5),
    }
    _put(planned, before)
    told = len(list(entries(planned)))
    if after in NEXT[before]:
        assert moves[after]().state is after
        return
    with pytest.raises(LedgerError, match=f"it is {before}, not to be {after}"):
        moves[after]()
    assert get_batch(planned, RUN_ID, 1).state is before
    assert len(list(entries(planned))) == told


def test_a_plan_can_be_replaced_until_it_is_carried_out(planned: sa.Connection) -> None:
    plan_batches(planned, RUN_ID, [FIRST], AT)
    assert batches_of(planned, RUN_ID) == (FIRST,)
    plan_batches(planned, RUN_ID, [], AT)
    assert batches_of(planned, RUN_ID) == ()
    plan_batches(planned, RUN_ID, [FIRST], AT)
    start_batch(planned, RUN_ID, 1, AT)
    with pytest.raises(LedgerError, match="can't be replaced"):
        plan_batches(planned, RUN_ID, [FIRST, SECOND], AT)


def test_a_batch_belongs_to_a_run(conn: sa.Connection) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        plan_batches(conn, "never begun", [Batch("never begun", 1, "sales", "order", "DELETE", 1)], AT)
