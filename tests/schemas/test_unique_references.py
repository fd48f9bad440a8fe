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


@pytest.mark.parametrize(
    ("key", "reference"), [("char(6)", "varchar(6)"), ("char(6)", "char(4)"), ("citext", "citext")]
)
def test_what_postgresql_holds_equal_is_the_same_key(key: str, reference: str, tmp_path: Path) -> None:
    made = [
        "CREATE EXTENSION citext",
        f"CREATE TABLE person (no {key} PRIMARY KEY, name varchar(20), ended_on date)",
        "INSERT INTO person VALUES ('K1', 'N', '2020-01-31'), ('K2', 'N', NULL), ('K3', 'N', '2020-01-31')",
        f"CREATE TABLE errand (id integer PRIMARY KEY, no {reference}, subject text)",
        "INSERT INTO errand VALUES (1, 'K1', 's'), (2, 'K2', 's')",
        *(["UPDATE errand SET no = lower(no)"] if key == "citext" else []),
    ]
    person = PERSON | {"key": "no", "columns": {k: v for k, v in PERSON["columns"].items() if k != "id"}}
    errand = table(personal=["subject"], notes=["no"], subjects={
        "person": {"through": "no", "table": "person", "role": "person"}
    })  # fmt: skip
    with office("postgres", tmp_path, made, {"person": person, "errand": errand}) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert [each.strip() for each in found.ids("person", "no")] == ["K2"]
        assert found.ids("errand") == [2]


@pytest.mark.parametrize("reference", ["numeric(10)", "varchar(40)", "uuid"])
def test_a_reference_of_another_type_than_its_key_is_refused_on_postgresql(reference: str, tmp_path: Path) -> None:
    key = "uuid" if reference == "varchar(40)" else "varchar(40)" if reference == "uuid" else "integer"
    made = [
        f"CREATE TABLE person (id {key} PRIMARY KEY, no text, name text, ended_on date)",
        f"CREATE TABLE errand (id integer PRIMARY KEY, person {reference}, subject text)",
    ]
    errand = table(personal=["subject"], notes=["person"], subjects={
        "person": {"through": "person", "table": "person", "role": "person"}
    })  # fmt: skip
    with office("postgres", tmp_path, made, {"person": PERSON, "errand": errand}) as found:
        assert found.codes() == ["LINK_TYPE tables.errand.subjects.person"]
