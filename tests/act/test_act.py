"""The act, on every database: what is due is done and measured, and nothing else is touched."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.act import Batch, KeyMismatchError, act_on_system
from include.retention.batch import Manner
from include.retention.errors import ActError, LedgerError
from include.retention.files import FileCounts
from include.retention.terms import Verdict
from tests.act import world
from tests.act.world import CANARY, act, batch, expected, state, the_plan
from tests.methods.tables import data_map, mapped_table


def ids(source: sa.Engine, files: Path, table: str) -> list[Any]:
    return [row[0] for row in state(source, files)[table]]


def test_a_plan_is_carried_out_and_measured(source: sa.Engine, files: Path) -> None:
    result, notes = act(source, files)
    assert state(source, files) == expected()
    assert (result.batches, result.done, result.drift, result.remaining) == (8, 28, 0, 0)
    assert result.files == FileCounts(deleted=7)
    assert result.not_done == ()
    assert notes.started_ == list(notes.results) == [str(i) for i in range(1, 9)]


def test_case_j05_acting_twice_changes_nothing(source: sa.Engine, files: Path) -> None:
    act(source, files)
    again, notes = act(source, files, [replace(each, again=True) for each in the_plan()])
    assert state(source, files) == expected()
    assert (again.done, again.drift, again.remaining, again.not_done) == (28, 0, 0, ())
    assert again.files == FileCounts(), "there are no pointers left to follow"
    assert notes.undone == []


def test_what_somebody_else_did_before_is_no_work_of_this_run(source: sa.Engine, files: Path) -> None:
    with source.begin() as connection:
        connection.execute(sa.delete(world._plain(world.SESSION)))
    result, notes = act(source, files, the_plan()[:2])
    assert (result.done, result.drift, result.remaining) == (0, 7, 0)
    assert notes.undone == []


def test_keys_that_match_nothing_are_never_done(source: sa.Engine, files: Path) -> None:
    """A key that was spelt otherwise on its way here finds no row, so nothing remains of it: that is not done."""
    result, _ = act(source, files, [batch(1, "session", Verdict.DELETE, [("T%1",), ("t%2'x",)])])
    assert (result.done, result.drift) == (0, 2)
    assert len(ids(source, files, "session")) == 8


def test_case_f03_a_hold_placed_after_the_plan(source: sa.Engine, files: Path) -> None:
    """Asked inside the transaction: customer 4 is held now, and so is everything of theirs."""

    def recheck(connection: sa.Connection, asked: Batch) -> list[bool]:
        assert connection.in_transaction()
        return [not str(key[-1]).strip("'").endswith("4") for key in asked.keys]

    result, notes = act(source, files, recheck=recheck)
    assert (result.done, result.drift, result.remaining) == (24, 4, 0)
    assert notes.results["4"].drift == notes.results["8"].drift == 1
    now = state(source, files)
    assert [row for row in now["Kund"] if row[0] == 4] == [
        (4, None, f"{CANARY} 4", f"{CANARY}4@example.com", "123 45", "192.0.2.7")
    ]
    assert {row[0] for row in now["order"]} == {104, 107, 108}
    assert set(world.file_names(4)) <= set(now["files"]), "the files of what is held stay too"


def test_a_row_that_changed_since_the_plan_is_drift(source: sa.Engine, files: Path) -> None:
    """The last look sees what is so now, in the same transaction that would delete it."""
    with source.begin() as connection:
        table = world._plain(world.INVOICE)
        connection.execute(sa.update(table).where(table.c.id == 103).values(text="a new complaint"))

    def recheck(connection: sa.Connection, asked: Batch) -> list[bool]:
        if asked.table != "order":
            return [True] * len(asked.keys)
        rows = dict(connection.execute(sa.select(table.c.id, table.c.text)).all())
        return [rows.get(key[0]) == CANARY for key in asked.keys]

    result, notes = act(source, files, recheck=recheck)
    assert notes.results["6"].drift == 1
    assert 103 in ids(source, files, "order")
    assert 3 in ids(source, files, "Kund"), "the invoice that stays keeps its customer"
    assert notes.undone == [("Kund", "rows that others still refer to, or that came back", 3)]
    assert result.remaining == 3, "3 was recruited by 2, and 2 by 1: none can go before 3"


def test_case_h18_a_cascade_never_reaches_a_retained_row(source: sa.Engine, files: Path) -> None:
    """Customers are deleted though their invoices stay: the plan is wrong, and nothing is lost by it."""
    result, notes = act(source, files, [batch(1, "Kund", Verdict.DELETE, [(4,), (5,)])])
    assert (result.done, result.remaining) == (0, 2)
    assert {104, 105} <= set(ids(source, files, "order"))
    assert {4, 5} <= set(ids(source, files, "Kund"))
    assert [each.count for each in result.not_done] == [2]
    assert notes.undone


def test_a_whole_stays_while_a_part_does_without_any_foreign_key(source: sa.Engine, files: Path) -> None:
    plan = [each for each in the_plan() if each.table != "document"]
    result, _ = act(source, files, plan)
    assert result.remaining == 6
    assert len(ids(source, files, "Kund")) == 8


def test_case_j18_rows_that_refer_to_each_other_go_leaves_first(source: sa.Engine, files: Path) -> None:
    parents_first = batch(8, "Kund", Verdict.DELETE, [(i,) for i in range(1, 7)])
    _, notes = act(source, files, [*the_plan()[:-1], parents_first])
    assert notes.results["8"] == world.BatchResult(6, 0, 0)
    assert ids(source, files, "Kund") == [7, 8]


def test_case_h03_files_and_derivatives_go_with_the_row(source: sa.Engine, files: Path) -> None:
    act(source, files, the_plan()[2:4])
    assert state(source, files)["files"] == sorted(world.file_names(8))


def test_case_h04_a_file_that_stays_keeps_its_row(source: sa.Engine, files: Path) -> None:
    (files / "2" / f"{CANARY}.jpg").unlink()
    (files / "2" / f"{CANARY}.jpg").mkdir()
    (files / "7" / f"{CANARY}.txt").unlink()
    (files / "7" / f"{CANARY}.txt").symlink_to(files / "8" / f"{CANARY}.txt")
    result, notes = act(source, files)
    assert result.files == FileCounts(deleted=5, refused=2)
    assert notes.results["3"].remaining == 1
    assert notes.results["4"].remaining == 1
    assert ("document", "rows whose files couldn't be deleted, or that others still refer to", 1) in notes.undone
    now = state(source, files)
    assert [row[1] for row in now["document"]] == [2, 7, 8]
    assert [row[3] for row in now["document"] if row[1] == 7] == [f"7/{CANARY}.jpg"], "the pointer stays"
    assert (files / "8" / f"{CANARY}.txt").exists()
    assert 2 in ids(source, files, "Kund")


def test_case_j06_a_file_that_is_gone_already_is_counted(source: sa.Engine, files: Path) -> None:
    for name in world.file_names(1):
        (files / name).unlink()
    result, _ = act(source, files)
    assert result.files == FileCounts(deleted=6, absent=1)
    assert result.remaining == 0


def test_a_file_that_another_row_names_stays_until_that_row_goes(source: sa.Engine, files: Path) -> None:
    document = world._plain(world.DOCUMENT)
    shared = f"8/{CANARY}.jpg"
    with source.begin() as connection:
        connection.execute(sa.update(document).where(document.c.number.in_([1, 2])).values(path=shared))
    result, _ = act(source, files)
    assert result.files == FileCounts(deleted=5, shared=1)
    assert set(world.file_names(8)) <= set(state(source, files)["files"])
    result, _ = act(source, files, [batch(9, "document", Verdict.DELETE, [("A", 8)])])
    assert result.files == FileCounts(deleted=1)


def test_two_rows_of_one_batch_may_name_the_same_file(source: sa.Engine, files: Path) -> None:
    document = world._plain(world.DOCUMENT)
    with source.begin() as connection:
        connection.execute(sa.update(document).where(document.c.number == 1).values(path=f"2/{CANARY}.jpg"))
    result, _ = act(source, files)
    assert result.files == FileCounts(deleted=6)
    assert result.remaining == 0


def test_a_missing_root_is_never_absent(source: sa.Engine, files: Path) -> None:
    before = state(source, files)
    result, notes = act(source, files, data_map=world.the_map(files / "unmounted"))
    now = state(source, files)
    assert now["document"] == before["document"]
    assert now["files"] == before["files"]
    assert now["session"] != before["session"], "other tables go on"
    assert now["order"] == expected()["order"]
    assert len(now["Kund"]) == 8, "but nothing is deleted that the documents belong to"
    assert notes.results["7"].done == 1, "erasing it is no harm"
    assert {(each.table, each.count) for each in result.not_done} == {("document", 1), ("document", 6), ("Kund", 6)}
    assert any("No file was deleted" in each.what for each in result.not_done)


def refuse_deletions(engine: sa.Engine, table: str) -> None:
    """Let a trigger refuse to delete, with a value in its message."""
    quoted = engine.dialect.identifier_preparer.quote(table)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(
                f"CREATE TRIGGER no BEFORE DELETE ON {quoted} BEGIN SELECT RAISE(ABORT, '{CANARY}'); END"
            )
        elif engine.dialect.name == "mysql":
            connection.exec_driver_sql(
                f"CREATE TRIGGER no BEFORE DELETE ON {quoted} FOR EACH ROW "
                f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{CANARY}'"
            )
        else:
            connection.exec_driver_sql(
                f"CREATE FUNCTION no() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION '{CANARY}'; END $$ LANGUAGE plpgsql"
            )
            connection.exec_driver_sql(
                f"CREATE TRIGGER no BEFORE DELETE ON {quoted} FOR EACH ROW EXECUTE FUNCTION no()"
            )


def test_what_the_database_refuses_closes_the_table_and_what_it_refers_to(source: sa.Engine, files: Path) -> None:
    refuse_deletions(source, "order")
    plan = the_plan()
    plan.insert(6, batch(66, "order", Verdict.ANONYMISE, [(108,)], "all"))
    result, notes = act(source, files, plan)
    now = state(source, files)
    assert len(now["order"]) == 8
    assert now["order"][-1] == (108, 8, CANARY), "later batches of the table are skipped"
    assert len(now["Kund"]) == 8
    assert notes.results["7"].done == 1, "a parent is still erased, only not deleted"
    assert now["document"] == expected()["document"]
    assert sum(each.count for each in result.not_done) == 6 + 1 + 6
    whys = {(table, count): what for table, what, count in notes.undone}
    assert whys["order", 1] == "an earlier batch of the table failed"
    assert whys["Kund", 6] == "order, which refers to it, failed"
    assert "6" not in notes.results, "what failed isn't verified"


def test_a_value_that_doesnt_stay_erased_is_not_done(source: sa.Engine, files: Path) -> None:
    """A trigger brings the value back: the statement was sent, and what is measured says no."""
    quoted = source.dialect.identifier_preparer.quote("session")
    with source.begin() as connection:
        if source.dialect.name == "sqlite":
            connection.exec_driver_sql(
                f"CREATE TRIGGER back AFTER UPDATE ON {quoted} WHEN NEW.agent IS NULL "
                f"BEGIN UPDATE {quoted} SET agent = OLD.agent WHERE token = OLD.token; END"
            )
        elif source.dialect.name == "mysql":
            connection.exec_driver_sql(
                f"CREATE TRIGGER back BEFORE UPDATE ON {quoted} FOR EACH ROW SET NEW.agent = OLD.agent"
            )
        else:
            connection.exec_driver_sql(
                "CREATE FUNCTION back() RETURNS trigger AS $$ BEGIN NEW.agent := OLD.agent; RETURN NEW; END $$ "
                "LANGUAGE plpgsql"
            )
            connection.exec_driver_sql(
                f"CREATE TRIGGER back BEFORE UPDATE ON {quoted} FOR EACH ROW EXECUTE FUNCTION back()"
            )
    result, notes = act(source, files, the_plan()[:1])
    assert (result.done, result.remaining) == (0, 1)
    assert notes.undone == [("session", "values that didn't stay erased, or that others refer to", 1)]


def test_a_key_that_isnt_one_ends_the_act_and_changes_nothing(engine: sa.Engine, files: Path) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE thing (id integer, name varchar(20))")
        connection.exec_driver_sql("INSERT INTO thing VALUES (1, 'a'), (1, 'b'), (2, 'c')")
    table = mapped_table("thing", ["id"], {"name": world.NULL})
    for action, groups in ((Verdict.DELETE, ()), (Verdict.ANONYMISE, ("all",))):
        notes = world.Notes()
        with pytest.raises(KeyMismatchError, match="isn't its key"):
            act(engine, files, [batch(1, "thing", action, [(1,)], *groups)], data_map=data_map(table), journal=notes)
        assert [count for _, _, count in notes.undone] == [1]
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM thing WHERE name IS NOT NULL").scalar() == 3


def test_a_table_that_isnt_in_the_map(source: sa.Engine, files: Path) -> None:
    result, _ = act(source, files, [batch(1, "users", Verdict.DELETE, [(1,)])])
    assert [each.table for each in result.not_done] == ["users"]


def test_a_last_look_that_answers_for_other_rows(source: sa.Engine, files: Path) -> None:
    before = state(source, files)
    result, _ = act(source, files, the_plan()[:1], recheck=lambda _connection, _batch: [])
    assert result.not_done[0].count == 1
    assert state(source, files) == before


def test_stopping_leaves_the_rest_not_done(source: sa.Engine, files: Path) -> None:
    answers = iter([False, False, True])
    seen: list[tuple[str, int]] = []
    result, notes = act(
        source,
        files,
        manner=Manner(stop=lambda: next(answers)),
        progress=lambda each, rows: seen.append((each.batch_id, rows)),
    )
    assert notes.started_ == ["1", "2"]
    assert seen == [(each.batch_id, len(each.keys)) for each in the_plan()]
    assert result.done == 7
    assert {(each.table, each.what) for each in result.not_done} == {
        (table, "destroying was stopped by somebody (gallring stop)") for table in ("document", "order", "Kund")
    }
    assert sum(each.count for each in result.not_done) == 21


def test_nothing_is_done_without_a_record_of_it(source: sa.Engine, files: Path) -> None:
    class Full(world.Notes):
        def started(self, batch: Batch) -> None:
            message = "the disk is full"
            raise LedgerError(message)

    before = state(source, files)
    with pytest.raises(LedgerError):
        act(source, files, journal=Full())
    assert state(source, files) == before


def test_the_plan_is_read_as_a_stream(source: sa.Engine, files: Path) -> None:
    read: list[str] = []

    def plan() -> Iterator[Batch]:
        for each in the_plan():
            read.append(each.batch_id)
            yield each

    def progress(each: Batch, _rows: int) -> None:
        assert read[-1] == each.batch_id, "the next batch isn't fetched before this one is over"

    act(source, files, plan(), progress=progress)
    assert state(source, files) == expected()


def test_an_empty_plan(source: sa.Engine, files: Path) -> None:
    before = state(source, files)
    result, _ = act(source, files, [])
    assert result == world.ActResult()
    result, notes = act(source, files, [batch(1, "order", Verdict.DELETE, [])])
    assert notes.results["1"] == world.BatchResult(0, 0, 0)
    assert state(source, files) == before


def test_sqlite_without_a_real_transaction_is_refused(tmp_path: Path, files: Path) -> None:
    plain = sa.create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
    world.build(plain)
    world.fill(plain, files)
    result, _ = act(plain, files)
    assert result.done == 0
    assert any("writes=True" in each.what for each in result.not_done)
    assert len(ids(plain, files, "Kund")) == 8


def test_an_insert_that_refers_to_a_locked_row_waits(source: sa.Engine, files: Path) -> None:
    """A new invoice, written while its customer is being deleted, neither vanishes nor is left without a customer."""
    if source.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    outcome: list[str] = []

    def insert() -> None:
        table = world._plain(world.INVOICE)
        try:
            with source.begin() as connection:
                connection.execute(sa.insert(table).values(id=999, text="new", kund_id=6))
            outcome.append("stored")
        except sa.exc.IntegrityError:
            outcome.append("refused")

    rival = threading.Thread(target=insert)

    def recheck(_connection: sa.Connection, asked: Batch) -> list[bool]:
        if asked.batch_id == "8":
            rival.start()
            rival.join(timeout=0.5)
            assert outcome == [], "it waits for the lock"
        return [True] * len(asked.keys)

    act(source, files, recheck=recheck)
    rival.join(timeout=30)
    assert outcome == ["refused"], "its customer is gone"
    assert 999 not in ids(source, files, "order")


def test_no_error_text_holds_a_value(source: sa.Engine, files: Path) -> None:
    refuse_deletions(source, "session")
    _, notes = act(source, files)  # Notes refuses any text with a canary.
    (what,) = {what for table, what, count in notes.undone if (table, count) == ("session", 6)}
    assert what
    with pytest.raises(ActError) as caught:
        act_on_system(
            source, data_map(mapped_table("session", ["token"], {})), [],
            [batch(1, "session", Verdict.DELETE, [("a",)])],
            recheck=_raise, journal=world.Notes(),
        )  # fmt: skip
    assert CANARY not in str(caught.value)


def _raise(_connection: sa.Connection, _batch: Batch) -> list[bool]:
    message = "the last look can't be taken"
    raise KeyMismatchError(message)
