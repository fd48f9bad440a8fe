"""Whole runs: from the map to the report, on every kind of database."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typer.testing import CliRunner

from include.retention.cli.main import app
from include.retention.discover.discover import discover_system
from include.retention.errors import ValidationError
from include.retention.identifiers import Normaliser
from include.retention.policy.load import load_policy
from include.retention.settings import load_settings
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


NAME = "Kanariefagel"
NOTE = f"{NAME} ringde 070-123 45 67, svara {NAME.lower()}@exempel.se. {CANARY}s pnr 811218-9876, ip 192.0.2.7"
REDACTED = "[namn] ringde [telefon], svara [e-post]. [namn] pnr [personnummer], ip [ip]"
TEXT_COLUMNS = {
    "name": {"category": "name", "group": "contact", "method": {"constant": "Gallrad"}},
    "notes": {"category": "free_text", "group": "history", "redact": {"group": "contact", "names": ["name"]}},
}
TEXT_TYPES = {"name": sa.String(40), "notes": sa.Text()}


def note(day: Any, text: str | None, name: str | None = NAME) -> dict[str, Any]:
    return {"closed_on": day, "name": name, "notes": text}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_free_text_is_erased_in_part_and_later_whole(backend: str, tmp_path: Path) -> None:
    rows = [note(OLD, NOTE), note(NEW, NOTE), note(OLD, "Inget särskilt"), note(OLD, None), note(OLD, NOTE, None)]
    with desk.desk(backend, tmp_path, TEXT_COLUMNS, TEXT_TYPES, rows) as gallring:
        before = tickets(gallring)
        assert gallring.whole("first") == "DONE"
        after = tickets(gallring)
        assert (after[1]["name"], after[1]["notes"]) == ("Gallrad", REDACTED)
        assert after[2] == before[2]
        assert (after[3]["name"], after[3]["notes"]) == ("Gallrad", "Inget särskilt")
        assert after[5]["notes"].startswith(f"{NAME} ringde [telefon]"), "nobody knows the name"
        (told,) = gallring.ledger("first", "planned")[0].body["tables"]
        assert (told["anonymise"], told["redacted"]) == (4, 2)
        assert checks(gallring, "first")["TEXTS_REDACTED"] == ("pass", 2)
        page = (gallring.var / "reports/first/gallringsprotokoll.en.html").read_text("utf-8")
        assert "they are still personal data, and they don&#39;t count as erased" in page.replace("’", "&#39;")
        assert gallring.plan("second")["due"] == 0
        assert_untold(gallring)
        gallring.change("desk", "UPDATE ticket SET notes = 'ny: x@y.se' WHERE ticket_id = 1")
        assert gallring.plan("third")["due"] == 1
        gallring.change("desk", "UPDATE ticket SET closed_on = '2015-01-01' WHERE ticket_id = 1")
        assert gallring.whole("fourth") == "DONE"
        assert 1 not in tickets(gallring), "the row goes, and the text with it"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_text_that_doesnt_stay_redacted_is_found(backend: str, tmp_path: Path) -> None:
    with desk.desk(backend, tmp_path, TEXT_COLUMNS, TEXT_TYPES, [note(OLD, NOTE), note(NEW, NOTE)]) as gallring:
        planned = gallring.plan("first")
        gallring.approve("first", planned)
        gallring.step("confirm", "first")
        gallring.act("first")
        gallring.change("desk", "UPDATE ticket SET notes = 'x@y.se' WHERE ticket_id = 1")
        with pytest.raises(ValidationError):
            gallring.step("validate", "first", "desk")
        assert checks(gallring, "first")["TEXTS_REDACTED"] == ("fail", 1)


def test_a_document_changed_by_somebody_is_a_warning(tmp_path: Path) -> None:
    rows = [row(OLD, DOCUMENT), row(NEW, DOCUMENT)]
    with desk.desk("sqlite", tmp_path, JSON_COLUMNS, json_types("sqlite"), rows) as gallring:
        planned = gallring.plan("first")
        gallring.approve("first", planned)
        gallring.step("confirm", "first")
        gallring.act("first")
        gallring.change("desk", """UPDATE ticket SET raw = '{"n": 3}' WHERE ticket_id = 1""")
        gallring.step("validate", "first", "desk")
        assert checks(gallring, "first")["REST_UNCHANGED"] == ("fail", 1)


def test_the_command_line_explains_it(tmp_path: Path) -> None:
    columns = {**TEXT_COLUMNS, "payload": PAYLOAD}
    types = {**TEXT_TYPES, "payload": sa.Text()}
    rows = [{**note(OLD, NOTE), "payload": "{}"}, {**note(OLD, NOTE), "payload": f'{{"{CANARY}'}]
    with desk.desk("sqlite", tmp_path, columns, types, rows):
        call = partial(CliRunner(env={"COLUMNS": "200"}).invoke, app)
        told = call(["explain", "desk.ticket", "1"]).stdout
        assert "what is recognised is replaced; the text is still personal data" in told
        contact = json.loads(call(["explain", "desk.ticket", "1", "--json"]).stdout)["groups"][0]
        assert (contact["erased"], contact["redacts_text"]) == (True, True)
        told = call(["explain", "desk.ticket", "2"]).stdout
        assert "referred to a human (it is due, but a value can't be read" in told
        assert "is replaced" not in told
        assert CANARY not in told
        (table,) = json.loads(call(["plan", "--json"]).stdout)["tables"]
        assert (table["anonymise"], table["refer"]) == (1, 1)


def test_discovery_leaves_alone_what_a_path_declares(tmp_path: Path) -> None:
    watchers = {"$.watchers.*.mail": {"category": "email", "group": "contact"}}
    payload = {"json": {**PAYLOAD["json"], **watchers}, "note": "Orders"}
    documents = [
        f'{{"customer": {{"email": "a{n}@exempel.se"}}, "watchers": {{"zq{n}": {{"mail": "c{n}@exempel.se"}}}}, '
        f'"cc": "b{n}@exempel.se"}}'
        for n in range(5)
    ]
    rows = [{"closed_on": NEW, "name": None, "payload": each} for each in documents]
    columns = {"name": JSON_COLUMNS["name"], "payload": payload, "notes": TEXT_COLUMNS["notes"]}
    types = {"name": sa.String(40), "payload": sa.Text(), "notes": sa.Text()}
    with desk.desk("sqlite", tmp_path, columns, types, rows) as gallring:
        data_map = load_policy(load_settings(os.environ).policy).maps[desk.SYSTEM]
        engine = sa.create_engine(gallring.urls[desk.SYSTEM])
        found = discover_system(engine, data_map, Normaliser(desk.TODAY, frozenset(), frozenset())).found
        engine.dispose()
    assert [(each.column, each.path, each.category) for each in found] == [("payload", "$.cc", "email")]
