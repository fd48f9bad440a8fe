"""Whether each personal column can take its method, by what the live database says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import sqlalchemy as sa

from include.retention.check_constraints import breaks_check
from include.retention.column_types import Types, bound_value
from include.retention.data_map.constraints import words
from include.retention.data_map.inspection import LiveTable
from include.retention.data_map.live_context import LiveContext
from include.retention.data_map.model import Column, ForeignKey, with_declared
from include.retention.data_map.whole_rows import REMEDY, keeping
from include.retention.errors import ActError, Problem
from include.retention.method_fit import ColumnFacts, fits, fits_inside
from include.retention.methods import columns_of
from include.retention.statements import sql_table

SAME_FOR_ALL = ("set_null", "constant")
"""Methods whose result doesn't depend on the row."""


def check_methods(at: LiveContext) -> Iterator[Problem]:
    """Yield a problem for each personal column that can't take its method."""
    for column in at.table.columns.values():
        if column.method is None or column.name not in at.live.columns:
            continue
        if column.name in at.table.key or column.erased_with_row:
            yield from _whole(at, column)
        elif not at.table.only_whole:
            remedy = fits(column.method, _facts(at, column.name))
            if remedy is not None:
                what = f"can't be erased by {column.method.name}."
                yield at.problem(("columns", column.name, "method"), "METHOD", what, remedy)


def _whole(at: LiveContext, column: Column) -> Iterator[Problem]:
    """Yield a problem where a column goes with its row alone, and the row could stay, or the column needn't."""
    references = with_declared(at.schema.foreign_keys, at.data_map.tables)
    path = ("columns", column.name, "method")
    kept_by = keeping(at.table, at.data_map.tables, references)
    if kept_by:
        what = f"goes with its row alone, and rows of {', '.join(kept_by)} refer to that, so it could stay too long."
        yield at.problem(path, "KEY_COLUMN_PERSONAL", what, REMEDY)
    if column.name not in at.table.key and not _refers_to_personal_key(at, column.name, references):
        what = "can't be erased by with_row: it refers to no other table's personal column."
        yield at.problem(path, "METHOD", what, "Use a method that erases it in place, such as set_null or constant.")


def _refers_to_personal_key(at: LiveContext, name: str, references: Sequence[ForeignKey]) -> bool:
    for each in references:
        parent = at.data_map.tables.get(each.parent_table)
        if each.child_table == at.table.name and parent is not None and each.arm is None:
            for mine, theirs in zip(each.child_columns, each.parent_columns, strict=True):
                if mine == name and theirs in parent.columns and parent.columns[theirs].category is not None:
                    return True
    return False


def check_parts(at: LiveContext) -> Iterator[Problem]:
    """Yield a problem for each column whose values can't be edited, and a notice for each CHECK constraint on one."""
    for column in at.table.columns.values():
        if not (column.paths or column.redaction) or column.name not in at.live.columns:
            continue
        document = bool(column.paths)
        remedy = fits_inside(_facts(at, column.name), document=document)
        place = ("columns", column.name, "json" if document else "redact")
        if remedy is not None:
            yield at.problem(place, "METHOD", f"can't be {'erased by path' if document else 'redacted'}.", remedy)
        for check in at.live.checks:
            if column.name.casefold() in words(check) and not _asks_for_json(check, column.name):
                what = "is under a CHECK constraint, and that it allows values without these parts can't be proved."
                remedy = "Try it on a copy of the database. A refusal at run time changes nothing, and fails the run."
                yield at.notice(place, "CHECK_NOT_PROVABLE", what, remedy)


def _asks_for_json(check: str, column: str) -> bool:
    """Return whether a constraint only asks for JSON, as MariaDB's own for such a column does: it stays JSON."""
    return re.sub(r"[\s`\"()]", "", check).casefold() == f"json_valid{column.casefold()}"


def check_constraints(at: LiveContext) -> Iterator[Problem]:
    """Yield a problem for each CHECK constraint that would refuse an erased row, and a notice where none can tell.

    Where every column of the constraint is erased to something fixed, the database judges just that. Else it judges
    the rows that are there, each as it would be: the table is then read once.
    """
    for group in () if at.table.only_whole else at.table.groups:
        for check in at.live.checks:
            named = words(check)
            touched = [
                at.table.columns[name]
                for name in columns_of(at.table, group)
                if name in at.live.columns and name.casefold() in named
            ]
            if touched:
                yield from _check(at, group, check, touched)


