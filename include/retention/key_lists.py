"""The predicate "these columns have one of these values", as each database takes it best.

A list of thousands of bound values is written, sent and read one by one. PostgreSQL takes it as one array a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.sql.visitors import InternalTraversal

from include.retention.column_types import Type

_TEXTS = (sa.String, sa.Text, sa.VARCHAR, sa.TEXT)
_AS_THEY_ARE = (sa.Integer, sa.INTEGER, sa.BigInteger, sa.BIGINT, sa.SmallInteger, sa.SMALLINT, sa.Uuid, sa.UUID)


class OneOf(sa.ColumnElement[bool]):
    """Columns that have one of some rows of values: an IN or, on PostgreSQL, arrays.

    Attributes:
        listed: the IN.
        arrayed: the same over arrays.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy's name and form
        ("listed", InternalTraversal.dp_clauseelement),
        ("arrayed", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, listed: sa.ColumnElement[bool], arrayed: sa.ColumnElement[bool]) -> None:
        """Keep both forms."""
        self.listed, self.arrayed = listed, arrayed
        self.type = sa.Boolean()

    def self_group(self, against: OperatorType | None = None) -> OneOf:
        """Return it as a part of a larger condition; databases without booleans aren't asked whether it is 1."""
        return OneOf(self.listed.self_group(against), self.arrayed.self_group(against))

    @property
    def _from_objects(self) -> list[sa.FromClause]:
        return self.listed._from_objects  # noqa: SLF001 - as SQLAlchemy's own elements do


@compiles(OneOf)
def _in(element: OneOf, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - the compiler's own
    return compiler.process(element.listed, **options)


@compiles(OneOf, "postgresql")
def _any(element: OneOf, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    return compiler.process(element.arrayed, **options)


def one_of(columns: Sequence[sa.Column[Any]], values: Sequence[list[Any]]) -> sa.ColumnElement[bool]:
    """Return the predicate.

    Args:
        columns: at least one.
        values: for each column its values, row by row, as they are bound.
    """
    types = [_element(column.type) for column in columns]
    if len(columns) == 1:
        # A list would be looked through, value by value, for what isn't one.
        listed = columns[0].in_(sa.bindparam("key", values[0], columns[0].type, unique=True, expanding=True))
    else:
        listed = sa.tuple_(*columns).in_(list(zip(*values, strict=True)))
    known = [type_ for type_ in types if type_ is not None]
    if len(known) < len(columns):
        return listed
    arrays = [
        sa.bindparam("keys", each, sa.ARRAY(type_), unique=True) for each, type_ in zip(values, known, strict=True)
    ]
    if len(columns) == 1:
        return OneOf(listed, columns[0] == sa.any_(arrays[0]))
    names = [f"part_{place}" for place in range(len(columns))]
    wanted = sa.func.unnest(*arrays).table_valued(*names, name="wanted").render_derived()
    return OneOf(listed, sa.tuple_(*columns).in_(sa.select(*(wanted.c[name] for name in names))))


def _element(type_: Type) -> Type | None:
    """Return the type of an array's elements that compare with a column as its own values do, if it is known.

    A text's has no length: a cast to a shorter one would cut a value, and find another row.
    """
    if type(type_) in _TEXTS:
        return sa.Text()
    return type_ if type(type_) in _AS_THEY_ARE else None
