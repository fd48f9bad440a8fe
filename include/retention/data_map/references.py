"""Every name by which a data map refers to something else in it: columns, tables, roles, groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.retention.data_map.context import Mapped, TableContext
from include.retention.data_map.model import Condition, Link, SeriesInvariant, SumInvariant, Table
from include.retention.data_map.polymorphic import reference_of
from include.retention.data_map.relations import roles_of
from include.retention.errors import Problem
from include.retention.policy.document import KeyPath

LINK_METHODS = ("set_null", "with_row")
LINK_REMEDY = "Use set_null, or with_row where it is NOT NULL and the key that it refers to is personal."


def check_references(mapped: Mapped) -> Iterator[Problem]:
    """Yield every reference of one map that leads nowhere, to the wrong thing, or round in a circle."""
    for at in mapped.tables():
        yield from _columns(at)
        yield from _links(at)
        yield from _roles(at)
        yield from _groups(at)
        yield from _circles(at)


def all_links(table: Table) -> Iterator[tuple[KeyPath, Link]]:
    """Yield every reference from a table's rows to another table's key, with its place in the map."""
    yield from _wholes(table)
    for role, subject in table.subjects.items():
        if subject.link is not None:
            yield ("subjects", role), subject.link
    for place, emission in enumerate(table.emissions):
        for number, link in enumerate(emission.keeps):
            yield ("events", place, "keeps", number), link


def _columns(at: TableContext) -> Iterator[Problem]:
    declared = set(at.declared("columns"))
    for place, column in _columns_referred_to(at.table):
        if column not in declared:
            what = f"names the column {column}, which isn't declared in {at.table.name}."
            yield at.problem(place, "UNKNOWN_COLUMN", what, "Declare it in columns, or correct the name.")


def _columns_referred_to(table: Table) -> Iterator[tuple[KeyPath, str]]:
    for column in table.key:
        yield ("key",), column
    for path, link in _wholes(table):
        yield from _of_link(path, link)
    yield from _of_conditions(("personal_when",), table.personal_when)
    for number, column in enumerate(table.empties):
        yield ("empties", number), column
    for role, subject in table.subjects.items():
        for kind, column in subject.identifiers.items():
            yield ("subjects", role, "identifiers", str(kind)), column
        for column in _plain(subject.through):
            yield ("subjects", role, "through"), column
    yield from _of_emissions(table)
    for place, file in enumerate(table.files):
        yield ("files", place, "column"), file.column
    yield from _of_invariants("sums", table.sums)
    yield from _of_invariants("series", table.series)


def _of_emissions(table: Table) -> Iterator[tuple[KeyPath, str]]:
    for place, emission in enumerate(table.emissions):
        event: KeyPath = ("events", place)
        named = {
            "date": emission.date,
            "begins": emission.begins,
            "channel": emission.channel,
            "fallback": emission.fallback,
        }
        yield from (((*event, key), column) for key, column in named.items() if column is not None)
        yield from _of_conditions((*event, "where"), emission.where)
        for number, link in enumerate(emission.keeps):
            yield from _of_link((*event, "keeps", number), link)


def _wholes(table: Table) -> Iterator[tuple[KeyPath, Link]]:
    for number, link in enumerate(table.wholes):
        yield ("part_of", number) if table.other_wholes else ("part_of",), link


def _plain(names: Iterable[str]) -> Iterator[str]:
    """Yield what is a column's name itself: a polymorphic reference says its own columns."""
    return (name for name in names if not reference_of(name))


def _of_link(path: KeyPath, link: Link) -> Iterator[tuple[KeyPath, str]]:
    for column in _plain(link.columns):
        yield (*path, "by"), column


def _of_conditions(path: KeyPath, conditions: Iterable[Condition]) -> Iterator[tuple[KeyPath, str]]:
    for place, condition in enumerate(conditions):
        yield (*path, place, "column"), condition.column


def _of_invariants(kind: str, invariants: Iterable[SumInvariant | SeriesInvariant]) -> Iterator[tuple[KeyPath, str]]:
    for place, invariant in enumerate(invariants):
        yield (kind, place, "column"), invariant.column
        for column in invariant.by:
            yield (kind, place, "by"), column


