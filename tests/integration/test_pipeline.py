"""The pipeline's refusals, and its honesty: whatever goes wrong, nothing is destroyed unasked and the report says so.

One undisturbed run is kept at each of its stages. Every test comes back to one of them and disturbs what follows.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from include.retention import carrying_out, clock, files
from include.retention.cli.main import app
from include.retention.errors import (
    ActError,
    ApprovalError,
    ConfigurationError,
    GuardError,
    LedgerError,
    LockError,
    StopError,
    ValidationError,
)
from include.retention.keys import DEMO_KEY, Key
from include.retention.ledger.approvals import approval_for
from include.retention.ledger.holds import holds_in_force, release_hold, released_holds
from include.retention.ledger.locks import held_lock
from include.retention.ledger.store import open_control
from include.retention.staging import Staging
from include.retention.terms import Mode
from tests.integration.conftest import PLANTED
from tests.integration.harness import AS_OF, KEY, NOON, Dump, Gallring, Iret, iret, policy_with, spelt

RUN, NEXT = "run", "next"
EVIDENCE = {"ledger_entry", "ledger_head", "run"}
"""What even a run that changes nothing writes."""
At = Callable[[str], Iret]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iret]:
    """An undisturbed run, kept at each of its stages."""
    with iret("sqlite", tmp_path_factory.mktemp("stages"), PLANTED) as systems:
        gallring = systems.gallring
        systems.keep("new")
        planned = gallring.plan(RUN)
        systems.keep("planned")
        gallring.approve(RUN, planned)
        systems.keep("approved")
        gallring.step("confirm", RUN)
        systems.keep("confirmed")
        gallring.act(RUN)
        assert gallring.close(RUN) == "DONE"
        systems.keep("done")
        yield systems


@pytest.fixture(scope="module")
def final(stages: Iret) -> Dump:
    """Every row after the undisturbed run."""
    stages.restore("done")
    return stages.gallring.dump()


@pytest.fixture
def at(stages: Iret, monkeypatch: pytest.MonkeyPatch) -> At:
    """Come back to a stage. ``monkeypatch`` is undone after each test, the systems' own patches stay."""

    def come_back(stage: str) -> Iret:
        stages.restore(stage)
        return stages

    return come_back


def plan_of(gallring: Gallring, phase: str = "plan", run_id: str = RUN) -> tuple[Staging, pd.DataFrame]:
    """Return a phase's staging and the items in it."""
    staging = Staging(gallring.var / "staging" / run_id).phase(phase)
    return staging, staging.read("items")


def due(gallring: Gallring, table: str, action: str = "DELETE", run_id: str = RUN) -> list[str]:
    """Return the keys of a table's rows that are due, as JSON."""
    items = plan_of(gallring, run_id=run_id)[1]
    system, _, name = table.partition(".")
    mine = (items["system"] == system) & (items["table"] == name) & (items["action"] == action)
    return items["key"][mine].tolist()


def digest(gallring: Gallring) -> str:
    return str(plan_of(gallring)[0].read_json("sealed")["digest"])


def hold(*what: str) -> None:
    """Place a legal hold as a lawyer would."""
    asked = ["--owner", "Chefsjurist", "--reason", "Tvist T 1-26", "--review-on", "2027-05-01"]
    done = CliRunner().invoke(app, ["hold", "place", *asked, *what])
    assert done.exit_code == 0, done.stderr


def end_badly(gallring: Gallring, outcome: str) -> dict[str, Any]:
    """Report and finish a run that isn't done; return the findings' English sentences by their code."""
    assert gallring.step("report", RUN, list(gallring.failed))["outcome"] == outcome
    with pytest.raises(ActError, match=outcome) as caught:
        gallring.step("finish", RUN, list(gallring.failed))
    assert f"{RUN}/gallringsprotokoll.en.html" in str(caught.value), "the message says where the report is"
    gallring.assert_chain_whole()
    return findings(gallring, RUN, outcome)


def findings(gallring: Gallring, run_id: str, outcome: str) -> dict[str, str]:
    summary = gallring.report(run_id)["summary"]
    assert summary["outcome"] == outcome
    return {each["code"]: each["en"] for each in summary["findings"]}


def refuses_to_act(gallring: Gallring, error: type[Exception] = ApprovalError, *, match: str) -> None:
    """Every system refuses, and no row, no file and no batch has changed."""
    before = gallring.dump()
    for system in gallring.systems:
        with pytest.raises(error, match=match):
            gallring.step("act", RUN, system)
    assert gallring.dump() == before
    assert gallring.ledger(RUN, "batch_started") == []


# Approval


