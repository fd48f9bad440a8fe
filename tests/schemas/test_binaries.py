"""Documents and pictures kept in the database itself: emptied where they lie, and never read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.schemas.office import BACKENDS, PERSON, office

MADE = [
    (
        "CREATE TABLE person (id integer NOT NULL PRIMARY KEY, no {TEXT}, name {TEXT}, ended_on date, "
        "photo {BINARY}, scan {BINARY} NOT NULL)"
    )
]
MADE += ["INSERT INTO person VALUES (1, 'K1', 'N', '2026-11-01', 'abc', 'abc'), (2, 'K2', 'N', NULL, 'abc', 'abc')"]
PERSONS = deepcopy(PERSON)
PERSONS["groups"] = {"all": {"purposes": ["DELIVERY", "MARKETING"]}, "copies": {"purposes": ["DELIVERY"]}}
PERSONS["columns"]["photo"] = {"category": "name", "group": "copies"}
PERSONS["columns"]["scan"] = {"category": "name", "group": "copies", "method": {"constant": ""}}


@contextmanager
def columns_read() -> Iterator[set[str]]:
    """Give the names of all columns that any statement returns."""
    names = set[str]()

    def note(_connection: Any, cursor: Any, *_: Any) -> None:
        names.update(str(column[0]) for column in cursor.description or ())

    sa.event.listen(sa.Engine, "after_cursor_execute", note)
    try:
        yield names
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", note)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_binary_is_emptied_and_never_read(backend: str, tmp_path: Path) -> None:
    with office(backend, tmp_path, MADE, {"person": PERSONS}) as found:
        assert found.codes() == []
        with columns_read() as names:
            assert found.run() == "DONE"
        left = {row["id"]: (row["photo"], row["scan"]) for row in found.rows("person")}
    assert {name: [len(each or "") for each in pair] for name, pair in left.items()} == {1: [0, 0], 2: [3, 3]}
    assert left[1][0] is None
    assert "left:copies" in names
    assert not [name for name in names if name.endswith(("photo", "scan"))]


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_other_constant_fits(backend: str, tmp_path: Path) -> None:
    mapped = deepcopy(PERSONS)
    mapped["columns"]["scan"]["method"] = {"constant": "gone"}
    with office(backend, tmp_path, MADE, {"person": mapped}) as found:
        (problem,) = found.check()
    assert (problem.code, problem.key) == ("METHOD", "tables.person.columns.scan.method")
    assert "only be empty" in problem.remedy
