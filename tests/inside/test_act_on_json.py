"""Erasing by path in a database: JSON columns of every kind, and JSON kept as text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from include.retention.batch import ActResult, Batch
from include.retention.data_map.model import Column, Group, Method, Table
from include.retention.inside import KEY, NEW, OLD, rewrite
from include.retention.json_paths import JsonPath, parse_path
from include.retention.terms import Verdict, WithoutPurpose
from tests.act import world
from tests.methods.tables import Made, data_map, make_table, mapped_table

CANARY = world.CANARY
UNTIDY = (
    f'{{ "customer" : {{"email":"{CANARY}@example.com", "no": 1.50}},\n'
    f'\t"lines":[{{"art":"A\\u00e51","by":"{CANARY}"}}] , "no":7e2}}'
)
CUT = '{ "customer" : {"no": 1.50},\n\t"lines":[{"art":"A\\u00e51"}] , "no":7e2}'
PAPER = {"email": "$.customer.email", "by": "$.lines[*].by", "phone": "$.phone"}


def orders(*, keep_key: bool = False) -> Table:
    """Return a table with a document, parts of which belong to two groups, and a column that is erased whole."""
    table = mapped_table("orders", ["id"], {"name": Method("set_null")}, groups={"name": "contact"}, other=["payload"])
    groups = {"email": "contact", "by": "contact", "phone": "phone"}
    paths = tuple(JsonPath(text, parse_path(text) or (), name, groups[name], keep_key) for name, text in PAPER.items())
    column = Column("payload", None, None, None, None, "Orders as they came", paths)
    names = {name: Group(name, (), (), None, WithoutPurpose.EXPIRE) for name in ("contact", "phone")}
    return replace(table, columns={**table.columns, "payload": column}, groups=names)


KINDS = {
    "sqlite": (sa.Text(), sa.JSON(), sa.LargeBinary()),
    "postgresql": (sa.Text(), postgresql.JSON(), postgresql.JSONB()),
    "mysql": (sa.Text(), sa.JSON(), sa.String(500)),
}
"""How documents are kept, by dialect."""


@pytest.fixture(params=[0, 1, 2])
def made(engine: sa.Engine, request: pytest.FixtureRequest) -> Made:
    """Give the table with a document of each kind that the database has."""
    kind = KINDS[engine.dialect.name][request.param]
    return make_table(engine, orders(), {"id": sa.Integer(), "name": sa.String(80), "payload": kind})


def put(engine: sa.Engine, made: Made, *documents: str | bytes | None) -> None:
    """Store documents as they are, as rows 1, 2, ..."""
    kind = made.target.c.payload.type
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM orders"))
        for number, document in enumerate(documents, start=1):
            stored: Any = sa.bindparam("document", document, type_=sa.types.NullType())
            if isinstance(kind, sa.LargeBinary) and isinstance(document, str):
                stored = sa.bindparam("document", document.encode(), type_=sa.LargeBinary())
            elif isinstance(kind, sa.JSON) and engine.dialect.name == "postgresql":
                stored = sa.cast(sa.bindparam("document", document, type_=sa.Text()), kind)
            connection.execute(
                sa.insert(made.target).values(
                    id=number, name=CANARY, payload=sa.type_coerce(stored, sa.types.NullType())
                )
            )


def documents(engine: sa.Engine, made: Made) -> list[tuple[str | None, str | None]]:
    """Return each row's name, and its document as its text."""
    document = sa.type_coerce(made.target.c.payload, sa.types.NullType())
    if engine.dialect.name == "postgresql":
        document = sa.cast(made.target.c.payload, sa.Text())
    with engine.connect() as connection:
        rows = connection.execute(sa.select(made.target.c.name, document).order_by(made.target.c.id)).all()
    return [(name, text.decode() if isinstance(text, bytes) else text) for name, text in rows]


def carry_out(
    engine: sa.Engine, directory: Path, table: Table, batch: Batch, **options: Any
) -> tuple[ActResult, world.Notes]:
    """Carry out one batch."""
    return world.act(engine, directory, [batch], data_map=data_map(table), **options)


def erasing(keys: int, *groups: str) -> Batch:
    """Return a batch that erases groups of rows 1, 2, ..."""
    return world.batch(1, "orders", Verdict.ANONYMISE, [(number,) for number in range(1, keys + 1)], *groups)


def same(made: Made, one: str | None, other: str | None) -> bool:
    """Return whether two documents are the same: byte for byte, but in JSONB, which keeps no bytes."""
    if isinstance(made.target.c.payload.type, postgresql.JSONB) and one is not None and other is not None:
        return bool(json.loads(one) == json.loads(other))
    return one == other


