"""Types and habits that only one database has: addresses, infinity, zero dates, collations, character sets."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from include.retention.column_types import plain_type, read_types
from include.retention.data_map.model import Method
from include.retention.methods import erased, left
from include.retention.statements import sql_table
from tests.methods import plain
from tests.methods.tables import Made, data_map, make_table, mapped_table

YEAR, NETWORK = Method("year_of_date"), Method("ip_network")


def only_on(engine: sa.Engine, name: str) -> None:
    if engine.dialect.name != name:
        pytest.skip(f"only {name} has it")


def create(engine: sa.Engine, method: Method, declared: str, before: str = "") -> Made:
    """Create the table by hand, with a type that SQLAlchemy wouldn't write."""
    table = mapped_table("thing", ["id"], {"value": method})
    engine.dispose()  # A statement that a session has prepared would remember the type of the last test's column.
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS thing")
        if before:
            connection.exec_driver_sql(before)
        connection.exec_driver_sql(f"CREATE TABLE thing (id integer PRIMARY KEY, value {declared})")
        types = read_types(connection, data_map(table))["thing"]
    return Made(table, sql_table(table, None, types))


def erase_all(engine: sa.Engine, made: Made, literals: list[str]) -> list[Any]:
    """Store literals, erase them, and return what is there as text; nothing is left, and once more changes nothing."""
    table, target = made.table, made.target
    what, after = left(table, target, "all"), erased(table, target, "value")
    count = sa.select(sa.func.count()).select_from(target).where(what)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM thing")
        for i, literal in enumerate(literals):
            connection.exec_driver_sql(f"INSERT INTO thing VALUES ({i}, {literal})")
        as_text = sa.select(sa.cast(target.c.value, sa.String(100))).order_by(target.c.id)
        connection.execute(sa.update(target).values({target.c.value: after}).where(what))
        once = list(connection.execute(as_text).scalars())
        assert connection.scalar(count) == 0
        connection.execute(sa.update(target).values({target.c.value: after}))
        assert list(connection.execute(as_text).scalars()) == once
    return once


@pytest.mark.parametrize("declared", ["inet", "cidr"])
def test_postgresql_addresses(engine: sa.Engine, declared: str) -> None:
    only_on(engine, "postgresql")
    made = create(engine, NETWORK, declared)
    assert isinstance(made.target.c.value.type, (postgresql.INET, postgresql.CIDR))

    @given(st.lists(st.ip_addresses().map(str), min_size=1, max_size=20))
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def run(addresses: list[str]) -> None:
        found = erase_all(engine, made, [f"'{address}'" for address in addresses])
        assert found == [plain.inet_network(address) for address in addresses]

    run()
    networks = ["'192.0.2.0/25'", "'10.0.0.0/8'", "'2001:db8:1:2::/64'", "NULL"]
    assert erase_all(engine, made, networks) == ["192.0.2.0/24", "10.0.0.0/24", "2001:db8:1::/48", None]


def test_postgresql_infinity_hides_nothing(engine: sa.Engine) -> None:
    only_on(engine, "postgresql")
    days = ["'infinity'", "'-infinity'", "'0044-03-15 BC'", "'2024-12-31'"]
    assert erase_all(engine, create(engine, YEAR, "date"), days) == [
        "infinity", "-infinity", "0044-01-01 BC", "2024-01-01",
    ]  # fmt: skip
    moments = ["'infinity'", "'2024-12-31 23:30:00+00'", "'2025-01-01 00:30:00+01'"]
    assert erase_all(engine, create(engine, YEAR, "timestamptz"), moments) == [
        "infinity", "2024-01-01 00:00:00+00", "2024-01-01 00:00:00+00",
    ]  # fmt: skip


def test_postgresql_text_without_case(engine: sa.Engine) -> None:
    """A collation for which X is x must not make the rest of a value look erased."""
    only_on(engine, "postgresql")
    blind = "CREATE COLLATION IF NOT EXISTS blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false)"
    made = create(engine, Method("constant", value="andersson"), 'varchar(40) COLLATE "blind"', blind)
    assert erase_all(engine, made, ["'ANDERSSON'", "'Ändersson'", "'andersson'"]) == ["andersson"] * 3


