"""A batch in several transactions: measured as one, and honest about what was left in its middle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention import act as act_module
from include.retention import one_batch
from include.retention.batch import Batch, Manner
from include.retention.errors import ActError
from include.retention.files import FileCounts
from include.retention.pace import Pace
from include.retention.terms import Verdict
from tests.act import world
from tests.act.world import act, batch, expected, state, the_plan

PIECE = 2
STOPPED = "destroying was stopped by somebody (gallring stop)"


class Steady(Pace):
    """A pace that learns nothing."""

    def took(self, rows: int, seconds: float) -> None:
        """Let the size be as it is."""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Carry out two rows at a time."""
    monkeypatch.setattr(act_module, "Pace", lambda aim: Steady(aim, rows=PIECE))


def after(*transactions: int) -> Manner:
    """Return a manner that is stopped the n-th time that it is asked."""
    answers = iter(range(1, 1_000))
    return Manner(stop=lambda: next(answers) in transactions)


def again(plan: list[Batch], notes: world.Notes) -> list[Batch]:
    """Return what is left of a plan, as the ledger gives it again."""
    return [replace(each, again=each.batch_id in notes.started_) for each in plan if each.batch_id not in notes.results]


def test_the_ledger_hears_of_batches_and_the_last_look_of_pieces(source: sa.Engine, files: Path) -> None:
    asked: list[tuple[str, int]] = []
    told: list[tuple[str, int]] = []
    worked: list[float] = []

    def recheck(_connection: sa.Connection, piece: Batch) -> list[bool]:
        assert len(piece.keys) == len(piece.record_refs) == len(piece.fingerprints)
        assert piece.record_refs == [f"ref:{key}" for key in piece.keys]
        asked.append((piece.batch_id, len(piece.keys)))
        return [True] * len(piece.keys)

    result, notes = act(
        source,
        files,
        recheck=recheck,
        progress=lambda each, rows: told.append((each.batch_id, rows)),
        manner=Manner(rest=worked.append),
    )
    pieces = [
        (each.batch_id, min(PIECE, len(each.keys) - n)) for each in the_plan() for n in range(0, len(each.keys), 2)
    ]
    assert asked == told == pieces
    assert len(worked) == len(pieces) - 1, "nobody rests after the last"
    assert state(source, files) == expected()
    assert (result.batches, result.done, result.drift, result.remaining, result.not_done) == (8, 28, 0, 0, ())
    assert result.files == FileCounts(deleted=7)
    assert notes.started_ == list(notes.results) == [str(i) for i in range(1, 9)]
    assert {number: each.done for number, each in notes.results.items()} == {
        each.batch_id: len(each.keys) for each in the_plan()
    }


def test_what_isnt_due_any_more_is_counted_over_all_pieces(source: sa.Engine, files: Path) -> None:
    held = {"t%1'", "t%4'", "t%6'"}
    with source.begin() as connection:
        connection.execute(sa.text("DELETE FROM session WHERE kund_id = 2"))
    _, notes = act(source, files, the_plan()[1:2], recheck=lambda _c, piece: [key[0] not in held for key in piece.keys])
    assert notes.results["2"] == world.BatchResult(2, 4, 0), "three are held, and one was gone before"
    assert {row[1] for row in state(source, files)["session"]} == {1, 4, 6, 7, 8}


def test_a_stop_takes_effect_within_one_piece(source: sa.Engine, files: Path) -> None:
    told: list[int] = []
    # Asked before batch 1, before batch 2, and then before the second and the third piece of batch 2.
    result, notes = act(source, files, manner=after(4), progress=lambda _batch, rows: told.append(rows))
    assert notes.started_ == ["1", "2"]
    assert list(notes.results) == ["1"], "a batch that ended in its middle isn't measured"
    assert {row[1] for row in state(source, files)["session"]} == {5, 6, 7, 8}
    assert notes.undone[0] == (
        "session", f"{STOPPED} (in the middle of a batch, 4 rows of which were carried out before)", 6,
    )  # fmt: skip
    assert {(what, table) for table, what, _ in notes.undone[1:]} == {
        (STOPPED, t) for t in ("document", "order", "Kund")
    }
    assert result.done + sum(each.count for each in result.not_done) == sum(told) == 28

    rest, notes = act(source, files, again(the_plan(), notes))
    assert state(source, files) == expected()
    assert (notes.results["2"], rest.not_done) == (world.BatchResult(6, 0, 0), ())
    assert rest.done == 27, "its first rows are its own work, done before"


