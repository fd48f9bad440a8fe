"""The building stones of the anonymisation methods that SQLite, PostgreSQL and MariaDB spell differently.

Each is one SQLAlchemy construct, compiled per dialect, so that a statement is written once. Fixed patterns stand in
the SQL as text: they are ours, never a value from a source or a map. ``tests/methods`` runs every construct on every
database against the same method in plain Python.

Sessions speak UTC (see ``connections.engine_at``), which fixes the year of an instant.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

MARIADB = ("mysql", "mariadb")
"""Both names that SQLAlchemy gives the dialect."""


class ExactText(FunctionElement[str]):
    """A text under no collation of its column's: case, accents and padding count, and patterns mean characters."""

    type = sa.Text()
    inherit_cache = True


class Characters(FunctionElement[str]):
    """A text as it is compared for being changed: character by character, trailing blanks too."""

    type = sa.Text()
    inherit_cache = True


class AsItIs(FunctionElement[Any]):
    """A value as it can be read without being changed: as text, or as the bytes of its text where any bytes may be."""

    type = sa.types.NullType()
    inherit_cache = True


class StoredAs(FunctionElement[Any]):
    """A new text, first, in the form in which a column, second, stores its own."""

    type = sa.types.NullType()
    inherit_cache = True

    def __init__(self, new: sa.ColumnElement[str], column: sa.ColumnElement[Any]) -> None:
        """Keep the column's type where the text has to be read into it."""
        # PostgreSQL cuts what it casts to VARCHAR(n), so only what isn't text is cast.
        is_json = isinstance(column.type, (postgresql.JSON, postgresql.JSONB))
        super().__init__(sa.cast(new, column.type) if is_json else new, column)


class Shape(FunctionElement[bool]):
    """Whether an `ExactText` has a shape, given as a GLOB pattern for SQLite and as a regular expression."""

    type = sa.Boolean()
    inherit_cache = True


class FirstOfYear(FunctionElement[Any]):
    """1 January, 00:00, of a date's or timestamp's year, where the database has such a type."""

    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any]) -> None:
        """Keep the column's type."""
        super().__init__(column)
        self.type = column.type


class TextNetwork(FunctionElement[str]):
    """The /24 network of an IPv4 address in text, NULL for every other text."""

    type = sa.Text()
    inherit_cache = True


class InetNetwork(FunctionElement[Any]):
    """The /24 or /48 network of a PostgreSQL ``inet`` or ``cidr``."""

    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any]) -> None:
        """Keep the column's type."""
        super().__init__(column)
        self.type = column.type


class FloorTo(FunctionElement[Any]):
    """A number rounded down to a multiple of a whole number: -1 in buckets of 10 is -10."""

    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any], size: int) -> None:
        """Keep the column's type."""
        super().__init__(column, sa.literal(size, sa.Integer()))
        self.type = column.type


def is_inet(type_: sa.types.TypeEngine[Any]) -> bool:
    """Return whether a type is PostgreSQL's own for addresses or networks."""
    return isinstance(type_, (postgresql.INET, postgresql.CIDR))


