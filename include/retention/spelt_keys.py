"""References as the key that they refer to is spelt: under MariaDB's collations ``l-004`` refers to ``L-004``.

A text column there usually ignores case, accents or trailing blanks, and a foreign key allows what its columns compare
as equal; PostgreSQL pads ``char(n)`` and has ``citext``. Outside the database texts are compared exactly, and the
reference would lead nowhere: the person's open loan wouldn't be the person's. So the database says which row is meant,
and gives that row's own spelling.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

COLLATED = (
    mysql.CHAR,
    mysql.VARCHAR,
    mysql.TINYTEXT,
    mysql.TEXT,
    mysql.MEDIUMTEXT,
    mysql.LONGTEXT,
    sa.CHAR,
    postgresql.CITEXT,
)
"""Text types that don't compare exactly. SQLite's do unless told otherwise, and so do PostgreSQL's other ones."""


Value = sa.ColumnElement[Any]


class Parent(NamedTuple):
    """A table that is referred to, from `statements.sql_table`, and the columns by which it is."""

    target: sa.Table
    columns: tuple[str, ...]


def spelt_as_key(target: sa.Table, own: Sequence[Value], parents: Iterable[Parent]) -> dict[int, Value]:
    """Return those of a reference's columns that can be spelt otherwise, by place, as the row meant has them.

    Where no row is meant, a text stays as it is.
    """
    found: dict[int, list[Value]] = {}
    for parent in parents:
        alias = parent.target.alias("meant" if target.name.lower() != "meant" else "meant_row")
        theirs = [alias.c[name] for name in parent.columns]
        same = [mine == their for mine, their in zip(own, theirs, strict=True)]
        for place, their in enumerate(theirs):
            if isinstance(their.type, COLLATED):
                found.setdefault(place, []).append(sa.select(their).where(*same).correlate(target).scalar_subquery())
    return {place: sa.func.coalesce(*those, own[place]) for place, those in found.items()}