def test_postgresql_domains_and_enums(engine: sa.Engine) -> None:
    only_on(engine, "postgresql")
    for statement in ("DROP TABLE IF EXISTS thing", "DROP DOMAIN IF EXISTS postcode", "DROP TYPE IF EXISTS sex"):
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    made = create(engine, Method("shorten", length=3), "postcode", "CREATE DOMAIN postcode AS varchar(10)")
    assert isinstance(made.target.c.value.type, sa.String)
    assert erase_all(engine, made, ["'123 45'", "'12'"]) == ["123", "12"]
    made = create(engine, Method("constant", value="x"), "sex", "CREATE TYPE sex AS ENUM ('f', 'm', 'x')")
    assert erase_all(engine, made, ["'f'", "'x'", "NULL"]) == ["x", "x", None]


def test_mariadb_dates_that_arent(engine: sa.Engine) -> None:
    """Zero dates and partial ones, as old applications leave them: years stay, days go."""
    only_on(engine, "mysql")
    made = create(engine, YEAR, "date")
    with engine.begin() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = ''")
        connection.exec_driver_sql("DELETE FROM thing")
        for i, day in enumerate(["0000-00-00", "0000-05-17", "1980-00-00", "1980-05-00", "0050-06-01", "2024-02-29"]):
            connection.exec_driver_sql(f"INSERT INTO thing VALUES ({i}, '{day}')")
        after = erased(made.table, made.target, "value")
        connection.execute(sa.update(made.target).values({made.target.c.value: after}))
        found = connection.exec_driver_sql("SELECT CAST(value AS CHAR) FROM thing ORDER BY id").scalars().all()
        assert found == ["0000-01-01", "0000-01-01", "1980-01-01", "1980-01-01", "0050-01-01", "2024-01-01"]
        query = sa.select(sa.func.count()).select_from(made.target).where(left(made.table, made.target, "all"))
        assert connection.scalar(query) == 0
        connection.exec_driver_sql("SET SESSION sql_mode = DEFAULT")


def test_mariadb_timestamps(engine: sa.Engine) -> None:
    only_on(engine, "mysql")
    made = create(engine, YEAR, "timestamp NULL")
    found = erase_all(engine, made, ["'1970-06-01 12:00:00'", "'1970-01-01 00:00:01'", "'2037-12-31 23:59:59'", "NULL"])
    assert found == ["1970-01-01 00:00:01", "1970-01-01 00:00:01", "2037-01-01 00:00:00", None]


@pytest.mark.parametrize("declared", ["CHARACTER SET latin1", "CHARACTER SET utf8mb3", "COLLATE utf8mb4_unicode_ci"])
def test_mariadb_character_sets(engine: sa.Engine, declared: str) -> None:
    only_on(engine, "mysql")
    names = ["'Åsa'", "'ÅSA'", "'åsa'", "'asa'", "'åsa '"]
    made = create(engine, Method("constant", value="åsa"), f"varchar(40) {declared}")
    assert erase_all(engine, made, names) == ["åsa"] * 5
    made = create(engine, Method("shorten", length=2), f"varchar(40) {declared}")
    assert erase_all(engine, made, names) == ["Ås", "ÅS", "ås", "as", "ås"]
    made = create(engine, Method("year_of_date"), f"varchar(40) {declared}")
    assert erase_all(engine, made, ["'2024-05-17t10'", "'2024-05-17T10Z'", "'2024-05-17 '"]) == [
        None, "2024-01-01T00:00:00Z", "2024-01-01 00:00:00",
    ]  # fmt: skip


def test_enums_and_unsigned_numbers_in_mariadb(engine: sa.Engine) -> None:
    only_on(engine, "mysql")
    made = create(engine, Method("constant", value="x"), "enum('f', 'm', 'x')")
    assert erase_all(engine, made, ["'f'", "'x'", "NULL"]) == ["x", "x", None]
    made = create(engine, Method("bucket", size=256), "int unsigned")
    assert erase_all(engine, made, ["3221226018", "0", "255", "256"]) == ["3221225984", "0", "0", "256"]


def test_types_bind_and_read_nothing(engine: sa.Engine) -> None:
    """What SQLAlchemy would parse, and quote when it can't, comes back as the driver gives it."""
    table = mapped_table("thing", ["id"], {"value": YEAR})
    made = make_table(engine, table, {"id": sa.Integer(), "value": sa.Date()})
    if engine.dialect.name == "sqlite":
        assert isinstance(made.target.c.value.type, sa.Text)
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO thing VALUES (1, 'Anna Andersson')")
            assert connection.execute(sa.select(made.target.c.value)).scalar() == "Anna Andersson"
    assert isinstance(plain_type(sa.Enum("a", "bc"), "mysql"), sa.String)
    assert plain_type(sa.Numeric(9, 2), "sqlite").asdecimal is False  # type: ignore[attr-defined]
