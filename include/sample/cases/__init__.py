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

NOT_PLANTED = {
    "A17": "a schedule that must be refused, not data",
    "A18": "a schedule that must be refused, not data",
    "B10": "a rule that must be refused, not data",
    "B19": "aggregates are made elsewhere; the raw data follows its own rules",
    "C17": "needs a rule about age and guardian's consent; a human decides",
}
"""Case id -> why no row of the sample can show it."""


def planted(world: World) -> Iterator[Cluster]:
    """Yield one cluster per planted case."""
    for name, fill in CASES:
        cluster = Cluster(world, case=name)
        fill(cluster)
        yield cluster
