"""An ERP of many tables, to see how long `gallring map draft` takes: ``python -m tests.benchmarks.erp``.

``TABLES`` (300), ``ROWS`` each (1,000) and ``BACKEND`` (postgres, mariadb, sqlite) come from the environment. The
tables have some thirteen columns each, foreign keys along a chain, and values of every kind that a draft looks for.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.benchmarks.bench import POLICY
from tests.integration.harness import connection_setting, databases
from tests.places import ROOT

CHUNK = 1_000


def make(engine: sa.Engine, tables: int, rows: int) -> int:
    """Create the tables with their rows; return how many columns there are."""
    meta = sa.MetaData()
    made = [_table(meta, number) for number in range(tables)]
    meta.create_all(engine)
    with engine.begin() as connection:
        for table in made:
            for some in _chunks(table, rows):
                connection.execute(sa.insert(table), some)
    return sum(len(table.columns) for table in made)


def _table(meta: sa.MetaData, number: int) -> sa.Table:
    text = sa.String(120)
    parent = [sa.Column("parent_id", sa.ForeignKey(f"res_table_{number - 1:03}.id"))] if number % 5 else []
    return sa.Table(
        f"res_table_{number:03}", meta, sa.Column("id", sa.Integer, primary_key=True), *parent,
        *(sa.Column(name, text) for name in ("code", "display_name", "email", "phone", "street", "comment", "state")),
        sa.Column("created_on", sa.Date), sa.Column("closed_on", sa.Date), sa.Column("amount", sa.Numeric(12, 2)),
        sa.Column("active", sa.Boolean), sa.Column("sequence", sa.Integer),
    )  # fmt: skip


def _chunks(table: sa.Table, rows: int) -> Iterator[list[dict[str, Any]]]:
    first = date(2020, 1, 1)
    for start in range(1, rows + 1, CHUNK):
        some = []
        for n in range(start, min(start + CHUNK, rows + 1)):
            values = {
                "id": n, "parent_id": n, "code": f"C{n}", "display_name": f"Anna Exempel {n}",
                "email": f"anna.{n}@example.se", "phone": f"070-174 06 {n % 100:02}", "street": f"Exempelgatan {n}",
                "comment": "Asked for the invoice to be sent on paper to the new address", "state": "open",
                "created_on": first + timedelta(days=n % 900), "closed_on": None, "amount": n, "active": True,
                "sequence": n,
            }  # fmt: skip
            some.append({name: values[name] for name in table.columns.keys()})  # noqa: SIM118 - a collection's own keys
        yield some


def main() -> None:
    """Measure, and print the seconds."""
    backend, tables = os.environ.get("BACKEND", "postgres"), int(os.environ.get("TABLES", "300"))
    with tempfile.TemporaryDirectory() as home, databases(backend, ["erp"], Path(home)) as urls:
        engine = sa.create_engine(urls["erp"])
        columns = make(engine, tables, int(os.environ.get("ROWS", "1000")))
        engine.dispose()
        policy = Path(home) / "policy"
        shutil.copytree(POLICY, policy, ignore=shutil.ignore_patterns("crm.yaml"))
        environment = {"GALLRING_POLICY": str(policy), "GALLRING_VAR": home, "GALLRING_KEY": "ab" * 32,
                       "AIRFLOW_CONN_ERP": connection_setting(urls["erp"])}  # fmt: skip
        told: dict[str, Any] = {"backend": backend, "tables": tables, "columns": columns}
        for name in ("draft", "again"):
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "include.retention.cli", "map", "draft", "erp"],
                cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **environment},
            )  # fmt: skip
            told[f"{name}_s"] = round(time.perf_counter() - began, 1)
            if done.returncode:
                sys.exit(done.stderr)
    print(json.dumps(told))  # noqa: T201 - what was asked for


if __name__ == "__main__":
    main()
