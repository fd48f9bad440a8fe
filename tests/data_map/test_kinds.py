"""What looks like a table and isn't one, or not one that a run can change safely."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map.live import check_live, closed_tables, read_foreign_keys
from include.retention.data_map.model import DataMap
from include.retention.errors import Problem
from include.retention.reading import UNREADABLE
from tests.accounts import execute
from tests.data_map import shop

CLUB: dict[str, Any] = {
    "title": {"sv": "Klubb", "en": "Club"},
    "key": "id",
    "subjects": {"member": {"kind": "person", "identifiers": {"email": "email"}}},
    "groups": {"all": {"purposes": ["MARKETING"]}},
    "columns": {"id": "Key", "email": {"category": "email", "group": "all"}},
}
COLUMNS = "id integer NOT NULL, email varchar(100)"


def found(url: sa.URL, folder: Path, *statements: str, **change: Any) -> tuple[Problem, ...]:
    """What the live check says once statements have made the club, in whatever shape."""
    mapped = the_map(folder, **change)
    with shop.database(url, shop.tables()) as engine:
        execute(url, *statements)
        return check_live(mapped, engine)


def the_map(folder: Path, **change: Any) -> DataMap:
    """The valid map with a club in it."""
    return shop.data_map(folder / "policy", {"tables": {"club": {**CLUB, **change}}})


def test_a_view_is_no_table(any_database_url: sa.URL, tmp_path: Path) -> None:
    view = "CREATE VIEW club AS SELECT customer_id AS id, email FROM customer"
    problems = found(any_database_url, tmp_path, view)
    assert shop.told(problems) == [("NOT_A_TABLE", "tables.club")]
    assert "is a view" in problems[0].what
    assert problems[0].code in UNREADABLE, "what its rows tell couldn't keep anything else"


def test_neither_is_a_materialised_view_nor_a_foreign_table(postgres_url: sa.URL, tmp_path: Path) -> None:
    copy = "CREATE MATERIALIZED VIEW club AS SELECT customer_id AS id, email FROM customer"
    problems = found(postgres_url, tmp_path, copy)
    assert shop.told(problems) == [("NOT_A_TABLE", "tables.club")]
    assert "is a materialised view" in problems[0].what
    execute(
        postgres_url,
        "DROP MATERIALIZED VIEW club",
        "CREATE FOREIGN DATA WRAPPER elsewhere",
        "CREATE SERVER far FOREIGN DATA WRAPPER elsewhere",
        f"CREATE FOREIGN TABLE club ({COLUMNS}) SERVER far",
        f"CREATE FOREIGN TABLE guests ({COLUMNS}) SERVER far",
    )
    engine = engine_at(postgres_url)
    problems = check_live(the_map(tmp_path), engine)
    engine.dispose()
    assert shop.told(problems) == [("NOT_A_TABLE", "tables.club"), ("UNDECLARED_TABLE", "tables.guests")]


def test_partitions_are_their_table(postgres_url: sa.URL, tmp_path: Path) -> None:
    made = [
        f"CREATE TABLE club ({COLUMNS}, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE club_1 PARTITION OF club FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (id)",
        "CREATE TABLE club_1_1 PARTITION OF club_1 FOR VALUES FROM (0) TO (5)",
        "ALTER TABLE scan ADD FOREIGN KEY (scan_id) REFERENCES club",
    ]
    assert found(postgres_url, tmp_path, *made) == ()
    engine = engine_at(postgres_url)
    keys = [each for each in read_foreign_keys(engine, None) if each.child_table == "scan"]
    alone = shop.data_map(tmp_path / "policy", {"tables": {"club": CLUB, "club_1_1": deepcopy(CLUB)}})
    problems = check_live(alone, engine)
    engine.dispose()
    assert sorted(each.parent_table for each in keys) == ["club", "customer"], "once, not once a partition"
    assert shop.told(problems) == [("NOT_A_TABLE", "tables.club_1_1")]
    assert "is a partition of club" in problems[0].what


def test_a_trigger_on_a_partition_counts(postgres_url: sa.URL, tmp_path: Path) -> None:
    made = [
        f"CREATE TABLE club ({COLUMNS}, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE club_1 PARTITION OF club FOR VALUES FROM (0) TO (9)",
        "CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
        "CREATE TRIGGER back BEFORE UPDATE ON club_1 FOR EACH ROW EXECUTE FUNCTION back()",
    ]
    assert shop.told(found(postgres_url, tmp_path, *made)) == [("TRIGGER", "tables.club.triggers.back")]


def test_partitions_of_mariadb_are_their_table(mariadb_url: sa.URL, tmp_path: Path) -> None:
    made = f"CREATE TABLE club ({COLUMNS}, PRIMARY KEY (id)) PARTITION BY HASH (id) PARTITIONS 3"
    assert found(mariadb_url, tmp_path, made) == ()


def test_a_table_that_others_inherit_from_has_no_key(postgres_url: sa.URL, tmp_path: Path) -> None:
    made = [f"CREATE TABLE club ({COLUMNS}, PRIMARY KEY (id))", "CREATE TABLE old_club () INHERITS (club)"]
    problems = found(postgres_url, tmp_path, *made)
    assert shop.told(problems) == [("KEY_MISMATCH", "tables.club.key"), ("UNDECLARED_TABLE", "tables.old_club")]
    assert "old_club" in problems[0].what


@pytest.mark.parametrize(
    ("option", "code"), [("WITH SYSTEM VERSIONING", "KEEPS_HISTORY"), ("ENGINE = MyISAM", "NO_TRANSACTIONS")]
)
def test_a_table_in_which_nothing_goes_for_good_or_back(
    mariadb_url: sa.URL, tmp_path: Path, option: str, code: str
) -> None:
    problems = found(mariadb_url, tmp_path, f"CREATE TABLE club ({COLUMNS}, PRIMARY KEY (id)) {option}")
    assert shop.told(problems) == [(code, "tables.club")]
    assert closed_tables(problems) == {"shop.club"}


def test_a_table_without_a_key(any_database_url: sa.URL, tmp_path: Path) -> None:
    problems = found(any_database_url, tmp_path, f"CREATE TABLE club ({COLUMNS})")
    assert shop.told(problems) == [("KEY_MISMATCH", "tables.club.key")]


def test_a_unique_key_that_may_be_null(any_database_url: sa.URL, tmp_path: Path) -> None:
    problems = found(any_database_url, tmp_path, "CREATE TABLE club (id integer UNIQUE, email varchar(100))")
    assert shop.told(problems) == [("KEY_MISMATCH", "tables.club.key")]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_an_index_on_some_rows_makes_no_key(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> None:
    made = [f"CREATE TABLE club ({COLUMNS})", "CREATE UNIQUE INDEX live ON club (id) WHERE email IS NOT NULL"]
    problems = found(request.getfixturevalue(f"{database}_url"), tmp_path, *made)
    assert shop.told(problems) == [("KEY_MISMATCH", "tables.club.key")]


def test_a_primary_key_of_sqlite_may_be_null(sqlite_url: sa.URL, tmp_path: Path) -> None:
    """And is taken for one as long as it isn't."""
    made = ["CREATE TABLE club (id text PRIMARY KEY, email text)", "INSERT INTO club VALUES ('a', NULL)"]
    assert found(sqlite_url, tmp_path, *made) == ()
    execute(sqlite_url, "INSERT INTO club VALUES (NULL, 'a'), (NULL, 'b')")
    problems = found(sqlite_url, tmp_path)
    assert shop.told(problems) == [("KEY_MISMATCH", "tables.club.key")]
    assert "NULL in some rows" in problems[0].what


