"""Rows that refer to something that isn't there: how many, per foreign key and per reference of the map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import quoted_name

from include.retention.data_map.model import ForeignKey
from include.retention.polymorphic_sql import KeyText, refers_by


def count_orphans(
    connection: sa.Connection, references: Iterable[ForeignKey], schema: str | None
) -> dict[str, dict[str, int]]:
    """Return per foreign key, by ``reference_text``, how many ``rows`` refer and how many of them are ``orphans``.

    A database that enforces its foreign keys has none; one that doesn't, or didn't always, may have had some before.
    """
    found = {}
    for each in references:
        rows, orphans = connection.execute(_statement(each, schema)).one()
        found[reference_text(each)] = {"rows": int(rows), "orphans": int(orphans)}
    return found


def reference_text(reference: ForeignKey) -> str:
    """Return a foreign key's name in the baseline: ``child(columns) -> parent(columns)``."""
    child, parent = ",".join(reference.child_columns), ",".join(reference.parent_columns)
    return f"{reference.child_table}({child}) -> {reference.parent_table}({parent})"


def _statement(reference: ForeignKey, schema: str | None) -> sa.Select[int, int]:
    arm = reference.arm
    behind = reference.child_columns if arm is None else arm.columns
    child = _table(reference.child_table, behind, schema).alias("referring")
    parent = _table(reference.parent_table, reference.parent_columns, schema).alias("referred")
    mine = [child.c[name] for name in behind] if arm is None else [refers_by(arm, child)]
    theirs: list[sa.ColumnElement[Any]] = [parent.c[name] for name in reference.parent_columns]
    if arm is not None and not arm.number:
        theirs = [KeyText(theirs[0])]
    joined = child.outerjoin(parent, sa.and_(*(own == other for own, other in zip(mine, theirs, strict=True))))
    orphans = sa.func.count() - sa.func.count(parent.c[reference.parent_columns[0]])
    # With a null in any of its columns a row refers to nothing.
    return sa.select(sa.func.count(), orphans).select_from(joined).where(*(own.is_not(None) for own in mine))


def _table(name: str, columns: Iterable[str], schema: str | None) -> sa.TableClause:
    quoted: Iterable[sa.ColumnClause[Any]] = (
        sa.column(quoted_name(column, quote=True)) for column in dict.fromkeys(columns)
    )
    return sa.table(quoted_name(name, quote=True), *quoted, schema=schema)
