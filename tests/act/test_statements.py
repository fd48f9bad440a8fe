"""The generated statements, carried out: keys of every kind, names that need quoting, references of every kind."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.retention.column_types import read_types
from include.retention.data_map.model import ForeignKey, Method
from include.retention.errors import ActError
from include.retention.statements import MAX_BOUND, delete, erase, key_condition, lock, remaining, sql_table
from include.retention.terms import Verdict
from tests.act.references import tie
from tests.methods.tables import Made, data_map, make_table, mapped_table

NULL, X = Method("set_null"), Method("constant", value="x")
AWKWARD = ("order", "E-post", 'Namn "x"', "Ångström", "select", "100%", "a:b", "två ord", "`tick`", "%(x)s")


def count(engine: sa.Engine, target: sa.Table, *conditions: Any) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(target).where(*conditions)) or 0


def run(engine: sa.Engine, *statements: sa.Executable) -> int:
    """Carry statements out in one transaction; return the rows of the last one."""
    changed = 0
    with engine.begin() as connection:
        for statement in statements:
            changed = connection.execute(statement).rowcount  # type: ignore[attr-defined]
    return changed


BYTES = sa.LargeBinary().with_variant(mysql.VARBINARY(16), "mysql", "mariadb")
AT = datetime(2024, 5, 17, 10, 20, 30)  # noqa: DTZ001  (a column without a zone)
KEYS: dict[str, tuple[list[Any], list[tuple[Any, ...]]]] = {
    "whole number": ([sa.Integer()], [(1,), (2,), (-3,)]),
    "large number": ([sa.BigInteger()], [(2**60,), (2**60 + 1,), (0,)]),
    "text": ([sa.String(20)], [("a",), ("b ",), ("x%y'z\"\\",)]),
    "text of digits": ([sa.String(20)], [("007",), ("7",), ("70",)]),
    "padded text": ([sa.CHAR(6)], [("ab",), ("abc",), ("abcdef",)]),
    "uuid": ([sa.Uuid()], [(UUID(int=1),), (UUID(int=2),), (UUID(int=3),)]),
    "date": ([sa.Date()], [(date(2024, 1, 1),), (date(2024, 2, 29),), (date(1970, 1, 1),)]),
    "decimal": ([sa.Numeric(12, 0)], [(1,), (2,), (10**10,)]),
    "bytes": ([BYTES], [(b"\x00\xff",), (b"'",), (b"ab",)]),
    "instant": ([sa.DateTime()], [(AT,), (AT.replace(year=1970),), (AT.replace(hour=0, minute=0, second=0),)]),
    "text and number": ([sa.String(5), sa.Integer()], [("A", 1), ("A", 2), ("B", 1)]),
    "three parts": ([sa.Integer(), sa.String(5), sa.Date()], [(1, "a", date(2024, 1, 1)), (1, "a", date(2024, 1, 2)),
                                                             (1, "b", date(2024, 1, 1))]),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("through_json", [False, True], ids=["as read", "through JSON"])
def test_keys_of_every_kind(engine: sa.Engine, kind: str, through_json: bool) -> None:
    types, keys = KEYS[kind]
    names = [f"key {i}" for i in range(len(types))]
    table = mapped_table("thing", names, {"value": X})
    made = make_table(engine, table, {**dict(zip(names, types, strict=True)), "value": sa.String(9)})
    columns = dict(zip(names, types, strict=True))
    storing = sa.Table("thing", sa.MetaData(), *(sa.Column(n, t) for n, t in columns.items()), sa.Column("value"))
    rows = [{**dict(zip(names, key, strict=True)), "value": "secret"} for key in keys]
    run(engine, *(sa.insert(storing).values(row) for row in rows))
    with engine.connect() as connection:
        query = sa.select(*(made.target.c[name] for name in names)).order_by(*(made.target.c[name] for name in names))
        found = [tuple(row) for row in connection.execute(query)]
    assert len(found) == len(keys)
    if through_json:
        found = [tuple(_through_json(part) for part in key) for key in found]

    two, rest = found[:2], found[2:]
    assert run(engine, lock(table, made.target, (), two), erase(table, made.target, ["all"], two, [])) == 2
    assert count(engine, made.target, made.target.c.value == "x") == 2
    with engine.connect() as connection:
        measure = remaining(table, made.target, Verdict.ANONYMISE, ["all"], found)
        assert connection.scalar(measure) == 1
        assert connection.scalar(remaining(table, made.target, Verdict.DELETE, [], found)) == 3
    assert run(engine, delete(table, made.target, two, [])) == 2
    with engine.connect() as connection:
        assert connection.scalar(remaining(table, made.target, Verdict.DELETE, [], found)) == 1
        assert connection.scalar(remaining(table, made.target, Verdict.DELETE, [], rest)) == 1


def _through_json(part: Any) -> Any:
    """Return a part as staging keeps it: whole numbers stay, all else is text."""
    return part.hex() if isinstance(part, bytes) else part if isinstance(part, int) else str(part)


@pytest.mark.parametrize("name", AWKWARD)
def test_names_that_need_quoting(engine: sa.Engine, name: str) -> None:
    key, other = f"{name} nr", f"{name} av"
    table = mapped_table(name, [key], {name: NULL}, other=[other])
    made = make_table(engine, table, {key: sa.Integer(), name: sa.String(20), other: sa.Integer()})
    c = made.target.c
    run(engine, *(sa.insert(made.target).values({c[key]: i, c[name]: "secret", c[other]: i - 1}) for i in (1, 2, 3)))
    itself = [tie(name, (other,), name, (key,))]
    assert run(engine, erase(table, made.target, ["all"], [(1,)], itself)) == 1
    assert count(engine, made.target, c[name].is_(None)) == 1
    assert run(engine, delete(table, made.target, [(2,), (3,)], itself)) == 1, "3 refers to 2"
    assert run(engine, delete(table, made.target, [(2,)], itself)) == 1


def test_a_schema(engine: sa.Engine) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("a schema inside a database is PostgreSQL's")
    with engine.begin() as connection:
        connection.exec_driver_sql('CREATE SCHEMA "Sälj"')
        connection.exec_driver_sql('CREATE TABLE "Sälj".customer (id integer primary key, name text)')
        connection.exec_driver_sql('CREATE TABLE "Sälj".invoice (id integer primary key, customer_id integer)')
        connection.exec_driver_sql("""INSERT INTO "Sälj".customer VALUES (1, 'a'), (2, 'b')""")
        connection.exec_driver_sql('INSERT INTO "Sälj".invoice VALUES (7, 2)')
    table = mapped_table("customer", ["id"], {"name": NULL})
    with engine.connect() as connection:
        types = read_types(connection, data_map(table, schema="Sälj"))["customer"]
    target = sql_table(table, "Sälj", types)
    references = [tie("invoice", ("customer_id",), "customer", ("id",))]
    assert run(engine, erase(table, target, ["all"], [(1,), (2,)], references)) == 2
    assert run(engine, delete(table, target, [(1,), (2,)], references)) == 1


def test_not_null_and_unique_email(engine: sa.Engine) -> None:
    table = mapped_table("subscriber", ["list", "number"], {"email": Method("unique_placeholder"), "name": NULL})
    types = {
        "list": sa.String(10), "number": sa.Integer(), "email": sa.Column("email", sa.String(80), nullable=False,
                                                                          unique=True), "name": sa.String(20),
    }  # fmt: skip
    made = make_table(engine, table, types)
    lists = [("a_1", 2), ("a", 12), ("a_", 12), ("a_0", 12), ("A", 13)]
    for i, (name, number) in enumerate(lists):
        row = {"list": name, "number": number, "email": f"anna{i}@example.com", "name": "Anna"}
        run(engine, sa.insert(made.target).values(row))
    assert run(engine, erase(table, made.target, ["all"], lists, [])) == len(lists)
    with engine.connect() as connection:
        emails = connection.execute(sa.select(made.target.c.email)).scalars().all()
    assert len(set(emails)) == len(lists)
    assert all(email.startswith("gallrad-") and email.endswith("@gallring.invalid") for email in emails)
    assert not any("anna" in email for email in emails)
    assert run(engine, erase(table, made.target, ["all"], lists, [])) == 0, "acting twice changes nothing"


def family(engine: sa.Engine, on_delete: str | None) -> tuple[Made, Made, list[ForeignKey]]:
    """Return customers 1, 2 and 3, of whom 2 has an invoice and 3 has one with a null reference."""
    customer = mapped_table("customer", ["id"], {"name": NULL})
    invoice = mapped_table("invoice", ["id"], {}, other=["customer_id"])
    with engine.begin() as connection:
        rule = f" ON DELETE {on_delete}" if on_delete else ""
        connection.exec_driver_sql("CREATE TABLE customer (id integer primary key, name varchar(20))")
        connection.exec_driver_sql(
            "CREATE TABLE invoice (id integer primary key, customer_id integer, "
            f"FOREIGN KEY (customer_id) REFERENCES customer (id){rule})"
        )
        connection.exec_driver_sql("INSERT INTO customer VALUES (1, 'a'), (2, 'b'), (3, 'c')")
        connection.exec_driver_sql("INSERT INTO invoice VALUES (10, 2), (11, NULL)")
        types = read_types(connection, data_map(customer, invoice))
    reference = tie("invoice", ("customer_id",), "customer", ("id",))
    return (
        Made(customer, sql_table(customer, None, types["customer"])),
        Made(invoice, sql_table(invoice, None, types["invoice"])),
        [reference],
    )


@pytest.mark.parametrize("on_delete", [None, "CASCADE", "SET NULL"])
def test_a_deletion_never_reaches_a_row_that_refers(engine: sa.Engine, on_delete: str | None) -> None:
    customer, invoice, references = family(engine, on_delete)
    keys = [(1,), (2,), (3,)]
    assert run(engine, delete(customer.table, customer.target, keys, references)) == 2
    assert count(engine, customer.target) == 1
    assert count(engine, invoice.target) == 2, "the cascade found nothing to reach"
    assert count(engine, invoice.target, invoice.target.c.customer_id == 2) == 1
    assert run(engine, delete(invoice.table, invoice.target, [(10,)], references)) == 1
    assert run(engine, delete(customer.table, customer.target, keys, references)) == 1


def test_a_foreign_key_is_erased_by_set_null_only(engine: sa.Engine) -> None:
    table = mapped_table("invoice", ["id"], {"customer_id": Method("constant", value=0)})
    made = make_table(engine, table, {"id": sa.Integer(), "customer_id": sa.Integer()})
    references = [tie("invoice", ("customer_id",), "customer", ("id",))]
    with pytest.raises(ActError, match="customer_id can't be erased in place"):
        erase(table, made.target, ["all"], [(1,)], references)
    freed = mapped_table("invoice", ["id"], {"customer_id": NULL})
    run(engine, sa.insert(made.target).values(id=1, customer_id=7))
    assert run(engine, erase(freed, made.target, ["all"], [(1,)], references)) == 1


def test_a_key_column_is_never_erased_in_place() -> None:
    table = mapped_table("login", ["email"], {"email": NULL})
    with pytest.raises(ActError, match="a key column can't"):
        erase(table, sql_table(table, None), ["all"], [("a@example.com",)], [])


def test_a_value_that_others_refer_to_isnt_erased(engine: sa.Engine) -> None:
    """A reference to a unique column, with ON UPDATE CASCADE: erasing it would change rows that nobody decided on."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE person (id integer primary key, email varchar(50) UNIQUE)")
        connection.exec_driver_sql(
            "CREATE TABLE subscriber (id integer primary key, email varchar(50), "
            "FOREIGN KEY (email) REFERENCES person (email) ON UPDATE CASCADE)"
        )
        connection.exec_driver_sql("INSERT INTO person VALUES (1, 'a@example.com'), (2, 'b@example.com')")
        connection.exec_driver_sql("INSERT INTO subscriber VALUES (5, 'b@example.com')")
    table = mapped_table("person", ["id"], {"email": NULL})
    target = sql_table(table, None, {"id": sa.Integer(), "email": sa.String(50)})
    references = [tie("subscriber", ("email",), "person", ("email",))]
    assert run(engine, erase(table, target, ["all"], [(1,), (2,)], references)) == 1
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT email FROM subscriber").scalar() == "b@example.com"
        assert connection.scalar(remaining(table, target, Verdict.ANONYMISE, ["all"], [(1,), (2,)])) == 1


