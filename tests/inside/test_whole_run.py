"""Whole runs: from the map to the report, on every kind of database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tests.inside import desk
from tests.inside.desk import NEW, OLD, tickets
from tests.integration.harness import Gallring

BACKENDS = ("sqlite", "postgres", "mariadb")
CANARY = "KANARIEFAGEL"
DOCUMENT = f'{{"n": 1.50,  "customer":{{"email":"{CANARY}@example.com","x":[1 ,2]}}, "n":2}}'
CUT = '{"n": 1.50,  "customer":{"x":[1 ,2]}, "n":2}'
PAYLOAD = {
    "json": {"$.customer.email": {"category": "email", "group": "contact"}},
    "category": "free_text",
    "group": "history",
}
JSON_COLUMNS = {"name": {"category": "name", "group": "contact"}, "payload": PAYLOAD, "raw": PAYLOAD}


def json_types(backend: str) -> dict[str, Any]:
    document = postgresql.JSONB() if backend == "postgres" else sa.JSON()
    return {"name": sa.String(40), "payload": document, "raw": sa.Text()}


def row(day: Any, payload: str, raw: str | None = None) -> dict[str, Any]:
    return {"closed_on": day, "name": CANARY, "payload": payload, "raw": payload if raw is None else raw}


def checks(gallring: Gallring, run_id: str) -> dict[str, tuple[str, int]]:
    """Return each check of the ticket table: outcome, and how many were examined."""
    (entry,) = gallring.ledger(run_id, "validated")
    return {each["check"]: (each["outcome"], each["examined"]) for each in entry.body["checks"] if each["table"]}


def assert_untold(gallring: Gallring) -> None:
    """No value of the source is anywhere in the working directory."""
    for path in gallring.var.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("backend", BACKENDS)
def test_json_by_path(backend: str, tmp_path: Path) -> None:
    rows = [row(OLD, DOCUMENT), row(NEW, DOCUMENT), row(OLD, "{}", '{"broken')]
    with desk.desk(backend, tmp_path, JSON_COLUMNS, json_types(backend), rows) as gallring:
        before = tickets(gallring)
        planned = gallring.plan("look")
        assert (planned["due"], gallring.ledger("look", "planned")[0].body["tables"][0]["refer"]) == (1, 1)
        assert gallring.whole("first") == "DONE"
        after = tickets(gallring)
        assert after[1]["raw"] == CUT
        assert same(after[1]["payload"], CUT)
        assert after[1]["name"] is None
        assert after[2] == before[2]
        assert after[3] == before[3]
        assert checks(gallring, "first")["REST_UNCHANGED"] == ("pass", 1)
        assert checks(gallring, "first")["ERASED_EMPTY"] == ("pass", 1)
        (told,) = gallring.ledger("first", "planned")[0].body["tables"]
        assert told["refer_by"] == {"UNREADABLE_VALUE": 1}
        assert "cut out of the document with its key" in (
            gallring.var / "reports/first/gallringsprotokoll.en.html"
        ).read_text("utf-8")
        assert gallring.plan("second")["due"] == 0
        assert_untold(gallring)


def same(one: Any, other: str) -> bool:
    """Return whether a document is another one: JSONB and its driver keep no bytes."""
    return one == other if isinstance(one, str) else one == json.loads(other)
