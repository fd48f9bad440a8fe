"""What the engine costs beside SQL by hand: ``make bench ROWS=500000``.

Every comparison is a ratio within one run, ours over theirs. Results go to ``var/bench``: ``latest.json``,
``latest.md`` (the table of the documentation) and ``growth.svg``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.benchmarks import archiver, growth
from tests.benchmarks.airflow_share import airflow_share
from tests.benchmarks.crm import SHARE
from tests.benchmarks.measuring import by_hand, place
from tests.benchmarks.table import table
from tests.places import ROOT

RESULTS = ROOT / "var" / "bench"
TRANSACTION_ROWS = 500
"""Of pt-archiver, which keeps to one size; the engine begins with as many."""


def versus_sql(backend: str, rows: int) -> dict[str, Any]:
    """Return a run with 12 rows in 100 due, the week after it, and the same by hand on a like database."""
    with place(backend, rows, SHARE) as there:
        hand = by_hand(there.hand)
        week, idle = there.run("week1"), there.run("week2")
        there.require_same()
    return {"sql_s": round(hand, 2), "engine": week, "idle": idle, "ratio": round(week["total"] / hand, 2)}


def versus_archiver(rows: int, transaction_rows: int) -> dict[str, Any]:
    """Return a run over visits alone, and pt-archiver's times at as many rows in a transaction.

    pt-archiver's plain way, row by row, gives the ratio; ``bulk_s`` is with one statement a transaction.
    """
    with place("mariadb", rows, SHARE, ("visit",)) as there:
        plain = archiver.purge(there.hand, transaction_rows, bulk=False)
        week = there.run("week1")
        there.require_same()
    with place("mariadb", rows, SHARE, ("visit",)) as there:
        bulk = archiver.purge(there.hand, transaction_rows, bulk=True)
    times = {"plain_s": round(plain, 2), "bulk_s": round(bulk, 2), "engine": week}
    return times | {"ratio": round(week["total"] / plain, 2), "bulk_ratio": round(week["total"] / bulk, 2)}


def measure(rows: int, transaction_rows: int) -> dict[str, Any]:
    """Return every figure, for tables of that many rows and for smaller ones."""
    results: dict[str, Any] = {"rows": rows, "cores": os.cpu_count()}
    for backend in ("postgres", "mariadb"):
        results[backend] = versus_sql(backend, rows)
        results[f"{backend}_vs_sql"] = results[backend]["ratio"]
    results["idle_week_s"] = results["postgres"]["idle"]["total"]
    if archiver.available():
        results["archiver"] = versus_archiver(rows, transaction_rows)
        results["mariadb_vs_pt_archiver"] = results["archiver"]["ratio"]
    sizes = growth.by_size([rows // 5, rows // 2, rows])
    shares = growth.by_share(rows)
    results |= {"by_size": sizes, "by_due": shares}
    results["peak_rss_mb"] = {size: each["peak_rss_mb"] for size, each in sizes.items()}
    results["airflow"] = airflow_share()
    results["airflow_share_s"] = results["airflow"]["share_s"]
    return results


def main() -> None:
    """Measure, write the results, and print their table."""
    rows = int(os.environ.get("ROWS", "500000"))
    results = measure(rows, TRANSACTION_ROWS)
    write(results, RESULTS)
    print(table(results))  # noqa: T201 - what was asked for


def write(results: dict[str, Any], folder: Path) -> None:
    """Write the results as JSON, as a table and as a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(results, indent=2), "utf-8")
    (folder / "latest.md").write_text(table(results), "utf-8")
    growth.draw(results["by_size"], results["by_due"], folder / "growth.svg")


if __name__ == "__main__":
    main()
