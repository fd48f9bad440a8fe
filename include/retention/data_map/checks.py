"""Whether the data maps hang together, each by itself: columns, roles, references, files.

Each check yields problems; none stops at the first. Whether purposes fit is in ``duties.py``; whether the database
agrees, in ``live.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from include.retention.data_map.model import Condition, DataMap, Link, Table
from include.retention.data_map.relations import roles_of, wholes
from include.retention.errors import Problem
from include.retention.policy.document import Document, KeyPath
from include.retention.terms import IdentifierKind, SubjectKind, WhenExpired

ALWAYS_PERSONAL = (IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.IDENTITY_NUMBER)
"""What identifies a person by itself, whatever table it stands in."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A map and the file it was read from."""

    data_map: DataMap
    document: Document


def check_structure(mapped: Mapped) -> Iterator[Problem]:
    """Yield everything in one map that points at nothing, or at the wrong thing."""
    document, tables = mapped.document, mapped.data_map.tables
    for name in mapped.data_map.ignored_tables:
        if name in tables:
            what, remedy = "is both a table of the map and ignored.", "Keep one of the two."
            yield document.problem(("ignore_tables", name), "TABLE_IGNORED", what, remedy)
    for name, table in tables.items():
        path: KeyPath = ("tables", name)
        yield from _columns_referred_to(table, document, path)
        yield from _links(table, tables, document, path)
        yield from _roles(table, tables, document, path)
        yield from _groups(table, document, path)
        yield from _personal(table, document, path)
        yield from _key(table, tables, document, path)
        yield from _files(table, mapped, path)
    yield from _cycles(tables, document)


def _columns_referred_to(table: Table, document: Document, path: KeyPath) -> Iterator[Problem]:
    declared = set(document.keys(*path, "columns"))
    for place, column in _column_references(table):
        if column not in declared:
            what = f"names the column {column}, which isn't declared in {table.name}."
            yield document.problem((*path, *place), "UNKNOWN_COLUMN", what, "Declare it in columns, or correct the name.")


def _column_references(table: Table) -> Iterator[tuple[KeyPath, str]]:
    for column in table.key:
        yield ("key",), column
    yield from _of_link(("part_of",), table.part_of)
    yield from _of_conditions(("personal_when",), table.personal_when)
    for role, subject in table.subjects.items():
        for kind, column in subject.identifiers.items():
            yield ("subjects", role, "identifiers", str(kind)), column
        for column in subject.through:
            yield ("subjects", role, "through"), column
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
    for place, file in enumerate(table.files):
        yield ("files", place, "column"), file.column
    for kind_of, invariants in (("sums", table.sums), ("series", table.series)):
        for place, invariant in enumerate(invariants):
            yield (kind_of, place, "column"), invariant.column
            yield from (((kind_of, place, "by"), column) for column in invariant.by)


def _of_link(path: KeyPath, link: Link | None) -> Iterator[tuple[KeyPath, str]]:
    for column in () if link is None else link.columns:
        yield (*path, "by"), column


def _of_conditions(path: KeyPath, conditions: Iterable[Condition]) -> Iterator[tuple[KeyPath, str]]:
    for place, condition in enumerate(conditions):
        yield (*path, place, "column"), condition.column


def all_links(table: Table) -> Iterator[tuple[KeyPath, Link]]:
    """Yield every reference from a table's rows to another table's key, with its place in the map."""
    if table.part_of is not None:
        yield ("part_of",), table.part_of
    for role, subject in table.subjects.items():
        if subject.table is not None:
            yield ("subjects", role), Link(subject.through, subject.table)
    for place, emission in enumerate(table.emissions):
        for number, link in enumerate(emission.keeps):
            yield ("events", place, "keeps", number), link


