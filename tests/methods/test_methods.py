"""Every method on every database does what it does in plain Python, is a projection, and is found done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from include.retention.data_map.model import Method
from include.retention.methods import METHODS, erased, left
from tests.methods import plain
from tests.methods.tables import Made, make_table, mapped_table

EXAMPLES = {"sqlite": 60, "postgresql": 12, "mysql": 12}
OPTIONS = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}

# What PostgreSQL and every driver can hold: no NUL, no half characters.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(CHARACTERS, max_size=60)
DATES = st.dates(date(1, 1, 1), date(9999, 12, 31))
INSTANTS = st.datetimes(datetime(1000, 1, 1), datetime(9998, 12, 31))  # noqa: DTZ001  (columns without a zone)
ISO_TEXTS = st.one_of(
    DATES.map(date.isoformat),
    DATES.map(lambda day: day.strftime("%Y%m%d")),
    INSTANTS.map(lambda at: at.isoformat(sep=" ")),
    INSTANTS.map(lambda at: at.isoformat() + "+02:00"),
    INSTANTS.map(lambda at: at.isoformat(timespec="minutes") + "Z"),
    st.builds(lambda day, rest: day.isoformat() + rest, DATES, st.text(CHARACTERS, max_size=5)),
    st.text("0123456789-T :+Z", max_size=22),
    TEXTS,
)
ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.text("0123456789.:/", max_size=18),
    st.builds(lambda address, rest: f"{address}{rest}", st.ip_addresses(v=4), st.text(CHARACTERS, max_size=2)),
    TEXTS,
)


def values(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.none() | strategy, min_size=1, max_size=40)


def check(made: Made, engine: sa.Engine, found: Sequence[Any], *, compare: Any = lambda value: value) -> None:
    """Store values, erase them with the SQL, and compare with plain Python; then erase what is left: nothing."""
    table, target = made.table, made.target
    method = table.columns["value"].method
    assert method is not None
    what = left(table, target, "all")
    after = erased(table, target, "value")
    with engine.begin() as connection:
        connection.execute(sa.delete(target))
        connection.execute(sa.insert(target), [{"id": i, "value": value} for i, value in enumerate(found)])
        stored = [row[0] for row in connection.execute(sa.select(target.c.value).order_by(target.c.id))]
        expected = [plain.erased(method, value, (i,)) for i, value in enumerate(stored)]
        selected = [row[0] for row in connection.execute(sa.select(after).select_from(target).order_by(target.c.id))]
        assert [compare(value) for value in selected] == [compare(value) for value in expected]

        flags = [row[0] for row in connection.execute(sa.select(_flag(what)).order_by(target.c.id))]
        changes = [compare(a) != compare(b) for a, b in zip(stored, expected, strict=True)]
        assert [bool(flag) for flag in flags] == changes, "left says exactly which values would change"
        negated = connection.scalar(sa.select(sa.func.count()).select_from(target).where(sa.not_(what)))
        assert negated == changes.count(False), "left is never NULL"

        connection.execute(sa.update(target).where(what).values({target.c.value: after}))
        now = [row[0] for row in connection.execute(sa.select(target.c.value).order_by(target.c.id))]
        assert [compare(value) for value in now] == [compare(value) for value in expected]
        assert _count(connection, target, what) == 0, "once erased, nothing is left"
        connection.execute(sa.update(target).values({target.c.value: after}))
        assert [row[0] for row in connection.execute(sa.select(target.c.value).order_by(target.c.id))] == now


def _flag(condition: sa.ColumnElement[bool]) -> sa.Case[int]:
    return sa.case((condition, 1), else_=0)


def _count(connection: sa.Connection, target: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(target).where(condition)) or 0


def make(engine: sa.Engine, method: Method, type_: Any) -> Made:
    table = mapped_table("thing", ["id"], {"value": method})
    return make_table(engine, table, {"id": sa.Integer(), "value": type_})


def many(engine: sa.Engine) -> dict[str, Any]:
    return {**OPTIONS, "max_examples": EXAMPLES[engine.dialect.name]}


@pytest.mark.parametrize("type_", [sa.String(200), sa.Text(), sa.CHAR(80)], ids=["varchar", "text", "char"])
@pytest.mark.parametrize(
    "method",
    [
        Method("set_null"),
        Method("constant", value="borttagen"),
        Method("constant", value=""),
        Method("shorten", length=3),
        Method("unique_placeholder"),
    ],
    ids=lambda method: f"{method.name}-{method.value}",
)
def test_methods_for_any_text(engine: sa.Engine, method: Method, type_: Any) -> None:
    made = make(engine, method, type_)
    # PostgreSQL pads CHAR and MariaDB strips it: a blank at the end is no character there.
    padded = isinstance(type_, sa.CHAR) and engine.dialect.name != "sqlite"

    @given(values(TEXTS))
    @example(
        ["Anna", "ANNA", "anna", "Änna", "borttagen", "BORTTAGEN", "borttagen ", "Börttagen", "bor", "", " ", None]
    )
    @example(["123 45", "12345", "123", "123  ", "12", "ﬁ", "\u00ad12", "a\u0301bcd", "👩‍👩‍👧", "\n\n\n\n"])
    @settings(**many(engine))
    def run(found: list[Any]) -> None:
        check(made, engine, found, compare=_unpadded if padded else lambda value: value)

    run()


def _unpadded(value: Any) -> Any:
    return value.rstrip(" ") if isinstance(value, str) else value


def test_year_of_text(engine: sa.Engine) -> None:
    made = make(engine, Method("year_of_date"), sa.String(200))

    @given(values(ISO_TEXTS))
    @example(["2024-05-17", "20240517", "2024-05-17 10:20:30", "2024-05-17T10:20:30.123456", "2024-05-17T10:20:30Z"])
    @example(["2024-05-17T10:20:30-05:00", "2024-05-17\n", "20240517\n", "2024-05-17x", "17 maj 1980", "", "2024-05-1"])
    @example(["２０２４-05-17", "2024-05-17t10", "2024-05-17 Anna", "2024-05-17 ", "198112289874", "2024-05-17T"])
    @settings(**many(engine))
    def run(found: list[Any]) -> None:
        check(made, engine, found)

    run()


def test_year_of_date(engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no type for dates; its texts are test_year_of_text")
    made = make(engine, Method("year_of_date"), sa.Date())

    @given(values(DATES))
    @example([date(1, 1, 1), date(50, 6, 1), date(70, 6, 1), date(1970, 1, 1), date(2024, 2, 29), date(9999, 12, 31)])
    @settings(**many(engine))
    def run(found: list[Any]) -> None:
        check(made, engine, found)

    run()


def test_year_of_timestamp(engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no type for timestamps; its texts are test_year_of_text")
    made = make(engine, Method("year_of_date"), sa.DateTime())

    @given(values(INSTANTS.map(lambda at: at.replace(microsecond=0))))
    @settings(**many(engine))
    def run(found: list[Any]) -> None:
        check(made, engine, found)

    run()


def test_year_of_an_instant_is_that_in_utc(engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no type for timestamps; its texts are test_year_of_text")
    made = make(engine, Method("year_of_date"), sa.TIMESTAMP(timezone=True))
    aware = engine.dialect.name == "postgresql"
    zone = UTC if aware else None
    first, last = datetime(1971, 1, 1), datetime(2037, 12, 31)  # noqa: DTZ001  (Hypothesis wants them naive)

    @given(values(st.datetimes(first, last).map(lambda at: at.replace(microsecond=0, tzinfo=zone))))
    @settings(**many(engine))
    def run(found: list[Any]) -> None:
        check(made, engine, found)

    run()
    late = datetime(2024, 12, 31, 23, 30, tzinfo=zone)
    check(made, engine, [late])
    if aware:
        check(made, engine, [late.astimezone(_east())], compare=lambda at: at.astimezone(UTC))


def _east() -> Any:
    from datetime import timezone

    return timezone(timedelta(hours=1))


def test_ip_network_of_text(engine: sa.Engine) -> None:
    made = make(engine, Method("ip_network"), sa.String(200))

    @given(values(ADDRESSES))
    @example(["192.0.2.34", "192.0.2.0", "2001:db8::1", "192.0.2.34:443", "192.0.2.34\n", " 192.0.2.34", "1.2.3.4.5"])
    @example(["1981.12.28.9874", "1..2.3", "1.2.3.", ".1.2.3", "1.2.3", "", "...", "１.2.3.4", "::ffff:192.0.2.1"])
    @settings(**many(engine))
    def run(found: list[Any]) -> None:
        check(made, engine, found)

    run()


@pytest.mark.parametrize("size", [1, 2, 10, 1000])
@pytest.mark.parametrize(
    ("type_", "numbers"),
    [
        (sa.Integer(), st.integers(-(2**31) + 1000, 2**31 - 1)),
        (sa.BigInteger(), st.integers(-(2**62), 2**62)),
        (sa.Numeric(18, 2), st.decimals(-(10**12), 10**12, places=2)),
        (sa.Double(), st.integers(-(10**12), 10**12).map(lambda eighths: eighths / 8)),
    ],
    ids=["integer", "bigint", "numeric", "double"],
)
def test_bucket(engine: sa.Engine, size: int, type_: Any, numbers: st.SearchStrategy[Any]) -> None:
    made = make(engine, Method("bucket", size=size), type_)

    @given(values(numbers))
    @settings(**{**many(engine), "max_examples": 20 if engine.dialect.name == "sqlite" else 5})
    def run(found: list[Any]) -> None:
        check(made, engine, found, compare=plain.number)

    run()
    check(made, engine, [-1, 0, 1, 9, 10, 11, -9, -10, -11], compare=plain.number)


def test_constants_of_other_types(engine: sa.Engine) -> None:
    check(make(engine, Method("constant", value=0), sa.Integer()), engine, [1, 0, None, -3])
    check(make(engine, Method("constant", value=7), sa.Numeric(9, 2)), engine, [Decimal("1.50"), None],
          compare=plain.number)  # fmt: skip


def test_a_constant_date_is_written_in_iso_8601(engine: sa.Engine) -> None:
    made = make(engine, Method("constant", value="1900-01-01"), sa.Date())
    with engine.begin() as connection:
        day = "1981-12-28" if engine.dialect.name == "sqlite" else date(1981, 12, 28)
        connection.execute(sa.insert(made.target), [{"id": 1, "value": day}, {"id": 2, "value": None}])
        after = erased(made.table, made.target, "value")
        connection.execute(sa.update(made.target).values({made.target.c.value: after}))
        now = list(connection.execute(sa.select(made.target.c.value).order_by(made.target.c.id)).scalars())
        assert [str(now[0]), now[1]] == ["1900-01-01", None]
        assert _count(connection, made.target, left(made.table, made.target, "all")) == 0


def test_sqlite_holds_anything_in_any_column(engine: sa.Engine) -> None:
    """Affinities bend values when they are stored: every method must still come to rest, with nothing left."""
    if engine.dialect.name != "sqlite":
        pytest.skip("only SQLite stores a text in a number's column")
    anything = st.one_of(
        TEXTS, ISO_TEXTS, st.integers(-(2**60), 2**60), st.floats(allow_nan=False), st.binary(max_size=9)
    )
    methods = [
        Method("constant", value="x"), Method("shorten", length=3), Method("year_of_date"), Method("ip_network"),
        Method("unique_placeholder"), Method("bucket", size=10),
    ]  # fmt: skip
    for declared in ("TEXT", "VARCHAR(9)", "VARCHAR(9) COLLATE NOCASE", "DATE", "DATETIME", "BLOB", ""):
        for method in methods:
            _comes_to_rest(engine, method, declared, anything)


def _comes_to_rest(engine: sa.Engine, method: Method, declared: str, anything: st.SearchStrategy[Any]) -> None:
    if method.name == "bucket" and declared.startswith(("TEXT", "VARCHAR", "BLOB")):
        return  # method_fit refuses it: a number needs a number's column.
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS thing")
        connection.exec_driver_sql(f"CREATE TABLE thing (id INTEGER PRIMARY KEY, value {declared})")
    table = mapped_table("thing", ["id"], {"value": method})
    from include.retention.statements import sql_table

    target = sql_table(table, None)

    @given(st.lists(anything, min_size=1, max_size=10))
    @example(["0701234567", "a\0secret", b"\xff\xfe", 20240517, 2460000.5, "1e3", "Infinity", "X", "x", "007"])
    @settings(**{**OPTIONS, "max_examples": 15})
    def run(found: list[Any]) -> None:
        with engine.begin() as connection:
            connection.execute(sa.delete(target))
            for i, value in enumerate(found):
                connection.exec_driver_sql("INSERT INTO thing (id, value) VALUES (?, ?)", (i, value))
            after = erased(table, target, "value")
            connection.execute(sa.update(target).values({target.c.value: after}))
            once = connection.exec_driver_sql("SELECT id, value FROM thing ORDER BY id").all()
            assert _count(connection, target, left(table, target, "all")) == 0
            connection.execute(sa.update(target).values({target.c.value: after}))
            assert connection.exec_driver_sql("SELECT id, value FROM thing ORDER BY id").all() == once

    run()


def test_every_method_has_a_property_test() -> None:
    assert set(METHODS) - {"with_row"} == {  # That one changes nothing in place: see tests/schemas.
        "set_null", "constant", "shorten", "year_of_date", "ip_network", "unique_placeholder", "bucket",
    }  # fmt: skip


def test_no_method_is_a_hash() -> None:
    for name in METHODS:
        assert not any(word in name for word in ("hash", "hmac", "sha", "digest", "encrypt", "token"))
