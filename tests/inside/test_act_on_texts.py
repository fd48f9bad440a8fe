"""Redacting free texts in a database: text before names, one transaction, and killed at any statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention import inside
from include.retention.data_map.model import Column, Group, Method, Redaction, Table
from include.retention.json_paths import JsonPath
from include.retention.terms import Verdict, WithoutPurpose
from tests.act import world
from tests.methods.tables import Made, data_map, make_table, mapped_table

CANARY = world.CANARY
NOTE = f"{CANARY} ringde 0701234567, {CANARY.lower()}@exempel.se"
LEFT = "[namn] ringde [telefon], [e-post]"
ROWS = 4


def note() -> Table:
    """Return a table with names, a free text, and a document, all of which one group reaches."""
    table = mapped_table("note", ["series", "id"], {"first": Method("set_null"), "last": Method("unique_placeholder")})
    text = Column(
        "text", "free_text", "history", Method("set_null"), None, "", redaction=Redaction("all", ("first", "last"))
    )
    paper = Column("paper", None, None, None, None, "x", (JsonPath("$.name", ("name",), "name", "all"),))
    groups = {name: Group(name, (), (), None, WithoutPurpose.EXPIRE) for name in ("all", "history")}
    return replace(table, columns={**table.columns, "text": text, "paper": paper}, groups=groups)


@pytest.fixture
def made(engine: sa.Engine) -> Made:
    """Give the table with a short column for the text, filled."""
    types: dict[str, Any] = {
        "series": sa.String(5),
        "id": sa.Integer(),
        "first": sa.String(40),
        "last": sa.String(80),
        "text": sa.String(90),
        "paper": sa.Text(),
    }
    made = make_table(engine, note(), types)
    with engine.begin() as connection:
        for number in range(1, ROWS + 1):
            values = {"first": CANARY, "last": "Öberg", "text": NOTE, "paper": f'{{"name":"{CANARY}","n": 1}}'}
            connection.execute(sa.insert(made.target).values(series="A", id=number, **values))
    return made


def batch(*groups: str) -> Any:
    """Return a batch of all rows but the last."""
    return world.batch(1, "note", Verdict.ANONYMISE, [("A", number) for number in range(1, ROWS)], *groups)


def act(engine: sa.Engine, directory: Path, *groups: str, again: bool = False) -> Any:
    """Carry it out."""
    return world.act(engine, directory, [replace(batch(*groups), again=again)], data_map=data_map(note()))


def rows(engine: sa.Engine, made: Made) -> list[tuple[Any, ...]]:
    """Return everything, in order."""
    with engine.connect() as connection:
        columns = [made.target.c[name] for name in ("id", "first", "last", "text", "paper")]
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(made.target.c.id))]


def done(number: int) -> tuple[Any, ...]:
    """Return a row as it shall be."""
    return (number, None, f"gallrad-A_1{number}@gallring.invalid", LEFT, '{"n": 1}')


def untouched(number: int) -> tuple[Any, ...]:
    """Return a row as it was."""
    return (number, CANARY, "Öberg", NOTE, f'{{"name":"{CANARY}","n": 1}}')


EXPECTED = [*(done(number) for number in range(1, ROWS)), untouched(ROWS)]


def test_the_text_goes_before_the_names(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    result, notes = act(engine, tmp_path, "all")
    assert (result.done, result.remaining, notes.undone) == (ROWS - 1, 0, [])
    assert rows(engine, made) == EXPECTED


def test_a_text_whose_own_group_goes_is_erased_whole(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    act(engine, tmp_path, "all", "history")
    assert [row[3] for row in rows(engine, made)] == [None] * (ROWS - 1) + [NOTE]


def test_acting_twice_is_no_work(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    act(engine, tmp_path, "all")
    result, _ = act(engine, tmp_path, "all")
    assert (result.done, result.drift, result.remaining) == (0, ROWS - 1, 0)
    assert rows(engine, made) == EXPECTED


def test_where_a_text_grows_beyond_its_column_its_end_gives_way(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(sa.update(made.target).values(first="Bo", text="x" * 83 + " Bo, Bo"))
    result, _ = act(engine, tmp_path, "all")
    assert (result.done, result.remaining) == (ROWS - 1, 0)
    text = rows(engine, made)[0][3]
    assert text.startswith("x" * 83 + " [namn")
    assert len(text) == 90


def test_a_value_that_isnt_what_was_read_rolls_everything_back(
    engine: sa.Engine, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = inside.look_inside

    def other(table: Table, groups: Any, row: Any) -> inside.Found:
        found = read(table, groups, row)
        return replace(found, changed={name: (f"{old}!", new) for name, (old, new) in found.changed.items()})

    monkeypatch.setattr(inside, "look_inside", other)
    result, notes = act(engine, tmp_path, "all")
    assert (result.done, [each[2] for each in notes.undone]) == (0, [ROWS - 1])
    assert rows(engine, made) == [untouched(number) for number in range(1, ROWS + 1)]


class Killed(BaseException):
    """The process is gone."""


def killed_at(engine: sa.Engine, number: int, work: Callable[[], Any]) -> bool:
    """Let some work die before its n-th statement; return whether it came that far."""
    count = 0

    def step(*_: Any) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise Killed

    sa.event.listen(engine, "before_cursor_execute", step)
    try:
        work()
    except Killed:
        return True
    finally:
        sa.event.remove(engine, "before_cursor_execute", step)
    return False


def test_killed_before_any_statement_and_run_again(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    started = rows(engine, made)
    number = 0
    while True:
        number += 1
        if not killed_at(engine, number, lambda: act(engine, tmp_path, "all")):
            break
        between = rows(engine, made)
        assert between in (started, EXPECTED), "all of a row, or nothing"
        result, _ = act(engine, tmp_path, "all", again=True)
        assert (result.done, result.remaining) == (ROWS - 1, 0)
        assert rows(engine, made) == EXPECTED
        with engine.begin() as connection:
            for row in started:
                values = dict(zip(("first", "last", "text", "paper"), row[1:], strict=True))
                connection.execute(sa.update(made.target).where(made.target.c.id == row[0]).values(values))
    assert number > 6


def test_what_the_database_refuses_is_not_done_and_not_told(engine: sa.Engine, tmp_path: Path) -> None:
    types: dict[str, Any] = {
        "series": sa.String(5),
        "id": sa.Integer(),
        "first": sa.String(40),
        "last": sa.String(80),
        "text": sa.Text(),
        "paper": sa.Text(),
    }
    made = make_table(engine, note(), types, sa.CheckConstraint("text NOT LIKE '[%'"))
    with engine.begin() as connection:
        for number in range(1, ROWS + 1):
            connection.execute(
                sa.insert(made.target).values(series="A", id=number, first=CANARY, last="Öberg", text=NOTE)
            )
    before = rows(engine, made)
    result, notes = act(engine, tmp_path, "all")
    assert (result.done, [each[2] for each in notes.undone]) == (0, [ROWS - 1])
    assert rows(engine, made) == before


def test_a_text_in_utf_16_is_unread_and_not_passed_over(sqlite_engine: sa.Engine, tmp_path: Path) -> None:
    with sqlite_engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA encoding = 'UTF-16le'")
    types = {
        "series": sa.String(5),
        "id": sa.Integer(),
        "first": sa.Text(),
        "last": sa.Text(),
        "text": sa.Text(),
        "paper": sa.Text(),
    }
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA encoding = 'UTF-16le'")
    made = make_table(sqlite_engine, note(), types)
    with sqlite_engine.begin() as connection:
        connection.execute(sa.insert(made.target).values(series="A", id=1, first="x", last="y", text=NOTE))
        kept = connection.exec_driver_sql("SELECT hex(CAST(text AS BLOB)) FROM note").scalar_one()
    assert kept.startswith("4B00"), "the test's own database keeps UTF-16"
    result, notes = act(sqlite_engine, tmp_path, "all")
    assert result.remaining == 1
    assert "can't be read" in notes.undone[0][1]
