"""Discovery on live databases: what looks personal and isn't declared is found, and no value leaves it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from stdnum import luhn

from include.retention.data_map.load import load_maps
from include.retention.data_map.model import Acknowledged, DataMap
from include.retention.detect.fields import fields_of
from include.retention.discover.discover import Looked, discover_system
from include.retention.discover.documents import values_by_path
from include.retention.discover.findings import Discovery
from include.retention.discover.sample import probes, sample
from include.retention.discovering import looked_body
from include.retention.draft.read import read_schema
from include.retention.identifiers import Normaliser
from include.retention.json_paths import JsonPath
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


def found_in(home: Path, column: str, values: Sequence[object]) -> list[Discovery]:
    """Return what is found in a column of the orders that holds these values, one after the other."""
    with shop("sqlite", home) as (engine, data_map):
        with engine.begin() as connection:
            rows = [{"n": n, "value": values[n % len(values)]} for n in range(1, ROWS + 1)]
            connection.execute(sa.text(f"UPDATE orders SET {column} = :value WHERE order_id = :n"), rows)
        return [each for each in discover_system(engine, data_map, NORMALISER).found if each.column == column]


def test_order_numbers_that_begin_with_a_day_are_no_identity_numbers(tmp_path: Path) -> None:
    numbers = [f"202611{day:02}{n:04}" for day in range(1, 28) for n in range(0, 260, 9)]
    passing = [number for number in numbers if luhn.is_valid(number[2:])]
    assert len(passing) > len(numbers) / 20, "some pass the check by chance"
    assert found_in(tmp_path, "reference", numbers) == []


def test_identity_numbers_among_order_numbers_are_found(tmp_path: Path) -> None:
    people = [f"19{n:02}0101{n:03}" for n in range(30, 99)]
    people = [number + luhn.calc_check_digit(number[2:]) for number in people]
    orders = [f"ORD-{n}" for n in range(300)]
    (found,) = found_in(tmp_path, "reference", [*people, *orders])
    assert found.category == "identity_number"


NAMES = ["asvensson", "jdoe", "eriklind", "kund-anna", "user42", "K10023", "810101-1234", "Åsa", "анна", "李娜"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("often", [1, 8, ROWS])
def test_a_key_that_names_no_field_is_not_told_however_often_it_is_seen(tmp_path: Path, name: str, often: int) -> None:
    def document(n: int) -> str:
        seen = {name: f"y{n}@example.se"} if n % often == 0 else {}
        return json.dumps(
            {
                "by": {name if n % often == 0 else f"{name}{n}": {"mail": f"x{n}@example.se"}},
                "seen": [seen] * 50,
                "colour": "red",
            }
        )

    found = found_in(tmp_path, "payload", [document(n) for n in range(ROWS)])
    paths = {each.path for each in found}
    assert "$.by.*.mail" in paths
    assert {path.rpartition(".")[2] for path in paths} <= {"mail", "*"}
    assert name.casefold() not in repr(found).casefold()


def test_a_field_among_many_keys_that_are_not_told_is_seen(tmp_path: Path) -> None:
    documents = [json.dumps({f"x{n}q": "red", "zzyzx": f"a{n}@example.se"} | {f"x{m}q": "blue" for m in range(200)})
                 for n in range(ROWS)]  # fmt: skip
    (found,) = found_in(tmp_path, "payload", documents)
    assert (found.path, found.category, found.share) == ("$.*", "email", 1.0), "in every document, among 200 others"


def test_a_key_that_the_map_names_is_told_and_what_it_covers_is_no_finding(tmp_path: Path) -> None:
    documents = [json.dumps({"zzyzx": {"jdoe": {"mail": f"a{n}@example.se"}}}) for n in range(ROWS)]
    with shop("sqlite", tmp_path) as (engine, data_map):
        with engine.begin() as connection:
            rows = [{"n": n + 1, "value": value} for n, value in enumerate(documents)]
            connection.execute(sa.text("UPDATE orders SET payload = :value WHERE order_id = :n"), rows)
        named = replace(
            data_map, acknowledged=(Acknowledged("orders", "payload", "$.zzyzx", "email", 1.0, "Looked at"),)
        )
        assert ("orders", "payload", "$.zzyzx.*.mail") in told(discover_system(engine, named, NORMALISER))
        table = data_map.tables["orders"]
        path = JsonPath("$.zzyzx", ("zzyzx",), "email", "text")
        columns = {**table.columns, "payload": replace(table.columns["payload"], paths=(path,))}
        declared = replace(data_map, tables={"orders": replace(table, columns=columns)})
        assert not [each for each in discover_system(engine, declared, NORMALISER).found if each.column == "payload"]


def test_a_null_beside_documents_is_no_text(tmp_path: Path) -> None:
    document = json.dumps({"customer": {"email": "anna@example.se"}})
    (found,) = found_in(tmp_path, "payload", [document, "null", " null "])
    assert found.path == "$.customer.email"


@pytest.mark.parametrize(
    "key", ["email", "gift_to", "shippingAddress", "KundAdress", "kontaktperson", "lines", "e-post", "ändrad", "staff"]
)
def test_what_fields_are_called_by_is_told(key: str) -> None:
    assert fields_of(["orders", "staff", "line1"]).tells(key)


@pytest.mark.parametrize("key", ["", " ", "_", "a@b.se", "mark", "Anna", "anna_email", "line2", "email7", "jdoe"])
def test_what_may_be_a_name_or_a_number_is_not_told(key: str) -> None:
    assert not fields_of(["orders", "staff", "line1"]).tells(key)


def test_a_document_nested_beyond_any_program_stops_nothing() -> None:
    deep: object = "anna@example.se"
    for _ in range(5000):
        deep = {"note": deep}
    (path,) = values_by_path([deep, deep], fields_of([]))
    assert path == "$" + ".note" * 5000


def test_what_is_acknowledged_comes_back_when_more_than_chance_has_changed(tmp_path: Path) -> None:
    def share(of: int) -> list[str]:
        return [f"a{n}@example.se" if n % 100 < of else f"R{n}" for n in range(ROWS)]

    def answered(home: Path, of: int) -> bool:
        home.mkdir()
        with shop("sqlite", home) as (engine, data_map):
            answers = (Acknowledged("orders", "reference", "", "email", 0.05, "Till kassan"),)
            with engine.begin() as connection:
                rows = [{"n": n + 1, "value": value} for n, value in enumerate(share(of))]
                connection.execute(sa.text("UPDATE orders SET reference = :value WHERE order_id = :n"), rows)
            looked = discover_system(engine, replace(data_map, acknowledged=answers), NORMALISER)
            return next(each for each in looked.found if each.column == "reference").acknowledged

    assert answered(tmp_path / "same", 5)
    assert answered(tmp_path / "chance", 8), "eight in a hundred may be seen where five are"
    assert not answered(tmp_path / "grown", 14), "though it has grown by less than a tenth"


@pytest.mark.parametrize("key", [sa.String(36), sa.Uuid()])
@pytest.mark.parametrize("backend", ["sqlite", "postgres", "mariadb"])
def test_what_stands_in_the_middle_is_seen_whatever_the_key(
    backend: str, key: sa.types.TypeEngine[Any], tmp_path: Path
) -> None:
    ids = sorted(uuid.UUID(bytes=hashlib.sha256(bytes(str(n), "ascii")).digest()[:16], version=4) for n in range(4000))
    meta = sa.MetaData()
    stray = sa.Table("stray", meta, sa.Column("id", key, primary_key=True), sa.Column("word", sa.String(40)))
    with databases(backend, ["shop"], tmp_path) as urls:
        engine = sa.create_engine(urls["shop"])
        meta.create_all(engine)
        middle = range(1000, 3000)
        rows = [
            {"id": str(each) if isinstance(key, sa.String) else each,
             "word": f"a{n}@example.se" if n in middle else f"R{n}"}
            for n, each in enumerate(ids)
        ]  # fmt: skip
        rows.sort(key=lambda row: hashlib.sha256(str(row["word"]).encode()).digest())
        with engine.begin() as connection:
            connection.execute(sa.insert(stray), rows)
        live = read_schema(engine, None).tables["stray"]
        assert live is not None
        with engine.connect() as connection:
            found = sample(connection, None, "stray", live, ["word"])["word"]
            assert found == sample(connection, None, "stray", live, ["word"])["word"], "the same rows each time"
        engine.dispose()
    hits = sum("@" in str(word) for word in found)
    assert len(found) <= 3 * 100
    assert hits >= 20, "at its ends there is none"


@pytest.mark.parametrize(
    ("first", "last"), [("a", "z"), ("A-0001", "A-9999"), ("", "ö"), ("a", "a"), ("\ud7ff", "\ue000")]
)
def test_probes_lie_between_the_ends(first: str, last: str) -> None:
    found = list(probes(first, last))
    assert all(min(first, last)[:1] <= probe[:1] <= max(first, last)[:1] for probe in found if probe)
    assert all(probe.encode() for probe in found), "each is a text that a database takes"