def test_a_table_with_the_alias_own_name(engine: sa.Engine) -> None:
    table = mapped_table("referring", ["id"], {}, other=["parent"])
    made = make_table(engine, table, {"id": sa.Integer(), "parent": sa.Integer()})
    run(engine, sa.insert(made.target).values([{"id": 1, "parent": None}, {"id": 2, "parent": 1}]))
    references = [tie("referring", ("parent",), "referring", ("id",))]
    assert run(engine, delete(table, made.target, [(1,)], references)) == 0
    assert run(engine, delete(table, made.target, [(1,), (2,)], references)) == 1


def test_a_row_may_refer_to_itself(engine: sa.Engine) -> None:
    table = mapped_table("staff", ["id"], {}, other=["boss"])
    made = make_table(engine, table, {"id": sa.Integer(), "boss": sa.Integer()})
    run(engine, sa.insert(made.target).values([{"id": 1, "boss": 1}, {"id": 2, "boss": 2}, {"id": 3, "boss": 2}]))
    assert run(engine, delete(table, made.target, [(1,), (2,)], [tie("staff", ("boss",), "staff", ("id",))])) == 1


def test_keys_that_cant_be_right() -> None:
    table = mapped_table("thing", ["a", "b"], {})
    target = sql_table(table, None)
    for keys in ([(1, None)], [(1,)], [(1, 2, 3)]):
        with pytest.raises(ActError, match="isn't whole"):
            key_condition(target, table.key, keys)
    with pytest.raises(ActError, match="too many for one statement"):
        key_condition(target, table.key, [(i, i) for i in range(MAX_BOUND // 2 + 1)])
    typed = sql_table(table, None, {"a": sa.Uuid(), "b": sa.Date()})
    with pytest.raises(ActError) as caught:
        key_condition(typed, table.key, [("198112289874", "x")])
    assert "198112289874" not in str(caught.value)
    assert caught.value.__context__ is None


def test_many_keys_at_once(engine: sa.Engine) -> None:
    table = mapped_table("thing", ["a", "b"], {"value": X})
    made = make_table(engine, table, {"a": sa.Integer(), "b": sa.Integer(), "value": sa.String(9)})
    keys = [(i, -i) for i in range(MAX_BOUND // 2)]
    with engine.begin() as connection:
        connection.execute(sa.insert(made.target), [{"a": a, "b": b, "value": "secret"} for a, b in keys[:3000]])
    assert run(engine, erase(table, made.target, ["all"], keys, [])) == 3000
    assert run(engine, delete(table, made.target, keys, [])) == 3000


def test_a_key_that_is_longer_than_its_column_finds_no_other_row(engine: sa.Engine) -> None:
    """An array of varchar(4) would cut it, and then it would be the other's."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE thing (series varchar(4), number integer, PRIMARY KEY (series, number))"
        )
        connection.exec_driver_sql("INSERT INTO thing VALUES ('ABCD', 1), ('ABCE', 2)")
    for key, keys in ((("series",), [("ABCDE",)]), (("series", "number"), [("ABCDE", 1), ("ABCE", 1)])):
        table = mapped_table("thing", list(key), {})
        with engine.connect() as connection:
            types = read_types(connection, data_map(table))["thing"]
            target = sql_table(table, None, types)
            found = connection.execute(sa.select(target.c.series).where(key_condition(target, key, keys)))
            assert found.all() == []
