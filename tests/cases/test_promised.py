"""What a plan that broke off had promised: a new run keeps the promise, unless something has happened since."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from include.retention.dates import NO_DAY, day_number
from include.retention.keys import RECORD, record_text
from include.retention.ledger.runs import RunRow
from include.retention.promised import ANY_NEWS, promised_days, promises
from include.retention.terms import Mode
from tests.cases.rows import customer, lead, relationship, subscriber, talk
from tests.cases.world import KEY, TODAY, World

SHE = "anna@iret.example"


def promised(world: World, day: int = day_number(TODAY)) -> pd.DataFrame:
    """Return the promises of a plan for the world as it is now."""
    items = world.plan()[["record_ref", "system", "table", "groups", "fingerprint"]]
    return items.assign(groups=[tuple(json.loads(text)) for text in items["groups"]], day=day)


def broken_off(day: int = day_number(TODAY)) -> tuple[World, int, int]:
    """Return a former customer's lead and talk, after a plan that got as far as the customer and what she had bought.

    Somebody who was a customer never becomes a prospect again (case C04), and nothing tells of it any more.
    """
    before = World()
    number = lead(before, email=SHE)
    entry = talk(before, number, "2026-11-01")
    relationship(before, "2025-06-30", customer_id=customer(before, email=SHE))
    assert before.says("sales.lead", number).verdict == "DELETE"
    after = World(promised=promised(before, day))
    lead(after, email=SHE, lead_id=number)
    assert talk(after, number, "2026-11-01", entry_id=entry) == entry
    return after, number, entry


def test_without_a_promise_the_lead_would_be_a_prospect_again() -> None:
    world, number, entry = broken_off()
    alone = world.again(promised=world.promised.head(0))
    assert alone.says("sales.lead", number).verdict == "RETAIN"
    assert alone.says("sales.dialogue_entry", entry).verdict == "RETAIN"


def test_what_had_ended_stays_ended_though_what_ended_it_is_gone() -> None:
    world, number, entry = broken_off()
    for group in ("contact", "profile"):
        told = world.says("sales.lead", number, group)
        assert (told.verdict, told.reason, told.purpose) == ("DELETE", "CARRIED_OVER", None)
    assert world.says("sales.lead", number).verdict == "DELETE"
    assert world.says("sales.dialogue_entry", entry).verdict == "DELETE", "nothing rests on its contact any more"


@pytest.mark.parametrize("day", [TODAY, TODAY + timedelta(days=9)])
def test_a_new_contact_is_news(day: date) -> None:
    world, number, _ = broken_off()
    talk(world, number, day.isoformat())
    later = world.again(today=day + timedelta(days=1))
    assert later.says("sales.lead", number, "contact").reason == "LIVE_PURPOSE"


def test_what_goes_on_is_news_however_long_it_has() -> None:
    before = World()
    person = customer(before, email=SHE)
    relationship(before, "2019-06-30", customer_id=person)
    assert before.says("sales.customer", person).verdict == "DELETE"
    world = World(promised=promised(before))
    customer(world, email=SHE, customer_id=person)
    assert world.says("sales.customer", person).verdict == "DELETE"
    relationship(world, started_on="2018-01-01", customer_id=person)
    assert world.says("sales.customer", person, "master").reason == "LIVE_PURPOSE"


def test_a_record_that_was_changed_since_is_decided_anew() -> None:
    world, number, _ = broken_off()
    world.change("sales.lead", number, email="anna.berg@iret.example")
    assert world.says("sales.lead", number, "contact").reason == "LIVE_PURPOSE"


def test_by_other_rules_a_purpose_that_runs_is_not_ended_by_a_promise() -> None:
    world, number, _ = broken_off(ANY_NEWS)
    assert world.says("sales.lead", number, "contact").reason == "LIVE_PURPOSE"


def test_only_the_groups_that_were_promised_are_carried_over() -> None:
    world = World()
    letter = subscriber(world, email=SHE)
    assert world.says("marketing.subscriber", letter, "email").reason == "NO_KNOWN_PURPOSE"
    ref = KEY.mac(RECORD, record_text("marketing", "subscriber", [letter]))
    row = {"system": "marketing", "table": "subscriber", "groups": ("email",), "fingerprint": "", "day": ANY_NEWS}
    after = world.again(promised=pd.DataFrame([{"record_ref": ref, **row}]))
    assert after.says("marketing.subscriber", letter, "email").reason == "CARRIED_OVER"
    assert after.says("marketing.subscriber", letter, "profile").reason == "NO_KNOWN_PURPOSE"
    assert after.says("marketing.subscriber", letter).verdict == "RETAIN"


def test_a_promise_is_found_by_reference_and_holds_for_the_facts_it_was_made_on() -> None:
    content = {"record_ref": ["a", "b", "c"], "fingerprint": ["1", "2", "3"], "day": np.array([10, 10, 10], "int32")}
    made = pd.DataFrame({**content, "groups": [(), ("email",), ("name",)]})
    days = promised_days(made, ["c", "x", "b", "a"], ["3", "0", "changed", "1"], ["email", "name"])
    assert days["email"].tolist() == [NO_DAY, NO_DAY, ANY_NEWS, 10]
    assert days["name"].tolist() == [10, NO_DAY, NO_DAY, 10]


RULES = {"schedule_digest": "s", "map_digests": {"sales": "m"}}


def run(run_id: str, **values: object) -> RunRow:
    """Return a run of half past midnight, Swedish time: in UTC it is still the day before."""
    usual = {
        "run_id": run_id, "dag_run_id": run_id, "run_type": "scheduled", "as_of": date(2026, 11, 28),
        "time_zone": "Europe/Stockholm", "mode": Mode.ENFORCE, "started_at": datetime(2026, 11, 28, 23, 30, tzinfo=UTC),
        "schedule_version": "1", "code_digest": "c", "key_id": "k",
    }  # fmt: skip
    return RunRow(**(usual | RULES | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ({}, day_number(date(2026, 11, 29))),
        ({"as_of": date(2026, 12, 5)}, day_number(date(2026, 11, 29))),
        ({"as_of": date(2026, 11, 27)}, ANY_NEWS),
        ({"schedule_digest": "other"}, ANY_NEWS),
        ({"map_digests": {"sales": "other"}}, ANY_NEWS),
    ],
)
def test_a_promise_dates_from_the_local_day_of_its_plan_unless_rules_or_the_day_asked_about_differ(
    now: dict[str, object], day: int
) -> None:
    row = {"run_id": "broken", "record_ref": "a", "system": "sales", "table": "lead", "groups": (), "fingerprint": "1"}
    found = promises(pd.DataFrame([row]), {"broken": run("broken")}, replace(run("now"), **now))
    assert found["day"].tolist() == [day]
    assert promises(pd.DataFrame([row]).head(0), {}, run("now")).empty
