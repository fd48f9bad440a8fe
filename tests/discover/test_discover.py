"""Discovery on live databases: what looks personal and isn't declared is found, and no value leaves it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.data_map.load import load_maps
from include.retention.data_map.model import Acknowledged, DataMap
from include.retention.discover.discover import Looked, discover_system
from include.retention.discover.findings import Discovery
from include.retention.discovering import looked_body
from include.retention.identifiers import Normaliser
from include.retention.policy.load import load_schedule
from tests.accounts import account, as_account, execute
from tests.integration.harness import databases

SCHEDULE = Path(__file__).parents[1] / "benchmarks" / "policy" / "retention_schedule.yaml"
MAP = """
system: shop
title: {sv: Butik, en: Shop}
connection: gallring_shop
owner: Butikschef
ignore_tables: {staff: Kept by the wage system}
tables:
  orders:
    title: {sv: Order, en: Orders}
    key: order_id
    when_expired: delete
    subjects:
      person: {kind: person, identifiers: {customer_number: customer_no}}
    events:
      - {event: relationship, date: ended_on, null: ongoing}
    groups:
      text: {purposes: [DELIVERY]}
    columns:
      order_id: Primary key
      customer_no: Number of the customer
      ended_on: Last day
      note: {category: free_text, group: text}
      reference: Our reference
      payload: What the web shop sent
      colour: Colour of the goods
      comment: Comment of the warehouse
"""
ROWS = 700
COLOURS = ("red", "green", "blue", "charcoal")
NORMALISER = Normaliser(date(2026, 11, 27), frozenset(), frozenset())


def order(number: int) -> dict[str, object]:
    """Return an order: an e-mail address in its reference, in its payload, and in some comments."""
    payload = {"lines": [{"sku": f"A{number}", "gift_to": f"anna.{number}@example.se"}], "colour": "red"}
    return {
        "order_id": number,
        "customer_no": f"K{number}",
        "ended_on": "2026-01-01",
        "note": "A note",
        "reference": f"beda.{number}@example.se" if number % 4 == 0 else f"REF{number}",
        "payload": json.dumps(payload),
        "colour": COLOURS[number % 4],
        "comment": f"Packed. Ask cecilia.{number}@example.se" if number % 10 == 0 else "Packed in two parcels",
    }


@contextmanager
def shop(backend: str, home: Path) -> Iterator[tuple[sa.Engine, DataMap]]:
    """Give a shop whose map overlooks much, and which has a table of staff and one that nobody knows."""
    (home / "maps").mkdir()
    (home / "maps" / "shop.yaml").write_text(MAP, "utf-8")
    data_map = load_maps(home / "maps", load_schedule(SCHEDULE))["shop"]
    meta = sa.MetaData()
    text = sa.String(200)
    orders = sa.Table(
        "orders", meta, sa.Column("order_id", sa.Integer, primary_key=True), sa.Column("ended_on", sa.Date),
        *(sa.Column(name, text) for name in ("customer_no", "note", "reference", "payload", "colour", "comment")),
    )  # fmt: skip
    staff = sa.Table("staff", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("pnr", text))
    stray = sa.Table("stray copy", meta, sa.Column("select", text))
    with databases(backend, ["shop"], home) as urls:
        engine = sa.create_engine(urls["shop"])
        try:
            meta.create_all(engine)
            with engine.begin() as connection:
                rows = [order(number) | {"ended_on": date(2026, 1, 1)} for number in range(1, ROWS + 1)]
                connection.execute(sa.insert(orders), rows)
                connection.execute(sa.insert(staff), [{"id": n, "pnr": "19811228-9874"} for n in range(1, 4)])
                connection.execute(sa.insert(stray), [{"select": "192.0.2.7"}, {"select": "192.0.2.8"}])
            yield engine, data_map
        finally:
            engine.dispose()


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[sa.Engine, DataMap]]:
    """The shop on each kind of database."""
    with shop(request.param, tmp_path) as found:
        yield found


def told(looked: Looked) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Return what was found, by its place."""
    return {(each.table, each.column, each.path): (each.category, each.where.value) for each in looked.found}


def test_what_looks_personal_is_found_wherever_the_map_says_that_there_is_nothing(
    live: tuple[sa.Engine, DataMap],
) -> None:
    looked = discover_system(*live, NORMALISER)
    assert told(looked) == {
        ("orders", "reference", ""): ("email", "not_personal"),
        ("orders", "payload", "$.lines[*].gift_to"): ("email", "not_personal"),
        ("orders", "comment", ""): ("email", "not_personal"),
        ("staff", "pnr", ""): ("identity_number", "left_alone"),
        ("stray copy", "select", ""): ("ip_address", "unknown"),
    }
    assert looked.unread == ()
    by_column = {each.column: each for each in looked.found}
    assert by_column["reference"].share == pytest.approx(0.25, abs=0.05)
    assert by_column["comment"].share == pytest.approx(0.1, abs=0.05)
    assert by_column["payload"].share == 1
    assert 250 < by_column["payload"].examined <= 300