def test_without_an_approval_nothing_is_destroyed(at: At) -> None:
    systems = at("planned")
    gallring, files_before = systems.gallring, systems.files
    refuses_to_act(gallring, match="no approval of its plan .* clear `ask_for_approval`")
    assert systems.files == files_before
    assert "NOT_APPROVED" in end_badly(gallring, "FAILED")


def test_what_a_guard_asks_a_human_isnt_answered_by_anything_else(at: At) -> None:
    gallring = at("planned").gallring
    with pytest.raises(ApprovalError, match="human"):
        gallring.step("approve_automatically", RUN)
    assert gallring.ledger(RUN, "approved") == []


def test_an_approval_of_another_plan_is_none(at: At) -> None:
    gallring = at("confirmed").gallring
    with pytest.raises(ApprovalError, match=r"another plan .* Ask and answer again"):
        gallring.answer(RUN, "0" * 64)
    refuses_to_act(gallring, match="no approval")
    gallring.answer(RUN, digest(gallring))
    with gallring.control() as connection:
        assert approval_for(connection, RUN, digest(gallring)) is not None, "the right answer counts again"


def test_a_rejected_plan_changes_nothing_and_is_reported(at: At) -> None:
    systems = at("planned")
    gallring, before, files_before = systems.gallring, systems.gallring.dump(), systems.files
    with pytest.raises(ApprovalError, match="rejected"):
        gallring.answer(RUN, digest(gallring), approved=False)
    refuses_to_act(gallring, match="no approval")
    assert "dpo" in end_badly(gallring, "REJECTED")["REJECTED"]
    assert (gallring.dump(), systems.files) == (before, files_before)
    assert gallring.report(RUN)["summary"]["total"]["deleted"] in {None, 0}


def test_a_plan_rejected_at_first_and_then_approved_and_carried_out_is_done(at: At, final: Dump) -> None:
    gallring = at("planned").gallring
    with pytest.raises(ApprovalError, match="rejected"):
        gallring.answer(RUN, digest(gallring), approved=False)
    end_badly(gallring, "REJECTED")
    gallring.failed.clear()

    gallring.answer(RUN, digest(gallring))
    gallring.step("confirm", RUN)
    gallring.act(RUN)
    assert gallring.close(RUN) == "DONE"
    assert "REJECTED" not in findings(gallring, RUN, "DONE")
    assert gallring.dump() == final
    ends = [entry.body["outcome"] for entry in gallring.ledger(RUN, "run_finished")]
    assert ends == ["REJECTED", "DONE"], "the ledger keeps both"
    gallring.assert_chain_whole()


