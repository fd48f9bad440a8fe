"""References to a UNIQUE column instead of the key: followed, and a border, also where it is NULL in some rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.schemas.office import BACKENDS, PERSON, office, table

NUMBERED = [
    "CREATE TABLE person (id integer NOT NULL PRIMARY KEY, no {TEXT} UNIQUE, name {TEXT}, ended_on date)",
    (
        "INSERT INTO person VALUES (1, 'K1', 'N', '2020-01-31'), (2, 'K2', 'N', NULL), (3, 'K3', 'N', '2020-01-31'), "
        "(4, NULL, 'N', NULL), (5, NULL, 'N', NULL), (6, 'K6', 'N', '2020-01-31')"
    ),
]
"""4 and 5 have no number."""
ERRANDS = [
    "CREATE TABLE errand (id integer NOT NULL PRIMARY KEY, no {TEXT}, subject {TEXT}{REFERENCE})",
    "CREATE TABLE line (id integer NOT NULL PRIMARY KEY, no {TEXT}{REFERENCE})",
    "CREATE TABLE log (id integer NOT NULL PRIMARY KEY, no {TEXT}{REFERENCE})",
    "INSERT INTO errand VALUES (1, 'K1', 's'), (2, 'K2', 's'), (4, NULL, 's')",
    "INSERT INTO line VALUES (1, 'K1'), (2, 'K2')",
    "INSERT INTO log VALUES (6, 'K6')",
]
REFERENCE = {True: ", FOREIGN KEY (no) REFERENCES person (no)", False: ""}
TABLES: dict[str, Any] = {
    "person": PERSON,
    "errand": table(
        personal=["subject"],
        notes=["no"],
        subjects={"person": {"through": "no", "table": "person", "role": "person", "to": "no"}},
    ),
    "line": table(notes=["no"], part_of={"table": "person", "by": "no", "to": "no"}),
    "log": table(notes=["no"]) | {"personal": False, "note": "No persons"},
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("known", [True, False], ids=["foreign keys", "the map alone"])
def test_a_unique_column_is_as_good_as_the_key(backend: str, known: bool, tmp_path: Path) -> None:
    made = [each.replace("{REFERENCE}", REFERENCE[known]) for each in ERRANDS]
    with office(backend, tmp_path, [*NUMBERED, *made], TABLES) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert found.ids("person") == ([2, 4, 5, 6] if known else [2, 4, 5])
        assert found.ids("errand") == [2, 4]
        assert found.ids("line") == [2]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_column_that_is_not_unique_is_refused(backend: str, tmp_path: Path) -> None:
    made = [each.replace("{REFERENCE}", "") for each in ERRANDS]
    with office(backend, tmp_path, [NUMBERED[0].replace("UNIQUE", ""), NUMBERED[1], *made], TABLES) as found:
        assert found.codes() == [
            "KEY_MISMATCH tables.errand.subjects.person.to",
            "KEY_MISMATCH tables.line.part_of.to",
        ]
