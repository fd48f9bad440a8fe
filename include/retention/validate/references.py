"""Rows that refer to something that isn't there: how many, per foreign key and per reference of the map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import quoted_name

from include.retention.data_map.model import ForeignKey
from include.retention.polymorphic_sql import KeyText, refers_by

_ONE = sa.literal_column("1", sa.Integer())


class Orphans(dict[str, dict[str, int]]):
    """By ``reference_text``, how many ``rows`` refer and how many of them are ``orphans``.

    A database that enforces its foreign keys has none; one that doesn't, or didn't always, may have had some before.
    """

    @classmethod
    def of(cls, references: Iterable[ForeignKey], counts: Sequence[int]) -> Orphans:
        """Return what `orphan_counts` found."""
        pairs = zip(counts[::2], counts[1::2], strict=True)
        return cls(
            (reference_text(each), {"rows": int(rows), "orphans": int(orphans)})
            for each, (rows, orphans) in zip(references, pairs, strict=True)
        )


def count_orphans(connection: sa.Connection, references: Iterable[ForeignKey], schema: str | None) -> Orphans:
    """Count the orphans of tables that the map doesn't know: one statement for each table that refers to others."""
    by_child: dict[str, list[ForeignKey]] = {}
    for each in references:
        by_child.setdefault(each.child_table, []).append(each)
    found = Orphans()
    for name, mine in by_child.items():
        child = _table(name, [column for each in mine for column in _columns(each)], schema)
        rows, counts = orphan_counts(connection, mine, child)
        named = (count.label(f"n{place}") for place, count in enumerate(counts))
        found.update(Orphans.of(mine, connection.execute(sa.select(*named).select_from(rows)).one()))
    return found


def orphan_counts(
    connection: sa.Connection, references: Iterable[ForeignKey], child: sa.FromClause
) -> tuple[sa.FromClause, list[sa.ColumnElement[int]]]:
    """Return what to select from, a row for each row of a table, and per foreign key out of it rows and orphans."""
    schema = getattr(child, "schema", None)
    rows, counts = child, list[sa.ColumnElement[int]]()
    for place, each in enumerate(references):
        parent = _table(each.parent_table, each.parent_columns, schema).alias(f"referred{place}")
        mine, same = _conditions(each, child, parent)
        if _may_join(connection, each, schema):
            rows = rows.outerjoin(parent, same)
            is_there: sa.ColumnElement[bool] = parent.c[each.parent_columns[0]].is_not(None)
        else:
            is_there = sa.exists(sa.select(_ONE).select_from(parent).where(same).correlate(child))
        # With a null in any of its columns a row refers to nothing.
        refers = sa.and_(*(own.is_not(None) for own in mine))
        counts.append(sa.func.count(sa.case((refers, _ONE))))
        counts.append(sa.func.count(sa.case((sa.and_(refers, sa.not_(is_there)), _ONE))))
    return rows, counts


def reference_text(reference: ForeignKey) -> str:
    """Return a foreign key's name in the baseline: ``child(columns) -> parent(columns)``."""
    child, parent = ",".join(reference.child_columns), ",".join(reference.parent_columns)
    return f"{reference.child_table}({child}) -> {reference.parent_table}({parent})"


def _conditions(
    reference: ForeignKey, child: sa.FromClause, parent: sa.FromClause
) -> tuple[list[sa.ColumnElement[Any]], sa.ColumnElement[bool]]:
    """Return what a row refers by, and whether it refers to a row of the parent."""
    arm = reference.arm
    mine: list[sa.ColumnElement[Any]]
    mine = [child.c[name] for name in _columns(reference)] if arm is None else [refers_by(arm, child)]
    theirs: list[sa.ColumnElement[Any]] = [parent.c[name] for name in reference.parent_columns]
    if arm is not None and not arm.number:
        theirs = [KeyText(theirs[0])]
    return mine, sa.and_(*(own == other for own, other in zip(mine, theirs, strict=True)))


def _may_join(connection: sa.Connection, reference: ForeignKey, schema: str | None) -> bool:
    """Return whether the parent can be joined, for at most one of its rows is referred to.

    PostgreSQL takes four times as long to look for each row's parent by itself. The other databases don't, and may
    hold texts equal that a unique key of theirs holds different.
    """
    if connection.dialect.name != "postgresql" or reference.arm is not None:
        return False
    inspector, name = sa.inspect(connection), reference.parent_table
    unique = [inspector.get_pk_constraint(name, schema=schema)["constrained_columns"]]
    unique += [each["column_names"] for each in inspector.get_unique_constraints(name, schema=schema)]
    return any(columns and set(columns) <= set(reference.parent_columns) for columns in unique)


def _columns(reference: ForeignKey) -> tuple[str, ...]:
    return tuple(reference.child_columns if reference.arm is None else reference.arm.columns)


def _table(name: str, columns: Iterable[str], schema: str | None) -> sa.TableClause:
    quoted: Iterable[sa.ColumnClause[Any]] = (
        sa.column(quoted_name(column, quote=True)) for column in dict.fromkeys(columns)
    )
    return sa.table(quoted_name(name, quote=True), *quoted, schema=schema)
