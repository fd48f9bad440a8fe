"""What the engine costs beside SQL by hand: ``make bench ROWS=500000``.

Every figure is a ratio within one run, or seconds and megabytes of one process; results go to
``var/bench/latest.json``. Machines differ, ratios less so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.retention.keys import generate_key
from tests.benchmarks.crm import BY_HAND, fill
from tests.integration.harness import connection_setting, databases
from tests.places import ROOT

POLICY = Path(__file__).parent / "policy"
LATEST = ROOT / "var" / "bench" / "latest.json"


def by_hand(url: sa.URL) -> float:
    """Return the seconds that hand-written SQL takes."""
    engine = sa.create_engine(url)
    began = time.perf_counter()
    for statement in BY_HAND:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()
    return time.perf_counter() - began


def engine_run(url: sa.URL, var: Path, run_id: str) -> dict[str, Any]:
    """Return what a whole run took, in a process of its own."""
    environment = {
        "GALLRING_VAR": str(var), "GALLRING_POLICY": str(POLICY), "GALLRING_KEY": _key(var), "GALLRING_BUCKETS": "1",
        "AIRFLOW_CONN_GALLRING_CRM": connection_setting(url),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.benchmarks.engine", run_id]
    began = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told | {"total": round(sum(told["seconds"].values()), 2), "wall": round(time.perf_counter() - began, 2)}


def _key(var: Path) -> str:
    path = var / "key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        path.write_text(generate_key(), "utf-8")
    return path.read_text("utf-8")


def versus_sql(backend: str, rows: int) -> dict[str, Any]:
    """Return a run with 12 rows in 100 due, the week after it, and the same by hand on a like database."""
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        urls = stack.enter_context(databases(backend, ["hand", "crm"], Path(home)))
        for url in urls.values():
            engine = sa.create_engine(url)
            fill(engine, rows)
            engine.dispose()
        hand = by_hand(urls["hand"])
        week = engine_run(urls["crm"], Path(home) / "var", "week1")
        idle = engine_run(urls["crm"], Path(home) / "var", "week2")
        same = _content(urls["hand"]) == _content(urls["crm"])
    if not same or idle["due"]:
        sys.exit("the engine and the SQL by hand left different rows")
    return {"sql_s": round(hand, 2), "engine": week, "idle": idle, "ratio": round(week["total"] / hand, 2)}


def _content(url: sa.URL) -> list[Any]:
    engine = sa.create_engine(url)
    questions = (
        "SELECT count(*), count(email), count(note), sum(orders) FROM person",
        "SELECT count(*), sum(visit_id) FROM visit",
    )
    with engine.connect() as connection:
        found = [tuple(connection.exec_driver_sql(question).one()) for question in questions]
    engine.dispose()
    return found


def main() -> None:
    """Measure, write the results, and print them."""
    rows = int(os.environ.get("ROWS", "500000"))
    results: dict[str, Any] = {"rows": rows, "cores": os.cpu_count()}
    for backend in ("postgres", "mariadb"):
        measured = versus_sql(backend, rows)
        results[backend] = measured
        results[f"{backend}_vs_sql"] = measured["ratio"]
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps(results, indent=2), "utf-8")
    print(json.dumps(results, indent=2))  # noqa: T201 - what was asked for


if __name__ == "__main__":
    main()
