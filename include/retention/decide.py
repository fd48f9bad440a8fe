"""From column groups to rows: what is deleted, what is erased in place, and what a retained child keeps standing.

A row whose groups have all expired is deleted where its table says so, unless a row that stays refers to it: then it
is anonymised in place until that row goes, or stays as it is where it can only go whole. Every foreign key of the live
database counts, cascading ones too: a cascade never reaches a retained row. Nor is a row deleted while a retained
record's clock runs from what it tells: with the contract's last row the day on which the relationship ended would be
gone. Rows that refer to each other in a ring stay too: none of them could go first. A part without column groups goes
exactly when its whole goes, and a legal hold on such a part keeps both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from include.retention.classify import EXPIRED, REASON_CODE
from include.retention.data_map.model import ForeignKey, Table, emptied
from include.retention.facts import reference_name
from include.retention.resolve import match, places_of
from include.retention.terms import Reason, WhenExpired

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Edge:
    child: str
    parent: str
    places: npt.NDArray[np.int64]
    """For each child row, the place of the parent row, or -1."""


def decide_rows(
    tables: Mapping[str, Table],
    decided: Mapping[str, pd.DataFrame],
    references: Sequence[ForeignKey],
    closed: frozenset[str],
    evidence: Mapping[str, Bools],
) -> dict[str, pd.DataFrame]:
    """Decide every row of one system.

    Args:
        tables: the mapped tables that were extracted, by name.
        decided: per table the facts' ``key``, ``personal``, ``ref:*`` and ``left:*`` columns beside ``held`` and
            classification's ``state:<group>`` and ``reason:<group>``.
        references: all foreign keys of the live database.
        closed: tables that failed closed: nothing is destroyed there.
        evidence: per table the rows whose events a retained record rests on: see ``evidence.py``.

    Returns:
        Per table ``delete`` (bool), ``level`` (int32: rows are deleted in rising order, so that a row of the same
        table that refers to another goes first) and ``erase:<group>`` (bool) and the adjusted ``reason:<group>``.
    """
    loose = [each for each in references if emptied(each, tables) and each.child_table not in closed]
    edges = _edges(tables, decided, [each for each in references if each not in loose])
    wholes = _wholes(tables, decided)
    expired = {name: _deletable(tables[name], frame, closed=name in closed) for name, frame in decided.items()}
    delete = {name: rows & ~evidence[name] for name, rows in expired.items()}
    inside = {name: [edge for edge in edges if edge.child == edge.parent == name] for name in decided}
    delete = {name: rows & ~_in_rings(rows, inside[name]) for name, rows in delete.items()}
    for edge in _edges(tables, decided, loose):
        # Nothing of a row under a hold is changed, not even a reference that would give way.
        held = decided[edge.child]["held"].to_numpy(dtype=bool) & (edge.places >= 0)
        delete[edge.parent][edge.places[held]] = False
    followers = {
        name: [edge for edge in wholes if edge.child == name]
        for name, table in tables.items()
        if name in decided and table.wholes and not table.groups
    }
    orphans = {name: _orphans(tables[name], decided[name], edges) for name, edges in followers.items()}
    _settle(delete, [*edges, *wholes], followers, orphans)
    return {
        name: pd.DataFrame(
            {
                "delete": delete[name],
                "level": _levels(delete[name], inside[name]),
                **_erasures(tables[name], decided[name], delete[name], closed=name in closed),
                **_reasons(tables[name], decided[name], expired[name] & ~delete[name], evidence[name]),
            }
        )
        for name in decided
    }


def _deletable(table: Table, frame: pd.DataFrame, *, closed: bool) -> Bools:
    if closed or not table.personal or table.when_expired is not WhenExpired.DELETE:
        return np.zeros(len(frame), dtype=bool)
    if not table.groups:
        # It has no verdict of its own, and a hold may name it alone.
        return np.asarray(~frame["held"].to_numpy(dtype=bool) & bool(table.wholes))
    expired: Bools = frame["personal"].to_numpy(dtype=bool).copy()
    for group in table.groups:
        expired &= frame[f"state:{group}"].to_numpy() == EXPIRED
    return expired


def _edges(
    tables: Mapping[str, Table], decided: Mapping[str, pd.DataFrame], references: Sequence[ForeignKey]
) -> list[_Edge]:
    edges = []
    for each in references:
        if each.child_table in decided and each.parent_table in decided:
            parent = decided[each.parent_table]
            by_key = each.parent_columns == tables[each.parent_table].key
            keys = parent["key"] if by_key else parent[reference_name(each.parent_columns)]
            values = decided[each.child_table][reference_name(each.child_columns)]
            edges.append(_Edge(each.child_table, each.parent_table, match(values, keys)))
    return edges


def _wholes(tables: Mapping[str, Table], decided: Mapping[str, pd.DataFrame]) -> list[_Edge]:
    return [
        _Edge(name, whole.table, places_of(frame, whole, decided[whole.table]))
        for name, frame in decided.items()
        for whole in tables[name].wholes
    ]


def _orphans(table: Table, frame: pd.DataFrame, wholes: Sequence[_Edge]) -> Bools:
    """Return the parts that refer to a whole that isn't there, and to none that is, where the map lets them go."""
    refers = [frame[reference_name(link.columns)].notna().to_numpy() for link in table.wholes]
    lone = np.logical_and.reduce([edge.places < 0 for edge in wholes])
    found: Bools = table.orphans_go & np.logical_or.reduce(refers) & lone
    return found


