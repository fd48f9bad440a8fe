"""Whether what a map erases inside the values of a column makes sense: paths in JSON documents, and free texts."""

from __future__ import annotations

from collections.abc import Iterator

from include.retention.data_map.context import TableContext
from include.retention.data_map.model import Column, Group, Redaction
from include.retention.errors import Problem
from include.retention.json_paths import overlapping
from include.retention.methods import WHOLE_METHODS
from include.retention.terms import WithoutPurpose


def check_inside(at: TableContext) -> Iterator[Problem]:
    """Yield everything that is wrong with the parts of values that a table declares."""
    for column in at.table.columns.values():
        yield from _paths(at, column)
        if column.redaction is not None:
            yield from _redaction(at, column, column.redaction)


def _paths(at: TableContext, column: Column) -> Iterator[Problem]:
    for path in column.paths:
        place = ("columns", column.name, "json", path.text)
        if not path.steps:
            what = "isn't a path into a JSON document."
            remedy = (
                'Write $.customer.email, $.contacts[*].phone, $.by_user.*.mail or $."any name"; a document is '
                "erased by its column."
            )
            yield at.problem(place, "BAD_PATH", what, remedy)
        elif path.group == column.group:
            what = f"goes with the column group {path.group}, which erases the whole document."
            yield at.problem((*place, "group"), "PATH_IN_WHOLE", what, "Remove the path, or give it another group.")
        elif _may_outlive(at.table.groups.get(path.group), at.table.groups.get(column.group or "")):
            what = f"could be held longer than the rest, with which {column.group} erases the whole document."
            remedy = f"Give {column.group} all purposes of {path.group} too, or erase the rest by path."
            yield at.problem((*place, "group"), "PATH_OUTLIVES", what, remedy)
    for one, other in overlapping(path for path in column.paths if path.steps):
        what = f"reaches the same as {other.text}, or one of them stands inside the other."
        remedy = "Declare only the parts that no other contains, each once."
        yield at.problem(("columns", column.name, "json", one.text), "PATHS_OVERLAP", what, remedy)


def _may_outlive(part: Group | None, whole: Group | None) -> bool:
    """Return whether a part's group may still be held or asked about when the whole document's has expired."""
    if part is None or whole is None:
        return False
    held_longer = not (set(part.purposes) <= set(whole.purposes) and set(part.of) <= set(whole.of))
    asked_about = part.without_purpose is WithoutPurpose.REFER and whole.without_purpose is WithoutPurpose.EXPIRE
    return held_longer or asked_about or whole.channel not in {None, part.channel}


def _redaction(at: TableContext, column: Column, redaction: Redaction) -> Iterator[Problem]:
    """A redacted text is still personal, so something must erase it whole; and names must be there to look for."""
    place = ("columns", column.name, "redact")
    if column.group is None or column.method is None or column.method.name not in WHOLE_METHODS:
        what = "is never erased whole, and a text with something replaced in it is still personal data."
        remedy = "Give it a category, a group, and a method that leaves nothing, such as set_null."
        yield at.problem(place, "REDACT_ALONE", what, remedy)
    if redaction.group == column.group:
        what = f"goes with the column group {redaction.group}, which erases the whole text."
        yield at.problem((*place, "group"), "REDACT_IN_WHOLE", what, "Name another group, or remove redact.")
    if redaction.group not in at.declared("groups"):
        what = f"names the column group {redaction.group}, which isn't in groups."
        yield at.problem((*place, "group"), "UNKNOWN_GROUP", what, "Add the group, or correct the name.")
    if column.paths:
        what = "is a JSON document, in which words can't be replaced one by one."
        yield at.problem(place, "REDACT_DOCUMENT", what, "Erase its parts by path.")
    for number, name in enumerate(redaction.names):
        yield from _name(at, column, redaction, number, name)


def _name(at: TableContext, column: Column, redaction: Redaction, number: int, name: str) -> Iterator[Problem]:
    place = ("columns", column.name, "redact", "names", number)
    named = at.table.columns.get(name)
    if name not in at.declared("columns"):
        what = f"names the column {name}, which isn't declared in {at.table.name}."
        yield at.problem(place, "UNKNOWN_COLUMN", what, "Declare it in columns, or correct the name.")
    elif named is not None and named.group not in {None, redaction.group, column.group}:
        what = f"names {name}, which may be erased before the text is read: it goes with {named.group}."
        remedy = f"Put {name} into the group {redaction.group}, or let redact go with {named.group}."
        yield at.problem(place, "REDACT_NAMES", what, remedy)
    elif named is not None and named.method is not None and named.method.name not in WHOLE_METHODS:
        what = f"names {name}, of which {named.method.name} leaves a part: it would be looked for ever after."
        yield at.problem(place, "REDACT_NAMES", what, "Erase the name whole.")
