"""Tables of kinds that only some servers have, acted on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from include.retention.column_types import read_types
from include.retention.data_map.model import Emission
from include.retention.statements import moved_days
from include.retention.terms import Verdict, WhenNull
from tests.act.world import NULL, act, batch
from tests.methods.tables import data_map, mapped_table

PARTITIONED = {
    "postgresql": (
        "CREATE TABLE thing (id integer PRIMARY KEY, name varchar(20)) PARTITION BY RANGE (id)",
        "CREATE TABLE thing_1 PARTITION OF thing FOR VALUES FROM (0) TO (3)",
        "CREATE TABLE thing_2 PARTITION OF thing FOR VALUES FROM (3) TO (9)",
    ),
    "mysql": ("CREATE TABLE thing (id integer PRIMARY KEY, name varchar(20)) PARTITION BY HASH (id) PARTITIONS 3",),
}


def test_a_partitioned_table_is_one_table(server_url: sa.URL, tmp_path: Path) -> None:
    engine = sa.create_engine(server_url)
    with engine.begin() as connection:
        for statement in PARTITIONED[engine.dialect.name]:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("INSERT INTO thing VALUES (1, 'a'), (2, 'b'), (4, 'c'), (5, 'd')")
    table = mapped_table("thing", ["id"], {"name": NULL})
    plan = [
        batch(1, "thing", Verdict.ANONYMISE, [(1,), (4,)], "all"),
        batch(2, "thing", Verdict.DELETE, [(2,), (5,)]),
    ]
    result, _ = act(engine, tmp_path, plan, data_map=data_map(table), references=())
    with engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT id, name FROM thing ORDER BY id").all()
    engine.dispose()
    assert (result.done, result.remaining, result.not_done) == (4, 0, ())
    assert [tuple(row) for row in left] == [(1, None), (4, None)]


def test_a_computed_day_isnt_set_to_itself(mariadb_url: sa.URL, tmp_path: Path) -> None:
    """MariaDB refuses that, and a computed day moves only with what it is computed from."""
    engine = sa.create_engine(mariadb_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE thing (id integer PRIMARY KEY, name varchar(20), seen datetime, "
            "day datetime GENERATED ALWAYS AS (seen) STORED)"
        )
        connection.exec_driver_sql("INSERT INTO thing (id, name, seen) VALUES (1, 'a', '2020-01-01')")
    table = replace(
        mapped_table("thing", ["id"], {"name": NULL}, other=["seen", "day"]),
        emissions=(told_by("day"), told_by("seen")),
    )
    with engine.connect() as connection:
        types = read_types(connection, data_map(table))["thing"]
    assert moved_days(table, types, ["name"]) == ["seen"]
    result, _ = act(engine, tmp_path, [batch(1, "thing", Verdict.ANONYMISE, [(1,)], "all")], data_map=data_map(table))
    engine.dispose()
    assert (result.done, result.not_done) == (1, ())


def told_by(column: str) -> Emission:
    """Return an event that takes its day from a column."""
    return Emission("seen", column, None, WhenNull.ABSENT, (), (), (), None, as_fiscal_year_end=False, fallback=None)
