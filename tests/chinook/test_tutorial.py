"""The tutorial on somebody else's database, step by step: a draft, a person's decisions, and a plan."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from include.retention.cli.main import app
from include.retention.keys import generate_key
from include.retention.settings import PROJECT

PAGE = PROJECT / "include" / "docs" / "tutorial-somebody-elses-database.md"
GUESS = "guess"


def gallring(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    return done.output


def decide(file: Path) -> None:
    """Write what the tutorial's third step says."""
    yaml = YAML()
    content: Any = yaml.load(file.read_text("utf-8"))
    content["owner"] = "Shop manager"
    del content[GUESS]
    tables = content["tables"]
    del tables["Employee"]
    reason = "Personnel records follow rules of their own"
    days = {"on": date(2026, 11, 1), "review_on": date(2027, 11, 1)}
    content["out_of_scope"] = {"Employee": {"reason": reason, "by": "Head of personnel", **days}}
    for name, purpose in (("Customer", "CUSTOMER_CARE"), ("Invoice", "ACCOUNTING")):
        table = tables[name]
        del table[GUESS]
        table["when_expired"] = "anonymise"
        for group in table["groups"].values():
            group["purposes"] = [purpose]
        for column in table["columns"].values():
            column.pop(GUESS, None)
    tables["Invoice"]["events"] = [
        {"event": "purchase", "date": "InvoiceDate"},
        {"event": "booked", "date": "InvoiceDate", "as": "fiscal_year_end", "of": []},
    ]
    track = tables["Track"]
    del track[GUESS], track["groups"]
    track["personal"] = False
    track["note"] = "The catalogue; composers stand in it as published"
    track["columns"]["Composer"] = "As published with the music"
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(content, stream)


def test_the_tutorial_says_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, database = tmp_path / "policy", tmp_path / "chinook.sqlite"
    policy.mkdir()
    shutil.copy(PROJECT / "include" / "chinook" / "chinook.sqlite", database)
    database.chmod(0o644)
    shutil.copy(PROJECT / "tests" / "chinook" / "policy" / "retention_schedule.yaml", policy)
    for name, value in {
        "GALLRING_POLICY": str(policy),
        "GALLRING_VAR": str(tmp_path / "var"),
        "GALLRING_KEY": generate_key(),
        "AIRFLOW_CONN_CHINOOK": f"sqlite://{database}",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GALLRING_CONTROL_URL", raising=False)
    page, file = PAGE.read_text("utf-8"), policy / "data_map" / "chinook.yaml"

    def says(output: str) -> None:
        for line in output.splitlines():
            assert line.replace(str(file), ".../policy/data_map/chinook.yaml") in page, line

    says(gallring("map", "draft", "chinook"))
    says(gallring("map", "accept", "chinook", "--from", "70"))
    left = gallring("check", code=2)
    assert left.splitlines()[0] in page
    decide(file)
    assert "In order: 1 system, 1 notice." in gallring("check")
    planned = gallring("plan", "--as-of", "2028-06-19")
    says("\n".join(line for line in planned.splitlines() if not line.startswith("notice")))
    told = gallring("explain", "chinook.Customer", "1", "--as-of", "2028-06-19")
    assert "it holds the data through 2028-08-07" in told

    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE Customer ADD Mobile TEXT")
    assert "Nothing is destroyed in: chinook.Customer" in gallring("check", code=1)
    says(gallring("map", "draft", "chinook"))
    assert re.search(r"Mobile: \{category: phone, .*guess", file.read_text("utf-8"))