def test_a_failure_in_the_middle_is_told_with_what_was_carried_out(source: sa.Engine, files: Path) -> None:
    def recheck(_connection: sa.Connection, piece: Batch) -> list[bool]:
        if ("A", 3) in piece.keys and piece.action is Verdict.DELETE:
            message = "the last look can't be taken"
            raise ActError(message)
        return [True] * len(piece.keys)

    result, notes = act(source, files, recheck=recheck)
    assert notes.undone[0] == (
        "document",
        "the last look can't be taken (in the middle of a batch, 2 rows of which were carried out before)",
        6,
    )
    assert [row[1] for row in state(source, files)["document"]] == [3, 4, 5, 6, 7, 8]
    assert len(state(source, files)["Kund"]) == 8, "nothing is deleted that documents still belong to"
    assert result.done + sum(each.count for each in result.not_done) == 28

    rest, _ = act(source, files, again(the_plan(), notes))
    assert state(source, files) == expected()
    assert (rest.drift, rest.remaining, rest.not_done) == (0, 0, ())


def test_a_piece_is_tried_again_without_those_before_it(source: sa.Engine, files: Path) -> None:
    looks: list[tuple[Any, ...]] = []

    class Passing(Exception):  # noqa: N818 - not an error to the driver
        sqlstate = "40001"

    def recheck(_connection: sa.Connection, piece: Batch) -> list[bool]:
        looks.append(piece.keys[0])
        if looks.count(("t%3'",)) == 1 and piece.keys[0] == ("t%3'",):
            raise sa.exc.OperationalError("", {}, Passing())
        return [True] * len(piece.keys)

    _, notes = act(source, files, the_plan()[1:2], recheck=recheck)
    assert looks == [("t%1'",), ("t%3'",), ("t%3'",), ("t%5'",)]
    assert notes.results["2"] == world.BatchResult(6, 0, 0)


def test_a_file_that_two_pieces_name_goes_with_the_last(source: sa.Engine, files: Path) -> None:
    document = world._plain(world.DOCUMENT)
    with source.begin() as connection:
        shared = f"6/{world.CANARY}.jpg"
        connection.execute(sa.update(document).where(document.c.number == 1).values(path=shared))
    result, _ = act(source, files, the_plan()[2:4])
    assert result.files == FileCounts(deleted=6, shared=1)
    assert result.remaining == 0
    assert f"6/{world.CANARY}.jpg" not in state(source, files)["files"]


@pytest.fixture
def unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pace ask for more than a statement can bind."""
    monkeypatch.setattr(act_module, "Pace", lambda aim: Steady(aim, rows=1_000_000))
    monkeypatch.setattr(one_batch, "MAX_BOUND", 8)


@pytest.mark.usefixtures("unbounded")
def test_no_piece_is_larger_than_a_statement_can_bind(source: sa.Engine, files: Path) -> None:
    found: dict[str, list[int]] = {}

    def recheck(_connection: sa.Connection, piece: Batch) -> list[bool]:
        found.setdefault(piece.table, []).append(len(piece.keys))
        return [True] * len(piece.keys)

    plan = [
        batch(1, "session", Verdict.DELETE, [(f"none {i}",) for i in range(10)]),
        batch(2, "document", Verdict.DELETE, [("none", i) for i in range(10)]),
    ]
    act(source, files, plan, recheck=recheck)
    assert found == {"session": [8, 2], "document": [4, 4, 2]}
