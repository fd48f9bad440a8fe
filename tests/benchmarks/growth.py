"""How time and memory grow with the table and with what is due in it, on PostgreSQL; drawn as two curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tests.benchmarks.crm import SHARE
from tests.benchmarks.measuring import place

SHARES = (1, 4, SHARE)
"""Rows in a hundred that are due."""


def by_size(sizes: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return per table size what a run took, with ``SHARE`` in a hundred due, and the idle one after it."""
    return {str(rows): _measured(rows, SHARE) for rows in sizes}


def by_share(rows: int) -> dict[str, dict[str, Any]]:
    """Return the same for tables of one size, per number of rows that are due."""
    return {str(rows * share // 100): _measured(rows, share) for share in SHARES}


def draw(sizes: Mapping[str, Mapping[str, Any]], shares: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draw seconds over rows, and over rows due, into an SVG file."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    rows = [int(each) for each in sizes]
    left.plot(rows, [each["week_s"] for each in sizes.values()], marker="o", label=f"{SHARE} % due")
    left.plot(rows, [each["idle_s"] for each in sizes.values()], marker="o", label="nothing due")
    left.set(xlabel="rows in each of two tables", ylabel="seconds, extract to validate")
    left.legend(frameon=False)
    due = [int(each) for each in shares]
    right.plot(due, [each["week_s"] for each in shares.values()], marker="o")
    right.set(xlabel="rows due in each table", ylabel="seconds, extract to validate")
    for axes in (left, right):
        axes.set(xlim=(0, axes.get_xlim()[1]), ylim=(0, axes.get_ylim()[1]))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter("{x:,.0f}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _measured(rows: int, share: int) -> dict[str, Any]:
    with place("postgres", rows, share) as there:
        week, idle = there.run("week1"), there.run("week2")
    peak = max(week["peak_rss_mb"], idle["peak_rss_mb"])
    return {"week_s": week["total"], "idle_s": idle["total"], "peak_rss_mb": peak, "done": week["done"]}