def _settle(
    delete: dict[str, Bools],
    edges: Sequence[_Edge],
    followers: Mapping[str, Sequence[_Edge]],
    orphans: Mapping[str, Bools],
) -> None:
    """Take back deletions until no retained row refers to a deleted one and followers go with their wholes.

    Args:
        delete: per table the rows to delete; changed in place.
        edges: references, the declared ones from parts to wholes among them.
        followers: per table of parts without column groups of their own, the references to their wholes. Where a
            part has several wholes, all of them have to go.
        orphans: per table of such parts those that go because their whole is gone already.
    """
    changed = True
    while changed:
        before = sum(int(rows.sum()) for rows in delete.values())
        for child, wholes in followers.items():
            goes = [np.append(delete[edge.parent], np.False_)[edge.places] for edge in wholes]
            stays = [(edge.places >= 0) & ~gone for edge, gone in zip(wholes, goes, strict=True)]
            delete[child] &= (np.logical_or.reduce(goes) & ~np.logical_or.reduce(stays)) | orphans[child]
        for edge in edges:
            kept = edge.places[~delete[edge.child] & (edge.places >= 0)]
            delete[edge.parent][kept] = False
        changed = before != sum(int(rows.sum()) for rows in delete.values())


def _pairs(delete: Bools, edges: Sequence[_Edge]) -> tuple[Places, Places]:
    """Return rows to delete that refer to others of their own table that go too: the referring and the referred to."""
    children, parents = [np.empty(0, dtype="int64")], [np.empty(0, dtype="int64")]
    for edge in edges:
        child = np.flatnonzero(delete & (edge.places >= 0) & (edge.places != np.arange(len(delete))))
        both = delete[edge.places[child]]
        children.append(child[both])
        parents.append(edge.places[child][both])
    return np.concatenate(children), np.concatenate(parents)


def _in_rings(delete: Bools, edges: Sequence[_Edge]) -> Bools:
    """Return rows that refer to each other in a ring: there is none with which to begin, so none of them can go."""
    child, parent = _pairs(delete, edges)
    if not len(child):
        return np.zeros(len(delete), dtype=bool)
    graph = coo_array((np.ones(len(child), dtype="int8"), (child, parent)), shape=(len(delete), len(delete)))
    _, label = connected_components(graph, directed=True, connection="strong")
    found: Bools = np.bincount(label)[label] > 1
    return found


def _levels(delete: Bools, edges: Sequence[_Edge]) -> npt.NDArray[np.int32]:
    """Return the order of deletion inside a table that refers to itself; there are no rings."""
    level = np.zeros(len(delete), dtype="int32")
    child, parent = _pairs(delete, edges)
    while len(child):
        raised = level.copy()
        np.maximum.at(raised, parent, level[child] + 1)
        if (raised == level).all():
            break
        level = raised
    return level


def _erasures(table: Table, frame: pd.DataFrame, delete: Bools, *, closed: bool) -> dict[str, Bools]:
    found = {}
    for group in table.groups:
        expired = (frame[f"state:{group}"].to_numpy() == EXPIRED) & ~delete & (not closed and not table.only_whole)
        found[f"erase:{group}"] = expired & frame[f"left:{group}"].to_numpy(dtype=bool)
    return found


def _reasons(table: Table, frame: pd.DataFrame, demoted: Bools, evidence: Bools) -> dict[str, npt.NDArray[np.int8]]:
    """Return each group's reason; a row that would go but has to stand says why."""
    why = np.where(evidence, REASON_CODE[Reason.CLOCK_EVIDENCE], REASON_CODE[Reason.REFERENCED_BY_RETAINED])
    return {
        f"reason:{group}": np.where(demoted, why, frame[f"reason:{group}"].to_numpy()).astype("int8")
        for group in table.groups
    }
