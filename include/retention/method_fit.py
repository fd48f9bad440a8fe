"""Which anonymisation method a column can take, judged by what the live database says of it.

A method that doesn't fit would fail in the middle of a run, or bend the value into something else. So it is refused
before anything is touched, and the message says what to use instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from include.retention.column_types import BINARY, Type, bound_value
from include.retention.data_map.model import Method
from include.retention.errors import ActError
from include.retention.method_sql import is_inet
from include.retention.methods import PLACEHOLDER

_AROUND_KEY = sum(len(text) for text in PLACEHOLDER)
_DIGITS = 20
"""The longest whole number with its sign: -9223372036854775808."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What a live database says of a personal column.

    Attributes:
        type: from `column_types.read_types`.
        nullable: NULL may be stored.
        unique: the column is a part of a UNIQUE constraint or unique index other than the key.
        in_key: the column is a part of the key.
        foreign_key: the column is a part of a reference to another table.
        referenced: other tables refer to the column.
        computed: the database computes the value from other columns.
        key_types: types of the table's key columns, in order.
        key_is_personal: a column of the key is itself personal.
    """

    type: Type
    nullable: bool = True
    unique: bool = False
    in_key: bool = False
    foreign_key: bool = False
    referenced: bool = False
    computed: bool = False
    key_types: Sequence[Type] = ()
    key_is_personal: bool = False


def fits(method: Method, facts: ColumnFacts) -> str | None:
    """Return why a column can't take a method and what to do about it, or None where it can.

    The text doesn't name the column, so that the caller can.
    """
    return _tied(method, facts) or _RULES[method.name](method, facts)


def fits_inside(facts: ColumnFacts, *, document: bool) -> str | None:
    """Return why parts of a column's values can't be erased and what to do about it, or None where they can.

    Args:
        facts: what the live database says of the column.
        document: the values are JSON documents, not free texts.
    """
    if facts.computed:
        return "The database computes it from other columns: declare the parts there, and this one by a note."
    if facts.in_key or facts.foreign_key or facts.referenced or facts.unique:
        return "It is a key, UNIQUE or a reference, so its value can't change in part: move it elsewhere."
    fits_type = isinstance(facts.type, sa.types.NullType) or _is_text(facts.type)
    if fits_type or (document and isinstance(facts.type, (sa.JSON, sa.LargeBinary))):
        return None
    needed = "Paths are for JSON and for text" if document else "Redacting is for text"
    return f"{needed}, and the column is {type(facts.type).__name__}: erase it whole."


def _tied(method: Method, facts: ColumnFacts) -> str | None:
    if facts.computed:
        return "The database computes it from other columns: erase those, and declare this one by a note."
    if facts.in_key:
        return "It is a part of the key, which can't be erased in place: only deleting the row erases it."
    if facts.foreign_key and method.name != "set_null":
        return "It refers to another table, so it can only be erased by set_null."
    if facts.referenced:
        return "Other rows refer to it, so changing it would break the reference, or spread: let them refer to the key."
    if facts.unique and method.name not in {"set_null", "unique_placeholder"}:
        return f"It is UNIQUE, and {method.name} makes values alike: use unique_placeholder{_or_null(facts)}."
    return None


def _set_null(_method: Method, facts: ColumnFacts) -> str | None:
    if facts.nullable:
        return None
    if facts.foreign_key:
        return (
            "It is NOT NULL and refers to another table: let it be NULL; or use with_row, where what it refers to is "
            "personal and its row is deleted whole."
        )
    return f"It is NOT NULL: use {'unique_placeholder' if facts.unique else 'constant'}, or let it be NULL."


def _constant(method: Method, facts: ColumnFacts) -> str | None:
    for kinds, problem in _CONSTANTS:
        if isinstance(facts.type, kinds):
            return problem(facts.type, method.value)
    return _no_such_type("constant", "text, numbers, dates, truth values and, empty, bytes", facts)


def _choice(kind: Any, value: str | int | None) -> str | None:  # noqa: ANN401  (sa.Enum: its values have no type)
    return None if value in kind.enums else "The constant isn't one of the values that the column allows: use one."


def _text(kind: Type, value: str | int | None) -> str | None:
    if isinstance(value, str):
        return _too_short(kind, len(value))
    return "It holds text, and the constant is a number: put it in quotes."


def _number(_kind: Type, value: str | int | None) -> str | None:
    return None if isinstance(value, int) else "It holds numbers, and the constant isn't one: give a whole number."


def _date(kind: Type, value: str | int | None) -> str | None:
    problem = "It holds dates: give the constant in ISO 8601, such as '1900-01-01'."
    try:
        return problem if isinstance(bound_value(kind, value), (str, int)) else None
    except ActError:
        return problem


def _bytes(_kind: Type, value: str | int | None) -> str | None:
    return None if not value and isinstance(value, str) else "It holds bytes: the constant can only be empty, ''."


def _anything(_kind: Type, _value: str | int | None) -> str | None:
    return None


_CONSTANTS: tuple[tuple[type[Type] | tuple[type[Type], ...], Callable[[Type, str | int | None], str | None]], ...] = (
    (sa.Enum, _choice),
    (sa.types.NullType, _anything),
    (sa.String, _text),
    ((sa.Integer, sa.Numeric, sa.Float, sa.Boolean), _number),
    ((sa.Date, sa.DateTime), _date),
    (BINARY, _bytes),
)
"""The first that fits the column's type judges the constant."""


