"""Runs: begun once, ended once, gone on with, and begun anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from include.retention.errors import LedgerError
from include.retention.ledger.batches import Batch, plan_batches, start_batch
from include.retention.ledger.chain import entries
from include.retention.ledger.runs import (
    NEXT,
    RunRow,
    create_run,
    find_run,
    finish_run,
    get_run,
    latest_runs,
    previous_run,
    resume_run,
    run_id_for,
    seal_plan,
    unfinished_runs,
)
from include.retention.terms import Mode, RunOutcome
from tests.ledger.world import AT, DIGEST, RUN, TODAY, later

Begin = Callable[..., RunRow]
ENDS = [outcome for outcome in RunOutcome if outcome is not RunOutcome.RUNNING]


def kinds(conn: sa.Connection, run_id: str = RUN.run_id) -> list[str]:
    return [entry.kind for entry in entries(conn, run_id)]


def test_a_run_is_read_back_as_it_began(conn: sa.Connection) -> None:
    create_run(conn, RUN)
    assert get_run(conn, RUN.run_id) == RUN
    assert find_run(conn, "another") is None
    with pytest.raises(LedgerError, match="isn't in the control database"):
        get_run(conn, "another")


def test_the_ledger_tells_of_begin_and_end(conn: sa.Connection) -> None:
    create_run(conn, RUN)
    finish_run(conn, RUN.run_id, RunOutcome.DONE, later(minutes=2))
    started, finished = entries(conn, RUN.run_id)
    assert (started.kind, started.body["as_of"], started.body["mode"]) == ("run_started", "2026-11-22", "enforce")
    assert started.body["map_digests"] == dict(RUN.map_digests)
    assert set(started.body) == {
        "as_of", "mode", "dag_run_id", "run_type", "schedule_version", "schedule_digest", "map_digests",
        "code_digest", "time_zone", "key_id",
    }  # fmt: skip
    assert (finished.kind, finished.body) == ("run_finished", {"outcome": "DONE", "seconds": 120.0})
    assert get_run(conn, RUN.run_id).finished_at == later(minutes=2)


def test_case_J05_a_retry_doubles_no_evidence(conn: sa.Connection) -> None:
    create_run(conn, RUN)
    assert create_run(conn, replace(RUN, started_at=later(minutes=1))) == RUN
    finish_run(conn, RUN.run_id, RunOutcome.DONE, later(minutes=2))
    finish_run(conn, RUN.run_id, RunOutcome.DONE, later(minutes=3))
    assert kinds(conn) == ["run_started", "run_finished"]


def test_a_retry_under_other_rules_says_so(conn: sa.Connection) -> None:
    create_run(conn, RUN)
    create_run(conn, replace(RUN, schedule_digest="99" * 32))
    assert get_run(conn, RUN.run_id).schedule_digest == "99" * 32
    assert kinds(conn) == ["run_started", "run_started"]


def test_an_id_stands_for_one_day_and_one_mode(conn: sa.Connection) -> None:
    create_run(conn, RUN)
    for other in (replace(RUN, as_of=TODAY - timedelta(days=7)), replace(RUN, mode=Mode.DRY_RUN)):
        with pytest.raises(LedgerError, match="another id"):
            create_run(conn, other)


@pytest.mark.parametrize("outcome", ENDS)
def test_a_run_that_has_ended_goes_on_only_when_it_is_resumed(conn: sa.Connection, outcome: RunOutcome) -> None:
    create_run(conn, RUN)
    seal_plan(conn, RUN.run_id, DIGEST)
    finish_run(conn, RUN.run_id, outcome, later(minutes=1))
    for other in ENDS:
        if other is not outcome:
            with pytest.raises(LedgerError, match="can't become"):
                finish_run(conn, RUN.run_id, other, later(minutes=2))
    with pytest.raises(LedgerError, match="begin a new one"):
        create_run(conn, RUN)
    with pytest.raises(LedgerError, match="has ended"):
        seal_plan(conn, RUN.run_id, DIGEST)
    resumed = resume_run(conn, RUN.run_id, later(minutes=3))
    assert (resumed.outcome, resumed.finished_at, resumed.plan_digest) == (RunOutcome.RUNNING, None, DIGEST)
    assert resume_run(conn, RUN.run_id, later(minutes=4)) == resumed
    assert kinds(conn) == ["run_started", "run_finished", "run_resumed"]


def test_every_outcome_has_its_transitions() -> None:
    assert set(NEXT) == set(RunOutcome)
    assert NEXT[RunOutcome.RUNNING] == set(ENDS)
    assert all(NEXT[end] == {RunOutcome.RUNNING} for end in ENDS)


def test_running_is_no_end(conn: sa.Connection) -> None:
    create_run(conn, RUN)
    with pytest.raises(LedgerError, match="can't become"):
        finish_run(conn, RUN.run_id, RunOutcome.RUNNING, AT)


def test_an_airflow_run_that_begins_anew_is_a_new_run(conn: sa.Connection) -> None:
    name = RUN.run_id
    assert run_id_for(conn, name) == name
    create_run(conn, RUN)
    assert run_id_for(conn, name) == name  # a retry of the task that begins it
    finish_run(conn, name, RunOutcome.FAILED, later(minutes=1))
    assert run_id_for(conn, name) == f"{name}=2"
    create_run(conn, replace(RUN, run_id=f"{name}=2"))
    assert run_id_for(conn, name) == f"{name}=2"
    plan_batches(conn, f"{name}=2", [Batch(f"{name}=2", 1, "sales", "order", "DELETE", 1)], AT)
    assert run_id_for(conn, name) == f"{name}=2"
    start_batch(conn, f"{name}=2", 1, AT)
    assert run_id_for(conn, name) == f"{name}=3"  # it crashed while it destroyed: its evidence stays its own
    with pytest.raises(LedgerError, match="destroys already"):
        create_run(conn, replace(RUN, run_id=f"{name}=2"))


def test_the_previous_run_is_the_last_one_that_was_meant_and_succeeded(conn: sa.Connection, begin: Begin) -> None:
    assert previous_run(conn, "now") is None
    ends = [
        ("first", Mode.ENFORCE, RunOutcome.DONE), ("second", Mode.ENFORCE, RunOutcome.NOTHING_DUE),
        ("dry", Mode.DRY_RUN, RunOutcome.DRY_RUN_DONE), ("failed", Mode.ENFORCE, RunOutcome.FAILED),
        ("refused", Mode.ENFORCE, RunOutcome.REFUSED), ("rejected", Mode.ENFORCE, RunOutcome.REJECTED),
    ]  # fmt: skip
    for number, (name, mode, outcome) in enumerate(ends):
        begin(name, mode=mode)
        finish_run(conn, name, outcome, later(hours=number))
    begin("now")
    found = previous_run(conn, "now")
    assert found is not None
    assert found.run_id == "second"
    acted = previous_run(conn, "now", [RunOutcome.DONE])
    assert acted is not None
    assert acted.run_id == "first"
    before = previous_run(conn, "second")
    assert before is not None
    assert before.run_id == "first"
    assert [run.run_id for run in latest_runs(conn, 2)] == ["now", "rejected"]
    assert [run.run_id for run in latest_runs(conn, 5, mode=Mode.DRY_RUN)] == ["dry"]


def test_runs_that_never_ended_are_found(conn: sa.Connection, begin: Begin) -> None:
    for name in ("crashed", "done", "now"):
        begin(name)
    finish_run(conn, "done", RunOutcome.DONE, AT)
    assert [run.run_id for run in unfinished_runs(conn, "now")] == ["crashed"]
    assert len(unfinished_runs(conn)) == 2
