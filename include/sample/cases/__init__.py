"""Planted cases: every row of the catalogue that data can show, with the verdict that must come out.

Where a case turns on a boundary, it lies exactly on it: one record whose last day was yesterday, and one whose last
day is today.
"""

from __future__ import annotations

from collections.abc import Iterator

from include.sample.cases import bad_data, calendar, copies, holds, identity, life_cycle, objections, purposes
from include.sample.cases.registry import Case
from include.sample.cluster import Cluster, World

MODULES = (calendar, purposes, life_cycle, identity, objections, holds, bad_data, copies)
CASES: tuple[tuple[str, Case], ...] = tuple(entry for module in MODULES for entry in module.REGISTRY.entries)
"""Case id and the function that plants it; an id may have several."""

_ELSEWHERE = {
    "a schedule or a map that is refused, not data": "A17 A18 B10 E12 J03 J12 J13",
    "a change of the schedule between two runs": "J01",
    "the course of a run, not a row": "F03 F04 G08 G09 G10 G11 H04 J04 J05 J06 J07 J08 J09 J11 J15 J20",
    "what the engine itself writes": "H09 H13 H15",
    "other places that hold copies: recipients, backups, mailboxes, paper": (
        "E08 H07 H08 H10 H11 H16 H17 H21 H22 H23 H25 H26 K06 K07"
    ),
    "aggregates and the quality of anonymised data": "B19 I01 I02 I03 I04 I05 I06 I09 I10 I11 I12",
    "somebody has to read or to know what no column says": "C17 K10",
}
NOT_PLANTED = {name: reason for reason, names in _ELSEWHERE.items() for name in names.split()}
"""Case id -> why no row of the sample shows it."""


def planted(world: World) -> Iterator[Cluster]:
    """Yield one cluster per planted case."""
    for name, fill in CASES:
        cluster = Cluster(world, case=name)
        fill(cluster)
        yield cluster
