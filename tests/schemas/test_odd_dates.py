"""Dates that are none: for ever, never, and nobody knows. None of them ends a read, and none is taken for a day."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.schemas.office import BACKENDS, PERSON, office

RANGES = {
    "postgres": {3: "infinity", 4: "-infinity", 5: "0044-03-15 BC", 6: "20000-01-01"},
    "mariadb": {7: "0000-00-00", 8: "2019-00-00"},
    "sqlite": {3: "infinity", 4: "-infinity", 7: "0000-00-00", 8: "2019-00-00"},
}
"""Days as only some databases keep them, by the person that they end."""
DAYS = {1: "2020-01-31", 2: "9999-12-31", 9: "2099-12-31", 10: "1753-01-01"}
SPECIAL = {"9999-12-31": "ongoing", "0000-00-00": "absent", "2099-12-31": "ongoing"}
GOES_ON, UNKNOWN, NEVER = {2, 3, 9}, {4, 5, 6, 8, 10}, {7}


def person(**event: Any) -> Any:
    """The people, with one more thing said of the days on which they left."""
    mapped = deepcopy(PERSON)
    mapped["events"][0] |= event
    mapped["groups"]["all"]["without_purpose"] = "expire"
    return mapped


@pytest.mark.parametrize("kind", ["date", "{INSTANT}"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_day_that_is_none(backend: str, kind: str, tmp_path: Path) -> None:
    days = DAYS | RANGES[backend]
    values = ", ".join(f"({number}, 'K{number}', 'N', '{day}')" for number, day in days.items())
    ddl = [
        f"CREATE TABLE person (id integer NOT NULL PRIMARY KEY, no {{TEXT}}, name {{TEXT}}, ended_on {kind})",
        *(["SET SESSION sql_mode = ''"] if backend == "mariadb" else []),
        f"INSERT INTO person VALUES {values}",
    ]
    with office(backend, tmp_path, ddl, {"person": person(special=SPECIAL)}) as found:
        assert found.codes() == []
        found.gallring.plan("first")
        states = {key: state for (_, _, key, group), state in found.gallring.decided("first").items() if group}
    wanted = dict.fromkeys(GOES_ON, "RETAIN") | dict.fromkeys(UNKNOWN, "REFER") | {1: "DELETE", 7: "DELETE"}
    assert states == {f"[{number}]": wanted[number] for number in days}


def test_infinity_may_mean_something_else(tmp_path: Path) -> None:
    ddl = [
        "CREATE TABLE person (id integer NOT NULL PRIMARY KEY, no {TEXT}, name {TEXT}, ended_on date)",
        "INSERT INTO person VALUES (1, 'K1', 'N', 'infinity'), (2, 'K2', 'N', '2020-01-31')",
    ]
    with office("postgres", tmp_path, ddl, {"person": person(special={"infinity": "unknown"})}) as found:
        found.gallring.plan("first")
        assert found.gallring.decided("first")["office", "person", "[1]", "all"] == "REFER"
