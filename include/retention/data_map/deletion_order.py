"""In which order tables are emptied: children before parents, and what foreign keys tie into a ring."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from include.retention.data_map.model import ForeignKey


def deletion_order(tables: Sequence[str], references: Sequence[ForeignKey]) -> tuple[list[str], frozenset[str]]:
    """Return the tables with children before parents, and those that foreign keys tie into a ring.

    A ring has no order in which a row can be deleted before the rows it refers to: nothing is deleted there.
    """
    ringed: set[str] = set()
    edges = {(each.parent_table, each.child_table) for each in references if each.parent_table != each.child_table}
    while True:
        sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(sorted(tables), ()))
        for parent, child in sorted(edges):
            if {parent, child} <= set(tables) - ringed:
                sorter.add(parent, child)
        try:
            return list(sorter.static_order()), frozenset(ringed)
        except CycleError as error:
            ringed.update(error.args[1])