def _links(at: TableContext) -> Iterator[Problem]:
    for place, link in all_links(at.table):
        if link.table not in at.document.keys("tables"):
            what = f"points at the table {link.table}, which isn't in this map."
            yield at.problem((*place, "table"), "UNKNOWN_TABLE", what, "Declare the table, or correct the name.")
        elif link.table in at.tables and len(link.columns) != len(link.to or at.tables[link.table].key):
            key = link.to or at.tables[link.table].key
            what = f"has {len(link.columns)} columns, and the key of {link.table} has {len(key)}: {', '.join(key)}."
            what = what.replace("the key", "what it refers to") if link.to else what
            remedy = "List one column for each column of that key, in its order."
            yield at.problem(place, "LINK_LENGTH", what, remedy)
        for name in link.to:
            if name not in at.document.keys("tables", link.table, "columns"):
                what = f"names the column {name}, which isn't declared in {link.table}."
                yield at.problem((*place, "to"), "UNKNOWN_COLUMN", what, "Declare it there, or correct the name.")
        for name in _plain(link.columns):
            column = at.table.columns.get(name)
            if column is not None and column.method is not None and column.method.name not in LINK_METHODS:
                what = f"is also a reference to {link.table}; any other value would point at a row that isn't there."
                yield at.problem(("columns", name, "method"), "LINK_METHOD", what, LINK_REMEDY)


def _roles(at: TableContext) -> Iterator[Problem]:
    table, own = at.table, at.declared_roles(at.table.name)
    used: list[tuple[KeyPath, str]] = []
    used += [(("groups", name, "of"), role) for name, group in table.groups.items() for role in group.of]
    used += [(("events", place, "of"), role) for place, each in enumerate(table.emissions) for role in each.of]
    for place, role in used:
        if role not in own:
            what = f"names the role {role}, which rows of {table.name} don't have."
            remedy = f"Declare it in subjects, or use one of: {', '.join(sorted(own)) or '(none)'}."
            yield at.problem(place, "UNKNOWN_ROLE", what, remedy)
    for role, subject in table.subjects.items():
        target = subject.table
        if target is not None and target in at.tables and subject.role not in at.declared_roles(target):
            what = f"names the role {subject.role}, which rows of {target} don't have."
            yield at.problem(("subjects", role, "role"), "UNKNOWN_ROLE", what, "Name a role of that table.")


def _groups(at: TableContext) -> Iterator[Problem]:
    for place, column in at.personal_parts():
        if column.group not in at.declared("groups"):
            what = f"belongs to the column group {column.group}, which isn't in groups."
            remedy = "Add the group with its purposes, or correct the name."
            yield at.problem((*place, "group"), "UNKNOWN_GROUP", what, remedy)
    columns: list[KeyPath] = [("columns", name) for name in at.declared("columns")]
    parts: list[KeyPath] = [(*column, "json", path) for column in columns for path in at.declared(*column, "json")]
    parts += [(*column, "redact") for column in columns]
    used = {at.document.text(*at.path, *place, "group") for place in (*columns, *parts)}
    for name in at.table.groups:
        if name not in used:
            what = "has no columns."
            yield at.problem(("groups", name), "GROUP_WITHOUT_COLUMNS", what, "Put columns into it, or remove it.")


def _circles(at: TableContext) -> Iterator[Problem]:
    name = at.table.name
    way = _way_round(at, [name])
    if way is not None:
        what = f"goes round in a circle: {' -> '.join(way)}."
        yield at.problem(("part_of",), "REFERENCE_CYCLE", what, "Decide which is the whole, and which the part.")
    for role in at.table.subjects:
        circle = _circle(at, role)
        if circle is not None:
            what, remedy = f"goes round in a circle: {circle}.", "Let one of them have identifiers of its own."
            yield at.problem(("subjects", role), "REFERENCE_CYCLE", what, remedy)


def _way_round(at: TableContext, way: list[str]) -> list[str] | None:
    """Return the way from part to whole that ends at the table where it began, or None."""
    table = at.tables.get(way[-1])
    for link in () if table is None else table.wholes:
        if link.table == way[0]:
            return [*way, link.table]
        found = _way_round(at, [*way, link.table]) if link.table not in way else None
        if found is not None:
            return found
    return None


def _circle(at: TableContext, role: str) -> str | None:
    """Return the way from a role back to itself, or None."""
    way = [(at.table.name, role)]
    while True:
        subject = roles_of(at.tables, way[-1][0]).get(way[-1][1])
        if subject is None or subject.table is None or subject.role is None:
            return None
        following = (subject.table, subject.role)
        if following == way[0]:
            return " -> ".join(f"{table}.{each}" for table, each in [*way, following])
        if following in way:
            return None
        way.append(following)
