"""Killed with SIGKILL at many steps of the act, and run again: the same final state, and no "done" that isn't.

The child is a process of its own (a fork), with its own connections and a journal in a file. It counts its steps,
before and after every statement, every commit, every deleted file and every line of the journal, and kills itself at
the given one; or the parent kills it after a random time.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.act import Batch, BatchResult
from include.retention.connections import engine_at
from include.retention.pace import FIRST_ROWS, Pace
from include.retention.terms import Verdict
from tests.act import world
from tests.act.world import act, expected, state, the_plan

STRIDE = {"sqlite": 2, "postgresql": 5, "mysql": 5}
"""Every second step on SQLite, every fifth on the servers, each from a start that differs."""
LONGEST = 1_000


class Journal:
    """A journal in a file, one line a call, like a ledger that survives its writer."""

    def __init__(self, path: Path, step: Callable[[], None] = lambda: None) -> None:
        self.path, self.step = path, step

    def _write(self, **line: Any) -> None:
        self.step()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.step()

    def lines(self, kind: str) -> list[dict[str, Any]]:
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return [line for line in map(json.loads, text.splitlines()) if line["kind"] == kind]

    def started(self, batch: Batch) -> None:
        self._write(kind="started", batch=batch.batch_id)

    def verified(self, batch: Batch, result: BatchResult) -> None:
        self._write(kind="verified", batch=batch.batch_id, **asdict(result))

    def not_done(self, system: str, table: str, what: str, count: int) -> None:
        self._write(kind="not_done", table=table, what=what, count=count)


def opened(url: sa.URL) -> sa.Engine:
    """Return an engine as the act uses it. A killed process leaves the disk's cache alone, so SQLite needn't wait."""
    engine = engine_at(url, writes=True)
    if url.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return engine


def kill_at(number: int) -> Callable[[], None]:
    """Return a function that kills its own process when it is called for the n-th time."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def watch(engine: sa.Engine, step: Callable[[], None]) -> None:
    """Count a step before and after every statement, commit and deleted file of this process."""
    sa.event.listen(engine, "before_cursor_execute", lambda *_args: step())
    sa.event.listen(engine, "after_cursor_execute", lambda *_args: step())
    commit, unlink = engine.dialect.do_commit, os.unlink

    def counted_commit(connection: Any) -> None:
        step()
        commit(connection)
        step()

    def counted_unlink(*args: Any, **kwargs: Any) -> None:
        step()
        unlink(*args, **kwargs)
        step()

    engine.dialect.do_commit = counted_commit  # type: ignore[method-assign]
    os.unlink = counted_unlink  # type: ignore[assignment]


def in_a_child(url: sa.URL, files: Path, journal: Path, number: int) -> int:
    """Carry out the plan in a new process that kills itself at a step; return its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        engine = opened(url)
        step = kill_at(number)
        watch(engine, step)
        act(engine, files, journal=Journal(journal, step))
        status = 0
    finally:
        os._exit(status)


def wait(child: int) -> int:
    """Return how a child ended: 0, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check_and_go_on(engine: sa.Engine, files: Path, journal: Path) -> None:
    """After a crash: what the journal calls verified is so, nothing is half done; then run what is left."""
    left = state(engine, files)
    book = Journal(journal)
    verified = {line["batch"] for line in book.lines("verified")}
    started = {line["batch"] for line in book.lines("started")}
    for batch in the_plan():
        if batch.batch_id in verified:
            assert_done(batch, left)
    assert_nothing_dangles(left)

    again = [replace(each, again=each.batch_id in started) for each in the_plan() if each.batch_id not in verified]
    result, _ = act(engine, files, again, journal=book)
    assert state(engine, files) == expected()
    assert (result.remaining, result.not_done) == (0, ())
    assert (result.drift, result.done) == (0, sum(len(each.keys) for each in again))
    lines = book.lines("verified")
    assert [line["batch"] for line in lines] == [each.batch_id for each in the_plan()]
    assert all(line["done"] == len(each.keys) for line, each in zip(lines, the_plan(), strict=True))
    assert book.lines("not_done") == []


def assert_done(batch: Batch, now: dict[str, Any]) -> None:
    """What was verified before the crash is done in the database."""
    width = len(batch.keys[0])
    rows = {row[:width]: row for row in now[batch.table]}
    final = {row[:width]: row for row in expected()[batch.table]}
    for key in batch.keys:
        assert (key not in rows) if batch.action is Verdict.DELETE else (rows[key] == final[key])


def assert_nothing_dangles(now: dict[str, Any]) -> None:
    """Files go before pointers, and no row refers to one that is gone."""
    pointed = {row[3] for row in now["document"]}
    for name in now["files"]:
        if name.endswith(f"{world.CANARY}.jpg"):
            assert name in pointed, "a file without its pointer can't be found again"
    customers = {row[0] for row in now["Kund"]}
    assert {row[1] for row in now["order"]} <= customers
    assert {row[2] for row in now["document"]} <= customers
    assert {row[1] for row in now["Kund"] if row[1]} <= customers
    for row in now["Kund"]:
        assert world.CANARY in row[3] or row == expected()["Kund"][0], "a row is erased whole or not at all"


@pytest.mark.parametrize("rows", [FIRST_ROWS, 2], ids=["whole batches", "two rows at a time"])
def test_killed_at_many_steps_and_run_again(
    any_database_url: sa.URL, tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("include.retention.act.Pace", lambda aim: Pace(aim, rows=rows, fewest=rows))
    monkeypatch.setattr(Pace, "took", lambda *_arguments: None)
    engine = opened(any_database_url)
    world.build(engine)
    kills = 0
    stride = STRIDE[engine.dialect.name] * (1 if rows == FIRST_ROWS else 6)  # It has three times as many steps.
    for number in range(1 + len(engine.dialect.name) % stride, LONGEST, stride):
        world.fill(engine, files)
        engine.dispose()  # A connection must not be shared with the child.
        journal = tmp_path / f"journal-{number}"
        status = wait(in_a_child(any_database_url, files, journal, number))
        if status == 0:
            assert state(engine, files) == expected()
            break
        assert status == -signal.SIGKILL
        kills += 1
        check_and_go_on(engine, files, journal)
    engine.dispose()
    assert kills > 120 / stride, "it was killed at many points, and once ran to its end"
    assert number < LONGEST - 5


def test_killed_at_any_moment_and_run_again(any_database_url: sa.URL, tmp_path: Path, files: Path) -> None:
    engine = opened(any_database_url)
    world.build(engine)
    chance = random.Random(17)  # noqa: S311  (moments, not secrets)
    world.fill(engine, files)
    engine.dispose()
    began = time.monotonic()
    assert wait(in_a_child(any_database_url, files, tmp_path / "journal", LONGEST)) == 0
    whole = time.monotonic() - began
    killed = 0
    for number in range(12):
        world.fill(engine, files)
        engine.dispose()
        journal = tmp_path / f"journal-{number}"
        child = in_a_child(any_database_url, files, journal, LONGEST)
        time.sleep(chance.uniform(0, whole))
        os.kill(child, signal.SIGKILL)
        killed += wait(child) != 0
        check_and_go_on(engine, files, journal)
    engine.dispose()
    assert killed
