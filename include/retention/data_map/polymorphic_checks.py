"""Whether the references that lead to several tables can be followed, by the map itself."""

from __future__ import annotations

from collections.abc import Iterator

from include.retention.data_map.context import TableContext
from include.retention.data_map.model import Link
from include.retention.data_map.polymorphic import Polymorphic, reference_of
from include.retention.data_map.references import all_links
from include.retention.errors import Problem
from include.retention.policy.document import KeyPath


def check_polymorphic(at: TableContext) -> Iterator[Problem]:
    """Yield what is wrong with a table's polymorphic references, and with what follows them."""
    for reference in at.table.references.values():
        yield from _itself(at, reference)
        yield from _names(at, reference)
        yield from _targets(at, reference)
    for place, link in all_links(at.table):
        yield from _followed(at, place, link)


def _itself(at: TableContext, reference: Polymorphic) -> Iterator[Problem]:
    path: KeyPath = ("references", reference.name)
    for key, name in (("column", reference.column), ("type", reference.type)):
        if name is not None and name not in at.declared("columns"):
            what = f"names the column {name}, which isn't declared in {at.table.name}."
            yield at.problem((*path, key), "UNKNOWN_COLUMN", what, "Declare it in columns, or correct the name.")
    if reference.name in at.declared("columns") and reference.name not in reference.columns:
        what = "is also the name of a column that is no part of it."
        yield at.problem(path, "TWO_RULES", what, "Give the reference a name of its own.")
    both = sorted(set(reference.to) & set(reference.elsewhere))
    if both:
        what = f"leads both to a table and elsewhere by {', '.join(both)}."
        yield at.problem((*path, "elsewhere"), "TWO_RULES", what, "Keep one: there is exactly one rule for one thing.")
    for name in reference.columns:
        column = at.table.columns.get(name)
        if column is not None and column.method is not None and column.method.name != "set_null":
            what = "is also a reference; any other value would point at a row that isn't there."
            yield at.problem(("columns", name, "method"), "LINK_METHOD", what, "Use set_null.")


def _names(at: TableContext, reference: Polymorphic) -> Iterator[Problem]:
    names, path = reference.names, ("references", reference.name, "names")
    if names is None:
        return
    if names.table not in at.document.keys("tables"):
        what = f"points at the table {names.table}, which isn't in this map."
        yield at.problem((*path, "table"), "UNKNOWN_TABLE", what, "Declare the table, or correct the name.")
        return
    declared = at.document.keys("tables", names.table, "columns")
    for key, column in (("key", names.key), *(("by", each) for each in names.by)):
        if column not in declared:
            what = f"names the column {column}, which isn't declared in {names.table}."
            yield at.problem((*path, key), "UNKNOWN_COLUMN", what, "Declare it in columns, or correct the name.")


def _targets(at: TableContext, reference: Polymorphic) -> Iterator[Problem]:
    for kind, name in reference.to.items():
        path: KeyPath = ("references", reference.name, "to", kind)
        if name not in at.document.keys("tables"):
            what = f"points at the table {name}, which isn't in this map."
            remedy = "Declare the table, or move the type to elsewhere and say why it does no harm."
            yield at.problem(path, "UNKNOWN_TABLE", what, remedy)
        elif name in at.tables and len(at.tables[name].key) != 1:
            key = ", ".join(at.tables[name].key)
            what = f"leads to {name}, whose key has several columns ({key}): an id is one value."
            yield at.problem(path, "LINK_LENGTH", what, "Such a reference leads to tables whose key is one column.")


def _followed(at: TableContext, place: KeyPath, link: Link) -> Iterator[Problem]:
    """A name in ``references`` leads nowhere but to the tables that it names."""
    reference = at.table.references.get(reference_of(link.columns[0]))
    if reference is not None and link.columns[0] not in reference.arms():
        what = f"follows {reference.name} to {link.table}, where no type of it leads."
        remedy = f"Add the type of {link.table} to references.{reference.name}.to, or correct the table."
        yield at.problem(place, "REFERENCE_TYPE", what, remedy)
    elif reference is not None and link.to:
        what = f"follows {reference.name}, whose ids are keys, to another column of {link.table}."
        yield at.problem((*place, "to"), "REFERENCE_TYPE", what, "Leave to out.")