def test_a_computed_column_takes_no_method(any_database_url: sa.URL, tmp_path: Path) -> None:
    computed = "id integer NOT NULL PRIMARY KEY, email varchar(100) GENERATED ALWAYS AS ('x') STORED"
    problems = found(any_database_url, tmp_path, f"CREATE TABLE club ({computed})")
    assert shop.told(problems) == [("METHOD", "tables.club.columns.email.method")]
    assert "computes it" in problems[0].remedy


def test_a_check_beside_its_column(any_database_url: sa.URL, tmp_path: Path) -> None:
    made = "CREATE TABLE club (id integer NOT NULL PRIMARY KEY, email varchar(100) CHECK (email IS NOT NULL))"
    assert shop.told(found(any_database_url, tmp_path, made)) == [("CHECK_REFUSES", "tables.club.columns.email.method")]


@pytest.mark.parametrize(("value", "refused"), [("nobody", True), ("nobody@gallring.invalid", False)])
def test_a_domain_has_checks_of_its_own(postgres_url: sa.URL, tmp_path: Path, value: str, refused: bool) -> None:
    columns = {**CLUB["columns"], "email": {"category": "email", "group": "all", "method": {"constant": value}}}
    made = [
        "CREATE DOMAIN address AS text CHECK (VALUE ~ '@') CONSTRAINT not_so CHECK (VALUE <> 'VALUE')",
        "CREATE TABLE club (id integer PRIMARY KEY, email address)",
    ]
    problems = found(postgres_url, tmp_path, *made, columns=columns)
    assert [each.code for each in problems] == (["CHECK_REFUSES"] if refused else [])
