"""Everyday scenarios: each invents one cluster, well away from every boundary.

The weights give a population in which a few per cent of most tables are due: a company that has culled for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from include.sample.cluster import Cluster, World
from include.sample.scenarios import companies, private, prospects, trouble

Scenario = Callable[[Cluster], None]

WEIGHTS: dict[Scenario, float] = {
    **private.WEIGHTS,
    **trouble.WEIGHTS,
    **companies.WEIGHTS,
    **prospects.WEIGHTS,
}
_SCENARIOS = list(WEIGHTS)
_CUMULATIVE = list(accumulate(WEIGHTS.values()))


def invent(world: World) -> Cluster:
    """Return a cluster of a scenario drawn by its weight."""
    cluster = Cluster(world)
    scenario = world.rng.choices(_SCENARIOS, cum_weights=_CUMULATIVE)[0]
    scenario(cluster)
    return cluster
