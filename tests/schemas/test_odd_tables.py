"""Tables without a primary key, and columns that the database computes: a run over them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schemas.office import BACKENDS, PERSON, office, people, table

MADE = [
    (
        "CREATE TABLE visit (person integer NOT NULL, visit_no integer NOT NULL, note {TEXT}, "
        "loud varchar(100) GENERATED ALWAYS AS (UPPER(note)) STORED, UNIQUE (person, visit_no))"
    ),
    "INSERT INTO visit (person, visit_no, note) VALUES (1, 1, 'n'), (1, 2, 'n'), (2, 1, 'n'), (3, 1, 'n')",
    (
        "CREATE TABLE claim (id integer NOT NULL PRIMARY KEY, person integer, visit_no integer, "
        "FOREIGN KEY (person, visit_no) REFERENCES visit (person, visit_no))"
    ),
    "INSERT INTO claim VALUES (1, 3, 1)",
]
WHOSE = {"person": {"through": "person", "table": "person", "role": "person"}}
CLAIM = table(notes=["person", "visit_no"]) | {"personal": False, "note": "No persons"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_unique_set_is_a_key_and_a_computed_column_follows_its_sources(backend: str, tmp_path: Path) -> None:
    visit = table(["person", "visit_no"], personal=["note"], notes=["loud"], subjects=WHOSE)
    tables = {"person": PERSON, "visit": visit, "claim": CLAIM}
    with office(backend, tmp_path, [*people(), *MADE], tables) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        left = {(row["person"], row["visit_no"]): (row["note"], row["loud"]) for row in found.rows("visit")}
    assert left == {(2, 1): ("n", "N"), (3, 1): (None, None)}


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_no_key_and_what_takes_no_method(backend: str, tmp_path: Path) -> None:
    visit = table("visit_no", personal=["note", "loud"], notes=["person"], subjects=WHOSE)
    with office(backend, tmp_path, [*people(), *MADE[:2]], {"person": PERSON, "visit": visit}) as found:
        key, loud = found.check()
    assert (key.code, key.key) == ("KEY_MISMATCH", "tables.visit.key")
    assert "UNIQUE and NOT NULL together" in key.remedy
    assert (loud.code, loud.key) == ("METHOD", "tables.visit.columns.loud.method")
    assert "erase those, and declare this one by a note" in loud.remedy
