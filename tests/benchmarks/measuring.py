"""How the benchmark measures: a run of the engine in a process of its own, beside the same by other means.

Every figure is of one run on one machine. Machines differ, ratios less so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.retention.keys import generate_key
from tests.benchmarks.crm import AS_OF, BY_HAND, fill
from tests.integration.harness import connection_setting, databases
from tests.places import ROOT

POLICY = Path(__file__).parent / "policy"
AROUND = frozenset({"begin", "discover", "report", "finish"})
"""Steps that aren't counted against SQL by hand: it neither looks for what nobody declared nor reports to anybody."""


@dataclass(frozen=True, slots=True)
class Place:
    """Two databases alike, and a working directory.

    Attributes:
        hand: the one for other means.
        crm: the one for the engine.
        var: the engine's working directory.
    """

    hand: sa.URL
    crm: sa.URL
    var: Path

    def run(self, run_id: str) -> dict[str, Any]:
        """Return what a whole run over the engine's database took."""
        return engine_run(self.var, {"AIRFLOW_CONN_GALLRING_CRM": connection_setting(self.crm)}, run_id)

    def require_same(self) -> None:
        """End the benchmark where the engine and the other means left different rows: then nothing was compared."""
        if _content(self.hand) != _content(self.crm):
            sys.exit("the engine and what it is compared with left different rows")


@contextmanager
def place(backend: str, rows: int, share: int, tables: tuple[str, ...] = ("person", "visit")) -> Iterator[Place]:
    """Give two filled databases; they are dropped afterwards.

    Args:
        backend: ``postgres`` or ``mariadb``.
        rows: of each table in ``tables``; others are empty.
        share: rows in a hundred that are due.
        tables: the tables to fill.
    """
    with tempfile.TemporaryDirectory() as home, databases(backend, ["hand", "crm"], Path(home)) as urls:
        for url in urls.values():
            engine = sa.create_engine(url)
            fill(engine, rows, share, tables)
            engine.dispose()
        yield Place(urls["hand"], urls["crm"], Path(home) / "var")


def engine_run(var: Path, environ: Mapping[str, str], run_id: str) -> dict[str, Any]:
    """Return what a whole run took: seconds by step, their ``total`` without ``AROUND``, peak memory, rows done.

    Args:
        var: the working directory; a key is made there on first use.
        environ: connections, and settings other than the benchmark's.
        run_id: name of the run.
    """
    settings = {"GALLRING_VAR": str(var), "GALLRING_POLICY": str(POLICY), "GALLRING_BUCKETS": "1"}
    command = [sys.executable, "-m", "tests.benchmarks.engine", run_id, AS_OF.isoformat()]
    environ = {**os.environ, **settings, "GALLRING_KEY": _key(var), **environ}
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    total = sum(taken for name, taken in told["seconds"].items() if name not in AROUND)
    return told | {"total": round(total, 2)}


def by_hand(url: sa.URL) -> float:
    """Return the seconds that hand-written SQL takes."""
    engine = sa.create_engine(url)
    began = time.perf_counter()
    for statement in BY_HAND:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()
    return time.perf_counter() - began


def _key(var: Path) -> str:
    path = var / "key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        path.write_text(generate_key(), "utf-8")
    return path.read_text("utf-8")


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