def _shorten(method: Method, facts: ColumnFacts) -> str | None:
    if not _is_text(facts.type):
        return _no_such_type("shorten", "text", facts)
    return None if (method.length or 0) > 0 else "A length of at least 1 is needed: use set_null to leave nothing."


def _year_of_date(_method: Method, facts: ColumnFacts) -> str | None:
    if isinstance(facts.type, (sa.Date, sa.DateTime)):
        return None
    if not _is_text(facts.type):
        return _no_such_type("year_of_date", "dates, timestamps and text", facts)
    return _may_be_null("a text that isn't ISO 8601", facts)


def _ip_network(_method: Method, facts: ColumnFacts) -> str | None:
    if is_inet(facts.type):
        return None
    if not _is_text(facts.type):
        return _no_such_type("ip_network", "text and PostgreSQL's inet and cidr", facts)
    return _may_be_null("a text that isn't an IPv4 address", facts)


def _unique_placeholder(_method: Method, facts: ColumnFacts) -> str | None:
    if not _is_text(facts.type):
        return _no_such_type("unique_placeholder", "text", facts)
    if facts.key_is_personal:
        return f"The placeholder is made from the key, which is itself personal: use {_other(facts)}."
    lengths = [_longest(kind) for kind in facts.key_types]
    if not lengths or None in lengths:
        return f"The placeholder needs a key of whole numbers, short texts or UUIDs: use {_other(facts)}."
    between = 2 * (len(lengths) - 1)
    return _too_short(facts.type, _AROUND_KEY + sum(length or 0 for length in lengths) + between)


def _bucket(method: Method, facts: ColumnFacts) -> str | None:
    if not isinstance(facts.type, (sa.Integer, sa.Numeric, sa.Float)):
        return _no_such_type("bucket", "numbers", facts)
    return None if (method.size or 0) > 0 else "A size of at least 1 is needed."


_RULES: Mapping[str, Callable[[Method, ColumnFacts], str | None]] = {
    "set_null": _set_null,
    "constant": _constant,
    "shorten": _shorten,
    "year_of_date": _year_of_date,
    "ip_network": _ip_network,
    "unique_placeholder": _unique_placeholder,
    "bucket": _bucket,
    "with_row": lambda _method, _facts: "Only deleting the row would erase it: use set_null or constant.",
}


def _is_text(kind: Type) -> bool:
    return isinstance(kind, sa.String) and not isinstance(kind, sa.Enum)


def _no_such_type(method: str, needed: str, facts: ColumnFacts) -> str:
    return f"{method} is for {needed}, and the column is {type(facts.type).__name__}: use {_other(facts)}."


def _other(facts: ColumnFacts) -> str:
    return "set_null" if facts.nullable else "constant"


def _or_null(facts: ColumnFacts) -> str:
    return " or set_null" if facts.nullable else ""


def _may_be_null(what: str, facts: ColumnFacts) -> str | None:
    return None if facts.nullable else f"It is NOT NULL, and {what} becomes NULL: use constant, or let it be NULL."


def _too_short(kind: Type, needed: int) -> str | None:
    length = getattr(kind, "length", None)
    if length is None or length >= needed:
        return None
    return f"It holds {length} characters and up to {needed} are needed: widen it, or use another method."


def _longest(kind: Type) -> int | None:
    """Return the most characters a key of this type has as text, or None where it has no fixed form as text."""
    if isinstance(kind, sa.String):
        return kind.length or _LONG_TEXT
    if isinstance(kind, sa.Numeric):
        return (kind.precision or _DIGITS) + 2
    found = (length for known, length in _LENGTHS if isinstance(kind, known))
    return next(found, None)


_LONG_TEXT = 100
"""What a text key of unlimited length is taken to need."""
_LENGTHS: tuple[tuple[type[Type], int], ...] = (
    (sa.SmallInteger, 6),
    (sa.BigInteger, _DIGITS),
    (sa.Integer, 11),
    (sa.Uuid, 36),
    (sa.types.NullType, _DIGITS),
)
