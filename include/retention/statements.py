"""The statements that read, erase and delete: generated from the data map, never written by hand.

Identifiers come from the validated map alone and are always quoted; values are always bound. So the map and what is
done can't drift apart, and ``tests/golden`` holds the SQL of every kind of statement for every database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.sql import quoted_name
from sqlalchemy.sql.util import ClauseAdapter

from include.retention.column_types import Type, bound_values
from include.retention.data_map.model import ForeignKey, Table
from include.retention.errors import ActError
from include.retention.key_lists import one_of
from include.retention.methods import columns_of, erased, left
from include.retention.polymorphic_sql import refers_to
from include.retention.terms import Verdict

MAX_BOUND = 10_000
"""Key values that one statement may bind. SQLite takes 32,766 and PostgreSQL 65,535, but it gives up ("statement too
complex") on much fewer where the key is composite."""

MOVING = (mysql.DATETIME, mysql.TIMESTAMP)
"""Types that MariaDB can set to the present whenever the row changes."""

Condition = sa.ColumnElement[bool]
RecordKey = tuple[Any, ...]


def sql_table(table: Table, schema: str | None, types: Mapping[str, Type] | None = None) -> sa.Table:
    """Return a mapped table for SQLAlchemy: the declared columns, and of the live ones those whose types are given.

    A foreign key's columns need no line of their own where a pattern of the map answers for them.

    Args:
        table: the mapped table.
        schema: database schema, or None for the default.
        types: column types from `column_types.read_types`. Without them binds take the type of their value, and
            methods treat dates and addresses as text: enough for SQLite, not for the servers.
    """
    known = types or {}
    names = dict.fromkeys([*table.columns, *known])
    columns = [sa.Column(name, known.get(name, sa.types.NullType()), quote=True) for name in names]
    return sa.Table(table.name, sa.MetaData(), *columns, schema=schema, quote=True, quote_schema=bool(schema) or None)


def key_condition(target: sa.Table, key: Sequence[str], keys: Sequence[RecordKey]) -> Condition:
    """Return the predicate "the row's key is one of these".

    Args:
        target: from `sql_table`.
        key: names of the key's columns.
        keys: values in the order of ``key``, as the driver or JSON gave them.

    Raises:
        ActError: a key has a null or the wrong number of parts (it would match nothing, and look done), or there are
            more than one statement can bind.
    """
    parts = list(zip(*keys, strict=True)) if len(set(map(len, keys))) <= 1 else []
    if keys and (len(parts) != len(key) or any(None in part for part in parts)):
        raise ActError(f"A key of {target.name} isn't whole: each needs a value for {', '.join(key)}.")
    if len(keys) * len(key) > MAX_BOUND:
        raise ActError(f"{len(keys)} keys of {target.name} are too many for one statement.")
    columns = [target.c[name] for name in key]
    return one_of(
        columns, [bound_values(c.type, part) for c, part in zip(columns, parts or [()] * len(key), strict=True)]
    )


def lock(table: Table, target: sa.Table, groups: Sequence[str], keys: Sequence[RecordKey]) -> sa.Select[int]:
    """Return a SELECT that locks the rows until the transaction ends, in the key's order.

    It gives a 1 for each row that is there or, where groups are named, in which one of them still holds something, and
    a 0 for the others.

    While a row is locked nobody can change it, nor insert a row that refers to it. SQLite locks the whole database
    when a writing transaction begins, and has no FOR UPDATE.
    """
    one, zero = (sa.literal_column(digit, sa.Integer()) for digit in "10")
    flag = sa.case((something_left(table, target, groups), one), else_=zero) if groups else one
    rows = sa.select(flag).select_from(target)
    return (
        rows.where(key_condition(target, table.key, keys)).order_by(*(target.c[k] for k in table.key)).with_for_update()
    )


def erase(
    table: Table, target: sa.Table, groups: Sequence[str], keys: Sequence[RecordKey], references: Iterable[ForeignKey]
) -> sa.Update:
    """Return the UPDATE that erases column groups of some rows, each column by its method.

    Args:
        table: the mapped table.
        target: from `sql_table`, with types.
        groups: names of the expired column groups.
        keys: the rows.
        references: every foreign key of the database, into this table and out of it.

    Raises:
        ActError: a column is a part of the key, or a foreign key by another method than ``set_null``.
    """
    columns = list(dict.fromkeys(name for group in groups for name in columns_of(table, group)))
    references = list(references)
    _refuse_ties(table, columns, references)
    # Erasing a value that others refer to would break the reference, or spread by ON UPDATE.
    into = [each for each in references if each.parent_table == table.name and set(each.parent_columns) & set(columns)]
    return (
        sa.update(target)
        .values({target.c[name]: erased(table, target, name) for name in columns} | fixed_days(table, target, columns))
        .where(key_condition(target, table.key, keys), something_left(table, target, groups))
        .where(*(_unreferenced(table, target, each) for each in into))
    )


def fixed_days(table: Table, target: sa.Table, erasable: Sequence[str]) -> dict[sa.Column[Any], sa.Column[Any]]:
    """Return the columns to set to themselves: the days of events, which MariaDB may move whenever a row changes.

    ``ON UPDATE CURRENT_TIMESTAMP``, which it gives some columns unasked, would start the clocks anew. Other columns
    are left to it, such as one by which copies of the table find what has changed.
    """
    types = {column.name: column.type for column in target.columns}
    return {target.c[name]: target.c[name] for name in moved_days(table, types, erasable)}


def moved_days(table: Table, types: Mapping[str, Type], erasable: Iterable[str]) -> list[str]:
    """Return the columns with days of events that MariaDB may move when it erases others."""
    return [name for name in sorted(told_days(table) - set(erasable)) if isinstance(types.get(name), MOVING)]


def told_days(table: Table) -> set[str]:
    """Return the columns from which the table's events take their days."""
    return {name for each in table.emissions for name in (each.date, each.begins, each.fallback) if name is not None}


def delete(table: Table, target: sa.Table, keys: Sequence[RecordKey], references: Iterable[ForeignKey]) -> sa.Delete:
    """Return the DELETE of those of some rows that nothing refers to any more.

    That holds for ON DELETE CASCADE too: a cascade never finds a row to reach. A row of the table itself counts, also
    one of the same batch: delete again until nothing is deleted, and leaves go before what they hang on.
    """
    into = [each for each in references if each.parent_table == table.name]
    free = (_unreferenced(table, target, each) for each in into)
    return sa.delete(target).where(key_condition(target, table.key, keys), *free)


def free(table: Table, target: sa.Table, keys: Sequence[RecordKey], references: Iterable[ForeignKey]) -> sa.Select[Any]:
    """Return the SELECT of the keys of those rows that `delete` would delete."""
    into = [each for each in references if each.parent_table == table.name]
    columns = [target.c[name] for name in table.key]
    return sa.select(*columns).where(
        key_condition(target, table.key, keys), *(_unreferenced(table, target, each) for each in into)
    )


def empty(
    reference: ForeignKey, columns: Sequence[str], child: tuple[Table, sa.Table], parent: sa.Table, gone: Condition
) -> sa.Update:
    """Return the UPDATE that sets a reference to NULL where it refers to rows that are about to go.

    Args:
        reference: the reference.
        columns: those of its columns that may be emptied.
        child: the table that refers, as mapped and from `sql_table`.
        parent: the table that is referred to, from `sql_table`.
        gone: the predicate of the rows that go, from `key_condition`.
    """
    mapped, target = child
    named = parent.alias("going" if target.name.lower() != "going" else "going_row")
    rows = sa.select(sa.literal_column("1", sa.Integer())).select_from(named)
    refers = _refers(reference, target, named)
    those = rows.where(ClauseAdapter(named).traverse(gone), *refers).correlate(target)
    emptied = {target.c[name]: sa.null() for name in columns}
    return sa.update(target).values(emptied | fixed_days(mapped, target, columns)).where(sa.exists(those))


def remaining(
    table: Table, target: sa.Table, action: Verdict, groups: Sequence[str], keys: Sequence[RecordKey]
) -> sa.Select[int]:
    """Return the SELECT that counts the rows still there (delete) or with something left in the groups (anonymise).

    What a group erases inside a value isn't among it: see ``inside.py``.
    """
    count = sa.select(sa.func.count()).select_from(target).where(key_condition(target, table.key, keys))
    return count if action is Verdict.DELETE else count.where(something_left(table, target, groups))


def something_left(table: Table, target: sa.Table, groups: Sequence[str]) -> Condition:
    """Return the predicate "any of these groups still holds something": see `methods.left`."""
    return sa.or_(sa.false(), *(left(table, target, group) for group in groups))


def _unreferenced(table: Table, target: sa.Table, reference: ForeignKey) -> Condition:
    own = reference.child_table == table.name
    behind = reference.child_columns if reference.arm is None else reference.arm.columns
    named = [*behind, *(table.key if own else ())]
    columns: list[sa.ColumnClause[Any]] = [sa.column(quoted_name(name, quote=True)) for name in dict.fromkeys(named)]
    # Were it called like the row to delete, the condition would be about another row.
    alias = "referring" if target.name.lower() != "referring" else "referring_row"
    child = sa.table(quoted_name(reference.child_table, quote=True), *columns, schema=target.schema).alias(alias)
    refers = _refers(reference, child, target)
    if own:  # A row may refer to itself.
        refers.append(sa.not_(sa.and_(*(child.c[name] == target.c[name] for name in table.key))))
    rows = sa.select(sa.literal_column("1", sa.Integer())).select_from(child).where(*refers)
    return sa.not_(sa.exists(rows.correlate(target)))


def _refers(reference: ForeignKey, child: sa.FromClause, parent: sa.FromClause) -> list[Condition]:
    """Return the conditions under which a row refers to another."""
    if reference.arm is not None:
        return [refers_to(reference.arm, child, parent.c[reference.parent_columns[0]])]
    pairs = zip(reference.child_columns, reference.parent_columns, strict=True)
    return [child.c[mine] == parent.c[theirs] for mine, theirs in pairs]


def _refuse_ties(table: Table, columns: Sequence[str], references: Sequence[ForeignKey]) -> None:
    tied = {name for name in columns if name in table.key or _method_name(table, name) == "with_row"}
    for each in references:
        if each.child_table == table.name:
            tied |= {name for name in each.child_columns if name in columns and _method_name(table, name) != "set_null"}
    if tied:
        names = ", ".join(sorted(tied))
        raise ActError(
            f"{table.name}: {names} can't be erased in place: a key column can't, and a foreign key only by set_null. "
            "Change its method, or delete the rows."
        )


def _method_name(table: Table, column: str) -> str:
    method = table.columns[column].method
    return method.name if method else ""