def _links(table: Table, tables: Mapping[str, Table], document: Document, path: KeyPath) -> Iterator[Problem]:
    declared = document.keys("tables")
    for place, link in all_links(table):
        if link.table not in declared:
            what = f"points at the table {link.table}, which isn't in this map."
            remedy = "Declare the table, or correct the name."
            yield document.problem((*path, *place, "table"), "UNKNOWN_TABLE", what, remedy)
        elif link.table in tables and len(link.columns) != len(tables[link.table].key):
            key = tables[link.table].key
            what = f"has {len(link.columns)} columns, and the key of {link.table} has {len(key)}: {', '.join(key)}."
            remedy = "List one column for each column of that key, in its order."
            yield document.problem((*path, *place), "LINK_LENGTH", what, remedy)
        for column in link.columns:
            declared_column = table.columns.get(column)
            method = None if declared_column is None else declared_column.method
            if method is not None and method.name != "set_null":
                what = f"is also a reference to {link.table}; any other value would point at a row that isn't there."
                remedy = "Use set_null."
                yield document.problem((*path, "columns", column, "method"), "LINK_METHOD", what, remedy)


def _declared_roles(name: str, tables: Mapping[str, Table], document: Document) -> set[str]:
    return {role for each in (name, *wholes(tables, name)) for role in document.keys("tables", each, "subjects")}


def _roles(table: Table, tables: Mapping[str, Table], document: Document, path: KeyPath) -> Iterator[Problem]:
    own = _declared_roles(table.name, tables, document)
    used: list[tuple[KeyPath, str]] = []
    used += [(("groups", name, "of"), role) for name, group in table.groups.items() for role in group.of]
    used += [(("events", place, "of"), role) for place, each in enumerate(table.emissions) for role in each.of]
    for place, role in used:
        if role not in own:
            what = f"names the role {role}, which rows of {table.name} don't have."
            remedy = f"Declare it in subjects, or use one of: {', '.join(sorted(own)) or '(none)'}."
            yield document.problem((*path, *place), "UNKNOWN_ROLE", what, remedy)
    for role, subject in table.subjects.items():
        target = subject.table
        if target in tables and subject.role not in _declared_roles(target, tables, document):
            what = f"names the role {subject.role}, which rows of {target} don't have."
            yield document.problem((*path, "subjects", role, "role"), "UNKNOWN_ROLE", what, "Name a role of that table.")


def _groups(table: Table, document: Document, path: KeyPath) -> Iterator[Problem]:
    declared = document.keys(*path, "groups")
    for name, column in table.columns.items():
        if column.group is not None and column.group not in declared:
            what = f"belongs to the column group {column.group}, which isn't in groups."
            remedy = "Add the group with its purposes, or correct the name."
            yield document.problem((*path, "columns", name, "group"), "UNKNOWN_GROUP", what, remedy)
    written = document.data.get("tables")
    raw = written.get(table.name) if isinstance(written, dict) else None
    columns = raw.get("columns") if isinstance(raw, dict) else None
    each_column = columns.values() if isinstance(columns, dict) else ()
    used = {str(each.get("group")) for each in each_column if isinstance(each, dict)}
    for name, group in table.groups.items():
        if name not in used:
            what, remedy = "has no columns.", "Put columns into it, or remove it."
            yield document.problem((*path, "groups", name), "GROUP_WITHOUT_COLUMNS", what, remedy)
        if len({(use.purpose, use.scope) for use in group.purposes}) < len(group.purposes):
            what, remedy = "names a purpose twice.", "Keep one: there is exactly one rule for one thing."
            yield document.problem((*path, "groups", name, "purposes"), "TWO_RULES", what, remedy)


def _personal(table: Table, document: Document, path: KeyPath) -> Iterator[Problem]:
    personal = [name for name, column in table.columns.items() if column.category is not None]
    persons = [role for role, subject in table.subjects.items() if subject.kind is SubjectKind.PERSON]
    if not table.personal:
        if personal or table.groups or persons:
            what = f"isn't personal, but has {', '.join([*personal, *table.groups, *persons])}."
            remedy = "Remove personal: false, or what makes it personal."
            yield document.problem((*path, "personal"), "REFERENCE_TABLE_PERSONAL", what, remedy)
        if not table.note.strip():
            what, remedy = "isn't personal and doesn't say why.", "Add a note."
            yield document.problem((*path, "note"), "TABLE_WITHOUT_NOTE", what, remedy)
    elif not document.keys(*path, "groups") and table.part_of is None:
        what = "has no column groups, so nothing in it would ever be culled."
        remedy = "Declare its personal columns and groups, or write personal: false with a note."
        yield document.problem((*path, "groups"), "PERSONAL_WITHOUT_GROUPS", what, remedy)
    for role, subject in table.subjects.items():
        for kind, name in subject.identifiers.items():
            column = table.columns.get(name)
            if kind in ALWAYS_PERSONAL and role in persons and column is not None and column.category is None:
                what = f"identifies a person ({kind}), so it is personal."
                remedy = "Give it a category and a column group."
                yield document.problem((*path, "columns", name), "IDENTIFIER_NOT_PERSONAL", what, remedy)