def test_the_setting_for_the_first_run_answers_no_other_guard(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    gallring = at("planned").gallring
    monkeypatch.setenv("GALLRING_FIRST_RUN", "approved")
    asked = {guard["guard"] for guard in plan_of(gallring)[0].read_json("sealed")["guards"]}
    assert asked == {"FIRST_RUN", "SHARE"}
    with pytest.raises(ApprovalError, match="human"):
        gallring.step("approve_automatically", RUN)


def test_the_setting_for_the_first_run_is_told_in_ledger_and_report(
    at: At, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gallring = at("new").gallring
    monkeypatch.setenv("GALLRING_FIRST_RUN", "approved")
    monkeypatch.setenv("GALLRING_POLICY", str(policy_with(tmp_path, "max_share: 0.35", "max_share: 0.99")))
    planned = gallring.plan(RUN)
    assert not planned["needs_approval"]
    assert [guard.startswith("No run that may act has ended well here") for guard in planned["guards"]] == [True]
    assert gallring.step("approve_automatically", RUN)["how"] == "configuration"
    [entry] = gallring.ledger(RUN, "approved")
    assert (entry.body["how"], entry.body["by"]) == ("configuration", "GALLRING_FIRST_RUN")
    assert "APPROVED_BY_CONFIGURATION" in end_badly(gallring, "FAILED"), "it hasn't acted yet"


# What was sealed


def drop_a_row(items: pd.DataFrame) -> pd.DataFrame:
    return items.iloc[1:]


def another_key(items: pd.DataFrame) -> pd.DataFrame:
    """Point an approved record's reference at another row."""
    return items.assign(key=[spelt([999]), *items["key"].iloc[1:]])


def delete_instead(items: pd.DataFrame) -> pd.DataFrame:
    return items.assign(action="DELETE")


@pytest.mark.parametrize("change", [drop_a_row, another_key, delete_instead])
@pytest.mark.parametrize("phase", ["plan", "confirm"])
def test_a_plan_changed_after_it_was_sealed_is_refused(at: At, phase: str, change: Callable[..., Any]) -> None:
    gallring = at("confirmed").gallring
    staging, items = plan_of(gallring, phase)
    staging.write("items", change(items))
    if phase == "plan":
        with pytest.raises(ApprovalError, match="Clear the task `plan`"):
            gallring.step("confirm", RUN)
    refuses_to_act(gallring, match="isn't the one that was sealed")


def test_a_row_smuggled_into_what_was_confirmed_is_refused(at: At) -> None:
    gallring = at("confirmed").gallring
    staging, items = plan_of(gallring, "confirm")
    decided = staging.read("decided/sales.customer")
    kept = decided[~decided["key"].isin(due(gallring, "sales.customer"))].iloc[0]
    row = items[(items["table"] == "customer") & (items["action"] == "DELETE")].iloc[[0]]
    row = row.assign(key=kept["key"], fingerprint=kept["fingerprint"])
    staging.write("items", pd.concat([items, row], ignore_index=True))
    refuses_to_act(gallring, match="isn't the one that was sealed")


# Days


def test_a_dry_run_may_look_ahead_and_changes_nothing_at_all(at: At) -> None:
    systems = at("new")
    gallring, files_before = systems.gallring, systems.files
    before, control = gallring.dump(), gallring.control_rows()
    planned = gallring.plan(RUN, mode=Mode.DRY_RUN, as_of=date(2035, 1, 1))
    assert planned["due"] > 247, "far more than today"
    assert not planned["needs_approval"]
    refuses_to_act(gallring, match="dry run: it may change nothing")
    gallring.failed.clear()
    assert gallring.end(RUN) == "DRY_RUN_DONE"
    assert (gallring.dump(), systems.files) == (before, files_before)
    after = gallring.control_rows()
    assert {name for name in after if after[name] != control[name]} == EVIDENCE
    assert gallring.report(RUN)["summary"]["total"]["due"] == planned["due"]
    assert list((gallring.var / "staging").iterdir()) == []


def test_no_run_that_could_act_looks_ahead(at: At) -> None:
    gallring = at("new").gallring
    before = gallring.dump()
    with pytest.raises(GuardError, match="lies ahead"):
        gallring.begin(RUN, as_of=AS_OF + timedelta(days=1))
    assert "GUARD_REFUSED" in end_badly(gallring, "REFUSED")
    assert gallring.dump() == before


def test_a_backfill_never_makes_more_due_than_today(at: At) -> None:
    gallring = at("planned").gallring
    today = parts(plan_of(gallring)[1])
    gallring.plan("backfill", mode=Mode.DRY_RUN, as_of=date(2019, 6, 30))
    then = parts(Staging(gallring.var / "staging" / "backfill").phase("plan").read("items"))
    assert then
    assert set(then) < set(today)
    # A deletion today may have been an erasure of some columns then, never the other way round.
    assert [ref for ref in then if "DELETE" not in today[ref] and not then[ref] <= today[ref]] == []


def parts(items: pd.DataFrame) -> dict[str, set[str]]:
    """Return per record what a plan destroys of it: some column groups, or the row."""
    return {row.record_ref: set(json.loads(row.groups)) or {row.action} for row in items.itertuples()}


def test_the_demonstration_key_destroys_nothing(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    gallring = at("new").gallring
    monkeypatch.setenv("GALLRING_KEY", DEMO_KEY)
    before = gallring.control_rows()
    with pytest.raises(ConfigurationError, match=r"environment: GALLRING_KEY: .*Generate one .*KEY_DEFAULT"):
        gallring.begin(RUN)
    assert gallring.control_rows() == before, "nothing has begun"


# What changes meanwhile


def rows_with(rows: Dump, value: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the rows of every system that hold a value."""
    return {
        (table, key): row for table, content in rows.items() for key, row in content.items() if value in row.values()
    }


@pytest.mark.parametrize("stage", ["approved", "confirmed"])
def test_a_hold_wins_until_the_last_moment(at: At, stage: str, final: Dump) -> None:
    gallring = at(stage).gallring
    before = gallring.dump()
    leaving = [row for key, row in before["sales.customer"].items() if key not in final["sales.customer"]]
    billed = {row["customer_no"] for row in before["finance.debtor"].values()}
    who = next(row for row in leaving if row["customer_no"] in billed)
    theirs = rows_with(before, who["customer_no"])
    hold("--kind", "customer_number", "--value", who["customer_no"])
    if stage == "approved":
        drift = gallring.step("confirm", RUN)["drift"]
        assert drift["sales.customer"] >= 1
        assert drift["finance.debtor"] >= 1
    gallring.act(RUN)
    after = gallring.dump()
    assert rows_with(after, who["customer_no"]) == theirs, "nothing about them is touched, in no system"
    verified = [entry.body for entry in gallring.ledger(RUN, "batch_verified")]
    spared = sum(body["drift"] for body in verified)
    assert len(theirs) <= spared <= 10
    assert sum(body["done"] for body in verified) == len(plan_of(gallring)[1]) - spared, "and everything else went"


def test_a_hold_on_one_record_covers_its_parts(at: At, final: Dump) -> None:
    gallring = at("confirmed").gallring
    before = gallring.dump()["sales.dialogue_entry"]
    lead = next(row["lead_id"] for key, row in before.items() if key not in final["sales.dialogue_entry"])
    hold("--record", "sales.lead", "--value", str(lead))
    gallring.step("act", RUN, "sales")
    after = gallring.dump()
    assert spelt([lead]) in after["sales.lead"]
    assert {key for key, row in before.items() if row["lead_id"] == lead} <= set(after["sales.dialogue_entry"])


OTHER_KEY = "c3" + KEY[2:]


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
def test_what_a_hold_kept_is_late_from_its_release_on(at: At, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Holds on a person by number and by e-mail address, on a record, and a request for restriction in a source."""
    gallring = at("done").gallring
    later, day = NOON + timedelta(days=60), AS_OF + timedelta(days=60)
    gallring.change("sales", "UPDATE privacy_request SET closed_on = :day WHERE closed_on IS NULL", day=day)
    gallring.set_clock(later - timedelta(hours=6))
    assert gallring.whole("held", as_of=day) == "DONE"
    gallring.set_clock(later)
    with gallring.control() as connection:
        for hold_id in holds_in_force(connection)["hold_id"]:
            release_hold(connection, hold_id, later, by="Chefsjurist", reason="Tvisten är löst")
    if key != KEY:
        monkeypatch.setenv("GALLRING_KEY", key)
        monkeypatch.setenv("GALLRING_OLD_KEYS", KEY)

    def late(run_id: str, days: int, mode: Mode) -> tuple[int, int]:
        """Return how many are late by the plan, and for how long."""
        gallring.set_clock(later + timedelta(days=days))
        gallring.plan(run_id, mode=mode, as_of=day + timedelta(days=days))
        [planned] = gallring.ledger(run_id, "planned")
        tables = planned.body["tables"]
        return sum(table["overdue"] for table in tables), max(table["overdue_days_max"] for table in tables)

    for days in (1, 14):
        assert late(f"after {days}", days, Mode.ENFORCE) == (0, 0)
        assert due(gallring, "sales.customer", run_id=f"after {days}")
    freed = late("after 15", 15, Mode.DRY_RUN)
    assert freed[0] > 3
    assert freed[1] == 15
    if key != KEY:
        with gallring.control() as connection:
            assert set(released_holds(connection)["key_id"]) == {Key(bytes.fromhex(key)).key_id}


def stop(*what: str, code: int = 0) -> str:
    """Use the stop switch as an operator would; return what is said."""
    done = CliRunner().invoke(app, ["stop", *what])
    assert done.exit_code == code, done.output
    return done.output


WHY = ("--by", "Driften", "--reason", "Fel i kassan")


def test_a_stop_lets_no_act_begin_and_a_released_one_lets_it_go_on(at: At, final: Dump) -> None:
    gallring = at("confirmed").gallring
    assert "Stopped since" in stop(*WHY)
    assert "It is stopped already, by Driften: Fel i kassan." in " ".join(stop(*WHY, code=2).split())
    refuses_to_act(gallring, StopError, match=r"stopped by Driften: Fel i kassan\. Let it go on with `gallring stop")
    told = gallring.ledger(RUN, "not_done")
    planned = plan_of(gallring)[1]
    assert sum(entry.body["count"] for entry in told) == len(planned)
    assert "Driften" in stop("--status")
    assert "Nothing is stopped" in stop("--release", *WHY)
    assert "Nothing is stopped. Nothing is changed." in stop("--release", *WHY, code=2)
    gallring.failed.clear()
    gallring.act(RUN)
    assert gallring.close(RUN) == "DONE", "what was refused is done by now"
    assert gallring.dump() == final


def test_a_stop_takes_effect_within_a_batch(at: At, final: Dump, monkeypatch: pytest.MonkeyPatch) -> None:
    gallring = at("confirmed").gallring
    verified = carrying_out._Journal.verified

    def stopping(journal: Any, *about: Any) -> None:
        verified(journal, *about)
        if not gallring.ledger(kind="stop_placed"):
            stop(*WHY)

    monkeypatch.setattr(carrying_out._Journal, "verified", stopping)
    with pytest.raises(ActError, match="destroying was stopped by somebody"):
        gallring.step("act", RUN, "sales")
    assert len(gallring.ledger(RUN, "batch_verified")) == 1
    monkeypatch.undo()
    assert len(gallring.ledger(RUN, "not_done")) > 1
    stop("--release", *WHY)
    gallring.failed.clear()
    gallring.act(RUN)
    assert gallring.close(RUN) == "DONE"
    assert gallring.dump() == final


@pytest.mark.parametrize("what", [(), ("--by", "Driften"), ("--by", "anna@example.se", "--reason", "x")])
def test_a_stop_says_who_and_why_without_an_address(at: At, what: tuple[str, ...]) -> None:
    gallring = at("confirmed").gallring
    assert "Nothing is changed" in " ".join(stop(*what, code=2).split())
    assert gallring.ledger(kind="stop_placed") == []


def test_what_lies_across_the_counts_is_counted_beside_them(at: At) -> None:
    gallring = at("planned").gallring
    per_row: dict[tuple[str, str, str], set[str]] = {}
    for (system, table, key, group), verdict in gallring.decided(RUN).items():
        per_row.setdefault((system, table, key), set()).update({verdict} if group else ())
    acted = {(row.system, row.table, row.key) for row in plan_of(gallring)[1].itertuples()}
    both = Counter((s, t) for (s, t, key), verdicts in per_row.items() if "REFER" in verdicts and (s, t, key) in acted)
    told = {(row["system"], row["table"]): row for row in gallring.ledger(RUN, "planned")[0].body["tables"]}
    # Where nothing is left in the group that waits, there is nothing to ask: the count may be lower, never higher.
    assert 0 < sum(row["refer_too"] for row in told.values()) <= both.total()
    assert all(row["refer_too"] <= both[name] for name, row in told.items())
    held = sum(row["held"] for row in told.values())
    hold("--record", "sales.lead", "--value", str(json.loads(due(gallring, "sales.lead")[0])[0]))
    gallring.plan(NEXT)
    covered = {(row["system"], row["table"]): row["held"] for row in gallring.ledger(NEXT, "planned")[0].body["tables"]}
    assert covered["sales", "lead"] == told["sales", "lead"]["held"] + 1
    assert sum(covered.values()) > held, "and what belongs to the lead"


def test_a_row_that_changes_after_the_last_reading_stays_and_is_counted_once(at: At, final: Dump) -> None:
    gallring = at("confirmed").gallring
    key = due(gallring, "sales.web_login")[0]
    [login] = json.loads(key)
    later = "UPDATE web_login SET logged_at = '2026-11-22 10:00' WHERE login_id = :id"
    assert gallring.change("sales", later, id=login) == 1
    changed = gallring.dump()["sales.web_login"][key]
    gallring.act(RUN)
    after = gallring.dump()
    assert after["sales.web_login"][key] == changed
    assert {name for name in after if after[name] != final[name]} == {"sales.web_login"}
    drift = [entry.body for entry in gallring.ledger(RUN, "batch_verified") if entry.body["drift"]]
    assert [(body["table"], body["drift"], body["remaining"]) for body in drift] == [("web_login", 1, 0)]
    for system in gallring.systems:
        gallring.step("validate", RUN, system)
    gallring.step("report", RUN, [])
    assert "CHANGED_SINCE_PLAN" in findings(gallring, RUN, "DONE")
    doubles_no_evidence(gallring)
    assert gallring.end(RUN) == "DONE"


def doubles_no_evidence(gallring: Gallring) -> None:
    """Repeat the tasks of a run that is done, as Airflow does when somebody clears them: the report stays the same."""
    before = gallring.report(RUN)["summary"]
    gallring.answer(RUN, digest(gallring))
    gallring.act(RUN)
    gallring.step("validate", RUN, "finance")
    gallring.step("report", RUN, [])
    again = gallring.report(RUN)["summary"]
    for part in ("outcome", "total", "systems", "validation", "findings", "sentence"):
        assert again[part] == before[part], part
    numbers = [entry.body["batch"] for entry in gallring.ledger(RUN, "batch_verified")]
    assert len(numbers) == len(set(numbers))
    assert len(gallring.ledger(RUN, "approved")) == 1


def test_a_file_that_cannot_be_deleted_is_not_done_and_the_next_run_does_it(
    at: At, final: Dump, monkeypatch: pytest.MonkeyPatch
) -> None:
    systems = at("confirmed")
    gallring = systems.gallring
    rows = gallring.dump()["sales.id_document"]
    going = {key: rows[key]["file_path"] for key in due(gallring, "sales.id_document")}
    key, path = next((key, path) for key, path in going.items() if path in systems.files)
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "unlink", locked(Path(path).name))
        with pytest.raises(ActError, match="id_document: 1 row, rows whose files couldn't be deleted"):
            gallring.act(RUN)
    assert gallring.dump()["sales.id_document"][key] == rows[key], "the pointer stays with its file"
    assert path in systems.files
    [entry] = gallring.ledger(RUN, "not_done")
    assert (entry.body["table"], entry.body["count"]) == ("id_document", 1)
    told = end_badly(gallring, "FAILED")
    assert {"FILES_REFUSED", "NOT_DONE"} <= set(told)
    assert path not in json.dumps(gallring.report(RUN)), "a file's name is a person's"

    gallring.approve(NEXT, gallring.plan(NEXT))
    gallring.step("confirm", NEXT)
    gallring.act(NEXT)
    assert gallring.ledger(NEXT, "not_done") == []
    assert gallring.dump() == final
    assert path not in systems.files


@pytest.mark.parametrize("cleared", ["all that follows", "only failed", "report alone, later"])
def test_a_failed_task_that_is_cleared_and_does_everything_makes_the_run_done(
    at: At, final: Dump, monkeypatch: pytest.MonkeyPatch, cleared: str
) -> None:
    systems = at("confirmed")
    gallring = systems.gallring
    rows = gallring.dump()["sales.id_document"]
    path = next(rows[key]["file_path"] for key in due(gallring, "sales.id_document"))
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "unlink", locked(Path(path).name))
        with pytest.raises(ActError):
            gallring.act(RUN)
    end_badly(gallring, "FAILED")
    gallring.failed.clear()

    gallring.act(RUN)
    for system in gallring.systems:
        gallring.step("validate", RUN, system)
    if cleared == "all that follows":
        assert gallring.step("report", RUN, [])["outcome"] == "DONE"
    if cleared == "report alone, later":
        gallring.failed.append("report")
        with pytest.raises(LedgerError, match="clear the task `report`"):
            gallring.step("finish", RUN, list(gallring.failed))
        gallring.failed.clear()
        assert gallring.step("report", RUN, [])["outcome"] == "DONE"
    assert gallring.step("finish", RUN, [])["outcome"] == "DONE"
    told = findings(gallring, RUN, "DONE")
    assert not {"NOT_DONE", "UNDONE", "FILES_REFUSED", "STEP_MISSING"} & set(told)
    assert gallring.dump() == final
    assert path not in systems.files
    gallring.assert_chain_whole()


def locked(name: str) -> Callable[..., None]:
    """Return an ``unlink`` to which one file is locked."""
    unlink = os.unlink

    def refuse(path: str, *, dir_fd: int | None = None) -> None:
        if path == name:
            raise PermissionError(13, "locked")
        unlink(path, dir_fd=dir_fd)

    return refuse


# What isn't declared


def test_what_the_map_doesnt_declare_closes_its_table_alone_and_fails_the_run(at: At, final: Dump) -> None:
    gallring = at("new").gallring
    gallring.change("sales", "ALTER TABLE web_login ADD COLUMN nickname TEXT")
    gallring.change("marketing", "CREATE TABLE raffle (raffle_id INTEGER PRIMARY KEY, winner TEXT)")
    gallring.change("marketing", "INSERT INTO raffle VALUES (1, 'Somebody')")
    before = gallring.dump()
    planned = gallring.plan(RUN)
    closed = [entry.body["closed_tables"] for entry in gallring.ledger(RUN, "extracted")]
    assert sorted((each["table"], each["problems"]) for part in closed for each in part) == [
        ("raffle", ["UNDECLARED_TABLE"]),
        ("web_login", ["UNDECLARED_COLUMN"]),
    ]
    gallring.approve(RUN, planned)
    gallring.step("confirm", RUN)
    gallring.act(RUN)
    after = gallring.dump()
    assert after["sales.web_login"] == before["sales.web_login"]
    assert after["marketing.raffle"] == before["marketing.raffle"]
    # A customer whose log-ins stay is anonymised instead: a kept row refers to it.
    assert {name for name in final if after[name] != final[name]} <= {"sales.web_login", "sales.customer"}
    for system in gallring.systems:
        gallring.step("validate", RUN, system)
    told = end_badly(gallring, "FAILED")["TABLES_CLOSED"]
    assert "2 tables are closed" in told
    assert "(raffle, web shop log-ins)" in told


@pytest.mark.parametrize("stage", ["approved", "confirmed"])
def test_what_closes_a_table_after_the_plan_leaves_it_not_done_and_fails_the_run(
    at: At, final: Dump, stage: str
) -> None:
    gallring = at(stage).gallring
    planned = len(due(gallring, "sales.web_login"))
    gallring.change("sales", "ALTER TABLE web_login ADD COLUMN nickname TEXT")
    gallring.change("sales", "UPDATE web_login SET nickname = 'Kalle'")
    before = gallring.dump()
    if stage == "approved":
        gallring.step("confirm", RUN)
    for system in gallring.systems:
        if system == "sales":
            with pytest.raises(ActError, match=f"web_login: {planned} rows, the table has closed since the plan"):
                gallring.step("act", RUN, system)
        else:
            gallring.step("act", RUN, system)
    after = gallring.dump()
    assert after["sales.web_login"] == before["sales.web_login"]
    # A customer whose log-ins stay can't go: a kept row refers to it.
    assert {name for name in final if after[name] != final[name]} <= {"sales.web_login", "sales.customer"}
    assert set(before["sales.customer"]) >= set(after["sales.customer"]) > set(final["sales.customer"])
    [entry] = gallring.ledger(RUN, "closed")
    assert entry.body == {
        "system": "sales", "tables": [{"table": "web_login", "problems": ["UNDECLARED_COLUMN"]}]
    }  # fmt: skip
    for system in gallring.systems:
        with suppress(ValidationError):
            gallring.step("validate", RUN, system)
    told = end_badly(gallring, "FAILED")
    assert "(web shop log-ins)" in told["TABLES_CLOSED"]
    assert "NOT_DONE" in told
    [sales] = [each for each in gallring.report(RUN)["report"]["systems"] if each["system"] == "sales"]
    [figures] = [each for each in sales["tables"] if each["table"] == "web_login"]
    assert figures["acted"]["never_begun"] == planned


def test_a_table_that_closed_after_the_plan_and_is_mended_is_carried_out_by_another_act(at: At, final: Dump) -> None:
    gallring = at("confirmed").gallring
    gallring.change("sales", "ALTER TABLE web_login ADD COLUMN nickname TEXT")
    with pytest.raises(ActError, match="web_login"):
        gallring.step("act", RUN, "sales")
    gallring.change("sales", "ALTER TABLE web_login DROP COLUMN nickname")
    gallring.failed.clear()
    gallring.act(RUN)
    assert gallring.close(RUN) == "DONE"
    assert gallring.dump() == final
    assert [entry.body["tables"] for entry in gallring.ledger(RUN, "closed")][1:] == [[]]
    assert "TABLES_CLOSED" not in findings(gallring, RUN, "DONE")


# Again, and at once


def test_planning_again_gives_the_same_plan_once_and_another_plan_needs_another_approval(at: At) -> None:
    gallring = at("approved").gallring
    before, rows = digest(gallring), gallring.control_rows()
    assert gallring.step("plan", RUN)["digest"] == before
    after = gallring.control_rows()
    for table in ("batch", "plan_item", "suppression", "referral", "purpose_activity", "legal_hold"):
        assert len(after[table]) == len(rows[table]), table

    [login] = json.loads(due(gallring, "sales.web_login")[0])
    gallring.change("sales", "DELETE FROM web_login WHERE login_id = :id", id=login)
    for step, *arguments in (("extract", "sales"), ("resolve",), ("classify", 0)):
        gallring.step(step, RUN, *arguments)
    assert gallring.step("plan", RUN)["digest"] != before
    refuses_to_act(gallring, match="no approval")


def test_of_two_runs_at_once_one_destroys(at: At) -> None:
    gallring = at("confirmed").gallring
    control = open_control(f"sqlite:///{gallring.var / 'control' / 'control.db'}")
    try:
        with held_lock(control, "sales", "another", clock.now):
            before = gallring.dump()
            with pytest.raises(LockError, match="sales is held by run another"):
                gallring.step("act", RUN, "sales")
            assert gallring.dump() == before
            with pytest.raises(ValidationError, match="sales can't be judged: `act` never began there"):
                gallring.step("validate", RUN, "sales")
        gallring.step("act", RUN, "sales")
    finally:
        control.dispose()


# Extracts


def test_a_run_that_was_killed_is_told_of_and_after_a_day_ended_and_reported(at: At, final: Dump) -> None:
    gallring = at("confirmed").gallring
    gallring.act(RUN)  # and then its worker is killed, or somebody marks the run as failed
    outcome = gallring.whole(NEXT)
    told = findings(gallring, NEXT, outcome)
    assert outcome == "NOTHING_DUE"
    assert RUN in told["UNFINISHED_RUNS"]
    assert gallring.ledger(RUN, "run_finished") == []

    gallring.set_clock(NOON + timedelta(days=2))
    later = gallring.whole("later")
    assert "UNFINISHED_RUNS" not in findings(gallring, "later", later)
    assert [entry.body["outcome"] for entry in gallring.ledger(RUN, "run_finished")] == ["FAILED"]
    lost = gallring.report(RUN)["summary"]
    assert (lost["outcome"], lost["total"]["deleted"] > 0) == ("FAILED", True), "what it destroyed is in its own report"
    assert RUN in [past["run_id"] for past in gallring.report("later")["report"]["history"]]
    assert gallring.dump() == final


def test_a_changed_rule_is_named_where_it_is_asked_about_and_where_it_is_reported(
    at: At, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gallring = at("done").gallring
    title = "Marketing to former customers}\n    keep: "
    monkeypatch.setenv("GALLRING_POLICY", str(policy_with(tmp_path, f"{title}P12M", f"{title}P6M")))
    gallring.set_clock(NOON + timedelta(hours=6))
    planned = gallring.plan(NEXT)
    asked = [text for text in planned["guards"] if "retention schedule has changed" in text]
    assert "retention_schedule.parameters.MKT_FORMER.keep" in asked[0]
    gallring.approve(NEXT, planned)
    gallring.step("confirm", NEXT)
    gallring.act(NEXT)
    assert gallring.close(NEXT) == "DONE"
    changes = {
        change["name"]: (change["before"], change["now"]) for change in gallring.report(NEXT)["report"]["changes"]
    }
    assert changes["retention_schedule.parameters.MKT_FORMER.keep"] == ("P12M", "P6M")
    assert gallring.report(NEXT)["summary"]["total"]["overdue"] == 0, "under the rule before it wasn't due"
    monkeypatch.setenv("GALLRING_POLICY", str(tmp_path / "nowhere"))
    assert gallring.step("report", NEXT, [])["outcome"] == "DONE", "a report needs no rules but its own"


def refuse_extract(gallring: Gallring, told: str) -> None:
    gallring.begin(NEXT)
    with pytest.raises(GuardError, match=told) as caught:
        gallring.step("extract", NEXT, "sales")
    assert "gallring accept-extract SYSTEM.TABLE --by WHO" in str(caught.value)


@pytest.mark.parametrize(
    ("table", "statement"),
    [("web_login", "DELETE FROM web_login"), ("contract", "DELETE FROM contract WHERE contract_id % 5 > 0")],
)
def test_an_extract_that_came_back_empty_or_much_smaller_is_refused_until_somebody_accepts_it(
    at: At, table: str, statement: str
) -> None:
    gallring = at("done").gallring
    gallring.change("sales", statement)
    before = gallring.dump()
    refuse_extract(gallring, f"sales.{table}: {len(before[f'sales.{table}'])} rows now, [0-9]+ after the last run")
    assert gallring.step("report", NEXT, list(gallring.failed))["outcome"] == "REFUSED"
    assert "GUARD_REFUSED" in findings(gallring, NEXT, "REFUSED")
    assert CliRunner().invoke(app, ["accept-extract", f"sales.{table}", "--by", "dpo"]).exit_code == 0
    [entry] = gallring.ledger(None, "extract_accepted")
    assert (entry.body["table"], entry.body["by"]) == (table, "dpo")
    gallring.step("extract", NEXT, "sales")
    assert gallring.dump() == before


def test_a_clock_that_has_gone_back_stops_the_next_run(at: At) -> None:
    gallring = at("done").gallring
    gallring.set_clock(NOON - timedelta(days=3))
    with pytest.raises(GuardError, match="earlier than the last run"):
        gallring.begin(NEXT, as_of=AS_OF - timedelta(days=3))
    assert gallring.step("report", NEXT, list(gallring.failed))["outcome"] == "REFUSED"


def test_a_policy_changed_during_the_run_stops_it(at: At, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gallring = at("confirmed").gallring
    monkeypatch.setenv("GALLRING_POLICY", str(policy_with(tmp_path, "max_share: 0.35", "max_share: 0.36")))
    refuses_to_act(gallring, ConfigurationError, match="Clear the task `begin`")


def test_a_missing_directory_of_files_is_no_proof_that_they_are_gone(at: At) -> None:
    systems = at("confirmed")
    gallring, rows = systems.gallring, systems.gallring.dump()["sales.id_document"]
    shutil.rmtree(systems.sample.id_copies)
    with pytest.raises(ActError, match="is the disk mounted"):
        gallring.step("act", RUN, "sales")
    assert gallring.dump()["sales.id_document"] == rows
