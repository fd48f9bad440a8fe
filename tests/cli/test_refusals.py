"""Bad input: a clear error that names what is wrong, where, and what to do; exit code 2; and nothing changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.retention.errors import ConnectionSettingError
from include.retention.keys import generate_key
from tests.cli.conftest import Call, document, everything
from tests.integration.harness import Iret, policy_with

REVIEW = ("--owner", "Chefsjurist", "--reason", "Tvist T 1-26", "--review-on", "2027-05-01")
BY = ("--by", "Chefsjurist", "--reason", "Tvist T 1-26 avslutad")
PLACE = ("hold", "place", *REVIEW)
ON_RECORD = (*PLACE, "--record", "sales.customer", "--value", "1")
EXPLAIN = ("explain", "sales.customer", "1")
ACCEPT = ("accept-extract", "sales.customer", "--by", "dpo")
COMMANDS = [
    ("check",), ("plan",), EXPLAIN, ("verify",), ("report",), ACCEPT, ON_RECORD, ("hold", "list"),
    ("hold", "release", "H1", *BY),
]  # fmt: skip
"""Every command, called as it should be."""


def refuses(systems: Iret, call: Call, arguments: tuple[str, ...], *told: str) -> None:
    """The command refuses, in text and in JSON, and leaves everything as it was."""
    before = everything(systems)
    plain = call(*arguments)
    assert (plain.exit_code, plain.stdout) == (2, "")
    as_json = call(*arguments, "--json")
    assert as_json.exit_code == 2
    content = document(as_json)
    assert content["error"].endswith("Error")
    said = " ".join(plain.stderr.split())
    problems = content.get("problems", [content])
    machine = " ".join(str(value) for problem in problems for value in problem.values())
    for each in told:
        assert each in said
        assert each in machine
    assert everything(systems) == before


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_setting_that_cannot_be_used(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GALLRING_BUCKETS", "none")
    refuses(company, call, arguments, "environment", "GALLRING_BUCKETS", "Give a whole number from 1 to 1024.")


@pytest.mark.parametrize("arguments", [each for each in COMMANDS if each != ("check",)], ids=" ".join)
def test_a_control_database_that_cannot_be_used(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GALLRING_CONTROL_URL", "mysql+pymysql://gallring:hemligt@db/gallring")
    refuses(company, call, arguments, "environment", "GALLRING_CONTROL_URL", "Give sqlite:////absolute/path/control.db")
    assert "hemligt" not in call(*arguments).stderr


@pytest.mark.parametrize("url", ["rubbish", "postgresql+psycopg://gallring:hemligt@127.0.0.1:1/gallring"])
def test_a_control_database_that_cannot_be_reached(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("GALLRING_CONTROL_URL", url)
    refuses(company, call, ("verify",), "The control database can't be used. Look at GALLRING_CONTROL_URL.")
    assert "hemligt" not in call("verify").stderr


@pytest.mark.parametrize("arguments", [("check",), ("plan",), EXPLAIN, ACCEPT, ON_RECORD], ids=" ".join)
def test_a_policy_that_cannot_be_used(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GALLRING_POLICY", str(policy_with(tmp_path, "max_share: 0.35", "max_share: 35")))
    refuses(company, call, arguments, "retention_schedule.yaml", "guards.max_share")


@pytest.mark.parametrize("arguments", [("check",), ("plan",), EXPLAIN, ON_RECORD], ids=" ".join)
def test_no_key(company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    monkeypatch.delenv("GALLRING_KEY")
    refuses(company, call, arguments, "environment", "GALLRING_KEY", "Generate one with", "KEY_MISSING")


def test_a_key_under_which_no_hold_would_be_found(company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALLRING_KEY", generate_key())
    for arguments in (("check",), ("plan",), EXPLAIN):
        refuses(company, call, arguments, "GALLRING_OLD_KEYS", "4 legal holds", "would be overlooked", "Add that key")


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("{", "begins as JSON but isn't valid JSON. Mend it."),
        (
            "sqlite:////nowhere/sales.db",
            "data_map/sales.yaml: connection: The connection gallring_sales names /nowhere",
        ),
        ("postgresql://gallring:hemligt@127.0.0.1:1/sales", "Look at its server, and at"),
    ],
)
def test_a_system_that_cannot_be_reached(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, setting: str, told: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GALLRING_SALES", setting)
    for arguments in (("check",), ("plan",)):
        refuses(company, call, arguments, told, "sales", "AIRFLOW_CONN_GALLRING_SALES")
        assert "hemligt" not in call(*arguments).stderr


def test_a_missing_file_isnt_made_and_an_undefined_connection_names_its_map(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GALLRING_SALES", f"sqlite:///{tmp_path}/sales.db")
    for arguments in (("check",), ("plan",), ("map", "draft", "gallring_sales")):
        refuses(company, call, arguments, f"names {tmp_path}/sales.db, and no file is there.")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv("AIRFLOW_CONN_GALLRING_SALES")
    monkeypatch.setattr("include.retention.connections._from_airflow", _undefined)
    for arguments in (("check",), ("plan",)):
        refuses(
            company, call, arguments, "data_map/sales.yaml: connection: The connection gallring_sales isn't defined"
        )


def _undefined(connection_id: str, _setting: str) -> None:
    raise ConnectionSettingError(f"The connection {connection_id} isn't defined.")


def test_a_column_that_is_gone_leaves_nothing_to_plan(small: Iret, call: Call) -> None:
    small.gallring.change("sales", "ALTER TABLE contract RENAME COLUMN ended_on TO finished_on")
    refuses(small, call, ("plan",), "system:sales", "tables.contract.columns.ended_on", "isn't in the database")


UNMAPPED = "isn't a mapped table. Give SYSTEM.TABLE as in the data maps."
NO_KEY = "which is (customer_id). Give its values as 12,3 or as a JSON list."


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("explain", "sales.customr", "1"), ("SYSTEM.TABLE", f"sales.customr {UNMAPPED}")),
        (("explain", "customer", "1"), ("SYSTEM.TABLE", f"customer {UNMAPPED}")),
        (("explain", "sales.customer", "[1"), ("KEY", NO_KEY)),
        (("explain", "sales.customer", "1,2"), ("KEY", NO_KEY)),
        (("explain", "sales.customer", "[null]"), ("KEY", NO_KEY)),
        (("explain", "sales.customer", "999999"), ("KEY", "has no record with that key", "check the key")),
        (("plan", "--as-of", "2026-02-30"), ("--as-of", "2026-02-30 is no day. Write it as 2026-03-01.")),
        ((*EXPLAIN, "--as-of", "1/3 2026"), ("--as-of", "1/3 2026 is no day.")),
        (("plan", "--as-of", "9999-12-31"), ("--as-of", "9999-12-31 is no day to decide for. Give 1900-01-01 to")),
        (("plan", "--as-of", "1899-12-31"), ("--as-of", "is no day to decide for")),
        ((*EXPLAIN, "--as-of", "2200-01-01"), ("--as-of", "is no day to decide for. Give 1900-01-01 to 2199-12-31.")),
        (("check", "--account", "gallring"), ("--account", "goes with --grants alone. Add --grants, or leave it out.")),
        (("report", "nobodys"), ("run nobodys isn't in the control database",)),
        (("report",), ("There is no run yet", "Trigger the DAG `gallring`")),
        (("accept-extract", "sales.customr", "--by", "dpo"), ("SYSTEM.TABLE", UNMAPPED)),
        (ACCEPT, ("sales.customer: no earlier size is known", "nothing to accept")),
        ((*PLACE, "--value", "1"), ("needs one of --kind and --record",)),
        ((*ON_RECORD, "--kind", "email"), ("needs one of --kind and --record",)),
        ((*PLACE, "--record", "sales.customr", "--value", "1"), ("--record", UNMAPPED)),
        ((*PLACE, "--record", "sales.customer", "--value", "[1"), ("--value", NO_KEY)),
        ((*PLACE, "--record", "sales.customer", "--value", "[1.5]"), ("--value", NO_KEY)),
        ((*PLACE, "--record", "finance.invoice_line", "--value", "1"), ("(invoice_id, line_no)",)),
        ((*PLACE, "--record", "sales.customer", "--value", ""), ("it covers nothing",)),
        ((*PLACE, "--kind", "identity_number", "--value", "1"), ("--value", "identifies nobody. Give it in full")),
        ((*ON_RECORD, "--owner", " "), ("it has no owner. Name who answers for it.",)),
        ((*ON_RECORD, "--reason", "om anna@mejl.example"), ("its reason looks as if it held", "a case number")),
        ((*ON_RECORD, "--review-on", "2026-11-23"), ("its review date must lie ahead, at most 5 years.",)),
        ((*ON_RECORD, "--review-on", "2040-01-01"), ("its review date must lie ahead, at most 5 years.",)),
        (("hold", "release", "H99", *BY), ("No hold H99 is in force", "released before, or its id is another one")),
        (("hold", "release", "1", *BY), ("No hold 1 is in force",)),
        (("hold", "release", "H1", "--by", " ", "--reason", "x"), ("it has no releaser. Say who releases it.",)),
        (("hold", "release", "H1", "--by", "Jurist", "--reason", "om anna@mejl.example"), ("its reason looks as if",)),
    ],
    ids=str,
)  # fmt: skip
def test_what_was_asked_cannot_be_done(
    company: Iret, call: Call, arguments: tuple[str, ...], told: tuple[str, ...]
) -> None:
    refuses(company, call, arguments, *told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("plan", "--as-of", "tomorrow"), "--as-of"),
        (("explain", "sales.customer"), "key"),
        (("accept-extract", "sales.customer"), "--by"),
        (("hold", "place", "--owner", "x", "--reason", "y"), "--review-on"),
        ((*PLACE, "--kind", "shoe_size", "--value", "43"), "--kind"),
        (("destroy",), "destroy"),
    ],
    ids=str,
)
def test_what_isnt_a_command(company: Iret, call: Call, arguments: tuple[str, ...], told: str) -> None:
    before = everything(company)
    done = call(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert everything(company) == before
