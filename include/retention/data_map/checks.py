"""Whether one data map describes something that can be culled: personal columns, keys, files.

Each check yields problems; none stops at the first. That names lead somewhere is checked in ``references.py``, that
purposes fit in ``duties.py`` and ``clocks.py``, and that the database agrees in ``live.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from include.retention.data_map.context import Mapped, TableContext
from include.retention.data_map.inside_checks import check_inside
from include.retention.data_map.model import ForeignKey
from include.retention.data_map.polymorphic_checks import check_polymorphic
from include.retention.data_map.references import all_links, check_references
from include.retention.data_map.whole_rows import REMEDY, keeping
from include.retention.errors import Problem
from include.retention.terms import IdentifierKind, SubjectKind, WhenExpired

ALWAYS_PERSONAL = (IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.IDENTITY_NUMBER)
"""What identifies a person by itself, whatever table it stands in."""


def check_structure(mapped: Mapped) -> Iterator[Problem]:
    """Yield everything that is wrong with one map by itself."""
    data_map = mapped.data_map
    for key, names in (("ignore_tables", data_map.ignored_tables), ("out_of_scope", data_map.out_of_scope)):
        for name in names:
            if name in data_map.tables or (key == "out_of_scope" and name in data_map.ignored_tables):
                what = "is said to be more than one of: a table of the map, ignored, out of scope."
                yield mapped.document.problem((key, name), "TABLE_IGNORED", what, "Keep one of them.")
    yield from check_references(mapped)
    for at in mapped.tables():
        yield from _reference_table(at) if not at.table.personal else _personal_table(at)
        yield from check_polymorphic(at)
        yield from _orphans(at)
        yield from _identifiers(at)
        yield from _key(at)
        yield from _files(at)
        yield from check_inside(at)
        yield from _copies(at)


def _reference_table(at: TableContext) -> Iterator[Problem]:
    table = at.table
    personal = [column.name for column in table.personal_parts()]
    persons = [role for role, subject in table.subjects.items() if subject.kind is SubjectKind.PERSON]
    if personal or table.groups or persons:
        what = f"isn't personal, but has {', '.join([*personal, *table.groups, *persons])}."
        remedy = "Remove personal: false, or what makes it personal."
        yield at.problem(("personal",), "REFERENCE_TABLE_PERSONAL", what, remedy)
    if not table.note.strip():
        yield at.problem(("note",), "TABLE_WITHOUT_NOTE", "isn't personal and doesn't say why.", "Add a note.")


def _personal_table(at: TableContext) -> Iterator[Problem]:
    if not at.declared("groups") and not at.table.wholes:
        what = "has no column groups, so nothing in it would ever be culled."
        remedy = "Declare its personal columns and groups, or write personal: false with a note."
        yield at.problem(("groups",), "PERSONAL_WITHOUT_GROUPS", what, remedy)


def _orphans(at: TableContext) -> Iterator[Problem]:
    if at.table.orphans_go and (at.declared("groups") or not at.table.wholes):
        what = "is for parts without column groups of their own."
        remedy = "Leave it out: what becomes of the rows is for their groups to say."
        yield at.problem(("orphans",), "ORPHANS_WITHOUT_WHOLE", what, remedy)


def _identifiers(at: TableContext) -> Iterator[Problem]:
    for subject in at.table.subjects.values():
        for kind, name in subject.identifiers.items():
            column = at.table.columns.get(name)
            telling = kind in ALWAYS_PERSONAL and subject.kind is SubjectKind.PERSON
            if telling and column is not None and column.category is None:
                what = f"identifies a person ({kind}), so it is personal."
                remedy = "Give it a category and a column group."
                yield at.problem(("columns", name), "IDENTIFIER_NOT_PERSONAL", what, remedy)


def _key(at: TableContext) -> Iterator[Problem]:
    """A personal key can't be erased while its row stays, so the row must live and die with it."""
    table = at.table
    for name in table.key:
        column = table.columns.get(name)
        if column is None or column.category is None:
            continue
        pointing = keeping(table, at.tables, _links_into(at))
        if len(table.groups) > 1 or table.when_expired is not WhenExpired.DELETE:
            what = "is part of the key and personal, so it can't be erased while the row stays."
            remedy = "Put all personal columns of the table into its group, with when_expired: delete."
            yield at.problem(("columns", name), "KEY_COLUMN_PERSONAL", what, remedy)
        elif pointing:
            what = f"is part of the key and personal, and {', '.join(pointing)} would keep a copy of it, or its row."
            yield at.problem(("columns", name), "KEY_COLUMN_PERSONAL", what, REMEDY)
    for name, column in table.columns.items():
        if column.erased_with_row and (len(table.groups) > 1 or table.when_expired is not WhenExpired.DELETE):
            what = "is erased with its row alone, and the row doesn't go when its column group has expired."
            remedy = "Put all personal columns of the table into one group, with when_expired: delete."
            yield at.problem(("columns", name, "method"), "KEY_COLUMN_PERSONAL", what, remedy)


def _links_into(at: TableContext) -> list[ForeignKey]:
    """Return the map's own references to a table."""
    return [
        ForeignKey(
            each.name, link.columns, at.table.name, link.to or at.table.key, "NO ACTION", arms.get(link.columns[0])
        )
        for each in at.tables.values()
        for arms in [each.arms]
        for _, link in all_links(each)
        if link.table == at.table.name
    ]


def _files(at: TableContext) -> Iterator[Problem]:
    for number, file in enumerate(at.table.files):
        if file.root not in at.document.keys("file_roots"):
            what = f"names the root {file.root}, which isn't in file_roots."
            yield at.problem(("files", number, "root"), "UNKNOWN_FILE_ROOT", what, "Add it to file_roots.")
        column = at.table.columns.get(file.column)
        if file.group not in at.declared("groups"):
            what = f"names the group {file.group}, which isn't in groups."
            remedy = "Add the group, or correct the name."
            yield at.problem(("files", number, "group"), "UNKNOWN_GROUP", what, remedy)
        elif column is not None and column.group != file.group:
            what = f"would be deleted with the group {file.group}, and the pointer {file.column} isn't in that group."
            yield at.problem(("files", number), "FILE_GROUP", what, "Put the pointer column into the same group.")
        for place, pattern in enumerate(file.derivatives):
            parts = PurePosixPath(pattern)
            if "{stem}" not in pattern or parts.is_absolute() or ".." in parts.parts:
                what = "doesn't name a file beside the original."
                remedy = 'Write it with the original\'s path in it: "{stem}.txt".'
                yield at.problem(("files", number, "derivatives", place), "FILE_DERIVATIVE", what, remedy)


def _copies(at: TableContext) -> Iterator[Problem]:
    """What a trigger writes is found by the row that it is a copy of."""
    for trigger, name in ((trigger, name) for trigger, names in at.table.copies.items() for name in names):
        place = ("triggers", trigger, "writes")
        if name not in at.document.keys("tables"):
            what = f"points at the table {name}, which isn't in this map."
            yield at.problem(place, "UNKNOWN_TABLE", what, "Declare the table, or correct the name.")
        elif name in at.tables and not any(
            link.table == at.table.name and not link.to for link in at.tables[name].wholes
        ):
            what = f"writes to {name}, which isn't a part of {at.table.name}: what it writes couldn't be found."
            remedy = f"Give {name} a part_of with the column that holds the key of {at.table.name}."
            yield at.problem(place, "COPY_WITHOUT_WHOLE", what, remedy)
