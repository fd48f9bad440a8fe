"""How long drafting and checking a map of a large database takes: ``python -m tests.benchmarks.large_schema``.

Makes a database of 300 tables, 4,000 columns and a foreign key or two in each table on SQLite, PostgreSQL and MariaDB;
drafts a map, accepts it, and checks it, each in a process of its own as a user would. Prints seconds. Run by hand:
machines differ, so no test looks at them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from include.retention.keys import generate_key
from tests.integration.harness import connection_setting, databases
from tests.places import ROOT

AREAS = ("crm", "order", "stock", "invoice", "hr", "web", "support", "project", "ledger", "asset")
CITIES = ("Umeå", "Lund", "Falun", "Kalmar")
PLAIN: dict[str, sa.types.TypeEngine[Any]] = {
    "name": sa.String(80),
    "email": sa.String(120),
    "phone": sa.String(30),
    "street": sa.String(120),
    "city": sa.String(60),
    "note": sa.Text(),
    "code": sa.String(20),
    "status": sa.String(20),
    "amount": sa.Numeric(12, 2),
    "quantity": sa.Integer(),
    "active": sa.Boolean(),
    "created_at": sa.DateTime(),
    "due_on": sa.Date(),
    "ip": sa.String(45),
}
"""What tables hold besides keys; each leaves a few out."""
LEFT_OUT = 4


def declare(tables: int, metadata: sa.MetaData) -> list[sa.Table]:
    """Declare the tables; each refers to one or two before it."""
    made: list[sa.Table] = []
    for number in range(tables):
        parents = {number // 2, number // 3} if number > 1 else set()
        left_out = {(number + step) % len(PLAIN) for step in range(LEFT_OUT)}
        plain = [column for place, column in enumerate(PLAIN.items()) if place not in left_out]
        made.append(
            sa.Table(
                f"{AREAS[number % len(AREAS)]}_{number:03}",
                metadata,
                sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
                *(sa.Column(f"ref_{parent:03}", sa.ForeignKey(made[parent].c.id)) for parent in sorted(parents)),
                *(sa.Column(name, kind) for name, kind in plain),
                sa.Column("row_version", sa.Integer, nullable=False),
            )
        )
    return made


def fill(url: sa.URL, tables: int, rows: int) -> tuple[int, int]:
    """Make the database; return how many columns and foreign keys it has."""
    engine, metadata = sa.create_engine(url), sa.MetaData()
    made = declare(tables, metadata)
    pattern = sa.Table(
        "pattern", sa.MetaData(), sa.Column("id", sa.Integer), *(sa.Column(name, kind) for name, kind in PLAIN.items())
    )
    metadata.create_all(engine)
    with engine.begin() as connection:
        pattern.create(connection)
        connection.execute(pattern.insert(), [_row(number) for number in range(rows)])
        for table in made:
            values = [
                pattern.c.id if column.foreign_keys else pattern.c.get(column.name, sa.literal(1)) for column in table.c
            ]
            connection.execute(table.insert().from_select(list(table.c), sa.select(*values)))
        pattern.drop(connection)
    engine.dispose()
    return sum(len(table.c) for table in made), sum(len(table.foreign_keys) for table in made)


def _row(number: int) -> dict[str, Any]:
    day = f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}"
    return {
        "id": number, "name": f"Anna Berg{number}", "email": f"person{number}@example.se",
        "phone": f"+46 70 174 {number % 90 + 10} {number % 90 + 10}", "street": f"Storgatan {number}",
        "city": CITIES[number % len(CITIES)], "note": "Ringde om leveransen och ville ha den till grinden i stället",
        "code": f"A-{number}", "status": "open", "amount": number, "quantity": number, "active": True,
        "created_at": sa.DateTime().python_type.fromisoformat(f"{day}T12:00:00"),
        "due_on": sa.Date().python_type.fromisoformat(day), "ip": f"192.0.2.{number % 250}",
    }  # fmt: skip


def decide(path: Path) -> None:
    """Turn an accepted draft into a map that can be checked: nobody's decisions, but every line of it is read."""
    content = yaml.safe_load(path.read_text("utf-8"))
    content.pop("guess", None)
    for table in content["tables"].values():
        table.pop("guess", None)
        table.pop("events", None)
        for group in table.get("groups", {}).values():
            group["without_purpose"] = "expire"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")


def gallring(environment: dict[str, str], *arguments: str) -> tuple[float, str]:
    """Call the command line; return seconds and what it said."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "include.retention.cli", *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        sys.exit(done.stderr)
    return round(time.perf_counter() - began, 1), done.stdout


def measure(kind: str, tables: int, rows: int) -> dict[str, Any]:
    """Return the seconds that each command takes on one kind of database."""
    with tempfile.TemporaryDirectory() as made, databases(kind, ("erp",), Path(made)) as urls:
        columns, references = fill(urls["erp"], tables, rows)
        policy = Path(made) / "policy"
        policy.mkdir()
        shutil.copy(ROOT / "include" / "policy" / "retention_schedule.yaml", policy)
        environment = os.environ | {
            "AIRFLOW_CONN_ERP": connection_setting(urls["erp"]),
            "GALLRING_POLICY": str(policy),
            "GALLRING_VAR": str(Path(made) / "var"),
            "GALLRING_KEY": generate_key(),
        }
        found: dict[str, Any] = {"database": kind, "tables": tables, "columns": columns, "foreign_keys": references}
        found["draft"], _ = gallring(environment, "map", "draft", "erp")
        found["draft_again"], _ = gallring(environment, "map", "draft", "erp")
        found["accept"], _ = gallring(environment, "map", "accept", "erp", "--from", "1")
        decide(policy / "data_map" / "erp.yaml")
        found["check"], said = gallring(environment, "check", "--json")
        told = json.loads(said)
        return found | {"problems": len(told["problems"]), "closed": len(told["closed"])}


def main() -> None:
    """Measure each database."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--tables", type=int, default=300)
    options.add_argument("--rows", type=int, default=2000)
    options.add_argument("kinds", nargs="*", default=["sqlite", "postgres", "mariadb"])
    given = options.parse_args()
    for kind in given.kinds:
        sys.stdout.write(json.dumps(measure(kind, given.tables, given.rows)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
