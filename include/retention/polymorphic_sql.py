"""References that lead to several tables, in SQL: which row one leads to, and which rows lead to one.

The two directions are written apart, each so that an index serves it: the referred table's key in the one, the
referring column in the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import quoted_name
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from include.retention.column_types import Types
from include.retention.data_map.model import ForeignKey, Table
from include.retention.data_map.polymorphic import Arm, TypeNames
from include.retention.method_sql import MARIADB

Value = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]


class WholeNumber(FunctionElement[int]):
    """A text of digits as the number that it is, NULL for every other text."""

    type = sa.BigInteger()
    inherit_cache = True


class KeyText(FunctionElement[str]):
    """A key as text, under whatever collation the text has that it is compared with."""

    type = sa.Text()
    inherit_cache = True


def is_text(kind: sa.types.TypeEngine[object] | None) -> bool:
    """Return whether a column compares with texts as they are."""
    return isinstance(kind, sa.String) and not isinstance(kind, sa.Enum)


def typed(arm: Arm, child: str, tables: Mapping[str, Table], types: Mapping[str, Types]) -> Arm:
    """Return an arm that knows the live types of its columns and of the key that it leads to.

    Args:
        arm: the arm.
        child: the table in which it stands.
        tables: the tables of the map.
        types: column types by table.
    """
    mine, theirs = types.get(child, {}), types.get(arm.table, {})
    key = tables[arm.table].key[0]
    return replace(
        arm,
        number=isinstance(theirs.get(key), sa.Integer),
        text=arm.separator is not None or is_text(mine.get(arm.column)),
        plain=arm.type is None or is_text(mine.get(arm.type)),
    )


def typed_references(
    references: Iterable[ForeignKey], tables: Mapping[str, Table], types: Mapping[str, Types]
) -> tuple[ForeignKey, ...]:
    """Return references whose arms know the live types."""
    return tuple(
        each if each.arm is None else replace(each, arm=typed(each.arm, each.child_table, tables, types))
        for each in references
    )


def refers_by(arm: Arm, child: sa.FromClause) -> Value:
    """Return the key that a row refers to by an arm, in the type of that key; NULL where it refers elsewhere."""
    if arm.separator is None:
        return sa.case((_of_types(arm, child, arm.types), _as_key(arm, child.c[arm.column])))
    prefixes = [f"{each}{arm.separator}" for each in arm.types]
    return sa.case(
        *(
            (_begins(child.c[arm.column], prefix), _as_key(arm, sa.func.substr(child.c[arm.column], len(prefix) + 1)))
            for prefix in prefixes
        )
    )


def refers_to(arm: Arm, child: sa.FromClause, key: Value) -> Condition:
    """Return the predicate "the row of ``child`` refers to this key by the arm"."""
    if arm.separator is not None:
        texts = [sa.literal(f"{each}{arm.separator}", sa.Text()) + KeyText(key) for each in arm.types]
        return child.c[arm.column].in_(texts)
    mine = child.c[arm.column]
    same = mine == key if arm.number and not arm.text else _as_text(mine, plain=bool(arm.text)) == _as_text(key)
    return sa.and_(_of_types(arm, child, arm.types), same)


def leads_to_none(arms: Sequence[Arm], elsewhere: Sequence[str], child: sa.FromClause) -> Condition:
    """Return the predicate "the row refers to something whose type is none of these"."""
    first = arms[0]
    types = [*(each for arm in arms for each in arm.types), *elsewhere]
    mine = child.c[first.column]
    if first.separator is None and first.type is not None:
        return sa.and_(mine.is_not(None), child.c[first.type].is_not(None), sa.not_(_of_types(first, child, types)))
    known = sa.or_(*(_begins(mine, f"{each}{first.separator}") for each in types))
    return sa.and_(mine.is_not(None), KeyText(mine) != "", sa.not_(known))


def _as_key(arm: Arm, value: Value) -> Value:
    if arm.number:
        return WholeNumber(value) if arm.text else value
    return _as_text(value, plain=bool(arm.text))


def _as_text(value: Value, *, plain: bool = False) -> Value:
    return value if plain else KeyText(value)


def _begins(column: Value, prefix: str) -> Condition:
    return sa.func.substr(column, 1, len(prefix)) == sa.literal(prefix, sa.Text())


def _of_types(arm: Arm, child: sa.FromClause, types: Sequence[str]) -> Condition:
    column = child.c[str(arm.type)]
    if arm.names is None:
        return _as_text(column, plain=bool(arm.plain)).in_([sa.literal(each, sa.Text()) for each in types])
    schema = getattr(child.element if isinstance(child, sa.Alias) else child, "schema", None)
    return column.in_(_numbers(arm.names, types, schema))


def _numbers(names: TypeNames, types: Sequence[str], schema: str | None) -> sa.Select[Any]:
    """Return the numbers that stand for types."""
    columns: list[sa.ColumnClause[Any]] = [sa.column(quoted_name(name, quote=True)) for name in {names.key, *names.by}]
    known = sa.table(quoted_name(names.table, quote=True), *columns, schema=schema).alias("named_types")
    name: Value = KeyText(known.c[names.by[0]])
    for each in names.by[1:]:
        name = name + sa.literal(".", sa.Text()) + KeyText(known.c[each])
    return sa.select(known.c[names.key]).where(name.in_([sa.literal(each, sa.Text()) for each in types]))


def _text(element: FunctionElement[Any], compiler: SQLCompiler, kw: dict[str, Any]) -> str:
    return compiler.process(next(iter(element.clauses)), **kw)


@compiles(KeyText)
def _key_text(element: KeyText, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return f"CAST({_text(element, compiler, kw)} AS TEXT)"


@compiles(KeyText, *MARIADB)
def _key_text_mariadb(element: KeyText, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    # A CAST would bring the session's collation, which can't be compared with another.
    return f"CONCAT('', {_text(element, compiler, kw)})"


@compiles(WholeNumber, "sqlite")
def _number_sqlite(element: WholeNumber, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    text = f"CAST({_text(element, compiler, kw)} AS TEXT)"
    return f"CASE WHEN {text} GLOB '[0-9]*' AND NOT {text} GLOB '*[^0-9]*' THEN CAST({text} AS INTEGER) END"


@compiles(WholeNumber, "postgresql")
def _number_postgresql(element: WholeNumber, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    text = _text(element, compiler, kw)
    return f"CASE WHEN {text} ~ '^[0-9]{{1,18}}$' THEN CAST({text} AS BIGINT) END"


@compiles(WholeNumber, *MARIADB)
def _number_mariadb(element: WholeNumber, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    text = _text(element, compiler, kw)
    return f"CASE WHEN {text} REGEXP '^[0-9]{{1,18}} *$' THEN CAST({text} AS SIGNED) END"
