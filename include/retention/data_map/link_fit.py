"""Whether the live database lets the map's references be followed: known types, and ids that a key can equal."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from include.retention.column_types import Type
from include.retention.data_map.live_context import LiveContext
from include.retention.data_map.model import declared_references
from include.retention.data_map.polymorphic import Polymorphic
from include.retention.data_map.references import all_links
from include.retention.database_errors import is_denied
from include.retention.errors import Problem
from include.retention.polymorphic_sql import is_text, leads_to_none, typed, typed_references
from include.retention.statements import sql_table
from include.retention.validate.references import count_orphans


def check_links(at: LiveContext) -> Iterator[Problem]:
    """Yield what the database says against a table's references: unknown types, ids that no key can equal, orphans."""
    yield from _unknown_types(at)
    yield from _orphans(at)
    arms = at.table.arms
    for place, link in all_links(at.table):
        parent = at.schema.tables.get(link.table)
        if parent is None or link.columns[0] in arms or link.table not in at.data_map.tables:
            continue
        if link.to and set(link.to) not in [set(each) for each in (*parent.keys, parent.primary_key)]:
            what = f"refers to {link.table} ({', '.join(link.to)}), which isn't UNIQUE: two rows could be meant."
            remedy = "Make it UNIQUE, or refer to the key."
            yield at.problem((*place, "to"), "KEY_MISMATCH", what, remedy)
        for mine, theirs in zip(link.columns, link.to or at.data_map.tables[link.table].key, strict=True):
            own, other = at.live.columns.get(mine), parent.columns.get(theirs)
            if own is not None and other is not None and _unlike(own.type, other.type, at.engine.dialect.name):
                kinds = f"{type(own.type).__name__}, and {link.table}.{theirs} {type(other.type).__name__}"
                what = f"follows {mine}, which is {kinds}: '12' and 12 are different keys, so it leads nowhere."
                remedy = "Let the column have the type of the key that it refers to."
                yield at.problem(place, "LINK_TYPE", what, remedy)


def _unlike(mine: Type, theirs: Type, dialect: str) -> bool:
    """Return whether a value of one type never equals one of the other, outside the database or in it."""
    pair = (mine, theirs)
    whole = [isinstance(each, sa.Integer) for each in pair]
    if any(is_text(each) for each in pair) and any(whole):
        return True
    if dialect == "sqlite":
        return False  # Whatever was stored comes back.
    if any(whole) and any(isinstance(each, sa.Numeric) for each in pair):
        return True
    return dialect == "postgresql" and any(is_text(each) for each in pair) and not all(is_text(each) for each in pair)


def _unknown_types(at: LiveContext) -> Iterator[Problem]:
    for reference in at.table.references.values():
        wanted = {*reference.columns, *at.table.key}
        if not wanted <= set(at.live.columns) or not _there(at, reference):
            continue  # Told already: a column or a table is missing.
        tables = at.data_map.tables
        types = {at.table.name: at.types}
        arms = [typed(arm, at.table.name, tables, types) for arm in reference.arms().values()]
        target = sql_table(at.table, at.data_map.schema, at.types)
        astray = sa.select(sa.func.count()).select_from(target)
        try:
            with at.engine.connect() as connection:
                count = connection.scalar(astray.where(leads_to_none(arms, tuple(reference.elsewhere), target))) or 0
        except sa.exc.SQLAlchemyError as error:
            if not is_denied(error):
                raise
            continue  # Told as SELECT_MISSING, for this table or for that of the types' names.
        if count:
            what = f"leads, in {count} rows, to types that neither to nor elsewhere names: whose data it is is unknown."
            remedy = f"Look which ({_query(at, reference)}), and add them to to, or to elsewhere with the reason."
            yield at.problem(("references", reference.name), "REFERENCE_TYPE", what, remedy)


def _orphans(at: LiveContext) -> Iterator[Problem]:
    """Yield a notice where parts that only follow their whole have none to follow."""
    table, tables = at.table, at.data_map.tables
    if not table.personal or table.groups or table.orphans_go or not table.wholes:
        return
    wholes = {(link.columns, link.table) for link in table.wholes}
    declared = (each for each in declared_references(tables) if each.child_table == table.name)
    followed = [each for each in declared if (each.child_columns, each.parent_table) in wholes]
    types = {
        name: {column: each.type for column, each in live.columns.items()}
        for name, live in at.schema.tables.items()
        if live is not None
    }
    try:
        with at.engine.connect() as connection:
            counted = count_orphans(connection, typed_references(followed, tables, types), at.data_map.schema)
    except sa.exc.SQLAlchemyError:
        return  # Told already: a table or a column is missing, or can't be read.
    count = sum(each["orphans"] for each in counted.values())
    if count:
        what = f"has {count} rows that are parts of what isn't there any more: no run will ever cull them."
        remedy = "Write orphans: delete, give the table column groups of its own, or remove the rows."
        yield at.notice(("part_of",), "ORPHAN_PARTS", what, remedy)


def _there(at: LiveContext, reference: Polymorphic) -> bool:
    names = reference.names
    table = None if names is None else at.schema.tables.get(names.table)
    return names is None or (table is not None and {names.key, *names.by} <= set(table.columns))


def _query(at: LiveContext, reference: Polymorphic) -> str:
    """Return the statement that shows the types in use. The types themselves are never told: they may be anything."""
    quote = at.engine.dialect.identifier_preparer.quote
    column: str = quote(reference.column if reference.type is None else reference.type)
    return f"SELECT DISTINCT {column} FROM {quote(at.table.name)}"  # noqa: S608 - shown to a person, never sent