def _parts(element: FunctionElement[Any], compiler: SQLCompiler, kw: dict[str, Any]) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(ExactText, "sqlite")
@compiles(Characters, "sqlite")
def _exact_sqlite(element: FunctionElement[str], compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return f"(CAST({_parts(element, compiler, kw)[0]} AS TEXT) COLLATE BINARY)"


@compiles(ExactText, "postgresql")
@compiles(Characters, "postgresql")
def _exact_postgresql(element: FunctionElement[str], compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return f'(CAST({_parts(element, compiler, kw)[0]} AS TEXT) COLLATE "C")'


@compiles(ExactText, *MARIADB)
def _exact_mariadb(element: ExactText, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return f"(CONVERT({_parts(element, compiler, kw)[0]} USING utf8mb4) COLLATE utf8mb4_bin)"


@compiles(Characters, *MARIADB)
def _characters_mariadb(element: Characters, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    # Even utf8mb4_bin ignores trailing blanks.
    return f"CAST(CONVERT({_parts(element, compiler, kw)[0]} USING utf8mb4) AS BINARY)"


@compiles(AsItIs, "sqlite")
def _as_it_is_sqlite(element: AsItIs, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    # A text that isn't UTF-8 fails in Python's driver, which quotes it.
    return f"CAST({_parts(element, compiler, kw)[0]} AS BLOB)"


@compiles(AsItIs, "postgresql")
def _as_it_is_postgresql(element: AsItIs, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return f"CAST({_parts(element, compiler, kw)[0]} AS TEXT)"


@compiles(AsItIs, *MARIADB)
def _as_it_is_mariadb(element: AsItIs, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return _parts(element, compiler, kw)[0]


@compiles(StoredAs)
def _stored_as(element: StoredAs, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return _parts(element, compiler, kw)[0]


@compiles(StoredAs, "sqlite")
def _stored_as_sqlite(element: StoredAs, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    new, column = _parts(element, compiler, kw)
    return f"CASE typeof({column}) WHEN 'blob' THEN CAST({new} AS BLOB) ELSE {new} END"


@compiles(Shape, "sqlite")
def _shape_sqlite(element: Shape, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    text, glob, _regex = _parts(element, compiler, kw)
    return f"({text} GLOB {glob})"


@compiles(Shape, "postgresql")
def _shape_postgresql(element: Shape, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    text, _glob, regex = _parts(element, compiler, kw)
    return f"({text} ~ {regex})"


@compiles(Shape, *MARIADB)
def _shape_mariadb(element: Shape, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    text, _glob, regex = _parts(element, compiler, kw)
    return f"({text} REGEXP {regex})"


def first_of_year_in_text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """Return 1 January of the year of an ISO 8601 text, in the form that the text has.

    ``2024-05-17`` becomes ``2024-01-01``, ``20240517`` ``20240101``, ``2024-05-17 10:20:30.5`` ``2024-01-01 00:00:00``
    and ``2024-05-17T10:20:30+02:00`` ``2024-01-01T00:00:00Z``. What isn't ISO 8601 becomes NULL: nobody knows what
    it tells.
    """
    text = ExactText(column)
    year = sa.func.substr(text, _sql("1"), _sql("4"), type_=sa.Text())
    mark = sa.func.substr(text, _sql("11"), _sql("1"), type_=sa.Text())
    midnight = year.concat(_sql("'-01-01'")).concat(mark).concat(_sql("'00:00:00'"))
    return sa.case(
        (_has_shape(text, _DAY_GLOB, f"^{_DAY_REGEX}(?!.)"), year.concat(_sql("'-01-01'"))),
        (_has_shape(text, "[0-9]" * 8, "^[0-9]{8}(?!.)"), year.concat(_sql("'0101'"))),
        (_has_shape(text, f"{_DAY_GLOB}[T ]*[-+Z]*", f"^{_DAY_REGEX}[T ].*[-+Z]"), midnight.concat(_sql("'Z'"))),
        (_has_shape(text, f"{_DAY_GLOB}[T ]*", f"^{_DAY_REGEX}[T ]"), midnight),
    )


_DAY_GLOB = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_DAY_REGEX = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _sql(fixed: str) -> sa.ColumnElement[Any]:
    return sa.literal_column(fixed, sa.Text() if fixed.startswith("'") else sa.Integer())


def _has_shape(text: ExactText, glob: str, regex: str) -> Shape:
    # (?s): a line break is a character like any other. (?!.) is the end: $ also stands before a last line break.
    return Shape(text, _sql(f"'{glob}'"), _sql(f"'(?s){regex}'"))


@compiles(FirstOfYear, "sqlite")
def _first_of_year_sqlite(element: FirstOfYear, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    (column,) = element.clauses  # SQLite has no type for dates: they are texts.
    return compiler.process(first_of_year_in_text(column), **kw)


@compiles(FirstOfYear, "postgresql")
def _first_of_year_postgresql(element: FirstOfYear, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    (column,) = _parts(element, compiler, kw)
    if isinstance(element.type, sa.DateTime):
        zone = ", 'UTC'" if element.type.timezone else ""
        return f"date_trunc('year', {column}{zone})"
    # 'infinity' has no year, and hides nothing.
    first = f"make_date(CAST(EXTRACT(year FROM {column}) AS INTEGER), 1, 1)"
    return f"CASE WHEN isfinite({column}) THEN {first} ELSE {column} END"


@compiles(FirstOfYear, *MARIADB)
def _first_of_year_mariadb(element: FirstOfYear, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    (column,) = _parts(element, compiler, kw)
    year = f"LPAD(YEAR({column}), 4, '0')"  # MAKEDATE would read year 50 as 2050.
    if not isinstance(element.type, sa.DateTime):
        return f"CAST(CONCAT({year}, '-01-01') AS DATE)"
    first = f"CAST(CONCAT({year}, '-01-01 00:00:00') AS DATETIME)"
    # A TIMESTAMP can't hold the very first second of 1970.
    return f"GREATEST({first}, FROM_UNIXTIME(1))" if isinstance(element.type, sa.TIMESTAMP) else first


@compiles(TextNetwork, "sqlite")
def _network_sqlite(element: TextNetwork, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    (text,) = _parts(element, compiler, kw)
    four_numbers = (
        f"{text} GLOB '[0-9]*.[0-9]*.[0-9]*.[0-9]*' AND {text} NOT GLOB '*[^0-9.]*' "
        f"AND {text} NOT GLOB '*.*.*.*.*' AND {text} NOT GLOB '*[0-9][0-9][0-9][0-9]*'"
    )
    return f"CASE WHEN {four_numbers} THEN rtrim({text}, '0123456789') || '0' END"


_THREE_NUMBERS = "^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.]"


@compiles(TextNetwork, "postgresql")
def _network_postgresql(element: TextNetwork, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    (text,) = _parts(element, compiler, kw)
    return f"(substring({text} from '^({_THREE_NUMBERS[1:]})[0-9]{{1,3}}$') || '0')"


@compiles(TextNetwork, *MARIADB)
def _network_mariadb(element: TextNetwork, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    (text,) = _parts(element, compiler, kw)
    # "Not followed by anything", because $ also stands before a last newline.
    found = f"REGEXP_SUBSTR({text}, '(?s){_THREE_NUMBERS}(?=[0-9]{{1,3}}(?!.))')"
    return f"CONCAT(NULLIF({found}, ''), '0')"


@compiles(InetNetwork, "postgresql")
def _inet_network(element: InetNetwork, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    (column,) = _parts(element, compiler, kw)
    return f"network(set_masklen({column}, CASE family({column}) WHEN 4 THEN 24 ELSE 48 END))"


@compiles(FloorTo, "sqlite")
def _floor_sqlite(element: FloorTo, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    column, size = _parts(element, compiler, kw)
    whole = f"(CAST({column} AS INTEGER) - ({column} < CAST({column} AS INTEGER)))"  # CAST cuts towards zero.
    return f"({whole} - (({whole} % {size}) + {size}) % {size})"


@compiles(FloorTo, "postgresql")
def _floor_postgresql(element: FloorTo, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    column, size = _parts(element, compiler, kw)
    if isinstance(element.type, sa.Float):  # Has no remainder, and would lose digits as NUMERIC.
        return f"floor({column} / {size}) * {size}"
    whole = f"floor(CAST({column} AS NUMERIC))"
    return f"({whole} - mod(mod({whole}, {size}) + {size}, {size}))"


@compiles(FloorTo, *MARIADB)
def _floor_mariadb(element: FloorTo, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    column, size = _parts(element, compiler, kw)
    whole = f"FLOOR({column})"
    return f"({whole} - MOD(MOD({whole}, {size}) + {size}, {size}))"
