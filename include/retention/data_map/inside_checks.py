"""Whether what a map erases inside the values of a column makes sense: paths in JSON documents."""

from __future__ import annotations

from collections.abc import Iterator

from include.retention.data_map.context import TableContext
from include.retention.data_map.model import Column
from include.retention.errors import Problem
from include.retention.json_paths import overlapping


def check_inside(at: TableContext) -> Iterator[Problem]:
    """Yield everything that is wrong with the parts of values that a table declares."""
    for column in at.table.columns.values():
        yield from _paths(at, column)


def _paths(at: TableContext, column: Column) -> Iterator[Problem]:
    for path in column.paths:
        place = ("columns", column.name, "json", path.text)
        if not path.steps:
            what = "isn't a path into a JSON document."
            remedy = 'Write $.customer.email, $.contacts[*].phone or $."any name"; a document is erased by its column.'
            yield at.problem(place, "BAD_PATH", what, remedy)
        elif path.group == column.group:
            what = f"goes with the column group {path.group}, which erases the whole document."
            yield at.problem((*place, "group"), "PATH_IN_WHOLE", what, "Remove the path, or give it another group.")
    for one, other in overlapping(path for path in column.paths if path.steps):
        what = f"reaches the same as {other.text}, or one of them stands inside the other."
        remedy = "Declare only the parts that no other contains, each once."
        yield at.problem(("columns", column.name, "json", one.text), "PATHS_OVERLAP", what, remedy)