def _key(table: Table, tables: Mapping[str, Table], document: Document, path: KeyPath) -> Iterator[Problem]:
    """A personal key can't be erased while its row stays: the row must live and die with it."""
    for name in table.key:
        column = table.columns.get(name)
        if column is None or column.category is None:
            continue
        pointing = sorted(
            other.name for other in tables.values() for _, link in all_links(other) if link.table == table.name
        )
        if len(table.groups) > 1 or table.when_expired is not WhenExpired.DELETE:
            what = "is part of the key and personal, so it can't be erased while the row stays."
            remedy = "Put all personal columns of the table into its group, with when_expired: delete."
            yield document.problem((*path, "columns", name), "KEY_COLUMN_PERSONAL", what, remedy)
        elif pointing:
            what = f"is part of the key and personal, and {', '.join(pointing)} would keep a copy of it."
            remedy = "Give the table a key of its own that tells nothing."
            yield document.problem((*path, "columns", name), "KEY_COLUMN_PERSONAL", what, remedy)


def _files(table: Table, mapped: Mapped, path: KeyPath) -> Iterator[Problem]:
    document = mapped.document
    for number, file in enumerate(table.files):
        place: KeyPath = (*path, "files", number)
        if file.root not in document.keys("file_roots"):
            what, remedy = f"names the root {file.root}, which isn't in file_roots.", "Add it to file_roots."
            yield document.problem((*place, "root"), "UNKNOWN_FILE_ROOT", what, remedy)
        column = table.columns.get(file.column)
        if file.group not in document.keys(*path, "groups"):
            what, remedy = f"names the group {file.group}, which isn't in groups.", "Add the group, or correct the name."
            yield document.problem((*place, "group"), "UNKNOWN_GROUP", what, remedy)
        elif column is not None and column.group != file.group:
            what = f"would be deleted with the group {file.group}, and the pointer {file.column} isn't in that group."
            yield document.problem(place, "FILE_GROUP", what, "Put the pointer column into the same group.")
        for number_of, pattern in enumerate(file.derivatives):
            parts = PurePosixPath(pattern)
            if "{stem}" not in pattern or parts.is_absolute() or ".." in parts.parts:
                what = "doesn't name a file beside the original."
                yield document.problem((*place, "derivatives", number_of), "FILE_DERIVATIVE", what, 'Write "{stem}.txt".')


def _cycles(tables: Mapping[str, Table], document: Document) -> Iterator[Problem]:
    for name, table in tables.items():
        chain = [name, *wholes(tables, name)]
        last = tables.get(chain[-1])
        if last is not None and last.part_of is not None and last.part_of.table == name:
            what = f"goes round in a circle: {' -> '.join([*chain, name])}."
            remedy = "Decide which is the whole, and which the part."
            yield document.problem(("tables", name, "part_of"), "REFERENCE_CYCLE", what, remedy)
        for role in table.subjects:
            if (circle := _circle(tables, name, role)) is not None:
                what, remedy = f"goes round in a circle: {circle}.", "Let one of them have identifiers of its own."
                yield document.problem(("tables", name, "subjects", role), "REFERENCE_CYCLE", what, remedy)


def _circle(tables: Mapping[str, Table], name: str, role: str) -> str | None:
    """Return the way from a role back to itself, or None."""
    way = [(name, role)]
    while True:
        subject = roles_of(tables, way[-1][0]).get(way[-1][1])
        if subject is None or subject.table is None or subject.role is None:
            return None
        following = (subject.table, subject.role)
        if following == way[0]:
            return " -> ".join(f"{table}.{each}" for table, each in [*way, following])
        if following in way:
            return None
        way.append(following)
