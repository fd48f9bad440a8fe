"""Which tables stand alone, and what takes that from them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from include.retention.classify import Moment
from include.retention.data_map.model import ForeignKey
from include.retention.narrow.alone import Alone, find_alone
from include.retention.policy.load import load_policy
from tests.narrow import policy
from tests.narrow.policy import TABLES, TODAY

Change = Callable[[dict[str, Any], dict[str, Any]], object]
"""Changes the schedule and the tables of the map."""


def found(home: Path, monkeypatch: pytest.MonkeyPatch, change: Change, *keys: ForeignKey) -> dict[str, Alone]:
    """Return the tables that stand alone after a change."""
    schedule, tables = policy.schedule(), deepcopy(TABLES)
    change(schedule, tables)
    monkeypatch.setattr(policy, "schedule", lambda: schedule)
    policy.write(home, tables)
    loaded = load_policy(home)
    return find_alone(loaded.maps, loaded.schedule, "crm", keys, Moment(TODAY, TODAY))


def test_tables_of_their_own_day_stand_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = found(tmp_path, monkeypatch, lambda *_: None)
    assert set(alone) == set(TABLES)
    assert (alone["person"].keeper, alone["person"].open_keeper) == ("DELIVERY", "SHORT")
    kept = alone["person"].kept
    assert str(kept["contact"].since) == "2023-11-26", "three years back, and three days of margin"
    assert str(kept["contact"].before) == "2023-11-20"
    assert str(kept["note"].since) == "2026-08-26"


def column(name: str) -> Change:
    """Return a change by which a person has another column."""
    return lambda _schedule, tables: tables["person"]["columns"].update({name: "Another"})


def together(*changes: Change) -> Change:
    """Return several changes as one."""
    return lambda schedule, tables: [change(schedule, tables) for change in changes]


def identify(**kinds: str) -> Change:
    """Return a change of what a person is known by."""

    def change(_schedule: dict[str, Any], tables: dict[str, Any]) -> None:
        tables["person"]["subjects"]["person"]["identifiers"] = kinds
        for column in kinds.values():
            tables["person"]["columns"][column] = {"category": "name", "group": "contact"}

    return change


def event(**keys: Any) -> Change:
    """Return a change of the event that decides over a person."""
    return lambda _schedule, tables: tables["person"]["events"][0].update(keys)


def also(**keys: Any) -> Change:
    """Return a change by which a person tells of another event too."""
    other = {"event": "seen", "date": "day", "null": "absent"} | keys
    return lambda _schedule, tables: tables["person"]["events"].append(other)


def purpose(**keys: Any) -> Change:
    """Return a change of the purpose that keeps a person longest."""
    return lambda schedule, _tables: schedule["purposes"]["DELIVERY"].update(keys)


def set_in(name: str, **keys: Any) -> Change:
    """Return a change of a table."""
    return lambda _schedule, tables: tables[name].update(keys)


def groups(of: str, **purposes: Any) -> Change:
    """Return a change of a table's column groups."""
    return lambda _schedule, tables: tables[of]["groups"].update({k: {"purposes": v} for k, v in purposes.items()})


MATTERS: dict[str, Change] = {
    "known by an address": identify(email="mail"),
    "known by two numbers": identify(customer_number="customer_no", organisation_number="org_no"),
    "a day of another kind": event(special={"9999-12-31": "ongoing"}),
    "an episode": together(event(begins="begun"), column("begun")),
    "a day that stands for its fiscal year's": together(
        event(**{"as": "fiscal_year_end"}), lambda schedule, _: schedule.update(fiscal_years={"begin": "01-01"})
    ),
    "two days": also(event="relationship"),
    "an event that ends a purpose": also(event="objection"),
    "ended by an objection": purpose(ends_at_once=[{"event": "objection", "scope": "subject"}], marketing=True),
    "yields to a request": purpose(yields_to_erasure=True),
    "another's clock": groups("stay", room=[{"purpose": "DELIVERY", "scope": "subject"}]),
    "a purpose with another event": together(groups("person", note=["SECURITY"]), also()),
    "a column without a purpose": lambda _, tables: tables["person"]["groups"].update(
        note={"purposes": [], "without_purpose": "expire"}
    ),
    "a sentinel inside": lambda schedule, _: schedule["sentinel_dates"].append("2025-01-01"),
    "rows that aren't personal": set_in("person", personal_when=[{"column": "state", "in": ["open"]}]),
    "a sum that must stay": set_in("person", sums=[{"column": "person_id", "by": []}]),
    "a part of another": set_in("person", part_of={"table": "stay", "by": "customer_no"}),
}


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in MATTERS.items()])
def test_what_matters_beyond_its_day_is_read_whole(
    change: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "person" not in found(tmp_path, monkeypatch, change)


@pytest.mark.parametrize(
    ("child", "parent"), [("contract", "person"), ("person", "contract"), ("person", "person"), ("unmapped", "person")]
)
def test_a_reference_ties_the_table_referred_to_and_one_that_refers_to_rows_that_may_go(
    child: str, parent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ForeignKey(child, ("state",), parent, (f"{parent}_id",), "NO ACTION")
    assert "person" not in found(tmp_path, monkeypatch, lambda *_: None, key)


def test_a_reference_to_rows_that_stay_ties_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = ForeignKey("person", ("state",), "stay", ("stay_id",), "NO ACTION")
    alone = found(tmp_path, monkeypatch, lambda *_: None, key)
    assert set(alone) == set(TABLES) - {"stay"}


def test_two_purposes_of_which_now_one_and_now_the_other_keeps_longer_are_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = together(
        lambda schedule, _: schedule["purposes"]["SHORT"].update(keep="P30M", to_year_end=True),
        groups("person", contact=["SHORT", "DELIVERY"]),
    )
    assert "person" not in found(tmp_path, monkeypatch, change)
