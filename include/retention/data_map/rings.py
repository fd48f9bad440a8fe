"""Tables that refer to each other in a ring: none of them could go first, so nothing would be deleted there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.retention.data_map.deletion_order import deletion_order
from include.retention.data_map.inspection import LiveSchema
from include.retention.data_map.live_context import LiveContext, Words, closing
from include.retention.data_map.model import DataMap, binding, with_declared
from include.retention.errors import Problem
from include.retention.terms import WhenExpired


def check_rings(data_map: DataMap, schema: LiveSchema) -> Iterator[Problem]:
    """Yield a problem for each table of a ring in which rows are to be deleted."""
    tables = data_map.tables
    references = binding(with_declared(schema.foreign_keys, tables), tables)
    _, ringed = deletion_order(list(tables), references)
    for name in sorted(ringed):
        inside = sorted({each.parent_table for each in references if each.child_table == name} & ringed - {name})
        if tables[name].personal and tables[name].when_expired is WhenExpired.DELETE:
            what = f"refers to {', '.join(inside)} and is referred to from there: no row of them could go first."
            remedy = "Name a nullable column of one of these references in its table's empties."
            yield closing(data_map, name, (), Words("REFERENCE_RING", what, remedy))


def check_empties(there: Iterable[LiveContext]) -> Iterator[Problem]:
    """Yield a problem for each column that can't be emptied."""
    for at in there:
        for number, name in enumerate(at.table.empties):
            column = at.live.columns.get(name)
            if column is not None and (not column.nullable or column.computed or name in at.table.key):
                what = f"is {name}, which can't be set to NULL."
                yield at.problem(("empties", number), "METHOD", what, "Let it be NULL, or empty another reference.")
