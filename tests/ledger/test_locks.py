"""One run at a time per system: exactly one wins, and a crash is told from a pause."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from include.retention import clock
from include.retention.errors import LedgerError, LockError
from include.retention.ledger import locks as module
from include.retention.ledger import unlock
from include.retention.ledger.chain import entries, verify_chain
from include.retention.ledger.locks import (
    SILENCE,
    acquire,
    break_lock,
    find_lock,
    heartbeat,
    held_lock,
    locks,
    release,
    require_held,
)
from include.retention.ledger.process import Holder, Life, this_process
from include.retention.ledger.store import reading
from tests.ledger.world import AT, expect_line, finish_all, later, start_worker

ME = Holder("worker-1.example", "m1", "b1", "pid:[1]", 100, "5000")
OTHER = replace(ME, pid=101)


def alive(_: Holder) -> Life:
    return Life.ALIVE


def dead(_: Holder) -> Life:
    return Life.GONE


def elsewhere(_: Holder) -> Life:
    return Life.UNKNOWN


def test_a_lock_keeps_every_other_run_and_process_out(conn: sa.Connection) -> None:
    lock = acquire(conn, "sales", "run", ME, AT, life=alive)
    assert find_lock(conn, "sales") == lock
    acquire(conn, "finance", "another", OTHER, AT, life=alive)
    assert [each.system for each in locks(conn)] == ["finance", "sales"]
    for run_id, holder in (("another", OTHER), ("run", OTHER), ("another", ME)):
        with pytest.raises(LockError):
            acquire(conn, "sales", run_id, holder, later(minutes=1), life=alive)
    assert find_lock(conn, "sales") == lock


def test_the_error_says_who_holds_it_since_when_and_what_to_do(conn: sa.Connection) -> None:
    lock = acquire(conn, "sales", "run", ME, AT, life=alive)
    heartbeat(conn, lock, later(minutes=7))
    with pytest.raises(LockError) as caught:
        acquire(conn, "sales", "another", OTHER, later(hours=1), life=alive)
    for part in ("run run", "process 100", "worker-1.example", "2026-11-22 01:00:00 UTC", "01:07:00", "unlock sales"):
        assert part in str(caught.value)


def test_the_same_process_may_take_it_again_for_the_same_run(conn: sa.Connection) -> None:
    first = acquire(conn, "sales", "run", ME, AT, life=alive)
    again = acquire(conn, "sales", "run", ME, later(minutes=1), life=alive)
    heartbeat(conn, again, later(minutes=2))
    with pytest.raises(LockError, match="no longer holds"):
        heartbeat(conn, first, later(minutes=2))


@pytest.mark.parametrize("run_id", ["run", "another"])
def test_a_lock_whose_holder_is_gone_is_taken_over_and_the_ledger_says_so(conn: sa.Connection, run_id: str) -> None:
    lost = acquire(conn, "sales", "run", ME, AT, life=alive)
    taken = acquire(conn, "sales", run_id, OTHER, later(hours=1), life=dead)
    assert find_lock(conn, "sales") == taken
    (told,) = entries(conn)
    assert (told.kind, told.run_id) == ("lock_taken_over", run_id)
    assert told.body == {
        "system": "sales", "host": "worker-1.example", "pid": 100, "run_before": "run", "since": AT.isoformat(),
        "how": "gone",
    }  # fmt: skip
    with pytest.raises(LockError, match="It stops here"):
        heartbeat(conn, lost, later(hours=2))
    release(conn, lost)
    assert find_lock(conn, "sales") == taken


def test_a_released_lock_is_free(conn: sa.Connection) -> None:
    release(conn, acquire(conn, "sales", "run", ME, AT, life=alive))
    assert find_lock(conn, "sales") is None
    acquire(conn, "sales", "another", OTHER, AT, life=alive)
    assert not list(entries(conn))


def test_a_human_can_break_a_lock_and_the_ledger_says_who(conn: sa.Connection) -> None:
    lost = acquire(conn, "sales", "run", ME, AT, life=alive)
    for by, reason in (("", "x"), ("7", " ")):
        with pytest.raises(LockError, match="Name who"):
            break_lock(conn, "sales", by=by, reason=reason, at=AT)
    assert break_lock(conn, "sales", by="7", reason="the worker was shut down", at=later(hours=1)) == lost
    assert find_lock(conn, "sales") is None
    (told,) = entries(conn, kind="lock_broken")
    assert (told.body["by"], told.body["reason"], told.body["pid"]) == ("7", "the worker was shut down", 100)
    with pytest.raises(LockError, match="isn't locked"):
        break_lock(conn, "sales", by="7", reason="x", at=AT)


def test_a_living_holder_keeps_its_lock_however_long_it_is_silent(conn: sa.Connection) -> None:
    acquire(conn, "sales", "run", ME, AT, life=alive)
    with pytest.raises(LockError):
        acquire(conn, "sales", "run", OTHER, later(days=365), life=alive)


def test_of_a_holder_on_another_machine_silence_tells(conn: sa.Connection) -> None:
    lost = acquire(conn, "sales", "run", ME, AT, life=elsewhere)
    heartbeat(conn, lost, later(minutes=10))
    with pytest.raises(LockError, match="on another 3 minutes after the last sign of life"):
        acquire(conn, "sales", "run", OTHER, later(minutes=10) + SILENCE, life=elsewhere)
    taken = acquire(conn, "sales", "run", OTHER, later(minutes=10, seconds=1) + SILENCE, life=elsewhere)
    (told,) = entries(conn)
    assert (told.kind, told.body["how"], told.body["host"]) == ("lock_taken_over", "silent", "worker-1.example")
    require_held(conn, taken)
    for claim in (lambda: heartbeat(conn, lost, later(hours=1)), lambda: require_held(conn, lost)):
        with pytest.raises(LockError, match="It stops here"):
            claim()


def test_a_block_holds_the_lock_and_gives_it_back_whatever_happens(control: sa.Engine) -> None:
    def work() -> None:
        with held_lock(control, "sales", "run", lambda: AT) as fence, reading(control) as conn:
            fence(conn)
            lock = find_lock(conn, "sales")
            assert lock is not None
            assert lock.holder == this_process()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    with reading(control) as conn:
        assert find_lock(conn, "sales") is None


def test_a_block_gives_signs_of_life_while_it_works(control: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.05)
    seen = set()
    until = time.monotonic() + 30
    with held_lock(control, "sales", "run", clock.now):
        while len(seen) < 3 and time.monotonic() < until:
            with reading(control) as conn:
                lock = find_lock(conn, "sales")
            assert lock is not None
            seen.add(lock.heartbeat_at)
            time.sleep(0.02)
    assert len(seen) == 3
    assert not [thread for thread in threading.enumerate() if thread.name == "lock on sales"]


def test_a_block_whose_lock_is_broken_stops_at_its_next_batch(control: sa.Engine) -> None:
    done = []

    def work() -> None:
        with held_lock(control, "sales", "run", lambda: AT) as fence:
            for number in (1, 2):
                with control.begin() as conn:
                    fence(conn)
                done.append(number)
                with control.begin() as conn:
                    break_lock(conn, "sales", by="7", reason="believed dead", at=AT)

    with pytest.raises(LockError, match="no longer holds"):
        work()
    assert done == [1]


def test_case_J07_of_processes_that_race_exactly_one_wins(control: sa.Engine, control_url: sa.URL) -> None:
    racers = [start_worker("lock", control_url, f"run {number}") for number in range(4)]
    assert [expect_line(racer) for racer in racers] == ["ready"] * 4
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [expect_line(racer) for racer in racers]
    assert sorted(answers) == ["lost", "lost", "lost", "won"]
    with reading(control) as conn:
        lock = find_lock(conn, "sales")
        assert lock is not None
        assert lock.run_id == f"run {answers.index('won')}"
        assert not list(entries(conn))
    finish_all(racers)


def test_a_killed_process_loses_its_lock_and_a_living_one_does_not(control: sa.Engine, control_url: sa.URL) -> None:
    holder = start_worker("hold", control_url, "killed")
    assert expect_line(holder) == "held"
    with pytest.raises(LockError, match=f"process {holder.pid}"), control.begin() as conn:
        acquire(conn, "sales", "next", this_process(), later(days=365))
    holder.kill()
    # Not waited for on purpose: a dead child that nobody has collected yet is dead all the same.
    while True:
        try:
            with control.begin() as conn:
                acquire(conn, "sales", "next", this_process(), AT)
            break
        except LockError:
            assert holder.poll() is None or holder.returncode == -9
    with reading(control) as conn:
        assert [entry.body["run_before"] for entry in entries(conn, kind="lock_taken_over")] == ["killed"]
        assert verify_chain(conn).ok
    holder.communicate(timeout=60)


def test_the_command_breaks_a_lock_and_names_whose_it_was(
    control: sa.Engine, control_url: sa.URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GALLRING_CONTROL_URL", control_url.render_as_string(hide_password=False))
    with control.begin() as conn:
        acquire(conn, "sales", "run", ME, AT, life=alive)
    command = ["sales", "--by", "7", "--reason", "worker-1 is switched off"]
    assert unlock.main(command) == 0
    assert "run run, process 100 on worker-1.example" in capsys.readouterr().out
    assert unlock.main(command) == 1
    assert "isn't locked" in capsys.readouterr().err
    with reading(control) as conn:
        assert find_lock(conn, "sales") is None
        assert [entry.kind for entry in entries(conn)] == ["lock_broken"]


def test_a_reason_with_an_identifier_is_refused_and_the_lock_stays(conn: sa.Connection) -> None:
    acquire(conn, "sales", "run", ME, AT, life=alive)
    with pytest.raises(LedgerError, match="telephone number"), conn.begin_nested():
        break_lock(conn, "sales", by="7", reason="rang 070-174 06 05", at=AT)
    assert find_lock(conn, "sales") is not None
