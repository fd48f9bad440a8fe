"""A row's mark: 63 bits of a hash over its key and what is asked of it, reckoned by the database.

Marks of many rows add up to one number, whatever the order in which a database reads them. Two tables with the same
number of rows and the same total have the same rows: that others would is a matter of one in 2^60, and nobody tries
to bring it about, for what is guarded against is a mistake. A mark isn't keyed. It never leaves the run's staging,
which holds the keys themselves.
"""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

SQLITE_MARK, SQLITE_TOTAL = "gallring_mark", "gallring_total"


class Mark(FunctionElement[int]):
    """A signed 64-bit number that stands for some values of a row, NULL among them; never NULL itself.

    A whole number comes first, such as the row's flags: it costs less than another value.
    """

    type = sa.BigInteger()
    inherit_cache = True

    def __init__(self, seed: sa.ColumnElement[int], *values: sa.ColumnElement[Any]) -> None:
        """Keep the number and the values."""
        super().__init__(seed, *values)


class Total(FunctionElement[Any]):
    """The exact sum of whole numbers, however large: NULL over no row. `whole` reads it."""

    type = sa.types.NullType()
    inherit_cache = True


def whole(value: object) -> int:
    """Return what a database gave as a total."""
    return int(str(value)) if value is not None else 0


def teach_marks(connection: sa.Connection) -> None:
    """Let a connection know marks and totals. SQLite has no hash of its own, and its sums end at 2^63."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        driver.create_function(SQLITE_MARK, -1, _mark, deterministic=True)
        driver.create_aggregate(SQLITE_TOTAL, 1, _Total)


def _mark(*values: object) -> int:
    # Texts that stand in SQLite as bytes and the same as text are different values there.
    digest = hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


class _Total:
    """SQLite's way of being told an aggregate."""

    def __init__(self) -> None:
        self.total = 0

    def step(self, value: int | None) -> None:
        """Add a value."""
        self.total += value or 0

    def finalize(self) -> str:
        """Return the sum as text, for it may be too large for SQLite."""
        return str(self.total)


def _parts(element: FunctionElement[Any], compiler: SQLCompiler, kw: dict[str, Any]) -> list[str]:
    return [compiler.process(part, **kw) for part in element.clauses]


@compiles(Mark, "sqlite")
def _mark_sqlite(element: Mark, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - as SQLAlchemy calls it
    return f"{SQLITE_MARK}({', '.join(_parts(element, compiler, kw))})"


@compiles(Mark, "postgresql")
def _mark_postgresql(element: Mark, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - as above
    seed, *values = _parts(element, compiler, kw)
    texts = [f"CAST({value} AS TEXT)" for value in values]
    if len(texts) == 1:
        return f'coalesce(hashtextextended({texts[0]} COLLATE "C", {seed}), {seed})'
    # Its length before each text, so that no two lists of texts look alike.
    spelt = " || ".join(f"coalesce(length({text}) || ':' || {text}, '-')" for text in texts)
    return f'hashtextextended(({spelt}) COLLATE "C", {seed})'


@compiles(Mark, "mysql", "mariadb")
def _mark_mariadb(element: Mark, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - as above
    seed, *values = _parts(element, compiler, kw)
    texts = [f"CAST({value} AS BINARY)" for value in values]
    spelt = ", ".join([seed, *(f"coalesce(concat(':', length({text}), ':', {text}), '-')" for text in texts)])
    # Two checksums of 32 bits, forwards and backwards: four times as fast as MD5.
    return f"CAST((crc32(concat({spelt})) << 31) ^ crc32(reverse(concat({spelt}))) AS SIGNED)"


@compiles(Total, "sqlite")
def _total_sqlite(element: Total, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - as above
    return f"{SQLITE_TOTAL}({', '.join(_parts(element, compiler, kw))})"


@compiles(Total, "postgresql", "mysql", "mariadb")
def _total(element: Total, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - as above
    return f"sum({', '.join(_parts(element, compiler, kw))})"
