"""A trigger that a run would fire closes its table until the map says why it is harmless."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map.live import check_live, closed_tables
from include.retention.data_map.model import DataMap
from include.retention.data_map.triggers import event_in
from include.retention.errors import Problem
from tests.accounts import account, as_account, execute
from tests.data_map import shop


@pytest.fixture
def mapped(tmp_path: Path) -> DataMap:
    """The valid map."""
    return shop.data_map(tmp_path / "policy")


def acknowledged(tmp_path: Path, table: str, **triggers: str) -> DataMap:
    """The valid map, in which a table's triggers have been looked at."""
    return shop.data_map(tmp_path / "policy", {"tables": {table: {"triggers": triggers}}})


def make_trigger(url: sa.URL, name: str, event: str, table: str) -> None:
    """Let a trigger copy the old value elsewhere."""
    quote = "`" if url.get_backend_name() == "mysql" else '"'
    if url.get_backend_name() == "postgresql":
        execute(
            url,
            f'CREATE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
            "INSERT INTO copies VALUES (OLD.*::text); RETURN OLD; END $$",
            f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" FOR EACH ROW EXECUTE FUNCTION "{name}"()',
        )
        return
    row = "NEW" if event == "INSERT" else "OLD"
    each = " FOR EACH ROW"
    body = f"INSERT INTO copies VALUES ({row}.customer_id)"
    body = body if url.get_backend_name() == "mysql" else f"BEGIN {body}; END"
    execute(url, f"CREATE TRIGGER {quote}{name}{quote} BEFORE {event} ON {quote}{table}{quote}{each} {body}")


def found(url: sa.URL, mapped: DataMap, *triggers: tuple[str, str, str]) -> tuple[Problem, ...]:
    """What the live check says of a database with triggers, each as name, event and table."""
    with shop.database(url, shop.tables()) as engine:
        execute(url, "CREATE TABLE copies (it varchar(200) PRIMARY KEY)")
        for trigger in triggers:
            make_trigger(url, *trigger)
        return tuple(each for each in check_live(mapped, engine) if each.table != "shop.copies")


@pytest.mark.parametrize("event", ["DELETE", "UPDATE"])
def test_a_trigger_closes_its_table(any_database_url: sa.URL, mapped: DataMap, event: str) -> None:
    problems = found(any_database_url, mapped, ("keep a copy", event, "customer"))
    assert shop.told(problems) == [("TRIGGER", "tables.customer.triggers.keep a copy")]
    assert closed_tables(problems) == {"shop.customer"}


def test_one_that_somebody_has_looked_at_closes_nothing(any_database_url: sa.URL, tmp_path: Path) -> None:
    mapped = acknowledged(tmp_path, "customer", keep="Writes the key alone")
    assert found(any_database_url, mapped, ("keep", "DELETE", "customer")) == ()


def test_another_one_beside_it_still_does(any_database_url: sa.URL, tmp_path: Path) -> None:
    mapped = acknowledged(tmp_path, "customer", keep="Writes the key alone")
    problems = found(any_database_url, mapped, ("keep", "DELETE", "customer"), ("more", "UPDATE", "customer"))
    assert shop.told(problems) == [("TRIGGER", "tables.customer.triggers.more")]


def test_what_a_run_never_does_fires_nothing(any_database_url: sa.URL, mapped: DataMap) -> None:
    """Nothing is inserted, no invoice is deleted, and no fiscal year is ever changed."""
    fired = (("a", "INSERT", "customer"), ("b", "DELETE", "invoice"))
    assert found(any_database_url, mapped, *fired) == ()


def test_a_name_without_a_trigger_is_told(any_database_url: sa.URL, tmp_path: Path) -> None:
    problems = found(any_database_url, acknowledged(tmp_path, "customer", kepp="Misspelt"))
    assert shop.told(problems) == [("TRIGGER_GONE", "tables.customer.triggers.kepp")]
    assert closed_tables(problems) == frozenset()


@pytest.mark.parametrize(("column", "closed"), [("name", True), ("kind", False)])
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_trigger_on_some_columns(
    request: pytest.FixtureRequest, mapped: DataMap, database: str, column: str, closed: bool
) -> None:
    url: sa.URL = request.getfixturevalue(f"{database}_url")
    problems = found(url, mapped, ("some", f'UPDATE OF "{column}"', "customer"))
    assert bool(closed_tables(problems)) is closed


def test_a_rule_and_a_disabled_trigger(postgres_url: sa.URL, mapped: DataMap) -> None:
    assert shop.told(found(postgres_url, mapped, ("off", "DELETE", "customer"))) == [
        ("TRIGGER", "tables.customer.triggers.off")
    ]
    execute(
        postgres_url,
        "ALTER TABLE customer DISABLE TRIGGER off",
        "CREATE RULE also AS ON DELETE TO line DO ALSO INSERT INTO copies VALUES (OLD.text)",
    )
    engine = engine_at(postgres_url)
    problems = [each for each in check_live(mapped, engine) if each.code == "TRIGGER"]
    engine.dispose()
    assert shop.told(tuple(problems)) == [("TRIGGER", "tables.line.triggers.also")]


@pytest.mark.parametrize("privilege", ["UPDATE (name)", "DELETE"])
def test_mariadb_shows_triggers_to_whom_they_would_fire_for(
    mariadb_url: sa.URL, mapped: DataMap, privilege: str
) -> None:
    """Without the privilege TRIGGER, which would let the account make some."""
    with account(mariadb_url) as name:
        assert found(mariadb_url, mapped, ("keep", "DELETE", "customer"))
        database = f"`{mariadb_url.database}`"
        execute(
            mariadb_url,
            f"GRANT SELECT ON {database}.* TO {name}@'%'",
            f"GRANT {privilege} ON {database}.customer TO {name}@'%'",
        )
        engine = engine_at(as_account(mariadb_url, name))
        codes = {each.code for each in check_live(mapped, engine) if each.table == "shop.customer"}
        engine.dispose()
    assert "TRIGGER" in codes


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("CREATE TRIGGER a AFTER DELETE ON t BEGIN SELECT 1; END", ("DELETE", set())),
        ("CREATE TRIGGER a UPDATE ON t BEGIN DELETE FROM u; END", ("UPDATE", set())),
        ('CREATE TRIGGER "on DELETE on" /* DELETE ON */ INSERT ON t BEGIN SELECT 1; END', ("INSERT", set())),
        ('create trigger a before update of b, "C d" on t begin select 1; end', ("UPDATE", {"b", "c d"})),
        ("CREATE TRIGGER on_update_of INSTEAD OF\nUPDATE OF b ON t BEGIN SELECT 1; END", ("UPDATE", {"b"})),
    ],
)
def test_what_a_trigger_of_sqlite_fires_on(definition: str, expected: tuple[str, Any]) -> None:
    fires_on, columns = event_in(definition)
    assert fires_on == expected[0]
    assert columns >= expected[1]
    assert bool(columns) is bool(expected[1])
