"""A firm on Tryton, by map alone: one text column ties notes, letters and documents to anything, and it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map.live import check_live
from include.retention.policy.load import load_policy
from tests.foreign.apps import TrytonApp
from tests.integration.harness import Gallring, databases

HERE = Path(__file__).parent / "tryton"
FIRM = TrytonApp(HERE, ("party", "company", "marketing_email"))
POLICY = HERE / "policy"
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
GONE = "Gallrad"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def firm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallring]:
    """The firm, made by Tryton's own migrations and filled through its own models. Tryton doesn't know MariaDB."""
    home = tmp_path_factory.mktemp("tryton")
    with databases(request.param, ["crm"], home) as urls, pytest.MonkeyPatch.context() as patch:
        FIRM.make(urls["crm"], home)
        FIRM.run(urls["crm"], "fill.py", "fill")
        gallring = Gallring(home / "var", urls, patch)
        patch.setenv("GALLRING_POLICY", str(POLICY))
        gallring.set_clock(NOON)
        yield gallring


def rows(gallring: Gallring, question: str) -> list[Any]:
    """Return what a query finds: values where it asks for one column."""
    engine = sa.create_engine(gallring.urls["crm"])
    with engine.connect() as connection:
        found = [row[0] if len(row) == 1 else tuple(row) for row in connection.exec_driver_sql(question)]
    engine.dispose()
    return found


def left(gallring: Gallring) -> dict[str, list[Any]]:
    """Return what the firm holds of whom, by customer number."""
    by_party = "FROM {table} t JOIN party_party p ON p.id = t.party ORDER BY p.code"
    by_resource = "FROM {table} t JOIN party_party p ON t.resource = 'party.party,' || p.id ORDER BY p.code, t.id"
    return {
        "parties": rows(gallring, "SELECT code, name FROM party_party ORDER BY code"),
        "streets": rows(gallring, "SELECT p.code, t.street_unstructured " + by_party.format(table="party_address")),
        "mail": rows(gallring, "SELECT p.code " + by_party.format(table="party_contact_mechanism")),
        "identifiers": rows(gallring, "SELECT p.code " + by_party.format(table="party_identifier")),
        "accounts": rows(
            gallring, "SELECT p.code, t.email, t.password_hash IS NULL " + by_party.format(table="web_user")
        ),
        "notes": rows(gallring, "SELECT p.code " + by_resource.format(table="ir_note")),
        "documents": rows(gallring, "SELECT p.code " + by_resource.format(table="ir_attachment")),
        "letters": rows(gallring, "SELECT p.code " + by_resource.format(table="ir_email")),
        "letter addresses": rows(gallring, "SELECT address FROM ir_email_address"),
        "attempts": rows(gallring, "SELECT login FROM web_user_authenticate_attempt"),
        "sessions": rows(gallring, "SELECT count(*) FROM web_user_session"),
        "readers": rows(gallring, "SELECT email FROM marketing_email"),
        "employees": rows(gallring, "SELECT count(*) FROM company_employee"),
    }


def test_a_firm_is_culled_by_its_map_and_goes_on(firm: Gallring) -> None:
    engine = engine_at(firm.urls["crm"])
    problems = check_live(load_policy(POLICY).maps["crm"], engine)
    engine.dispose()
    assert [str(problem) for problem in problems if problem.table is not None] == []

    before = left(firm)
    customers = ["K1", "K2", "K3", "K4", "K5"]
    assert before["notes"] == before["documents"] == before["identifiers"] == before["mail"] == customers
    assert before["letters"] == ["K1", "K1", "K2", "K2", "K5"]
    assert firm.whole("week1") == "DONE"
    now = left(firm)

    # Anna was last written to more than three years ago, Cecilia never was, Frida left two years ago. Beda got a letter
    # this year, Dora is new, Egil is employed, and the firm is a party, too.
    kept = ["K2", "K4", "K5"]
    assert [code for code, name in now["parties"] if name != GONE] == ["FIRMAN", *kept]
    assert [code for code, name in now["parties"] if name == GONE] == ["K1", "K3", "K99"]
    assert now["notes"] == now["documents"] == now["identifiers"] == now["mail"] == kept
    assert now["streets"] == [(code, f"Gatan {code[1]}" if code in kept else None) for code in customers]
    assert [(code, gone) for code, _, gone in now["accounts"]] == [(code, code not in kept) for code in customers]
    assert [code for code, mail, _ in now["accounts"] if mail is not None] == kept
    assert (now["letters"], now["letter addresses"]) == (["K2"], ["beda@example.se"])
    assert (now["attempts"], now["sessions"]) == (["dora@example.se"], [1])
    assert now["readers"] == ["new@example.se"], "one had become too old, one was left by its reader"
    assert now["employees"] == before["employees"]

    assert firm.whole("week2") == "NOTHING_DUE"
    told = json.loads(FIRM.run(firm.urls["crm"], "fill.py", "use"))
    assert sorted(told["names"]) == sorted(["Firman AB", "Beda Berg", "Dora Dahl", "Egil Ek", *[GONE] * 3])
    assert told["signed_in"] == [False, True, False, True]
    assert (told["note_on"], told["new"], told["listed"]) == ("Beda Berg", "Gull Gran", ["new@example.se"])
