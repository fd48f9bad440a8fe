"""Tables that keep what others held: they go with it, and so does what triggers write of it while it goes."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.schemas.office import BACKENDS, PERSON, office, people, reference_table, table

SERIAL = {
    "sqlite": "integer PRIMARY KEY AUTOINCREMENT",
    "postgres": "serial PRIMARY KEY",
    "mariadb": "integer AUTO_INCREMENT PRIMARY KEY",
}
KEEP = "INSERT INTO person_history (person, name, born_of) VALUES (OLD.id, OLD.name, '{event}')"
OLD_ONES = "INSERT INTO person_history (person, name, born_of) VALUES (1, 'Old', 'app'), (2, 'Old', 'app')"
LOGGED = [
    "CREATE TABLE log (id integer NOT NULL PRIMARY KEY, person integer, FOREIGN KEY (person) REFERENCES person (id))",
    "INSERT INTO log VALUES (1, 3)",
]
"""3 has left and must stay, emptied: a log that is never culled refers to it."""


def history(backend: str) -> list[str]:
    """Return statements that make a history of people, kept by triggers after each UPDATE and before each DELETE."""
    made = [
        f"CREATE TABLE person_history (id {SERIAL[backend]}, person integer, name {{TEXT}}, born_of {{TEXT}})",
        OLD_ONES,
    ]
    for moment, event in (("AFTER", "UPDATE"), ("BEFORE", "DELETE")):
        name, keep = f"keep_{event.lower()}", KEEP.format(event=event)
        if backend == "sqlite":
            made.append(f"CREATE TRIGGER {name} {moment} {event} ON person BEGIN {keep}; END")
        elif backend == "mariadb":
            made.append(f"CREATE TRIGGER {name} {moment} {event} ON person FOR EACH ROW {keep}")
        else:
            body = f"BEGIN {keep}; RETURN OLD; END"
            made += [
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
                f"CREATE TRIGGER {name} {moment} {event} ON person FOR EACH ROW EXECUTE FUNCTION {name}()",
            ]
    return made


def the_tables(**part: Any) -> dict[str, Any]:
    """Return the map of people with their history."""
    person = deepcopy(PERSON)
    keep = {"note": "Keeps what was", "writes": "person_history"}
    person["triggers"] = {"keep_update": keep, "keep_delete": keep}
    return {
        "person": person,
        "person_history": table(notes=["person", "born_of"], part_of={"table": "person", "by": "person"}, **part),
        "log": reference_table("id", "person"),
    }


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("own", [False, True], ids=["follows", "own group"])
def test_what_triggers_keep_is_gone_at_the_end_of_the_run(backend: str, own: bool, tmp_path: Path) -> None:
    part: dict[str, Any] = {"personal": ["name"]} if own else {"personal": []}
    tables = the_tables(**part)
    if not own:
        tables["person_history"]["columns"]["name"] = "Of the person, and goes with it"
    with office(backend, tmp_path, [*people(), *history(backend), *LOGGED], tables) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert {row["id"]: row["name"] for row in found.rows("person")} == {2: "N", 3: None, 4: "N"}
        assert [(row["person"], row["born_of"]) for row in found.rows("person_history")] == [(2, "app")]
        assert found.run("second") == "NOTHING_DUE"


def test_copies_that_the_map_does_not_know_of_fail_validation(tmp_path: Path) -> None:
    tables = the_tables(personal=[])
    tables["person_history"]["columns"]["name"] = "Of the person, and goes with it"
    tables["person"]["triggers"] = {"keep_update": "Harmless, they said", "keep_delete": "Harmless, they said"}
    with (
        office("sqlite", tmp_path, [*people(), *history("sqlite"), *LOGGED], tables) as found,
        pytest.raises(Exception, match="person_history: FOREIGN_KEYS"),
    ):
        found.run()


@pytest.mark.parametrize("backend", BACKENDS)
def test_parts_of_what_is_gone_are_counted_and_go_if_the_map_says_so(backend: str, tmp_path: Path) -> None:
    made = [
        "CREATE TABLE line (id integer NOT NULL PRIMARY KEY, person integer, resource {TEXT})",
        "INSERT INTO line VALUES (1, 1, NULL), (2, 2, NULL), (3, 98, NULL), (4, NULL, 'person,99'), (5, NULL, NULL)",
    ]
    line = table(
        notes=["person", "resource"],
        references={"resource": {"column": "resource", "separator": ",", "to": {"person": "person"}}},
        part_of=[{"table": "person", "by": "person"}, {"table": "person", "by": "resource"}],
    )
    with office(backend, tmp_path / "kept", [*people(), *made], {"person": PERSON, "line": line}) as found:
        (notice,) = found.check()
        assert (notice.code, notice.key, notice.table) == ("ORPHAN_PARTS", "tables.line.part_of", None)
        assert notice.what.startswith("has 2 rows")
    tables = {"person": PERSON, "line": line | {"orphans": "delete"}}
    with office(backend, tmp_path / "gone", [*people(), *made], tables) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert found.ids("line") == [2, 5]
