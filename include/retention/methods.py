"""How a value is erased where its row stays: the anonymisation methods.

Every method f is a projection, f(f(x)) = f(x), and leaves NULL alone: there is nothing to hide. So "is anything left
to do" is one predicate, ``column IS DISTINCT FROM f(column)``. It selects candidates, makes a retry harmless and gives
validation its zero: extract, act and validate ask it in the same words, those of `left`.

======================  ===========================================================  ===============================
method                  leaves                                                       fits
======================  ===========================================================  ===============================
``set_null``            NULL                                                         any column that may be NULL
``constant``            the same value for everybody                                 text, number, date, truth value
``shorten``             the first n characters: postcode ``123 45`` -> ``123``       text
``year_of_date``        1 January of the year; a text that isn't ISO 8601: NULL      date, timestamp, text
``ip_network``          the /24 network (``192.0.2.0``); IPv6 /48 where the column   text, PostgreSQL inet and cidr
                        is PostgreSQL's own type, else NULL, as any other text
``unique_placeholder``  ``gallrad-<key>@gallring.invalid`` from the row's own key    text, also NOT NULL and UNIQUE
``bucket``              the multiple of n at or below the number                     number
``with_row``            nothing, once the row is deleted; it is never erased alone   a reference to a personal key
======================  ===========================================================  ===============================

A hash, keyed or not, is no method: it is pseudonymisation (Article 4(5) GDPR), and whoever holds the value can
recognise it. `method_fit.fits` says which method a column can take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from include.retention.column_types import bound_value
from include.retention.data_map.model import Method, Table
from include.retention.errors import ActError
from include.retention.method_sql import (
    Characters,
    ExactText,
    FirstOfYear,
    FloorTo,
    InetNetwork,
    TextNetwork,
    first_of_year_in_text,
    is_inet,
)

Value = sa.ColumnElement[Any]
Keys = Sequence[sa.ColumnElement[Any]]

PLACEHOLDER = ("gallrad-", "@gallring.invalid")
"""What stands around the key in a placeholder. ``.invalid`` is reserved (RFC 2606): no mail leaves."""
WHOLE_METHODS = ("set_null", "constant", "unique_placeholder", "remove")
"""Methods that leave nothing of the value; ``remove`` is for parts of a JSON document: see ``inside.py``."""


def _set_null(_column: Value, _method: Method, _key: Keys) -> Value:
    return sa.null()


def _constant(column: Value, method: Method, _key: Keys) -> Value:
    if isinstance(column.type, sa.types.NullType):
        return sa.case((column.is_not(None), sa.literal(method.value)))
    value: Value = sa.literal(bound_value(column.type, method.value), column.type)
    if isinstance(column.type, sa.Enum):
        value = sa.cast(value, column.type)  # Inside CASE, PostgreSQL takes a bound value for a text.
    return sa.case((column.is_not(None), value))


def _shorten(column: Value, method: Method, _key: Keys) -> Value:
    return sa.func.substr(column, sa.literal_column("1"), sa.literal(method.length, sa.Integer()), type_=sa.Text())


def _year_of_date(column: Value, _method: Method, _key: Keys) -> Value:
    return FirstOfYear(column) if isinstance(column.type, (sa.Date, sa.DateTime)) else first_of_year_in_text(column)


def _ip_network(column: Value, _method: Method, _key: Keys) -> Value:
    return InetNetwork(column) if is_inet(column.type) else TextNetwork(ExactText(column))


def _unique_placeholder(column: Value, _method: Method, key: Keys) -> Value:
    before, after = (sa.literal_column(f"'{text}'", sa.Text()) for text in PLACEHOLDER)
    return sa.case((column.is_not(None), before.concat(_key_text(key)).concat(after)))


def _key_text(key: Keys) -> sa.ColumnElement[str]:
    """Return the key as text. The parts of a composite key can't be mistaken: ``_1`` divides, a ``_`` is ``_0``."""
    parts: list[sa.ColumnElement[str]] = [sa.cast(column, sa.String()) for column in key]
    if len(parts) == 1:
        return parts[0]
    mark, escaped, divider = (sa.literal_column(text, sa.Text()) for text in ("'_'", "'_0'", "'_1'"))
    joined, *rest = (sa.func.replace(part, mark, escaped, type_=sa.Text()) for part in parts)
    text: sa.ColumnElement[str] = joined
    for part in rest:
        text = text.concat(divider).concat(part)
    return text


def _bucket(column: Value, method: Method, _key: Keys) -> Value:
    return FloorTo(column, method.size or 1)


METHODS: Mapping[str, Callable[[Value, Method, Keys], Value]] = {
    "set_null": _set_null,
    "constant": _constant,
    "shorten": _shorten,
    "year_of_date": _year_of_date,
    "ip_network": _ip_network,
    "unique_placeholder": _unique_placeholder,
    "bucket": _bucket,
    "with_row": _set_null,  # Something is left as long as the row is there; ``statements.erase`` refuses it.
}
"""Every method there is, by the name that a data map gives it."""


def erased(table: Table, target: sa.Table, column: str) -> Value:
    """Return f(column): what the column's method leaves of its value.

    Args:
        table: the mapped table.
        target: the same table for SQLAlchemy, with its columns' types (see ``statements.sql_table``).
        column: name of a personal column.

    Raises:
        ActError: the column has no method.
    """
    method = _method(table, column)
    return METHODS[method.name](target.c[column], method, [target.c[name] for name in table.key])


def left(table: Table, target: sa.Table, group: str) -> sa.ColumnElement[bool]:
    """Return the predicate "the group still holds something that its methods would erase".

    It is true or false, never NULL, so that it can be negated.
    """
    return sa.or_(sa.false(), *(_is_left(table, target, name) for name in columns_of(table, group)))


def columns_of(table: Table, group: str) -> list[str]:
    """Return the names of a group's columns, in the order of the data map."""
    return [column.name for column in table.columns.values() if column.group == group]


def _is_left(table: Table, target: sa.Table, name: str) -> sa.ColumnElement[bool]:
    column, after = target.c[name], erased(table, target, name)
    if isinstance(after, sa.Null):
        return column.is_not(None)
    if isinstance(after.type, sa.String):
        return Characters(column).is_distinct_from(Characters(after))
    return column.is_distinct_from(after)


def _method(table: Table, column: str) -> Method:
    method = table.columns[column].method
    if method is None:
        raise ActError(f"{table.name}.{column} has no method: it isn't personal. Nothing was changed.")
    return method
