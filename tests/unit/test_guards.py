"""Every guard, on both sides of its limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from include.retention.errors import GuardError
from include.retention.guards import (
    CLOCK_DISAGREEMENT,
    CLOCK_MARGIN,
    LONGEST_PAUSE,
    Finding,
    Level,
    TableCount,
    check_clock,
    check_disk,
    check_extract,
    check_history,
    check_pause,
    check_quiet,
    check_server_clock,
    check_volume,
)
from include.retention.policy.model import Guards
from include.retention.terms import Mode

GUARDS = Guards(
    max_share=0.25, max_rows=1000, small_table=40, min_extract_share=0.5, quiet_runs=8, min_free_disk_mb=200
)
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
DIGESTS = {"schedule": "a", "finance": "b", "sales": "c"}


def volume(population: int, due: int, guards: Guards = GUARDS) -> list[str]:
    """Return the names of the guards that ask about one table."""
    found = check_volume([TableCount("sales", "lead", population, due)], guards)
    assert all((each.level, each.system, each.table) == (Level.APPROVE, "sales", "lead") for each in found)
    return [each.guard for each in found]


def history(previous: dict[str, str] | None, current: dict[str, str], due: int = 1) -> list[tuple[str, str]]:
    """Return guard and system of each finding."""
    return [(each.guard, each.system) for each in check_history(previous, current, due)]


# Share and number of rows


@pytest.mark.parametrize(
    ("population", "due", "asked"),
    [
        (100, 25, []),  # exactly at the limit
        (100, 26, ["SHARE"]),
        (1_000_000, 250_001, ["SHARE", "ROWS"]),
        (41, 41, ["SHARE"]),
        (40, 40, []),  # a small table
        (0, 0, []),
    ],
)
def test_more_than_a_share_of_a_table_that_isnt_small_needs_approval(
    population: int, due: int, asked: list[str]
) -> None:
    assert volume(population, due) == asked


@pytest.mark.parametrize(("due", "asked"), [(1000, []), (1001, ["ROWS"])])
def test_more_than_a_number_of_rows_needs_approval(due: int, asked: list[str]) -> None:
    assert volume(1_000_000, due) == asked


def test_a_share_that_no_binary_fraction_holds_is_no_more_than_itself() -> None:
    for percent in range(1, 100):
        guards = replace(GUARDS, max_share=percent / 100)
        assert volume(100, percent, guards) == [], percent
        assert volume(100, percent + 1, guards) == ["SHARE"], percent


def test_limits_of_zero_let_nothing_through_and_of_one_everything() -> None:
    assert volume(100, 1, replace(GUARDS, max_share=0.0, max_rows=0)) == ["SHARE", "ROWS"]
    assert volume(100, 0, replace(GUARDS, max_share=0.0, max_rows=0)) == []
    assert volume(100, 100, replace(GUARDS, max_share=1.0)) == []


def test_each_table_is_judged_by_itself() -> None:
    tables = [TableCount("sales", "lead", 100, 26), TableCount("sales", "note", 100, 2), TableCount("a", "b", 50, 50)]
    found = check_volume(tables, GUARDS)
    assert [(each.system, each.table) for each in found] == [("sales", "lead"), ("a", "b")]
    assert check_volume([], GUARDS) == []


def test_a_finding_says_what_was_measured_and_what_the_limit_is() -> None:
    [share] = check_volume([TableCount("sales", "lead", 100, 26)], GUARDS)
    assert (share.measured, share.limit) == (0.26, 0.25)
    assert "26.0% of the rows of sales.lead are due" in share.text
    assert "at most 25%" in share.text
    [rows] = check_volume([TableCount("sales", "lead", 10_000, 1001)], GUARDS)
    assert (rows.measured, rows.limit) == (1001, 1000)
    assert "1001 rows of sales.lead are due" in rows.text
    assert rows.body() == {
        "guard": "ROWS", "level": "approve", "system": "sales", "table": "lead", "measured": 1001, "limit": 1000,
        "text": rows.text,
    }  # fmt: skip


# First run, changed policy or map


def test_the_first_run_that_would_act_needs_approval() -> None:
    assert history(None, DIGESTS) == [("FIRST_RUN", "")]


def test_a_first_run_with_nothing_due_asks_nobody() -> None:
    assert history(None, DIGESTS, due=0) == []
    assert history(DIGESTS, DIGESTS | {"schedule": "z"}, due=0) == []


@pytest.mark.parametrize(
    ("current", "asked"),
    [
        (DIGESTS, []),
        (DIGESTS | {"schedule": "z"}, [("CHANGED_POLICY", "")]),
        (DIGESTS | {"sales": "z"}, [("CHANGED_POLICY", "sales")]),
        (DIGESTS | {"marketing": "d"}, [("CHANGED_POLICY", "marketing")]),
        ({"schedule": "a", "sales": "c"}, [("CHANGED_POLICY", "finance")]),
        ({"schedule": "z", "finance": "z", "sales": "c"}, [("CHANGED_POLICY", "finance"), ("CHANGED_POLICY", "")]),
    ],
)
def test_what_has_changed_since_the_last_run_needs_approval(
    current: dict[str, str], asked: list[tuple[str, str]]
) -> None:
    assert history(DIGESTS, current) == asked
    assert all(each.level is Level.APPROVE for each in check_history(DIGESTS, current, 1))


def test_a_changed_map_is_named() -> None:
    [found] = check_history(DIGESTS, DIGESTS | {"sales": "z"}, 1)
    assert found.text.startswith("The data map of sales has changed")
    [found] = check_history(DIGESTS, DIGESTS | {"schedule": "z"}, 1)
    assert found.text.startswith("The retention schedule has changed")


# Extracts


def test_a_table_that_came_back_empty_is_refused_however_small_it_was() -> None:
    for sizes in ({"note": 0}, {}):
        with pytest.raises(GuardError, match=r"sales\.note: 0 rows now, 1 after the last run"):
            check_extract("sales", sizes, {"note": 1}, GUARDS)


@pytest.mark.parametrize(("before", "now", "refused"), [
    (100, 50, False),  # exactly at the limit
    (100, 49, True),
    (41, 20, True),
    (40, 1, False),  # a small table may shrink, but not vanish
    (100, 1_000_000, False),
    (0, 0, False),
])  # fmt: skip
def test_a_table_that_shrank_below_its_share_is_refused(before: int, now: int, refused: bool) -> None:
    if refused:
        with pytest.raises(GuardError, match="below 50% of the last one"):
            check_extract("sales", {"note": now}, {"note": before}, GUARDS)
    else:
        check_extract("sales", {"note": now}, {"note": before}, GUARDS)


def test_every_shrunken_table_is_named_with_what_to_do() -> None:
    with pytest.raises(GuardError) as caught:
        check_extract("sales", {"a": 0, "b": 10, "c": 9}, {"a": 5, "b": 100, "c": 9, "d": 3}, GUARDS)
    text = str(caught.value)
    assert [name for name in "abcd" if f"sales.{name}:" in text] == ["a", "b", "d"]
    assert "`gallring accept-extract SYSTEM.TABLE --by WHO`" in text


def test_a_table_that_is_new_has_nothing_to_shrink_from() -> None:
    check_extract("sales", {"note": 0}, {}, GUARDS)


# Rules that expire nothing


def test_a_purpose_that_has_been_quiet_for_long_is_told_and_stops_nothing() -> None:
    found = check_quiet({"MARKETING": 9, "CLAIM": 8, "DELIVERY": 7}, GUARDS)
    assert [(each.level, each.measured, each.limit) for each in found] == [
        (Level.NOTICE, 8, 8),
        (Level.NOTICE, 9, 8),
    ]
    assert "CLAIM has expired nothing for 8 runs" in found[0].text
    assert check_quiet({}, GUARDS) == []


# Disk


@pytest.mark.parametrize("free", [200, 1_000_000])
def test_enough_disk(free: int) -> None:
    check_disk(free, GUARDS)


@pytest.mark.parametrize("free", [0, 199])
def test_too_little_disk_is_refused_and_named(free: int) -> None:
    with pytest.raises(GuardError, match=rf"^{free} MiB .* asks for 200 \(guards.min_free_disk_mb\)"):
        check_disk(free, GUARDS)


# Clocks


def test_only_a_dry_run_looks_ahead() -> None:
    tomorrow = TODAY + timedelta(days=1)
    check_clock(TODAY, TODAY, NOW, None, Mode.ENFORCE)
    check_clock(TODAY - timedelta(days=4000), TODAY, NOW, None, Mode.ENFORCE)
    check_clock(tomorrow, TODAY, NOW, None, Mode.DRY_RUN)
    with pytest.raises(GuardError, match="as_of 2026-11-24 lies ahead of today, 2026-11-23"):
        check_clock(tomorrow, TODAY, NOW, None, Mode.ENFORCE)


@pytest.mark.parametrize("mode", Mode)
def test_a_clock_that_has_gone_back_is_refused_in_every_mode(mode: Mode) -> None:
    check_clock(TODAY, TODAY, NOW, NOW + CLOCK_MARGIN, mode)
    check_clock(TODAY, TODAY, NOW, NOW - timedelta(days=9000), mode)
    with pytest.raises(GuardError, match=r"earlier than the last run of 2026-11-24 13:00 UTC"):
        check_clock(TODAY, TODAY, NOW, NOW + CLOCK_MARGIN + INSTANT, mode)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_servers_clock_may_differ_by_an_hour_and_no_more(sign: int) -> None:
    check_server_clock("sales", NOW + sign * CLOCK_DISAGREEMENT, NOW)
    with pytest.raises(GuardError, match="the database server of sales"):
        check_server_clock("sales", NOW + sign * (CLOCK_DISAGREEMENT + INSTANT), NOW)


def test_a_server_without_a_clock_contradicts_nobody() -> None:
    check_server_clock("sales", None, NOW)


def test_a_long_pause_needs_approval_where_something_is_due() -> None:
    assert check_pause(NOW - LONGEST_PAUSE, NOW, 1) == []
    assert check_pause(None, NOW, 1) == []
    longer = NOW - LONGEST_PAUSE - timedelta(days=1)
    assert check_pause(longer, NOW, 0) == []
    [found] = check_pause(longer, NOW, 1)
    assert isinstance(found, Finding)
    assert (found.guard, found.level, found.measured, found.limit) == ("LONG_PAUSE", Level.APPROVE, 93, 92)
    assert "93 days ago, on 2026-08-22" in found.text
