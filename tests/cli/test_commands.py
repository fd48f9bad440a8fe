"""Every command as it should be: text and JSON, exit codes 0 and 1, and what it changes."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer

from include.retention import clock
from include.retention.cli.main import app
from include.retention.errors import GuardError
from include.retention.keys import DEMO_KEY
from include.retention.ledger.runs import finish_run
from include.retention.ledger.sizes import previous_sizes, record_sizes
from include.retention.ledger.store import make_control
from include.retention.terms import Mode, RunOutcome
from tests.cli.conftest import Call, document, everything
from tests.integration.harness import AS_OF, Gallring, Iret, expectations, policy_with, spelt
from tests.places import ROOT

PAGE = ROOT / "include" / "docs" / "reference" / "command-line.md"
HOLD = ("hold", "place", "--owner", "Chefsjurist", "--reason", "Tvist [T 1-26]", "--review-on", "2027-05-01")


# check


def test_check_says_that_all_is_in_order(company: Iret, call: Call) -> None:
    before = everything(company)
    done = call("check")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "In order: 3 systems, 2 notices." in done.stdout
    told = document(call("check", "--json"))
    assert (told["ok"], told["systems"], told["problems"]) == (True, 3, [])
    assert {notice["code"] for notice in told["notices"]} == {"PAST_PUBLISHED_CEILING", "CASCADE_PATH"}
    assert everything(company) == before


def test_check_names_what_is_wrong_with_exit_code_1(small: Iret, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    small.gallring.change("sales", "ALTER TABLE web_login ADD COLUMN nickname TEXT")
    done = call("check")
    assert done.exit_code == 1
    said = " ".join(done.stdout.split())
    assert "problem system:sales: tables.web_login.columns.nickname: is in the database and not in the map" in said
    assert "Nothing is destroyed in: sales.web_login" in said
    assert "1 problem: 3 systems, 2 notices." in said
    monkeypatch.setenv("GALLRING_OLD_KEYS", os.environ["GALLRING_KEY"])
    monkeypatch.setenv("GALLRING_KEY", DEMO_KEY)
    as_json = call("check", "--json")
    assert as_json.exit_code == 1
    told = document(as_json)
    assert told["ok"] is False
    assert {each["code"]: each["table"] for each in told["problems"]} == {
        "KEY_DEFAULT": None,
        "UNDECLARED_COLUMN": "sales.web_login",
    }


def test_check_says_when_every_run_is_refused(small: Iret, call: Call) -> None:
    small.gallring.change("sales", "ALTER TABLE note RENAME COLUMN body TO text")
    small.gallring.change("sales", "ALTER TABLE web_login ADD COLUMN nickname TEXT")
    done = call("check")
    said = " ".join(done.stdout.split())
    assert done.exit_code == 1
    assert "Every run is refused, for all systems: sales.note can't be read as mapped." in said
    assert "Nothing is destroyed in: sales.web_login " in said
    told = document(call("check", "--json"))
    assert (told["unreadable"], told["closed"]) == (["sales.note"], ["sales.web_login"])


def test_check_holds_the_rules_days_against_today(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = "    approved_on: 2026-09-14\n    review_on: 2027-09-14\n"
    policy = Path(shutil.copytree(ROOT / "include" / "policy", tmp_path / "policy"))
    schedule = policy / "retention_schedule.yaml"
    new = "    approved_on: 2026-11-24\n    review_on: 2026-11-22\n"
    schedule.write_text(schedule.read_text("utf-8").replace(old, new, 1), "utf-8")
    monkeypatch.setenv("GALLRING_POLICY", str(policy))
    told = document(call("check", "--json"))
    assert [problem["code"] for problem in told["problems"]] == ["APPROVED_AHEAD"]
    assert "2026-11-24, which lies ahead" in told["problems"][0]["what"]
    assert "REVIEW_OVERDUE" in {notice["code"] for notice in told["notices"]}
    schedule.write_text(
        schedule.read_text("utf-8").replace("2026-11-24", "2026-11-23").replace("2026-11-22", "2026-11-23"), "utf-8"
    )
    told = document(call("check", "--json"))
    assert told["ok"], "today is neither ahead nor overdue"
    assert "REVIEW_OVERDUE" not in {notice["code"] for notice in told["notices"]}


def test_check_tells_every_mistake_at_once(
    small: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small.gallring.change("finance", "ALTER TABLE invoice ADD COLUMN nickname TEXT")
    monkeypatch.setenv("GALLRING_MAIL_TO", "nobody")
    monkeypatch.delenv("GALLRING_KEY")
    monkeypatch.setenv("AIRFLOW_CONN_GALLRING_SALES", json.dumps({"conn_type": "oracle", "host": "x"}))
    missing = {"conn_type": "sqlite", "host": str(tmp_path / "missing.db")}
    monkeypatch.setenv("AIRFLOW_CONN_GALLRING_MARKETING", json.dumps(missing))
    done = call("check", "--json")
    assert done.exit_code == 2
    told = document(done)
    assert {(each["file"], each["key"]) for each in told["problems"]} == {
        ("environment", "GALLRING_MAIL_TO"),
        ("environment", "GALLRING_KEY"),
        ("system:sales", "gallring_sales"),
        ("system:marketing", "gallring_marketing"),
        ("system:finance", "tables.invoice.columns.nickname"),
    }
    said = call("check").stderr
    assert all(each["what"] in said for each in told["problems"])


def test_check_tells_a_setting_and_the_policy_together(
    small: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GALLRING_BUCKETS", "none")
    monkeypatch.setenv("GALLRING_POLICY", str(policy_with(tmp_path, "max_share: 0.35", "max_share: 35")))
    told = document(call("check", "--json"))
    assert {each["key"] for each in told["problems"]} == {"GALLRING_BUCKETS", "guards.max_share"}


# plan


def test_plan_counts_what_is_expected_and_changes_nothing(company: Iret, call: Call) -> None:
    before = everything(company)
    done = call("plan", "--json")
    assert done.exit_code == 0, done.stderr
    told = document(done)
    assert (told["as_of"], told["problems"]) == (str(AS_OF), [])
    due = {f"{each['system']}.{each['table']}": each["delete"] for each in told["tables"] if each["delete"]}
    expected = expectations(company.sample)
    going = {(each.system, each.table, each.key) for each in expected if each.verdict == "DELETE"}
    assert due == dict(Counter(f"{system}.{table}" for system, table, _ in going))
    parts = ("delete", "anonymise", "retain", "refer", "nothing_left", "not_personal", "closed")
    for each in told["tables"]:
        assert each["population"] == sum(each[part] for part in parts)
    assert everything(company) == before


def test_plan_looks_ahead_and_tells_of_closed_tables(small: Iret, call: Call) -> None:
    small.gallring.change("sales", "ALTER TABLE web_login ADD COLUMN nickname TEXT")
    before = everything(small)
    done = call("plan", "--as-of", "2030-01-01")
    assert (done.exit_code, done.stderr) == (1, ""), "a closed table is something wrong"
    leads = re.search(r"^sales\.lead +24 +(\d+) ", done.stdout, re.MULTILINE)
    assert leads
    assert int(leads[1]) > 13, "more than today"
    assert re.search(r"^sales\.lead is due by: .*PROSPECTING \d+", done.stdout, re.MULTILINE)
    said = " ".join(done.stdout.split())
    assert "closed system:sales: tables.web_login.columns.nickname" in said
    assert re.search(r"As of 2030-01-01: \d+ records are due. A dry run; nothing was changed.$", said)
    assert everything(small) == before


@pytest.mark.parametrize("day", ["1900-01-01", "2199-12-31"])
def test_the_first_and_the_last_day_can_be_decided_for(company: Iret, call: Call, day: str) -> None:
    for arguments in (("plan",), ("explain", "sales.customer", "1")):
        done = call(*arguments, "--as-of", day)
        assert (done.exit_code, done.stderr) == (0, "")
        assert day in done.stdout


# verify


def tamper(gallring: Gallring, statement: str) -> None:
    """Change the ledger behind Gallring's back, as whoever owns the file can."""
    with closing(sqlite3.connect(gallring.var / "control" / "control.db")) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        assert triggers
        for (name,) in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        assert connection.execute(statement).rowcount > 0
        connection.commit()


