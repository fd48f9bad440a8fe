"""The SQL of every kind of statement, for every database, as it is sent: see ``tests/golden/README.md``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from include.retention.column_types import Type, plain_type
from include.retention.data_map.model import Method
from include.retention.inside import read_columns, rewrite
from include.retention.methods import METHODS, left
from include.retention.statements import delete, erase, key_condition, lock, remaining, sql_table
from include.retention.terms import Verdict
from tests.act.references import tie
from tests.methods.tables import mapped_table

GOLDEN = Path(__file__).parents[1] / "golden"
UPDATE = "GALLRING_UPDATE_GOLDEN"

DIALECTS: dict[str, Any] = {
    "sqlite": SQLiteDialect_pysqlite,
    "postgresql": PGDialect_psycopg,
    "mariadb": MySQLDialect_pymysql,
}

CUSTOMER = mapped_table(
    "customer",
    ["customer_id"],
    {
        "Name": Method("set_null"),
        "e-mail": Method("unique_placeholder"),
        "note": Method("constant", value="borttagen"),
        "postcode": Method("shorten", length=3),
        "born": Method("year_of_date"),
        "seen": Method("year_of_date"),
        "seen_local": Method("year_of_date"),
        "birth_text": Method("year_of_date"),
        "ip": Method("ip_network"),
        "ip_text": Method("ip_network"),
        "income": Method("bucket", size=1000),
        "ratio": Method("bucket", size=10),
        "company_id": Method("set_null"),
    },
    groups={"ip": "log", "ip_text": "log"},
    other=["order"],
)
LINE = mapped_table(
    "order", ["series", "number"], {"text": Method("unique_placeholder")}, other=["parent", "parent_no"]
)
PAPER = mapped_table("paper", ["id"], {}, other=["body"])

TYPES: dict[str, dict[str, Type]] = {
    "customer": {
        "customer_id": sa.BigInteger(), "Name": sa.String(80), "e-mail": sa.String(254), "note": sa.Text(),
        "postcode": sa.String(10), "born": sa.Date(), "seen": sa.DateTime(timezone=True), "seen_local": sa.DateTime(),
        "birth_text": sa.String(30), "ip": sa.String(45), "ip_text": sa.String(45), "income": sa.Integer(),
        "ratio": sa.Double(), "company_id": sa.Integer(), "order": sa.Integer(),
    },
    "order": {
        "series": sa.String(4), "number": sa.Integer(), "text": sa.Text(), "parent": sa.String(4),
        "parent_no": sa.Integer(),
    },
    "paper": {"id": sa.Uuid(), "body": sa.JSON()},
}  # fmt: skip

REFERENCES = [
    tie("customer", ("company_id",), "company", ("company_id",)),
    tie("invoice", ("customer_id",), "customer", ("customer_id",)),
    tie("subscriber", ("email",), "customer", ("e-mail",)),
    tie("order", ("parent", "parent_no"), "order", ("series", "number")),
]


def types_of(table: str, dialect: str) -> dict[str, Type]:
    types = {name: plain_type(type_, dialect) for name, type_ in TYPES[table].items()}
    if table == "customer" and dialect == "postgresql":
        types["ip"] = postgresql.INET()
    if table == "paper":
        types["body"] = {"postgresql": postgresql.JSONB(), "mariadb": mysql.LONGTEXT()}.get(dialect, types["body"])
    if table == "customer" and dialect == "mariadb":
        types["seen"] = mysql.TIMESTAMP()
    return types


def statements(dialect: str, schema: str | None) -> Iterator[tuple[str, sa.ClauseElement]]:
    """Yield every kind of statement with a heading."""
    customer = sql_table(CUSTOMER, schema, types_of("customer", dialect))
    line = sql_table(LINE, schema, types_of("order", dialect))
    keys, pairs = [(17,), (18,)], [("A", 1), ("B", 2)]
    yield "lock rows", lock(CUSTOMER, customer, (), keys)
    yield "lock rows and see what is left of a group", lock(CUSTOMER, customer, ["log"], keys)
    yield "lock rows with a composite key", lock(LINE, line, (), pairs)
    yield "erase one group", erase(CUSTOMER, customer, ["log"], keys, REFERENCES)
    yield "erase every method", erase(CUSTOMER, customer, ["all"], keys, REFERENCES)
    yield "erase with a composite key", erase(LINE, line, ["all"], pairs, REFERENCES)
    yield "delete what nothing refers to", delete(CUSTOMER, customer, keys, REFERENCES)
    yield "delete with a composite key, referring to itself", delete(LINE, line, pairs, REFERENCES)
    yield "measure a deletion", remaining(LINE, line, Verdict.DELETE, (), pairs)
    yield "measure an erasure", remaining(CUSTOMER, customer, Verdict.ANONYMISE, ["log"], keys)
    candidates = sa.select(customer.c.customer_id).where(left(CUSTOMER, customer, "log"))
    yield "candidates", candidates
    paper = sql_table(PAPER, schema, types_of("paper", dialect))
    yield "read values to look inside", sa.select(*read_columns(line, ["text"]), *read_columns(paper, ["body"]))
    yield "write an edited text", rewrite(LINE, line, "text", {})
    yield "write an edited document", rewrite(PAPER, paper, "body", {})
    yield "no keys", sa.select(customer.c.customer_id).where(key_condition(customer, CUSTOMER.key, []))


def written(dialect: str) -> str:
    parts = [f"-- {dialect}: what is sent, with bound values as placeholders. Made by tests/act/test_golden.py.\n"]
    schema = None if dialect == "sqlite" else "Sälj"
    for heading, statement in statements(dialect, schema):
        compiled = statement.compile(dialect=DIALECTS[dialect](), compile_kwargs={"render_postcompile": True})
        lines = [line.rstrip() for line in str(compiled).splitlines()]
        parts.append(f"-- {heading}\n" + "\n".join(lines) + ";\n")
    return "\n".join(parts)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sql_is_what_it_was(dialect: str) -> None:
    path = GOLDEN / f"{dialect}.sql"
    found = written(dialect)
    if os.environ.get(UPDATE) == "1":
        path.write_text(found, encoding="utf-8")
    assert path.exists(), f"no golden file: run again with {UPDATE}=1 and read what it writes"
    assert found == path.read_text(encoding="utf-8"), f"the SQL changed: if it should, run again with {UPDATE}=1"


def test_the_golden_table_has_every_method() -> None:
    assert {column.method.name for column in CUSTOMER.columns.values() if column.method} == set(METHODS) - {
        "with_row"
    }, "which sends no statement"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_value_stands_in_the_sql(dialect: str) -> None:
    """Keys and constants are bound; only the methods' own fixed patterns are text."""
    assert "borttagen" not in written(dialect)


def test_the_files_are_these() -> None:
    assert {path.stem for path in GOLDEN.glob("*.sql")} == set(DIALECTS)
