"""How a run ended: judged from the ledger, and never better than it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.retention.report import collect
from include.retention.report.model import ReportData, Severity
from include.retention.report.sentences import headline
from include.retention.report.words import load_words
from include.retention.terms import RunOutcome
from tests.report.made import NOW, chain, inputs, run_entries, small_maps, small_schedule

MAPS, SCHEDULE = small_maps(), small_schedule()


def reported(*, change: dict[str, Any] | None = None, **options: Any) -> ReportData:
    given = inputs(entries=run_entries(SCHEDULE, MAPS, **options))
    return collect(replace(given, **(change or {})), NOW)


def failures(data: ReportData) -> list[str]:
    return [each.code for each in data.findings if each.severity is Severity.FAILURE]


def test_done() -> None:
    data = reported()
    assert (data.outcome, failures(data)) == (RunOutcome.DONE, [])


def test_nothing_due() -> None:
    data = reported(due=False)
    assert (data.outcome, failures(data)) == (RunOutcome.NOTHING_DUE, [])


def test_dry_run() -> None:
    data = reported(mode="dry_run")
    assert (data.outcome, failures(data)) == (RunOutcome.DRY_RUN_DONE, [])
    assert data.validation.missing == ()


def test_rejected() -> None:
    data = reported(answer="rejected")
    assert (data.outcome, failures(data)) == (RunOutcome.REJECTED, ["REJECTED"])


@pytest.mark.parametrize("last", ["run_started", "extracted", "resolved", "planned", "approved", "act"])
def test_a_run_that_stopped_anywhere_is_not_done_and_names_the_step(last: str) -> None:
    data = reported(stop_after=last)
    assert data.outcome is RunOutcome.FAILED
    assert failures(data)[0] in ("STEP_MISSING", "NOT_APPROVED")


def test_a_run_that_never_started() -> None:
    data = collect(inputs(entries=[]), NOW)
    assert (data.outcome, failures(data)) == (RunOutcome.FAILED, ["STEP_MISSING"])


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"failing": 1}, "CHECKS_FAIL"),
        ({"remaining": 2}, "NOT_DONE"),
        ({"closed": "sales.orders"}, "TABLES_CLOSED"),
    ],
)
def test_what_is_wrong_makes_a_run_not_done(options: dict[str, Any], code: str) -> None:
    data = reported(**options)
    assert data.outcome is RunOutcome.FAILED
    assert code in failures(data)


def test_a_broken_chain_makes_a_run_not_done() -> None:
    data = reported(change={"chain": chain(ok=False)})
    assert (data.outcome, failures(data)) == (RunOutcome.FAILED, ["CHAIN_BROKEN"])


def test_a_sum_that_does_not_come_out_makes_a_run_not_done() -> None:
    entries = run_entries(SCHEDULE, MAPS)
    plan = next(each for each in entries if each["kind"] == "planned")
    plan["body"]["tables"][0]["population"] += 1
    data = collect(inputs(entries=entries), NOW)
    assert (data.outcome, failures(data)) == (RunOutcome.FAILED, ["SUMS_FAIL"])


def test_an_approval_of_another_plan_is_none() -> None:
    entries = run_entries(SCHEDULE, MAPS)
    next(each for each in entries if each["kind"] == "approved")["body"]["digest"] = "another"
    assert collect(inputs(entries=entries), NOW).outcome is RunOutcome.FAILED


def test_a_check_that_only_warns_asks_a_human_and_fails_nothing() -> None:
    entries = run_entries(SCHEDULE, MAPS, failing=1)
    check = next(c for e in entries if e["kind"] == "validated" for c in e["body"]["checks"] if c["outcome"] == "fail")
    check["severity"] = "warning"
    data = collect(inputs(entries=entries), NOW)
    assert data.outcome is RunOutcome.DONE
    assert "CHECKS_WARN" in [each.code for each in data.findings]


def test_checks_older_than_the_last_change_are_missing() -> None:
    entries = run_entries(SCHEDULE, MAPS)
    again = next(each for each in entries if each["kind"] == "batch_started")
    last = max(each["seq"] for each in entries)
    entries += [
        {**again, "seq": last + 1},
        {**next(each for each in entries if each["kind"] == "batch_verified"), "seq": last + 2},
    ]
    data = collect(inputs(entries=entries), NOW)
    assert data.validation.missing == (again["body"]["system"],)
    assert data.outcome is RunOutcome.FAILED


@pytest.mark.parametrize("guard", ["GuardError", "ConfigurationError"])
def test_refused(guard: str) -> None:
    entries = run_entries(SCHEDULE, MAPS, stop_after="extracted")
    body = {"guard": guard, "text": "The extract is empty."}
    entries.append({"seq": 999, "at": NOW, "kind": "refused", "body": body})
    data = collect(inputs(entries=entries), NOW)
    assert data.outcome is RunOutcome.REFUSED
    assert [guard.level for guard in data.guards] == ["refuse"]


def test_a_refusal_that_was_overcome_is_remembered_and_fails_nothing() -> None:
    entries = run_entries(SCHEDULE, MAPS)
    body = {"guard": "GuardError", "text": "The extract is empty."}
    entries.append({"seq": 100, "at": NOW, "kind": "refused", "body": body})
    data = collect(inputs(entries=entries), NOW)
    assert data.outcome is RunOutcome.DONE
    assert "overcome" in [guard.level for guard in data.guards]


def test_bad_news_from_the_run_is_believed_good_news_only_with_evidence() -> None:
    assert reported(change={"outcome": RunOutcome.FAILED}).outcome is RunOutcome.FAILED
    assert reported(change={"outcome": RunOutcome.DONE}, failing=1).outcome is RunOutcome.FAILED
    assert reported(finished=True, remaining=1).outcome is RunOutcome.FAILED
    assert reported(change={"outcome": RunOutcome.RUNNING}, stop_after="planned").outcome is RunOutcome.RUNNING


def test_an_unread_control_database_is_a_failure_not_an_empty_list() -> None:
    data = reported(change={"holds": None, "referrals": None})
    assert (data.holds, data.referrals) == (None, None)
    assert failures(data) == ["CONTROL_DATABASE_NOT_READ"]


def test_the_quick_start_s_approval_is_said_plainly() -> None:
    entries = run_entries(SCHEDULE, MAPS)
    next(each for each in entries if each["kind"] == "approved")["body"]["how"] = "configuration"
    data = collect(inputs(entries=entries), NOW)
    assert data.outcome is RunOutcome.DONE
    assert "APPROVED_BY_CONFIGURATION" in [each.code for each in data.findings]


def sentence(data: ReportData) -> str:
    return headline(data, load_words("sv", "Europe/Stockholm"))


def test_the_sentence_tells_what_was_changed_before_the_run_failed() -> None:
    text = sentence(reported(failing=1))
    assert "raderades" in text
    assert text.endswith("men körningen är inte klar. 1 kontroll föll.")


def test_the_sentence_counts_what_one_system_did_although_another_never_began() -> None:
    entries = [
        each
        for each in run_entries(SCHEDULE, MAPS, stop_after="act")
        if not (each["kind"].startswith("batch") and each["body"]["system"] == "finance")
    ]
    data = collect(inputs(entries=entries), NOW)
    deleted = sum(table.acted.deleted for table in data.systems[0].tables if table.acted)
    assert deleted > 1
    assert data.systems[1].totals.deleted is None
    assert sentence(data).startswith(f"{deleted} poster raderades")


def test_the_sentence_promises_that_nothing_was_changed_only_where_that_is_known() -> None:
    assert sentence(reported(stop_after="planned")).endswith("Ingenting har ändrats.")
    begun = run_entries(SCHEDULE, MAPS, stop_after="act")
    first = next(place for place, each in enumerate(begun) if each["kind"] == "batch_started")
    assert "Ingenting" not in sentence(collect(inputs(entries=begun[: first + 1]), NOW))


def test_a_plan_rejected_after_changes_is_not_merely_rejected() -> None:
    entries = run_entries(SCHEDULE, MAPS)
    entries.append({"seq": 999, "at": NOW, "kind": "rejected", "body": {"digest": "d", "by": "dpo"}})
    data = collect(inputs(entries=entries), NOW)
    assert data.outcome is RunOutcome.FAILED
    assert "Ingenting raderades" not in sentence(data)
