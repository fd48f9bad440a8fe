"""Rows that refer to something that isn't there: how many, per foreign key and per reference of the map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
        counts = [count.label(f"n{place}") for place, count in enumerate(orphan_counts(mine, child))]
        found.update(Orphans.of(mine, connection.execute(sa.select(*counts).select_from(child)).one()))
    return found


def orphan_counts(references: Iterable[ForeignKey], child: sa.FromClause) -> Iterator[sa.ColumnElement[int]]:
    """Yield for each foreign key out of a table the aggregates of its rows and of its orphans."""
    schema = getattr(child, "schema", None)
    for each in references:
        refers, is_there = _conditions(each, child, schema)
        yield sa.func.count(sa.case((refers, _ONE)))
        yield sa.func.count(sa.case((sa.and_(refers, sa.not_(is_there)), _ONE)))


def reference_text(reference: ForeignKey) -> str:
    """Return a foreign key's name in the baseline: ``child(columns) -> parent(columns)``."""
    child, parent = ",".join(reference.child_columns), ",".join(reference.parent_columns)
    return f"{reference.child_table}({child}) -> {reference.parent_table}({parent})"


def _conditions(
    reference: ForeignKey, child: sa.FromClause, schema: str | None
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Return whether a row refers to anything, and whether that is there."""
    arm = reference.arm
    parent = _table(reference.parent_table, reference.parent_columns, schema).alias("referred")
    mine = [child.c[name] for name in _columns(reference)] if arm is None else [refers_by(arm, child)]
    theirs: list[sa.ColumnElement[Any]] = [parent.c[name] for name in reference.parent_columns]
    if arm is not None and not arm.number:
        theirs = [KeyText(theirs[0])]
    same = (own == other for own, other in zip(mine, theirs, strict=True))
    there = sa.exists(sa.select(_ONE).select_from(parent).where(*same).correlate(child))
    # With a null in any of its columns a row refers to nothing.
    return sa.and_(*(own.is_not(None) for own in mine)), there


def _columns(reference: ForeignKey) -> tuple[str, ...]:
    return tuple(reference.child_columns if reference.arm is None else reference.arm.columns)


def _table(name: str, columns: Iterable[str], schema: str | None) -> sa.TableClause:
    quoted: Iterable[sa.ColumnClause[Any]] = (
        sa.column(quoted_name(column, quote=True)) for column in dict.fromkeys(columns)
    )
    return sa.table(quoted_name(name, quote=True), *quoted, schema=schema)
