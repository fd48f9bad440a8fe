"""The records of plans: what became of them, what is carried over after a crash, what must not come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from itertools import product

import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention.dates import day_number
from include.retention.errors import LedgerError
from include.retention.ledger.approvals import record_approval, record_rejection
from include.retention.ledger.items import (
    NEXT,
    ItemState,
    done_items,
    item_counts,
    items_of,
    mark_batch,
    mark_items,
    plan_items,
    unfinished_items,
)
from include.retention.ledger.runs import RunRow, finish_run, seal_plan
from include.retention.terms import Mode, RunOutcome
from tests.ledger.world import AT, DIGEST, KEY, items, later, ref

Begin = Callable[..., RunRow]
DONE, DRIFT, NOT_DONE = ItemState.DONE, ItemState.DRIFT, ItemState.NOT_DONE


@pytest.fixture
def plan(conn: sa.Connection, begin: Begin) -> Callable[..., None]:
    """Begin a run with a plan for some records, and approve it unless told otherwise."""

    def planned(run_id: str, *numbers: int, approve: bool = True, mode: Mode = Mode.ENFORCE, **fields: object) -> None:
        begin(run_id, mode=mode)
        plan_items(conn, run_id, items(*numbers, **fields), AT)
        seal_plan(conn, run_id, DIGEST)
        if approve:
            record_approval(conn, run_id, DIGEST, how="automatic", by="guards", at=AT)

    return planned


def refs(frame: pd.DataFrame) -> set[str]:
    return set(frame["record_ref"])


def numbered(numbers: Iterable[int]) -> list[str]:
    return [ref(number) for number in numbers]


def test_items_are_read_back_as_planned(conn: sa.Connection, plan: Callable[..., None]) -> None:
    through = day_number(date(2025, 12, 31))
    plan("run", 1, action="ANONYMISE", groups='["contact", "identity"]', through=through, batch=3)
    (row,) = items_of(conn, "run").to_dict("records")
    assert row["record_ref"] == ref(1)
    assert row["groups"] == ("contact", "identity")
    assert row["retain_through"] == date(2025, 12, 31)
    assert (row["action"], row["batch"], row["state"], row["key_id"]) == ("ANONYMISE", 3, "planned", KEY.key_id)
    assert row["changed_at"] == AT


def test_frames_have_the_same_columns_and_types_with_and_without_rows(
    conn: sa.Connection, plan: Callable[..., None]
) -> None:
    empty = items_of(conn, "run")
    plan("run", 1)
    full = items_of(conn, "run")
    assert list(empty.columns) == list(full.columns)
    assert empty.dtypes.equals(full.dtypes)


def test_items_can_be_asked_for_by_system_and_batch(conn: sa.Connection, plan: Callable[..., None]) -> None:
    plan("run", 1, 2)
    plan("other", 3, system="finance", batch=2)
    assert refs(items_of(conn, "run")) == {ref(1), ref(2)}
    assert refs(items_of(conn, "other", "finance")) == {ref(3)}
    assert items_of(conn, "other", "sales").empty
    assert refs(items_of(conn, "other", batch=2)) == {ref(3)}
    assert items_of(conn, "other", batch=1).empty


def test_states_are_noted_and_counted(conn: sa.Connection, plan: Callable[..., None]) -> None:
    plan("run", 1, 2, 3, 4)
    mark_items(conn, "run", numbered([1]), DRIFT, later(hours=1), why="LEGAL_HOLD")
    assert mark_batch(conn, "run", 1, DONE, later(hours=1)) == 3
    assert mark_batch(conn, "run", 1, DONE, later(hours=1)) == 0
    counts = {row.state: row.records for row in item_counts(conn, "run").itertuples()}
    assert counts == {"done": 3, "drift": 1}


@pytest.mark.parametrize(("before", "after"), list(product(ItemState, [DONE, DRIFT, NOT_DONE])))
def test_only_the_transitions_of_the_table_are_possible(
    conn: sa.Connection, plan: Callable[..., None], before: ItemState, after: ItemState
) -> None:
    plan("run", 1)
    if before is not ItemState.PLANNED:
        mark_items(conn, "run", numbered([1]), before, AT)
    if after in NEXT[before]:
        mark_items(conn, "run", numbered([1]), after, AT)
        assert items_of(conn, "run")["state"].tolist() == [after.value]
    else:
        with pytest.raises(LedgerError, match="final state"):
            mark_items(conn, "run", numbered([1]), after, AT)


def test_a_record_that_is_in_no_plan_cannot_be_done(conn: sa.Connection, plan: Callable[..., None]) -> None:
    plan("run", *range(2_000))
    with pytest.raises(LedgerError, match="of 2001 records to be noted as done, 1 "):
        mark_items(conn, "run", numbered(range(2_001)), DONE, AT)


def test_a_plan_can_be_replaced_until_it_is_carried_out(conn: sa.Connection, plan: Callable[..., None]) -> None:
    plan("run", 1, 2)
    plan_items(conn, "run", items(3), AT)
    assert refs(items_of(conn, "run")) == {ref(3)}
    plan_items(conn, "run", items(), AT)
    assert items_of(conn, "run").empty
    plan_items(conn, "run", items(3), AT)
    mark_items(conn, "run", numbered([3]), NOT_DONE, AT)
    with pytest.raises(LedgerError, match="can't be replaced"):
        plan_items(conn, "run", items(4), AT)


def test_a_frame_without_a_column_says_which(conn: sa.Connection, begin: Begin) -> None:
    begin("run")
    with pytest.raises(LedgerError, match="no column reason"):
        plan_items(conn, "run", items(1).drop(columns="reason"), AT)


def test_after_a_crash_what_was_promised_and_not_seen_done_is_carried_over(
    conn: sa.Connection, plan: Callable[..., None]
) -> None:
    plan("crashed", 1, 2, 3, 4)
    mark_items(conn, "crashed", numbered([1]), DONE, AT)
    mark_items(conn, "crashed", numbered([2]), DRIFT, AT)
    mark_items(conn, "crashed", numbered([3]), NOT_DONE, AT)
    assert refs(unfinished_items(conn)) == {ref(3), ref(4)}
    assert unfinished_items(conn, "crashed").empty
    finish_run(conn, "crashed", RunOutcome.FAILED, later(hours=1))
    assert refs(unfinished_items(conn)) == {ref(3), ref(4)}


def test_a_later_run_that_settles_a_record_ends_the_carry_over(conn: sa.Connection, plan: Callable[..., None]) -> None:
    plan("crashed", 1, 2, 3)
    plan("next", 1, 2, 3)
    mark_items(conn, "next", numbered([1]), DONE, AT)
    mark_items(conn, "next", numbered([2]), DRIFT, AT)
    found = unfinished_items(conn)
    assert refs(found) == {ref(3)}
    assert found["run_id"].tolist() == ["next"]
    assert refs(unfinished_items(conn, "next")) == {ref(1), ref(2), ref(3)}


@pytest.mark.parametrize("why", ["never approved", "rejected", "refused", "dry run", "replanned"])
def test_what_nobody_approved_was_never_promised(
    conn: sa.Connection, begin: Begin, plan: Callable[..., None], why: str
) -> None:
    plan("run", 1, approve=why != "never approved", mode=Mode.DRY_RUN if why == "dry run" else Mode.ENFORCE)
    if why == "rejected":
        record_rejection(conn, "run", DIGEST, by="8", at=AT)
    if why == "refused":
        finish_run(conn, "run", RunOutcome.REFUSED, AT)
    if why == "replanned":
        seal_plan(conn, "run", "ef" * 32)
    assert unfinished_items(conn).empty


def test_case_H07_what_was_destroyed_is_remembered_so_that_a_restore_is_recognised(
    conn: sa.Connection, plan: Callable[..., None]
) -> None:
    plan("first", 1, 2)
    plan("second", 2, 3, action="ANONYMISE", groups='["contact"]')
    mark_items(conn, "first", numbered([1, 2]), DONE, AT)
    mark_items(conn, "second", numbered([2]), DONE, AT)
    found = done_items(conn)
    assert sorted(zip(found["record_ref"], found["run_id"], strict=True)) == sorted(
        [(ref(1), "first"), (ref(2), "second")]
    )
    assert refs(done_items(conn, "DELETE")) == {ref(1)}
    assert refs(done_items(conn, "ANONYMISE")) == {ref(2)}


def test_a_hundred_thousand_records_take_seconds(conn: sa.Connection, begin: Begin) -> None:
    import time

    begin("run")
    many = items(0).loc[[0] * 100_000].reset_index(drop=True)
    many["record_ref"] = KEY.mac_many("record", map(str, range(100_000)))
    many["batch"] = many.index // 500 + 1
    start = time.process_time()
    plan_items(conn, "run", many, AT)
    assert mark_batch(conn, "run", 7, DONE, AT) == 500
    mark_items(conn, "run", many["record_ref"][many["batch"] > 100].tolist(), DONE, AT)
    assert len(items_of(conn, "run")) == 100_000
    assert time.process_time() - start < 30  # about 5 s; a statement for each record would take minutes
