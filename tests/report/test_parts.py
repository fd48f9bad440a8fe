"""Rules, policy, what waits and where: the parts that aren't counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.retention.errors import ConfigurationError, Problem
from include.retention.policy.load import load_policy
from include.retention.policy.model import Keep, Period
from include.retention.report import charts, collect, load_promises
from include.retention.report.model import Finding
from include.retention.report.parts import Coverage
from include.retention.report.promises import PUBLISHED_POLICY
from include.retention.report.rules import longest_months
from include.retention.report.waiting import collect_holds, collect_referrals
from tests.report.made import (
    NOW,
    TODAY,
    amended_schedule,
    holds,
    inputs,
    purpose,
    run_entries,
    small_maps,
    small_schedule,
)

MAPS, SCHEDULE = small_maps(), small_schedule()
ZONE = ZoneInfo("Europe/Stockholm")
DATA = collect(inputs(), NOW)


def rule(name: str) -> Any:
    return next(each for each in DATA.rules if each.name == name)


def finding(code: str, **changes: Any) -> Finding | None:
    data = collect(inputs(**changes), NOW)
    return next((each for each in data.findings if each.code == code), None)


def test_a_rule_is_told_whole() -> None:
    marketing = rule("MARKETING")
    assert marketing.starts.sv == "Kundrelationens sista dag"
    assert [(end.event.sv, end.restarted_by.sv) for end in marketing.endings] == [("Invändning", "Nytt samtycke")]
    assert marketing.episodic
    assert marketing.data == (("sales", "customer", ("name", "email")),)
    assert rule("ACCOUNTING").at_year_end
    assert not rule("WARRANTY").episodic


def test_only_what_can_pass_the_published_ceiling_does() -> None:
    assert [each.name for each in DATA.rules if each.passes_ceiling] == ["OSS"]
    found = finding("CEILING")
    assert found is not None
    assert dict(found.values.items()) == {"n": 1, "rules": "OSS"}  # noqa: PD011 - no frame


def test_a_rule_passes_the_published_ceiling_by_its_amendment_too() -> None:
    found = finding("CEILING", schedule=amended_schedule())
    assert found is not None
    assert dict(found.values.items()) == {"n": 2, "rules": "OSS, WARRANTY"}  # noqa: PD011 - no frame
    told = next(each for each in collect(inputs(schedule=amended_schedule()), NOW).rules if each.name == "WARRANTY")
    assert (told.passes_ceiling, told.keep_passes_ceiling) == (True, False)
    assert [each.passes_ceiling for each in told.amendments] == [False, True]


@pytest.mark.parametrize(
    ("review_on", "due"), [(date(2026, 11, 21), True), (TODAY, True), (date(2026, 11, 23), False), (None, True)]
)
def test_a_rule_is_up_for_review_from_its_day(review_on: date | None, due: bool) -> None:
    purposes = {**SCHEDULE.purposes, "DELIVERY": replace(SCHEDULE.purposes["DELIVERY"], review_on=review_on)}
    found = finding("RULES_REVIEW", schedule=replace(SCHEDULE, purposes=purposes))
    assert (found is not None) == due


@pytest.mark.parametrize("lacking", ["approved_by", "source"])
def test_a_rule_without_source_or_approver_is_named(lacking: str) -> None:
    changes: dict[str, Any] = {lacking: ""}
    purposes = {**SCHEDULE.purposes, "OSS": replace(SCHEDULE.purposes["OSS"], **changes)}
    found = finding("RULES_UNAPPROVED", schedule=replace(SCHEDULE, purposes=purposes))
    assert found is not None
    assert found.values["rules"] == "OSS"  # noqa: PD011 - no frame


def test_the_published_policy_and_the_schedule_are_held_against_each_other() -> None:
    purposes = {"ACCOUNTING": SCHEDULE.purposes["ACCOUNTING"], "EXTRA": purpose("EXTRA", "Övrigt", "Other")}
    maps = {"finance": MAPS["finance"]}
    schedule = replace(SCHEDULE, purposes=purposes)
    data = collect(inputs(schedule=schedule, maps=maps, entries=run_entries(schedule, maps)), NOW)
    assert ("S17", "MARKETING_FORMER") in data.policy.absent
    assert "ACCOUNTING" not in [name for _, name in data.policy.absent]
    assert data.policy.unpublished == ("EXTRA",)


def test_the_project_s_own_policy_keeps_every_published_promise() -> None:
    policy = load_policy(Path(__file__).resolve().parents[2] / "include" / "policy")
    promises = load_promises(policy.directory)
    data = collect(inputs(schedule=policy.schedule, maps=policy.maps, promises=promises, entries=[]), NOW)
    assert data.policy.absent == ()
    assert {each.id for each in promises} >= {"S1", "S9", "S17", "S18", "S19–S20"}
    assert [each.column for each in data.restricted if each.foreign] == []
    assert sum(each.question is not None for each in promises) == 10


def test_a_controller_without_a_written_down_policy_isnt_held_to_another_s(tmp_path: Path) -> None:
    assert load_promises(tmp_path) == ()


def test_a_published_policy_with_mistakes_names_them_all(tmp_path: Path) -> None:
    file = tmp_path / PUBLISHED_POLICY
    file.write_text(
        "sentences:\n  - {id: S1, quote: a, extra: b}\n  - {id: S1, quote: a, promises: {}, purposes: []}\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        load_promises(tmp_path)
    assert [(each.key, each.code) for each in caught.value.problems] == [
        ("sentences.S1.promises", "MISSING_KEY"),
        ("sentences.S1.purposes", "MISSING_KEY"),
        ("sentences.S1.extra", "UNKNOWN_KEY"),
        ("sentences.S1", "TWICE"),
    ]


def test_restricted_data_outside_its_purposes_is_found() -> None:
    categories = {**SCHEDULE.categories}
    categories["identity_number"] = replace(categories["identity_number"], only_for=frozenset({"OSS"}))
    data = collect(inputs(schedule=replace(SCHEDULE, categories=categories)), NOW)
    assert [(each.column, each.foreign) for each in data.restricted] == [("pnr", ("ACCOUNTING",))]
    assert "RESTRICTED_WITHOUT_PURPOSE" in [each.code for each in data.findings]
    assert [each.foreign for each in DATA.restricted] == [()]


def test_holds_up_for_review_come_first_and_age_is_in_local_days() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    frame = holds().assign(placed_at=[late, late])
    found = collect_holds(frame, TODAY, ZONE)
    assert found is not None
    assert [(each.hold_id, each.review_due) for each in found] == [("12", True), ("15", False)]
    assert (found[0].placed_on, found[0].age_days) == (date(2026, 11, 21), 1)


def test_a_hold_without_a_review_date_is_up_for_review() -> None:
    found = collect_holds(holds().assign(review_on=pd.NaT), TODAY, ZONE)
    assert found is not None
    assert [(each.review_on, each.review_due) for each in found] == [(None, True), (None, True)]


def referred(first_seen: object, records: int = 1, reason: str = "UNKNOWN_DATE") -> pd.DataFrame:
    rows = [("sales", "customer", "who", reason, first_seen, records)]
    return pd.DataFrame(rows, columns=["system", "table", "group", "reason", "first_seen", "records"])


@pytest.mark.parametrize(
    ("first_seen", "answer_by", "late"),
    [
        (datetime(2026, 10, 22, 22, 30, tzinfo=UTC), date(2026, 11, 22), False),
        (datetime(2026, 10, 22, 21, 30, tzinfo=UTC), date(2026, 11, 21), True),
        (pd.Timestamp("2026-10-23"), date(2026, 11, 22), False),
        ("2026-10-22", date(2026, 11, 21), True),
    ],
)
def test_a_referral_is_late_the_day_after_its_last(first_seen: object, answer_by: date, late: bool) -> None:
    found = collect_referrals(referred(first_seen), MAPS, Period(days=30), TODAY, ZONE)
    assert found is not None
    assert [(each.answer_by, each.late) for each in found] == [(answer_by, late)]


def test_referrals_are_added_up_by_table_group_and_reason() -> None:
    frame = pd.concat(
        [referred("2026-11-01", 3), referred("2026-10-01", 2), referred("2026-11-05", 7, "SENTINEL_DATE")]
    )
    found = collect_referrals(frame, MAPS, Period(days=30), TODAY, ZONE)
    assert found is not None
    assert [(each.reason, each.questions, each.oldest.day) for each in found] == [
        ("UNKNOWN_DATE", 5, 1), ("SENTINEL_DATE", 7, 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "settles"),
    [("UNKNOWN_DATE", True), ("NO_KNOWN_PURPOSE", True), ("IDENTITY_CONFLICT", False), ("CONTRADICTORY_DATES", False)],
)
def test_a_referral_says_whether_waiting_settles_it(reason: str, settles: bool) -> None:
    found = collect_referrals(referred("2026-11-01", reason=reason), MAPS, Period(days=30), TODAY, ZONE)
    assert found is not None
    assert [each.settles for each in found] == [settles]


def test_no_referrals_and_no_holds_are_none_not_unknown() -> None:
    assert collect_referrals(referred("2026-11-01").iloc[:0], MAPS, Period(days=30), TODAY, ZONE) == ()
    assert collect_holds(holds().iloc[:0], TODAY, ZONE) == ()


def test_a_table_is_covered_closed_or_not_read() -> None:
    def coverage(**options: Any) -> dict[str, Coverage]:
        data = collect(inputs(entries=run_entries(SCHEDULE, MAPS, **options)), NOW)
        return {f"{each.system}.{each.table}": each.coverage for each in data.places}

    assert coverage() == {
        "sales.customer": Coverage.COVERED, "sales.orders": Coverage.COVERED,
        "finance.invoice": Coverage.COVERED, "finance.fiscal_year": Coverage.REFERENCE,
    }  # fmt: skip
    assert coverage(closed="sales.orders")["sales.orders"] is Coverage.CLOSED
    assert coverage(stop_after="run_started")["sales.customer"] is Coverage.NOT_READ


def test_a_table_that_only_the_database_knows_is_told_of_too() -> None:
    entries = run_entries(SCHEDULE, MAPS)
    extracted = next(each for each in entries if each["kind"] == "extracted")
    extracted["body"]["closed_tables"] = [{"table": "shadow_copy", "problems": ["UNDECLARED_TABLE"]}]
    data = collect(inputs(entries=entries), NOW)
    shadow = next(each for each in data.places if each.table == "shadow_copy")
    assert (shadow.coverage, shadow.problems) == (Coverage.CLOSED, ("UNDECLARED_TABLE",))


def test_notices_that_part_3_tells_already_are_not_told_twice() -> None:
    told = [
        Problem("f", "k", "w", "r", code) for code in ("PAST_PUBLISHED_CEILING", "REVIEW_OVERDUE", "PURPOSE_UNUSED")
    ]
    data = collect(replace(inputs(), notices=told), NOW)
    assert [each.code for each in data.notices] == ["PURPOSE_UNUSED"]


def test_what_ended_at_once_is_unknown_where_the_plan_does_not_tell_causes() -> None:
    entries = run_entries(SCHEDULE, MAPS)
    plan = next(each for each in entries if each["kind"] == "planned")["body"]
    told = sum(row["due_because"].get("ENDED_AT_ONCE", 0) for row in plan["tables"])
    assert collect(inputs(entries=entries), NOW).objections.ended_at_once == told
    for row in plan["tables"]:
        del row["due_because"]
    assert collect(inputs(entries=entries), NOW).objections.ended_at_once is None


def test_the_evidence_is_kept_for_its_own_period() -> None:
    assert DATA.evidence_until == date(2031, 11, 22)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 10**7)), max_size=8))
def test_a_stacked_bar_is_full_and_every_part_is_seen(parts: list[tuple[str, int]]) -> None:
    segments = charts.stack(parts)
    if any(count for _, count in parts):
        assert sum(each.width for each in segments) == pytest.approx(100, abs=0.1)
        assert min(each.width for each in segments) >= charts.LEAST * 0.9
        assert len(segments) == sum(count > 0 for _, count in parts)
    else:
        assert segments == ()


def test_the_rules_share_one_scale_that_holds_the_ceiling() -> None:
    scale = charts.rule_scale(DATA.rules, 120)
    assert scale.months == 132
    assert scale.at(0) == charts.OPEN_LANE
    assert scale.at(132) == 100
    bar = charts.rule_bar(Keep((Period(years=3), Period(months=2))), scale, episodic=True)
    assert [each.name for each in bar] == ["open", "period", "then"]
    assert bar[1].x + bar[1].width == pytest.approx(bar[2].x, abs=0.02)


@pytest.mark.parametrize(
    ("keep", "months"),
    [
        (Keep((Period(years=7),), to_year_end=True), 96),
        (Keep((Period(years=3), Period(months=2))), 38),
        (Keep((Period(days=31),)), 2),
        (Keep((Period(),)), 0),
    ],
)
def test_longest_storage_in_months(keep: Keep, months: int) -> None:
    assert longest_months(keep) == months