def test_verify_finds_the_ledger_whole(company: Iret, call: Call) -> None:
    before = everything(company)
    done = call("verify")
    assert done.exit_code == 0
    said = r"Whole: 4 entries, 0 report files as they were written\.\nHead 4:[0-9a-f]{64}\n"
    assert re.fullmatch(said, done.stdout)
    told = document(call("verify", "--json"))
    assert (told["ok"], told["entries"], told["broken_at"], told["what"]) == (True, 4, None, "")
    assert everything(company) == before


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("UPDATE ledger_entry SET body = replace(body, 'Chefsjurist', 'Nobody') WHERE seq = 2", 2),
        ("UPDATE ledger_entry SET at = replace(at, '2026', '2025') WHERE seq = 3", 3),
        ("DELETE FROM ledger_entry WHERE seq = 3", 3),
        ("DELETE FROM ledger_entry WHERE seq = 4", 4),
    ],
)
def test_verify_notices_a_ledger_that_was_tampered_with(small: Iret, call: Call, statement: str, entry: int) -> None:
    tamper(small.gallring, statement)
    before = everything(small)
    done = call("verify")
    assert done.exit_code == 1
    assert done.stdout.startswith(f"Broken at entry {entry}: ")
    assert "Keep the database and the reports as they are, and tell the data protection officer." in done.stdout
    as_json = call("verify", "--json")
    assert as_json.exit_code == 1
    told = document(as_json)
    assert (told["ok"], told["broken_at"]) == (False, entry)
    assert told["what"]
    assert everything(small) == before


