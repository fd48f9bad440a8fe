"""The types that a live database gives the columns of mapped tables, for what Gallring sends to it.

A method may look different for a date than for a text, and a bound key must have its column's type: PostgreSQL
compares no UUID with a text. What comes back is better left as the driver gives it, so types whose values SQLAlchemy
would have to read (and could fail on, quoting the value) are replaced by plain ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from include.retention.data_map.model import DataMap
from include.retention.errors import ActError

Type = sa.types.TypeEngine[Any]
Types = Mapping[str, Type]
"""Column name -> type."""


def read_types(connection: sa.Connection, data_map: DataMap) -> dict[str, Types]:
    """Return the types of the mapped tables' columns, by table name. A table that isn't there is left out."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names(schema=data_map.schema))
    return {
        name: {
            column["name"]: plain_type(column["type"], connection.dialect.name, computed="computed" in column)
            for column in inspector.get_columns(name, schema=data_map.schema)
        }
        for name in data_map.tables
        if name in there
    }


def plain_type(found: Type, dialect: str, *, computed: bool = False) -> Type:
    """Return a type that binds as the column's own does, and reads nothing.

    Args:
        found: the type as SQLAlchemy's inspection tells it.
        dialect: name of the dialect.
        computed: the database computes the column. It moves by itself, and MariaDB lets nobody set it to itself.
    """
    if computed and isinstance(found, (mysql.DATETIME, mysql.TIMESTAMP)):
        return sa.DateTime()
    if isinstance(found, postgresql.DOMAIN):
        inside: Type = found.data_type
        return plain_type(inside, dialect)
    if dialect == "sqlite" and isinstance(found, (sa.Date, sa.DateTime, sa.Time)):
        return sa.Text()  # SQLite has no such types: whatever was stored comes back, and that is mostly text.
    if dialect == "sqlite" and isinstance(found, sa.Numeric) and not isinstance(found, sa.Float):
        return sa.Numeric(found.precision, found.scale, asdecimal=False)
    if isinstance(found, sa.Enum) and dialect != "postgresql":
        return sa.String(found.length)
    return found


def bound_value(type_: Type, value: Any) -> Any:  # noqa: ANN401  (whatever a key or a constant may be)
    """Return a value as its column's type binds it: keys that have been through JSON come as text or whole numbers.

    Raises:
        ActError: a text isn't of the column's type; the message doesn't repeat it.
    """
    if isinstance(type_, sa.String) and isinstance(value, int):
        return str(value)  # MariaDB would compare as numbers: '7', '007' and '7 up' are all 7.
    if isinstance(type_, _AS_THEY_ARE) or not isinstance(value, str):
        return value
    read = next((read for kind, read in _READ if isinstance(type_, kind)), None)
    try:
        if read is not None:
            return read(value)
    except (ValueError, ArithmeticError):
        pass
    raise ActError(f"A text can't be read as {type(type_).__name__}, the type of its column.")


def bound_values(type_: Type, values: Sequence[Any]) -> list[Any]:
    """Return values as their column's type binds them: see `bound_value`.

    Raises:
        ActError: a text isn't of the column's type.
    """
    if not isinstance(type_, sa.String) and set(map(type, values)) <= {int}:
        return list(values)  # Nearly every key: nothing is to be read.
    return [bound_value(type_, value) for value in values]


BINARY: tuple[type[Type], ...] = (
    sa.LargeBinary,
    sa.BINARY,
    sa.VARBINARY,
    mysql.TINYBLOB,
    mysql.MEDIUMBLOB,
    mysql.LONGBLOB,
)
"""Types of bytes."""
_AS_THEY_ARE = (sa.String, sa.types.NullType)
_READ: tuple[tuple[type[Type], Callable[[str], Any]], ...] = (
    (sa.Uuid, UUID),
    (sa.DateTime, datetime.fromisoformat),
    (sa.Date, date.fromisoformat),
    (sa.Numeric, Decimal),
    (sa.Integer, int),
    (sa.Float, float),
    *((kind, bytes.fromhex) for kind in BINARY),
)
