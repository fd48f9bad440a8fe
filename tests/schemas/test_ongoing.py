"""What goes on by a row's state alone: an invoice that is posted is open, whatever its dates say."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from include.retention.policy.load import load_policy
from include.retention.terms import Mode
from tests.schemas.office import BACKENDS, PERSON, Office, office, people, table

OPEN = {"event": "claim_against_us", "ongoing": True, "where": [{"column": "state", "in": ["posted"]}]}
DATED = {"event": "claim_against_us", "date": "dated_on", "null": "absent"}
FILE = {"all": {"purposes": ["CLAIM_FILE"], "without_purpose": "expire"}}
INVOICES = [
    "CREATE TABLE invoice (id integer NOT NULL PRIMARY KEY, state {TEXT}, dated_on date, name {TEXT})",
    "INSERT INTO invoice VALUES (1, 'posted', '2001-01-31', 'N'), (2, 'paid', '2001-01-31', 'N')",
    "INSERT INTO invoice VALUES (3, 'posted', NULL, 'N'), (4, 'draft', NULL, 'N')",
    "INSERT INTO invoice VALUES (5, 'paid', '2026-01-31', 'N'), (6, NULL, '2001-01-31', 'N')",
]
PAY = "UPDATE invoice SET state = 'paid' WHERE id IN (1, 3)"


def tables(*events: Any) -> dict[str, Any]:
    """Return invoices, kept for ten years after the day of the claim, and while it goes on."""
    invoice = table(personal=["name"], notes=["state", "dated_on"], events=list(events), when_expired="delete")
    return {"person": deepcopy(PERSON), "invoice": invoice | {"groups": FILE}}


def verdicts(found: Office, run_id: str) -> dict[str, str]:
    told = found.gallring.decided(run_id)
    return {key.strip("[]"): state for (_, name, key, group), state in told.items() if name == "invoice" and group}


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_open_row_is_kept_and_goes_after_its_state_has_changed(backend: str, tmp_path: Path) -> None:
    with office(backend, tmp_path, [*people(), *INVOICES], tables(DATED, OPEN)) as found:
        assert found.codes() == []
        found.gallring.plan("look", mode=Mode.DRY_RUN)
        assert verdicts(found, "look") == dict.fromkeys("135", "RETAIN") | dict.fromkeys("246", "DELETE")
        assert found.run() == "DONE"
        assert found.ids("invoice") == [1, 3, 5]
        found.gallring.change("office", PAY)
        assert found.run("second") == "DONE"
        assert found.ids("invoice") == [5], "from its own day one is due; nothing tells of the other any more"


def test_without_the_state_its_day_alone_would_count(tmp_path: Path) -> None:
    with office("sqlite", tmp_path, [*people(), *INVOICES], tables(DATED)) as found:
        assert found.run() == "DONE"
        assert found.ids("invoice") == [5]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_opened_again_after_the_plan_stays(backend: str, tmp_path: Path) -> None:
    with office(backend, tmp_path, [*people(), *INVOICES], tables(DATED, OPEN)) as found:
        gallring = found.gallring
        gallring.approve("first", gallring.plan("first"))
        gallring.step("confirm", "first")
        gallring.change("office", "UPDATE invoice SET state = 'posted' WHERE id = 2")
        gallring.act("first")
        assert found.ids("invoice") == [1, 2, 3, 5]
        assert [entry.body["drift"] for entry in gallring.ledger("first", "batch_verified")].count(1) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_person_and_a_hold_may_go_on_by_state(backend: str, tmp_path: Path) -> None:
    person = deepcopy(PERSON)
    active, disputed = ([{"column": "state", "in": [state]}] for state in ("active", "disputed"))
    person["events"] += [
        {"event": "relationship", "ongoing": True, "where": active},
        {"event": "hold", "ongoing": True, "where": disputed},
    ]
    person["columns"]["state"] = "State"
    ddl = [
        "CREATE TABLE person (id integer NOT NULL PRIMARY KEY, no {TEXT}, name {TEXT}, ended_on date, state {TEXT})",
        "INSERT INTO person VALUES (1, 'K1', 'N', '2020-01-31', 'active'), (2, 'K2', 'N', '2020-01-31', 'left')",
        "INSERT INTO person VALUES (3, 'K3', 'N', '2020-01-31', 'disputed')",
    ]
    with office(backend, tmp_path, ddl, {"person": person}) as found:
        assert found.run() == "DONE"
        assert found.ids("person") == [1, 3]
        reasons = found.gallring.ledger("first", "planned")[0].body["tables"][0]["retain_by"]
        assert reasons == {"DELIVERY": 1, "LEGAL_HOLD": 1}
        found.gallring.change("office", "UPDATE person SET state = 'left'")
        assert found.run("second") == "DONE"
        assert found.ids("person") == []


def test_a_purpose_that_ends_with_what_goes_on_needs_no_day(tmp_path: Path) -> None:
    """It keeps nothing beyond the start: with the state everything about it is over."""
    person = deepcopy(PERSON)
    person["events"] = [{"event": "relationship", "ongoing": True, "where": [{"column": "ended_on", "in": [None]}]}]
    person["groups"]["all"] = {"purposes": ["DELIVERY"], "without_purpose": "expire"}
    with office("sqlite", tmp_path, people(), {"person": person}) as found:
        emission = load_policy(found.policy).maps["office"].tables["person"].emissions[0]
        assert emission.date is None
        assert found.run() == "DONE"
        assert found.ids("person") == [2, 4]