def test_verify_holds_the_ledger_against_what_the_reports_printed(begun: Iret, call: Call) -> None:
    assert call("verify").exit_code == 0
    shutil.rmtree(begun.gallring.var / "control")
    make_control(f"sqlite:///{begun.gallring.var / 'control' / 'control.db'}").dispose()
    done = call("verify")
    assert done.exit_code == 1
    assert "the end of the ledger was cut off" in done.stdout


def test_verify_says_where_a_report_can_no_longer_prove_anything(begun: Iret, call: Call) -> None:
    (begun.gallring.var / "reports" / "first" / "report.json").write_text("{", "utf-8")
    done = call("verify")
    assert done.exit_code == 1
    assert "report.json of first can't be read" in " ".join(done.stdout.split())
    assert call("report").exit_code == 0, "it can be written again from the ledger"
    assert call("verify").exit_code == 1, "another copy doesn't mend the original"


@pytest.mark.parametrize("change", ["edit", "remove", "the rules"])
def test_verify_notices_a_report_that_was_changed(begun: Iret, call: Call, change: str) -> None:
    folder = begun.gallring.var / "reports" / "first"
    done = call("verify")
    assert (done.exit_code, "4 report files as they were written" in done.stdout) == (0, True)
    if change == "edit":
        page = folder / "gallringsprotokoll.sv.html"
        page.write_text(page.read_text("utf-8").replace("2026", "2025", 1), "utf-8")
    elif change == "remove":
        (folder / "report.csv").unlink()
    else:
        rules = folder / "rules" / "retention_schedule.yaml"
        rules.write_text(rules.read_text("utf-8").replace("max_share: 0.35", "max_share: 0.9"), "utf-8")
    done = call("verify")
    assert done.exit_code == 1
    told = {
        "edit": "it was changed",
        "remove": "report.csv is gone",
        "the rules": "doesn't hold the rules of run first",
    }
    assert told[change] in " ".join(done.stdout.split())
    assert document(call("verify", "--json"))["ok"] is False


def test_verify_takes_heads_that_were_noted_elsewhere(begun: Iret, call: Call) -> None:
    told = document(call("verify", "--json"))
    head = f"{told['head_seq']}:{told['head']}"
    assert call("verify", "--head", head).exit_code == 0
    other = call("verify", "--head", f"{told['head_seq']}:{'0' * 64}")
    assert (other.exit_code, "Broken at entry" in other.stdout) == (1, True)
    assert "isn't a head of the ledger" in call("verify", "--head", "128").stderr


def test_verify_and_the_next_run_notice_a_hold_that_vanished(small: Iret, call: Call) -> None:
    tamper(small.gallring, "DELETE FROM legal_hold WHERE number = 2")
    done = call("verify")
    assert done.exit_code == 1
    assert "The legal hold H2 was placed and never released, and is gone." in done.stdout
    with pytest.raises(GuardError, match="legal holds H2 were placed and never released"):
        small.gallring.begin("next")
    assert small.gallring.ledger("next", "refused")