def test_the_whole_table_is_sampled_and_always_the_same_rows(tmp_path: Path) -> None:
    with shop("sqlite", tmp_path) as (engine, data_map):
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE orders SET colour = 'a@example.se' WHERE order_id BETWEEN 300 AND 400")
        first = discover_system(engine, data_map, NORMALISER)
        assert ("orders", "colour", "") in told(first), "seen neither at the beginning nor at the end"
        assert discover_system(engine, data_map, NORMALISER) == first


def test_no_value_leaves_discovery(live: tuple[sa.Engine, DataMap]) -> None:
    looked = discover_system(*live, NORMALISER)
    for text in (repr(looked), json.dumps(looked_body(looked))):
        assert "@" not in text
        assert "9874" not in text
        assert "192.0" not in text


def test_a_key_that_is_itself_personal_is_not_told(tmp_path: Path) -> None:
    with shop("sqlite", tmp_path) as (engine, data_map):
        with engine.begin() as connection:
            document = json.dumps(
                {
                    "Anna": "anna@example.se",
                    "anna_svensson": "b@example.se",
                    "dora@example.se": {"visits": 2},
                    "kind": "list",
                }
            )
            connection.execute(sa.text("UPDATE orders SET payload = :document"), {"document": document})
        looked = discover_system(engine, data_map, NORMALISER)
        paths = {each.path: each.category for each in looked.found if each.column == "payload"}
        assert paths == {"$.*": "email"}
        assert "anna" not in repr(looked).lower()


def answer(found: Discovery, share: float) -> Acknowledged:
    """Return what a person writes into the map."""
    return Acknowledged(found.table, found.column, found.path, found.category, share, "Looked at")


def test_what_is_acknowledged_is_quiet_until_its_share_grows(tmp_path: Path) -> None:
    with shop("sqlite", tmp_path) as (engine, data_map):
        looked = discover_system(engine, data_map, NORMALISER)
        answers = tuple(answer(each, each.share) for each in looked.found)
        answered = replace(data_map, acknowledged=answers)
        assert all(each.acknowledged for each in discover_system(engine, answered, NORMALISER).found)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE orders SET reference = 'b@example.se' WHERE order_id % 2 = 0")
        again = discover_system(engine, answered, NORMALISER)
        assert [each.column for each in again.found if not each.acknowledged] == ["reference"]


def test_an_answer_for_one_thing_answers_for_no_other(tmp_path: Path) -> None:
    with shop("sqlite", tmp_path) as (engine, data_map):
        found = next(each for each in discover_system(engine, data_map, NORMALISER).found if each.column == "payload")
        for other in ({"path": ""}, {"looks_like": "phone"}, {"column": "reference"}, {"table": "staff"}):
            wrong = replace(data_map, acknowledged=(replace(answer(found, 1.0), **other),))
            looked = discover_system(engine, wrong, NORMALISER)
            assert next(each for each in looked.found if each.column == "payload").acknowledged is False


def looked_at_by(name: str, engine: sa.Engine, data_map: DataMap) -> Looked:
    """Return what discovery sees through an account."""
    limited = sa.create_engine(as_account(engine.url, name))
    try:
        return discover_system(limited, data_map, NORMALISER)
    finally:
        limited.dispose()


def test_what_the_account_may_not_read_is_told_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    with shop("postgres", tmp_path) as (engine, data_map), account(engine.url) as name:
        execute(engine.url, f"GRANT SELECT (order_id, reference) ON orders TO {name}")
        looked = looked_at_by(name, engine, data_map)
        assert told(looked) == {("orders", "reference", ""): ("email", "not_personal")}
        assert {"orders.payload", "orders.comment", "orders.colour", "staff.pnr"} <= set(looked.unread)


def test_what_the_account_does_not_see_on_mariadb_stops_nothing(tmp_path: Path) -> None:
    with shop("mariadb", tmp_path) as (engine, data_map), account(engine.url) as name:
        execute(engine.url, f"GRANT SELECT ON orders TO {name}")
        looked = looked_at_by(name, engine, data_map)
        assert {each.table for each in looked.found} == {"orders"}


def test_an_empty_database_has_nothing_to_tell(tmp_path: Path) -> None:
    with shop("sqlite", tmp_path) as (engine, data_map):
        with engine.begin() as connection:
            for table in ("orders", "staff", '"stray copy"'):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        assert discover_system(engine, data_map, NORMALISER).found == ()