def test_parts_go_and_the_rest_stays(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    put(engine, made, UNTIDY, None, '{"no":1}', "null", UNTIDY)
    result, notes = carry_out(engine, tmp_path, made.table, erasing(4, "contact"))
    assert (result.done, result.drift, result.remaining, notes.undone) == (4, 0, 0, [])
    names, found = zip(*documents(engine, made), strict=True)
    assert names == (None, None, None, None, CANARY)
    for one, other in zip(found, [CUT, None, '{"no":1}', "null", UNTIDY], strict=True):
        assert same(made, one, other), (one, other)


def test_each_group_erases_its_own_paths_alone(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    put(engine, made, f'{{"customer":{{"email":"x"}},"phone":"{CANARY}"}}')
    carry_out(engine, tmp_path, made.table, erasing(1, "phone"))
    ((name, found),) = documents(engine, made)
    assert name == CANARY
    assert same(made, found, '{"customer":{"email":"x"}}')


def test_acting_twice_is_no_work(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    put(engine, made, UNTIDY)
    carry_out(engine, tmp_path, made.table, erasing(1, "contact"))
    before = documents(engine, made)
    result, _ = carry_out(engine, tmp_path, made.table, erasing(1, "contact"))
    assert (result.done, result.drift, result.remaining) == (0, 1, 0)
    assert documents(engine, made) == before


def test_every_member_of_an_object_that_is_kept_by_user_name(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    table = orders()
    paths = [JsonPath(each, parse_path(each) or (), "email", "contact") for each in ("$.w.*.mail", "$.seen.*")]
    payload = replace(table.columns["payload"], paths=tuple(paths))
    put(
        engine,
        made,
        f'{{"w": {{"jdoe":{{"mail":"{CANARY}" , "n":1.50}}, "kim": {{"mail":[]}}}},"seen" :{{"{CANARY}":2}}}}',
    )
    result, _ = carry_out(
        engine, tmp_path, replace(table, columns={**table.columns, "payload": payload}), erasing(1, "contact")
    )
    assert (result.done, result.remaining) == (1, 0)
    assert same(made, documents(engine, made)[0][1], '{"w": {"jdoe":{"n":1.50}, "kim": {}},"seen" :{}}')


def test_a_key_that_the_schema_needs_stays(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    put(engine, made, '{"customer": {"email": "x"}, "n": 1}')
    carry_out(engine, tmp_path, orders(keep_key=True), erasing(1, "contact"))
    assert same(made, documents(engine, made)[0][1], '{"customer": {"email": null}, "n": 1}')


def test_a_document_that_cant_be_read_is_not_done_and_isnt_told(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    broken = f'{{"customer": {{"email": "{CANARY}"'
    try:
        put(engine, made, UNTIDY, broken)
    except sa.exc.SQLAlchemyError:
        assert engine.dialect.name != "sqlite"  # The servers keep no broken document in a column for JSON.
        return
    stored = documents(engine, made)[1][1]
    result, notes = carry_out(engine, tmp_path, made.table, erasing(2, "contact"))
    assert (result.done, result.remaining) == (1, 1)
    assert "can't be read" in notes.undone[0][1]
    assert documents(engine, made)[1] == (CANARY, stored)


def test_a_document_that_changed_meanwhile_is_left_alone(engine: sa.Engine, made: Made) -> None:
    put(engine, made, '{"no": 2}')
    with engine.begin() as connection:
        statement = rewrite(made.table, made.target, "payload", {})
        connection.execute(statement, [{f"{KEY}0": 1, OLD: '{"no": 1}', NEW: "{}"}])
    assert same(made, documents(engine, made)[0][1], '{"no": 2}')


def test_what_isnt_utf_8_is_unread_and_isnt_told(tmp_path: Path, sqlite_engine: sa.Engine) -> None:
    made = make_table(sqlite_engine, orders(), {"id": sa.Integer(), "name": sa.String(80), "payload": sa.Text()})
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO orders VALUES (1, 'x', CAST(X'{CANARY.encode().hex()}FF' AS TEXT))")
    result, notes = carry_out(sqlite_engine, tmp_path, made.table, erasing(1, "contact"))
    assert result.remaining == 1
    assert len(notes.undone) == 1


def test_a_document_whose_own_group_goes_is_erased_whole(engine: sa.Engine, made: Made, tmp_path: Path) -> None:
    document = made.table.columns["payload"]
    own = replace(document, category="free_text", group="history", method=Method("set_null"))
    groups = {**made.table.groups, "history": replace(made.table.groups["phone"], name="history")}
    table = replace(made.table, columns={**made.table.columns, "payload": own}, groups=groups)
    put(engine, made, UNTIDY, f'{{"broken": "{CANARY}"}}')
    result, notes = carry_out(engine, tmp_path, table, erasing(2, "contact", "history"))
    assert (result.done, notes.undone) == (2, [])
    assert documents(engine, made) == [(None, None)] * 2