def test_nothing_is_destroyed_over_a_broken_ledger(small: Iret, call: Call) -> None:
    small.gallring.begin("before", mode=Mode.DRY_RUN)
    tamper(small.gallring, "UPDATE ledger_entry SET kind = 'other' WHERE seq = 1")
    assert call("verify").exit_code == 1
    with pytest.raises(
        GuardError, match=r"The ledger isn't whole: entry 1: .* Nothing is destroyed over a broken ledger"
    ):
        small.gallring.begin("next")
    small.gallring.begin("look", mode=Mode.DRY_RUN)


# referrals


def test_referrals_are_listed_by_key_and_nothing_is_changed(small: Iret, call: Call) -> None:
    expected = {
        (f"{each.system}.{each.table}", each.key, each.group)
        for each in expectations(small.sample)
        if each.verdict == "REFER"
    }
    before = everything(small)
    content = document(call("referrals", "--json"))
    found = {(each["table"], spelt(each["key"]), each["group"]) for each in content["questions"]}
    assert len(found) > 50
    assert found <= expected, "where nothing is left in a group, nobody is asked"
    assert content["records"] == len({each[:2] for each in found})
    one = call("referrals", "sales.contract").stdout.splitlines()
    assert len(one) > 1
    assert all(line.startswith("sales.contract [") for line in one[:-1])
    assert everything(small) == before


# report, accept-extract


@pytest.fixture
def begun(small: Iret) -> Iret:
    """A run that broke off, with its report."""
    small.gallring.begin("first", mode=Mode.DRY_RUN)
    small.gallring.step("report", "first", ["extract"])
    return small


def test_report_writes_the_latest_report_again(begun: Iret, call: Call) -> None:
    folder = begun.gallring.var / "reports" / "first"
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    shutil.rmtree(folder)
    ledger, systems = len(begun.gallring.ledger()), begun.gallring.dump()
    done = call("report")
    assert (done.exit_code, done.stderr) == (0, "")
    first, *paths = done.stdout.splitlines()
    assert first == "first: FAILED"
    assert sorted(paths) == [str(folder / name) for name in names]
    assert all(Path(path).stat().st_size for path in paths)
    assert [entry.kind for entry in begun.gallring.ledger()[ledger:]] == ["reported"]
    assert begun.gallring.dump() == systems


def test_a_report_written_again_lies_beside_the_original_and_says_so(begun: Iret, call: Call) -> None:
    folder = begun.gallring.var / "reports" / "first"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    told = document(call("report", "first", "--json"))
    copy = Path(told["directory"])
    assert (told["run_id"], told["outcome"], copy.parent) == ("first", "FAILED", folder)
    assert sorted(told["files"]) == sorted(before)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert "Utskrift i efterhand" in (copy / "gallringsprotokoll.sv.html").read_text("utf-8")
    assert "Utskrift i efterhand" not in before["gallringsprotokoll.sv.html"].decode()
    [entry] = begun.gallring.ledger("first", "reported_again")
    assert (entry.body["directory"], entry.body["files"]) == (copy.name, told["files"])
    assert "8 report files" in call("verify").stdout


