"""A schedule and a map with tables that stand alone, in every way that the rule knows, and rows for them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "policy"
TODAY = date(2026, 11, 23)
KEEP = {"DELIVERY": "P3Y", "SHORT": "P3M", "LONG": "P7Y", "YEARLY": "P1Y"}
"""Purposes that start with the end of a contract; the last one with a visit."""


def schedule() -> dict[str, Any]:
    """Return the benchmark's schedule with more purposes."""
    content = yaml.safe_load((BENCHMARK / "retention_schedule.yaml").read_text("utf-8"))
    delivery = content["purposes"]["DELIVERY"]
    content["purposes"] |= {
        name: {**delivery, "title": {"sv": name, "en": name}, "keep": keep} for name, keep in KEEP.items()
    }
    content["purposes"]["LONG"] |= {
        "amendments": [{"in_force": "2026-01-01", "keep": "P5Y", "events_from": "2022-01-01", "source": "Beslut"}]
    }
    content["purposes"]["YEARLY"] |= {"starts": "seen", "to_year_end": True}
    return json.loads(json.dumps(content, default=str))  # Written out, without YAML's aliases.


def table(key: str, when_expired: str, event: Mapping[str, Any], groups: Mapping[str, str]) -> dict[str, Any]:
    """Return a table of the map with one column for each group, erased to NULL."""
    days = {event["date"]: {"note": "Day"}} if "date" in event else {}
    return {
        "title": {"sv": key, "en": key},
        "key": key,
        "when_expired": when_expired,
        "subjects": {"person": {"kind": "person", "identifiers": {"customer_number": "customer_no"}}},
        "events": [dict(event)],
        "groups": {name: {"purposes": purposes.split()} for name, purposes in groups.items()},
        "columns": {
            key: "Key",
            "customer_no": "Number",
            "state": "State",
            **days,
            **{name: {"category": "free_text", "group": name} for name in groups},
        },
    }


TABLES: dict[str, dict[str, Any]] = {
    "visit": table("visit_id", "delete", {"event": "seen", "date": "day", "null": "unknown"}, {"page": "SECURITY"}),
    "person": table(
        "person_id", "anonymise", {"event": "relationship", "date": "day", "null": "ongoing"},
        {"contact": "SHORT DELIVERY", "note": "SHORT"},
    ),
    "contract": table(
        "contract_id", "delete",
        {
            "event": "relationship", "date": "day", "null": "absent",
            "where": [{"column": "state", "in": ["ended", None]}],
        },
        {"terms": "LONG", "note": "SHORT"},
    ),
    "stay": table("stay_id", "anonymise", {"event": "seen", "date": "day", "null": "absent"}, {"room": "YEARLY"}),
}  # fmt: skip
TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "visit": sa.DateTime(timezone=True), "person": sa.Date(), "contract": sa.DateTime(), "stay": sa.Date(),
}  # fmt: skip


def write(home: Path, tables: Mapping[str, dict[str, Any]] = TABLES) -> None:
    """Write the policy."""
    (home / "data_map").mkdir(parents=True, exist_ok=True)
    content = {
        "system": "crm", "title": {"sv": "Register", "en": "Register"}, "connection": "gallring_crm", "owner": "Desk",
        "tables": dict(tables),
    }  # fmt: skip
    (home / "data_map" / "crm.yaml").write_text(
        yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False), "utf-8"
    )
    (home / "retention_schedule.yaml").write_text(
        re.sub(r"'(\d{4}-\d\d-\d\d)'", r"\1", yaml.safe_dump(schedule(), sort_keys=False)), "utf-8"
    )


def fill(engine: sa.Engine, seed: int, rows: int = 400) -> None:
    """Create the tables, and fill them with days around every border, far from all, missing and special."""
    luck = random.Random(seed)  # noqa: S311 - rows for a test
    meta = sa.MetaData()
    for name, each in TABLES.items():
        groups = list(each["groups"])
        target = sa.Table(
            name, meta, sa.Column(each["key"], sa.Integer, primary_key=True), sa.Column("customer_no", sa.String(20)),
            sa.Column("state", sa.String(20)), sa.Column("day", TYPES[name]),
            *(sa.Column(group, sa.String(40)) for group in groups),
        )  # fmt: skip
        meta.create_all(engine, [target])
        content = [
            {
                each["key"]: number,
                "customer_no": f"K{luck.randrange(rows)}",
                "state": luck.choice(["ended", "open", None]),
                "day": _day(luck, TYPES[name]),
                **{group: luck.choice([None, "text"]) for group in groups},
            }
            for number in range(1, rows + 1)
        ]
        with engine.begin() as connection:
            connection.execute(sa.insert(target), content)
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"UPDATE {name} SET day = 'infinity' WHERE {each['key']} = 7")
                connection.exec_driver_sql(f"UPDATE {name} SET day = '-infinity' WHERE {each['key']} = 8")


def _day(luck: random.Random, type_: sa.types.TypeEngine[Any]) -> date | datetime | None:
    back = luck.choice([90, 91, 92, 365, 366, 731, 1095, 1096, 1826, 1827, 2557])
    years_ends = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), date(2021, 12, 31), date(2022, 1, 1)]
    day = luck.choice(
        [
            None,
            TODAY - timedelta(days=back + luck.randrange(-5, 6)),
            TODAY - timedelta(days=luck.randrange(4000)),
            TODAY + timedelta(days=luck.randrange(-2, 900)),
            luck.choice(years_ends),
            date(1900, 1, 1),
            date(1900, 1, 2),
            date(1888, 1, 1),
            date(2199, 12, 31),
            date(2200, 1, 1),
        ]
    )
    if day is None or isinstance(type_, sa.Date):
        return day
    return datetime.combine(day, datetime.min.time()) + timedelta(minutes=luck.randrange(24 * 60))
