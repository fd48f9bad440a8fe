"""A legal hold is on somebody: what it covers is looked up, told in counts, and refused where it is nobody."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call, document, everything
from tests.integration.harness import Iret

PLACE = ("hold", "place", "--owner", "Chefsjurist", "--reason", "Tvist T 1-26", "--review-on", "2027-05-01")
SIV = "siv.svensson1@mejl.example"
"""Customer 1 of the planted people, who is a debtor with invoices too."""
STRANGER = "kim.qvarnstrom@mejl.example"


def rows_of(systems: Iret, system: str, table: str, address: str) -> int:
    """Count a table's rows with an address, as its own staff would."""
    rows = systems.gallring.dump()[f"{system}.{table}"].values()
    return sum(str(row["email"]).casefold() == address for row in rows)


def test_a_hold_says_how_many_records_it_covers_and_where_it_is_kept(small: Iret, call: Call) -> None:
    tables = ("sales.customer", "finance.debtor", "finance.invoice")
    expected = {name: rows_of(small, *name.split("."), SIV) for name in tables}
    assert all(expected.values())
    where = f"sqlite:///{small.gallring.var / 'control' / 'control.db'}"
    assert document(call(*PLACE, "--kind", "email", "--value", SIV.upper(), "--json")) == {
        "hold_id": "H5", "covers": expected, "not_read": {}, "control": where,
    }  # fmt: skip
    done = call(*PLACE, "--kind", "email", "--value", SIV)
    assert (done.exit_code, done.stderr) == (0, "")
    covers = f"1 record in sales.customer, 1 record in finance.debtor, {expected['finance.invoice']} records in"
    first, kept = done.stdout.splitlines()
    assert first.startswith("H6 is in force from now on. It covers ")
    assert set(covers.split(", ")[:2]) < set(first.partition("covers ")[2].split(", "))
    assert first.endswith(", and what belongs to them.")
    assert kept == f"It is kept in {where}."
    assert SIV not in done.output.casefold()


def test_every_way_to_spell_an_identifier_finds_the_same_records(small: Iret, call: Call) -> None:
    spellings = ("196609079808", "19660907-9808", "660907-9808")
    found = [document(call(*PLACE, "--kind", "identity_number", "--value", each, "--json")) for each in spellings]
    assert found[0]["covers"]["sales.customer"] == 1
    assert all(each["covers"] == found[0]["covers"] for each in found)
    explained = document(call("explain", "sales.customer", "1", "--json"))
    assert explained["holds"] == [each["hold_id"] for each in found], "a run takes what was found to be covered"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (("--kind", "email", "--value", STRANGER), "no record has it in any mapped email"),
        (("--kind", "customer_number", "--value", "K9999999"), "no record has it in any mapped customer_number"),
        (("--record", "sales.customer", "--value", "999999"), "no record has it in sales.customer"),
        (("--record", "finance.invoice_line", "--value", "1,99"), "no record has it in finance.invoice_line"),
    ],
)
def test_a_hold_on_nobody_is_refused_unless_they_are_not_yet_known(
    small: Iret, call: Call, wanted: tuple[str, ...], told: str
) -> None:
    before = everything(small)
    done = call(*PLACE, *wanted)
    assert (done.exit_code, done.stdout) == (2, "")
    said = " ".join(done.stderr.split())
    assert f"The hold isn't placed: {told}" in said
    assert "--not-yet-known" in said
    assert everything(small) == before
    placed = call(*PLACE, *wanted, "--not-yet-known")
    assert placed.exit_code == 0
    assert placed.stdout.startswith("H5 is in force from now on. It covers no record yet.")
    assert wanted[-1] not in f"{done.output}{placed.output}"


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("postgresql://gallring:hemligt@127.0.0.1:1/sales", "system:marketing can't be read. Look at its server"),
        ("{", "AIRFLOW_CONN_GALLRING_MARKETING begins as JSON"),
    ],
)
def test_a_system_that_cannot_be_read_refuses_too_and_is_named(
    small: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, setting: str, told: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GALLRING_MARKETING", setting)
    done = call(*PLACE, "--kind", "email", "--value", SIV)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.split())
    placed = call(*PLACE, "--kind", "email", "--value", SIV, "--not-yet-known")
    assert placed.exit_code == 0
    assert "1 record in sales.customer" in placed.stdout, "what can be read is looked up all the same"
    assert "not looked at: " in placed.stdout
    assert told in " ".join(placed.stdout.partition("not looked at: ")[2].split())
    assert "hemligt" not in f"{done.output}{placed.output}"
    by_key = call(*PLACE, "--record", "sales.customer", "--value", "1")
    assert by_key.exit_code == 0, "a record is looked for in its own system alone"


def test_without_a_terminal_it_says_how_to_give_the_value(company: Iret) -> None:
    gallring = Path(sys.executable).with_name("gallring")
    command = [gallring, *PLACE, "--kind", "email"]
    done = subprocess.run(command, input="x\n", capture_output=True, text=True, check=False, start_new_session=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--value: wasn't given, and there is no terminal to ask at. Pass --value, or run" in done.stderr
    assert "Warning" not in done.stderr
    assert "Aborted" not in done.stderr


def test_the_list_breaks_no_day_in_a_pipe(small: Iret, call: Call) -> None:
    owner = "The general counsel, together with whoever acts for the company in this dispute"
    given = ("--owner", owner, "--reason", "Dispute over a delivery, case T 1-26, at the district court of Solna")
    assert call("hold", "place", *given, "--review-on", "2027-05-01", "--record", "sales.customer", "--value", "1",
                ).exit_code == 0  # fmt: skip
    shown = call("hold", "list").stdout
    assert re.search(r"^H5 .*court of Solna +2026-11-23T11:0\d:\d\dZ +2027-05-01 *$", shown, re.MULTILINE)
    assert len(shown.splitlines()) == 1 + 5, "one line for each hold"


def test_a_column_that_is_gone_cannot_be_looked_up(small: Iret, call: Call) -> None:
    small.gallring.change("marketing", "ALTER TABLE consent_event RENAME COLUMN email TO address")
    done = call(*PLACE, "--kind", "email", "--value", SIV)
    assert done.exit_code == 2
    assert "system:marketing can't be read" in " ".join(done.stderr.split())