def test_a_report_is_written_by_the_rules_of_its_run(
    begun: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GALLRING_POLICY", str(policy_with(tmp_path, "max_share: 0.35", "max_share: 0.3")))
    assert call("report", "first").exit_code == 0, "its rules were kept"
    shutil.rmtree(begun.gallring.var / "reports" / "first" / "rules")
    done = call("report", "first")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "The rules have changed since run first" in done.stderr


def test_accept_extract_forgets_the_size_and_says_who_answers(small: Iret, call: Call) -> None:
    small.gallring.begin("first")
    with small.gallring.control() as connection:
        record_sizes(connection, "first", "sales", {"customer": 94, "lead": 24})
        finish_run(connection, "first", RunOutcome.DONE, clock.now())
    done = call("accept-extract", "sales.customer", "--by", "dpo")
    assert (done.exit_code, done.stdout) == (0, "sales.customer: the next run measures anew.\n")
    assert document(call("accept-extract", "sales.lead", "--by", "dpo", "--json")) == {
        "accepted": "sales.lead",
        "by": "dpo",
    }
    with small.gallring.control() as connection:
        assert previous_sizes(connection, "sales") == {}
    told = [(entry.body["table"], entry.body["by"]) for entry in small.gallring.ledger(None, "extract_accepted")]
    assert told == [("customer", "dpo"), ("lead", "dpo")]


# hold


def test_a_hold_is_placed_listed_and_released(small: Iret, call: Call) -> None:
    placed = call(*HOLD, "--record", "finance.invoice_line", "--value", "23, 1")
    assert placed.exit_code == 0, placed.stderr
    assert placed.stdout.startswith("H5 is in force from now on. It covers 1 record in finance.invoice_line, and ")
    listed = document(call("hold", "list", "--json"))
    assert [each["hold_id"] for each in listed] == ["H1", "H2", "H3", "H4", "H5"]
    assert listed[-1] == {
        "hold_id": "H5", "covers": "one record in finance.invoice_line",
        "owner": "Chefsjurist", "reason": "Tvist [T 1-26]",
        "placed_at": listed[-1]["placed_at"], "review_on": "2027-05-01",
    }  # fmt: skip
    assert re.fullmatch(r"2026-11-23T11:0\d:\d\dZ", listed[-1]["placed_at"])
    assert listed[1]["covers"] == "somebody, by email"
    shown = call("hold", "list").stdout
    assert "Tvist [T 1-26]" in " ".join(shown.split())
    assert "…" not in shown, "nothing is cut"
    assert document(call("hold", "release", "H5", "--by", "Chefsjurist", "--reason", "Förlikning", "--json")) == {
        "released": "H5"
    }
    assert "H5" not in call("hold", "list").stdout
    kinds = [entry.kind for entry in small.gallring.ledger() if entry.body.get("hold_id") == "H5"]
    assert kinds == ["hold_placed", "hold_released"]


def test_no_hold_in_force(small: Iret, call: Call) -> None:
    for number in range(1, 5):
        done = call("hold", "release", f"H{number}", "--by", "Chefsjurist", "--reason", "Förlikning")
        assert (done.exit_code, done.stdout) == (0, f"H{number} is released.\n")
    assert call("hold", "list").stdout == "No hold is in force.\n"
    assert document(call("hold", "list", "--json")) == []


def test_the_value_is_asked_for_and_kept_nowhere(small: Iret, call: Call) -> None:
    arguments = (*HOLD, "--kind", "email", "--not-yet-known", "--json")
    done = call(*arguments, answer="Kim.Qvarnstrom@Mejl.Example\n")
    assert done.exit_code == 0, done.stderr
    assert document(done)["hold_id"] == "H5"
    assert "Identifier, or the record's key" in done.stderr, "standard output holds the document alone"
    assert "qvarnstrom" not in f"{done.output}{small.gallring.control_rows()}".casefold()


# All of them


def commands(command: Any, name: str = "gallring") -> Iterator[tuple[str, Any]]:
    """Yield every command with its whole name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    else:
        for short, each in inner.items():
            yield from commands(each, f"{name} {short}")


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_the_commands_are_these() -> None:
    assert set(COMMANDS) == {
        "gallring check", "gallring plan", "gallring explain", "gallring verify", "gallring report",
        "gallring accept-extract", "gallring hold place", "gallring hold list", "gallring hold release",
        "gallring map draft", "gallring map accept", "gallring discover",
        "gallring referrals", "gallring stop",
    }  # fmt: skip


def test_every_command_says_what_it_does_and_gives_json(call: Call) -> None:
    for name, command in COMMANDS.items():
        assert command.help, name
        options = {option for each in command.params for option in each.opts}
        assert "--json" in options, name
        assert all(each.help for each in command.params if each.param_type_name == "option"), name
        assert call(*name.split()[1:], "--help").exit_code == 0


def test_every_command_and_option_is_documented() -> None:
    page = PAGE.read_text("utf-8")
    sections = {title: body for title, _, body in (each.partition("\n") for each in page.split("\n## ")[1:])}
    assert set(COMMANDS) <= set(sections)
    assert {title for title in sections if title.startswith("gallring ")} <= set(COMMANDS)
    assert "`--json`" in page.partition("\n## ")[0]
    for name, command in COMMANDS.items():
        options = {option for each in command.params for option in each.opts if option.startswith("--")}
        for option in options - {"--json"}:
            assert f"`{option}" in sections[name], f"{name} {option}"


def test_the_installed_command(company: Iret) -> None:
    gallring = Path(sys.executable).with_name("gallring")
    done = subprocess.run(
        [gallring, "check", "--json"], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["systems"] == 3
    assert done.stderr == ""
    refused = subprocess.run([gallring, "report", "nobodys"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "run nobodys isn't in the control database" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
