"""The day a run decides for: daylight saving time, backfills, manual runs, the future."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.retention.errors import GuardError
from include.retention.run_dates import decision_day, file_safe, require_known

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def decide(**changes: Any) -> date:
    usual: dict[str, Any] = {
        "run_type": "scheduled",
        "interval_end": None,
        "requested": None,
        "now": NOW,
        "zone": STOCKHOLM,
        "dry_run": False,
    }
    return decision_day(**(usual | changes))


@pytest.mark.parametrize("run_type", ["scheduled", "backfill"])
@pytest.mark.parametrize(
    ("interval_end", "day"),
    [
        (datetime(2026, 3, 22, 1, 0, tzinfo=UTC), date(2026, 3, 22)),  # 02:00 normal time
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), date(2026, 3, 29)),  # the night without a 02:00
        (datetime(2026, 4, 5, 0, 0, tzinfo=UTC), date(2026, 4, 5)),  # 02:00 summer time
        (datetime(2025, 10, 26, 0, 0, tzinfo=UTC), date(2025, 10, 26)),  # the night with two
        (datetime(2026, 1, 3, 23, 30, tzinfo=UTC), date(2026, 1, 4)),  # 00:30 local: already Sunday
        (datetime(2019, 1, 6, 1, 0, tzinfo=UTC), date(2019, 1, 6)),  # a backfill of an old week
    ],
)
def test_a_run_with_an_interval_decides_for_the_local_day_on_which_it_ends(
    run_type: str, interval_end: datetime, day: date
) -> None:
    assert decide(run_type=run_type, interval_end=interval_end) == day


def test_an_interval_that_ends_in_the_future_decides_for_today() -> None:
    assert decide(run_type="backfill", interval_end=datetime(2026, 7, 5, 0, 0, tzinfo=UTC)) == date(2026, 7, 1)


def test_a_manual_run_decides_for_the_local_today() -> None:
    late = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert decide(run_type="manual", now=late) == date(2026, 7, 1)
    winter = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert decide(run_type="manual", now=winter) == date(2027, 1, 1)


def test_a_manual_run_with_a_logical_date_still_decides_for_today() -> None:
    old = datetime(2020, 1, 5, 1, 0, tzinfo=UTC)
    assert decide(run_type="manual", interval_end=old) == date(2026, 7, 1)


def test_a_manual_run_may_ask_for_an_older_day_or_for_today() -> None:
    assert decide(run_type="manual", requested=date(2020, 2, 29)) == date(2020, 2, 29)
    assert decide(run_type="manual", requested=date(2026, 7, 1)) == date(2026, 7, 1)


def test_the_future_is_refused_except_as_a_dry_run() -> None:
    with pytest.raises(GuardError, match="in the future"):
        decide(run_type="manual", requested=date(2026, 7, 2))
    assert decide(run_type="manual", requested=date(2026, 7, 2), dry_run=True) == date(2026, 7, 2)


def test_tomorrow_begins_at_the_local_midnight() -> None:
    after_midnight = datetime(2026, 7, 1, 22, 0, tzinfo=UTC)
    assert decide(run_type="manual", requested=date(2026, 7, 2), now=after_midnight) == date(2026, 7, 2)


@pytest.mark.parametrize("run_type", ["scheduled", "backfill"])
def test_a_run_with_its_own_day_takes_no_other(run_type: str) -> None:
    with pytest.raises(GuardError, match="takes no as_of"):
        decide(run_type=run_type, interval_end=NOW, requested=date(2020, 1, 1))


@pytest.mark.parametrize(
    "run_id",
    [
        "manual__2026-07-01T12:00:00.123456+00:00_aB3",
        "../../etc/passwd",
        "..",
        "a/b",
        "a\\b",
        "x y",
        "å",
        "a" * 250,
        ".",
    ],
)
def test_a_run_id_becomes_one_plain_file_name(run_id: str) -> None:
    name = file_safe(run_id)
    assert name
    assert all(character.isascii() and (character.isalnum() or character in "_-") for character in name)
    assert name[0].isalnum()
    assert len(name) < 120


def test_run_ids_that_look_alike_stay_apart() -> None:
    ids = ["a b", "a:b", "a-b", "a/b", "a b-", "A b"]
    assert len({file_safe(run_id) for run_id in ids}) == len(ids)
    assert file_safe("scheduled_1") == "scheduled_1"
    assert file_safe("..").startswith("run-")
    assert file_safe("latest") != "latest", "the reports' directory uses that name itself"


@pytest.mark.parametrize(
    "conf", [{"dryrun": True}, {"dry_run": True, "asof": "2020-01-01"}, {"dry-run": True}, {"x": 1}]
)
def test_a_misspelt_parameter_is_refused_and_never_taken_for_an_enforcing_run(conf: dict[str, object]) -> None:
    with pytest.raises(GuardError, match="means nothing here: nothing is done"):
        require_known(conf)


def test_a_misspelt_parameter_is_put_right() -> None:
    with pytest.raises(GuardError, match=r"Did you mean dry_run\?"):
        require_known({"dryrun": True})
    require_known({})
    require_known({"dry_run": True, "as_of": None})
