"""Section J of the catalogue: changed rules, old days, events that come late.

Locks, crashes and the clock have tests of their own beside their code.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from include.retention.dates import NO_DAY, day_number
from include.retention.narrow.condition import ALL_READ
from include.retention.periods import after
from include.retention.plan import confirmed_items
from include.retention.resolve import TableName
from include.retention.summary import count_table
from tests.cases.policies import problems_of, schedule_text
from tests.cases.rows import (
    calendar_years,
    consent,
    customer,
    invoice,
    lead,
    objection,
    relationship,
    subscriber,
    talk,
)
from tests.cases.world import DAY, DUE, TODAY, World, hold_on

OLD = date(2024, 3, 1)
"""The day of a backfill."""


def reader(world: World) -> Any:
    """Add a customer who reads the newsletter."""
    relationship(world, customer_id=customer(world, email="anna@iret.example"))
    consent(world, "2023-06-01T10:00:00")
    return subscriber(world)


def test_case_J04_a_backfill_for_an_old_day_makes_nothing_due_that_isnt_due_today() -> None:
    world = World()
    calendar_years(world, 2016, 2017, 2018, 2019)
    invoice(world, "2016-05-01", "1001")
    invoice(world, "2019-05-01", "1001")
    gone, back = customer(world), customer(world, "1002")
    relationship(world, "2022-01-01", customer_id=gone)
    relationship(world, "2024-06-01", customer_id=customer(world, "1003"))
    relationship(world, "2020-01-01", customer_id=back)
    relationship(world, started_on="2026-01-01", customer_id=back)
    prospect = lead(world, "2022-06-01")
    then = {place for place, told in world.decide(OLD).items() if told.verdict in DUE}
    now = {place for place, told in world.decide(TODAY).items() if told.verdict in DUE}
    assert then < now
    assert world.says("sales.lead", prospect, "", OLD).verdict == "DELETE"
    assert world.says("sales.customer", back, "profile", OLD).verdict == "RETAIN", "the customer has come back since"


def test_case_J04_neighbour_a_hold_of_today_wins_over_an_old_day() -> None:
    world = World()
    gone = customer(world)
    relationship(world, "2019-01-01", customer_id=gone)
    assert world.says("sales.customer", gone, "", OLD).verdict == "DELETE"
    held = world.again(holds=hold_on("customer_number", "1001"))
    assert held.says("sales.customer", gone, "profile", OLD).reason == "LEGAL_HOLD"


def test_case_J04_neighbour_an_objection_of_today_counts_on_an_old_day() -> None:
    world = World()
    who = reader(world)
    assert world.says("marketing.subscriber", who, "email", OLD).verdict == "RETAIN"
    objection(world, "2026-11-01T10:00:00")
    assert world.says("marketing.subscriber", who, "email", OLD).verdict in DUE


def test_case_J08_one_run_after_many_missed_ones_does_all_that_they_would_have_done() -> None:
    world = World()
    prospects = [lead(world, f"2026-{month:02d}-01") for month in range(1, 6)]
    due = [
        {number for number in prospects if world.says("sales.lead", number, "", as_of).verdict == "DELETE"}
        for as_of in (date(2026, 7, 15), date(2026, 9, 15), TODAY)
    ]
    assert due[0] < due[1] < due[2] == set(prospects)


def test_case_J10_an_objection_that_comes_late_acts_at_once() -> None:
    world = World()
    who = reader(world)
    world.add("marketing.send", subscriber_id=who, sent_at="2026-11-10T08:00:00")
    assert world.says("marketing.subscriber", who, "email").verdict == "RETAIN"
    objection(world, "2026-11-01T08:00:00")
    assert world.says("marketing.subscriber", who, "email").verdict in DUE, "the later campaign revives nothing"


def test_case_J11_only_what_is_due_both_times_is_carried_out() -> None:
    world = World()
    first, second = lead(world, "2020-01-01"), lead(world, "2020-02-01")
    approved = world.plan()
    assert set(approved["table"]) == {"lead", "dialogue_entry"}
    talk(world, second, "2026-11-20")
    lead(world, "2020-03-01")
    confirmed = confirmed_items(approved, world.plan())
    still = confirmed[confirmed["confirmed"] & (confirmed["table"] == "lead")]
    assert still["key"].tolist() == [f"[{first}]"], "one is no longer due, one was never approved"
    assert len(confirmed) == len(approved)


@pytest.mark.parametrize("late", [0, 1, 20])
def test_case_J14_what_stays_past_the_window_is_overdue(late: int) -> None:
    world = World()
    schedule = world.policy.schedule
    prospect = lead(world, "2026-01-31")
    last = world.says("sales.lead", prospect, "contact").through
    assert last is not None
    as_of = after(last + DAY, schedule.execution_window) + timedelta(days=late)
    world.today = as_of
    plan = world.plan(as_of)
    name = TableName("sales", "lead")
    table = world.policy.maps["sales"].tables["lead"]
    window = schedule.execution_window.days

    def counts(ruled_from: int, freed: int = NO_DAY) -> tuple[int, int]:
        counted = count_table(
            name, table, world.every[name], world.rows[name], plan[plan["table"] == "lead"], list(schedule.purposes),
            closed=False, unread=ALL_READ, as_of=day_number(as_of), window=window, ruled_from=ruled_from,
            freed=np.full(len(world.every[name]), freed, dtype="int64"),
        )  # fmt: skip
        return counted["overdue"], counted["overdue_days_max"]

    assert counts(NO_DAY) == ((1, window + late) if late else (0, 0)), "counted from the first day on which it was due"
    assert counts(day_number(as_of)) == (0, 0), "under other rules until today it wasn't due"
    assert counts(NO_DAY, day_number(as_of) - window) == (0, 0), "a hold kept it until then"
    held_until = day_number(as_of) - window - 1
    assert counts(NO_DAY, held_until) == ((1, window + 1) if late else (0, 0)), "it counts from the hold's release"
    assert counts(NO_DAY, day_number(last)) == counts(NO_DAY), "a hold released before it was due excuses nothing"


def test_case_J13_two_rules_for_one_thing_are_refused(tmp_path: Path) -> None:
    schedule = schedule_text()
    assert problems_of(tmp_path, schedule) == set()
    schedule["purposes"]["VOUCHERS"] = dict(schedule_text()["purposes"]["ACCOUNTING"])
    assert "TWO_RULES purposes.VOUCHERS.starts" in problems_of(tmp_path, schedule)


def test_case_J17_a_login_or_an_opened_newsletter_is_no_activity() -> None:
    world = World()
    gone = customer(world)
    relationship(world, "2020-01-01", customer_id=gone)
    world.add("sales.web_login", customer_id=gone, logged_at="2026-11-20T10:00:00")
    prospect = lead(world, "2020-01-01")
    talk(world, prospect, "2026-11-20", "mail_opened", two_way=False)
    assert world.says("sales.customer", gone, "profile").verdict in DUE
    assert world.says("sales.lead", prospect).verdict == "DELETE"
