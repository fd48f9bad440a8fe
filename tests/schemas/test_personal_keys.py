"""A key that is an address, and rows that refer to it by a column that may not be NULL."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from include.retention.errors import ConfigurationError
from tests.policy import samples
from tests.schemas.office import BACKENDS, GROUP, office, reference_table, schedule, table, the_map
from tests.schemas.test_keys_and_files import BY_EMAIL

ACCOUNTS = [
    "CREATE TABLE person (email {TEXT} NOT NULL PRIMARY KEY, name varchar(9) NOT NULL, ended_on date)",
    "INSERT INTO person VALUES ('a@left', 'A', '2020-01-31'), ('b@stays', 'B', NULL), ('c@left', 'C', '2020-01-31')",
]
REFERRING = "email {TEXT} NOT NULL, FOREIGN KEY (email) REFERENCES person (email)"
LISTS = [
    f"CREATE TABLE list (id integer NOT NULL PRIMARY KEY, ended_on date, {REFERRING})",
    "INSERT INTO list VALUES (1, '2020-01-31', 'a@left'), (2, NULL, 'b@stays'), (3, '2020-01-31', 'b@stays')",
    "INSERT INTO list VALUES (4, NULL, 'c@left')",
]
"""4 goes on, though the account that it refers to has ended."""
SENT = [
    "CREATE TABLE sent (id integer NOT NULL PRIMARY KEY, list integer, FOREIGN KEY (list) REFERENCES list (id))",
    "INSERT INTO sent VALUES (1, 1), (2, 2), (3, 3), (4, 4)",
]
FOLLOWS: dict[str, Any] = table(notes=["email", "ended_on"], part_of={"table": "person", "by": "email"})
OWN: dict[str, Any] = table(
    notes=["ended_on"],
    subjects={"person": {"through": "email", "table": "person", "role": "person"}},
    events=[{"event": "relationship", "date": "ended_on", "null": "ongoing", "of": []}],
    groups={"all": {"purposes": [{"purpose": "DELIVERY", "scope": "record"}]}},
    when_expired="delete",
)
OWN["columns"]["email"] = {"category": "email", "group": "all", "method": "with_row"}
PERSON: dict[str, Any] = deepcopy(BY_EMAIL) | {"when_expired": "delete"}
PERSON["groups"] = {"all": {"purposes": [{"purpose": "DELIVERY", "scope": "record"}]}}
SENT_FOLLOWS = table(notes=["list"], part_of={"table": "list", "by": "list"})


@pytest.mark.parametrize("backend", BACKENDS)
def test_parts_of_a_personal_key_go_with_it(backend: str, tmp_path: Path) -> None:
    tables = {"person": PERSON, "list": FOLLOWS, "sent": SENT_FOLLOWS}
    with office(backend, tmp_path, [*ACCOUNTS, *LISTS, *SENT], tables) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert found.ids("person", "email") == ["b@stays"]
        assert found.ids("list") == [2, 3]
        assert found.ids("sent") == [2, 3]
        assert found.run("second") == "NOTHING_DUE"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_personal_key_stays_whole_as_long_as_a_row_lawfully_holds_its_value(backend: str, tmp_path: Path) -> None:
    tables = {"person": PERSON, "list": OWN, "sent": SENT_FOLLOWS}
    with office(backend, tmp_path, [*ACCOUNTS, *LISTS, *SENT], tables) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert [(row["email"], row["name"]) for row in found.rows("person")] == [("b@stays", "B"), ("c@left", "C")]
        assert {row["id"]: row["email"] for row in found.rows("list")} == {2: "b@stays", 4: "c@left"}
        assert found.ids("sent") == [2, 4]
        assert found.run("second") == "NOTHING_DUE"
        [planned] = found.gallring.ledger("second", "planned")
        [person] = [each for each in planned.body["tables"] if each["table"] == "person"]
        assert (person["retain"], person["nothing_left"]) == (2, 0), "an address that stays isn't culled already"
        assert person["retain_by"] == {"DELIVERY": 1, "REFERENCED_BY_RETAINED": 1}


def test_a_reference_that_may_be_null_is_let_go_and_the_key_follows(tmp_path: Path) -> None:
    nullable = [each.replace(" {TEXT} NOT NULL, FOREIGN", " {TEXT}, FOREIGN") for each in LISTS]
    columns = {**OWN["columns"], "email": {"category": "email", "group": "all"}}
    tables = {"person": PERSON, "list": OWN | {"when_expired": "anonymise", "columns": columns}}
    with office("postgres", tmp_path, [*ACCOUNTS, *nullable], tables) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert {row["id"]: row["email"] for row in found.rows("list")} == {1: None, 2: "b@stays", 3: None, 4: "c@left"}
        found.run("second")
        assert found.ids("person", "email") == ["b@stays", "c@left"]


def test_what_could_keep_such_a_row_too_long_is_refused_with_a_way_on(tmp_path: Path) -> None:
    keeps = reference_table("id", "list")
    by_note = OWN | {"columns": {**OWN["columns"], "email": "Refers to person"}}
    by_note["columns"]["ended_on"] = {"category": "name", "group": "all"}
    wrong = {
        "noted": ({"person": PERSON, "list": by_note, "sent": SENT_FOLLOWS}, "person.columns.email"),
        "kept": ({"person": PERSON, "list": OWN, "sent": keeps}, "list.columns.email.method"),
        "kept part": ({"person": PERSON, "list": FOLLOWS, "sent": keeps}, "person.columns.email.method"),
    }
    for name, (tables, place) in wrong.items():
        told = problems(tmp_path / name.replace(" ", "_"), tables)
        assert [(code, key) for code, key, _ in told] == [("KEY_COLUMN_PERSONAL", f"tables.{place}")], name
        assert all("part_of" in remedy and "with_row" in remedy for _, _, remedy in told)


def test_with_row_is_for_references_to_a_personal_key(tmp_path: Path) -> None:
    lazy = deepcopy(PERSON)
    lazy["columns"]["name"]["method"] = "with_row"
    assert [(code, key) for code, key, _ in problems(tmp_path / "lazy", {"person": lazy, "list": FOLLOWS})] == [
        ("METHOD", "tables.person.columns.name.method")
    ]
    null = deepcopy(OWN)
    null["columns"]["email"]["method"] = "set_null"
    ((code, key, remedy),) = problems(tmp_path / "null", {"person": PERSON, "list": null})
    assert (code, key) == ("METHOD", "tables.list.columns.email.method")
    assert "with_row" in remedy
    assert "constant" not in remedy, "the way on mustn't lead back here"
    two = OWN | {"groups": {**OWN["groups"], "more": GROUP}}
    two["columns"] = {**OWN["columns"], "ended_on": {"category": "name", "group": "more"}}
    told = problems(tmp_path / "two", {"person": PERSON, "list": two})
    assert ("KEY_COLUMN_PERSONAL", "tables.list.columns.email.method") in [(code, key) for code, key, _ in told]


def problems(home: Path, tables: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what is refused, by the map alone or beside the database."""
    made = [*ACCOUNTS, *LISTS, *(SENT if "sent" in tables else ())]
    try:
        with office("sqlite", home, made, tables) as found:
            return [(each.code, each.key, each.remedy) for each in found.check() if each.table]
    except ConfigurationError as error:
        return [(each.code, each.key, each.remedy) for each in error.problems]


def test_the_map_alone_tells_what_it_can(tmp_path: Path) -> None:
    tables = {"person": PERSON, "list": OWN | {"when_expired": "anonymise"}}
    policy = samples.write_policy(tmp_path / "policy", schedule(), {"office": the_map(tables)})
    _, told = samples.load(policy)
    assert ("KEY_COLUMN_PERSONAL", "tables.list.columns.email.method") in [(each.code, each.key) for each in told]