def _check(at: LiveContext, group: str, check: str, touched: Sequence[Column]) -> Iterator[Problem]:
    others = {name.casefold() for name in at.live.columns} - {column.name.casefold() for column in touched}
    fixed = not others & words(check) and all(_same_for_all(column) for column in touched)
    refuses = _refuses_fixed(at, check, touched) if fixed else None
    if refuses is None:
        refuses = _refuses_rows(at, group, check)
    path = ("columns", touched[0].name, "method")
    if refuses:
        what = f"is under a CHECK constraint that refuses the column group {group} erased."
        remedy = "Use a method whose result the constraint allows, or change the constraint."
        yield at.problem(path, "CHECK_REFUSES", what, remedy)
    elif refuses is None:
        what = f"is under a CHECK constraint, and that it allows the column group {group} erased can't be proved."
        remedy = "Try it on a copy of the database. A refusal at run time changes nothing, and fails the run."
        yield at.notice(path, "CHECK_NOT_PROVABLE", what, remedy)


def _facts(at: LiveContext, name: str) -> ColumnFacts:
    personal = {each.name for each in at.table.columns.values() if each.category is not None}
    keys = with_declared(at.schema.foreign_keys, at.data_map.tables)
    return column_facts(at.table.name, at.table.key, name, personal, at.live, keys, at.types)


def column_facts(  # noqa: PLR0913, PLR0917 - a column is known by all of these
    table: str,
    key: Sequence[str],
    name: str,
    personal: AbstractSet[str],
    live: LiveTable,
    keys: Sequence[ForeignKey],
    types: Types,
) -> ColumnFacts:
    """Return what decides which methods a column can take.

    Args:
        table: the column's.
        key: columns of the table's key.
        name: the column's.
        personal: the table's personal columns.
        live: the table as the database has it.
        keys: every foreign key.
        types: per column of the table.
    """
    unique = [set(each) for each in (*live.uniques, live.primary_key) if not set(key) <= set(each)]
    return ColumnFacts(
        type=types[name],
        nullable=live.columns[name].nullable,
        unique=any(name in each for each in unique),
        in_key=name in key,
        foreign_key=any(each.child_table == table and name in each.child_columns for each in keys),
        referenced=any(each.parent_table == table and name in each.parent_columns for each in keys),
        computed=live.columns[name].computed,
        key_types=tuple(types[each] for each in key if each in types),
        key_is_personal=not personal.isdisjoint(key),
    )


def _same_for_all(column: Column) -> bool:
    return column.method is not None and column.method.name in SAME_FOR_ALL


def _refuses_fixed(at: LiveContext, check: str, columns: Sequence[Column]) -> bool | None:
    """Return whether the constraint refuses the erased values, or None where the database can't say."""
    try:
        values = [_erased(at, column).label(column.name) for column in columns]
        row = sa.select(*values).subquery(sa.sql.quoted_name(at.table.name, quote=True))
        verdict: sa.ColumnClause[int | None] = sa.literal_column(
            f"CASE WHEN ({check}) THEN 1 WHEN NOT ({check}) THEN 0 END"
        )
        with at.engine.connect() as connection:
            result = connection.execute(sa.select(verdict).select_from(row)).scalar()
    except (sa.exc.SQLAlchemyError, ActError):
        return None
    # A condition that is NULL is satisfied.
    return result is not None and not result


def _erased(at: LiveContext, column: Column) -> sa.ColumnElement[Any]:
    kind = at.types[column.name]
    value = None if column.method is None else column.method.value
    erased = sa.null() if value is None else sa.literal(bound_value(kind, value), kind)
    # PostgreSQL must be told of what type a NULL is; MariaDB can't cast to every type, and needn't.
    return sa.cast(erased, kind) if at.engine.dialect.name == "postgresql" else erased


def _refuses_rows(at: LiveContext, group: str, check: str) -> bool | None:
    """Return whether the constraint refuses a row as it would be, or None where nothing can be said."""
    target = sql_table(at.table, at.data_map.schema, at.types)
    anything = sa.select(sa.literal_column("1", sa.Integer())).select_from(target).limit(1)
    try:
        with at.engine.connect() as connection:
            if connection.execute(anything).first() is None:
                return None
            return breaks_check(connection, at.table, target, group, check)
    except (sa.exc.SQLAlchemyError, ActError):
        return None
