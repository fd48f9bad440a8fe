"""Tables that refer to each other: refused with the way out, and emptied in the order that the map's way out allows."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from include.retention.errors import ActError
from tests.schemas.office import BACKENDS, PERSON, office, table

REFERS = "FOREIGN KEY (main_address) REFERENCES address (id)"
SELF = "FOREIGN KEY (partner) REFERENCES person (id)"
PEOPLE = (
    "CREATE TABLE person (id integer NOT NULL PRIMARY KEY, no {TEXT}, name {TEXT}, ended_on date, "
    "main_address integer, partner integer"
)
ADDRESSES = (
    "CREATE TABLE address (id integer NOT NULL PRIMARY KEY, person integer NOT NULL, street {TEXT}, "
    "FOREIGN KEY (person) REFERENCES person (id))"
)
ROWS = [
    "INSERT INTO person (id, no, name, ended_on) VALUES (1, 'K1', 'N', '2020-01-31'), (2, 'K2', 'N', NULL)",
    "INSERT INTO person (id, no, name, ended_on) VALUES (3, 'K3', 'N', '2020-01-31'), (5, 'K5', 'N', '2020-01-31')",
    "INSERT INTO address VALUES (11, 1, 's'), (12, 2, 's'), (13, 3, 's'), (15, 5, 's')",
    "UPDATE person SET main_address = id + 10",
    "UPDATE person SET main_address = 11 WHERE id = 2",
    "UPDATE person SET partner = 4 - id WHERE id IN (1, 3)",
]
"""Two live at the address of 1, who has left; 1 and 3 are each other's partners."""


def ring(backend: str, deferrable: str = "") -> list[str]:
    """Return statements that make people with main addresses, and addresses of people."""
    if backend == "sqlite":
        return [f"{PEOPLE}, {REFERS}, {SELF})", ADDRESSES, *ROWS]
    late = [f"ALTER TABLE person ADD CONSTRAINT main_one {REFERS} {deferrable}", f"ALTER TABLE person ADD {SELF}"]
    return [f"{PEOPLE})", ADDRESSES, *late, *ROWS]


def the_tables(**more: Any) -> dict[str, Any]:
    """Return their map."""
    person = deepcopy(PERSON)
    person["columns"] |= {"main_address": "One of the addresses", "partner": "Another person"}
    whose = {"person": {"through": "person", "table": "person", "role": "person"}}
    return {"person": person | more, "address": table(personal=["street"], notes=["person"], subjects=whose)}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ring_is_refused_with_the_way_out(backend: str, tmp_path: Path) -> None:
    deferrable = "DEFERRABLE INITIALLY DEFERRED" if backend == "postgres" else ""
    with office(backend, tmp_path, ring(backend, deferrable), the_tables()) as found:
        first, second = found.check()
        assert [each.table for each in (first, second)] == ["office.address", "office.person"]
        assert first.code == second.code == "REFERENCE_RING"
        assert "empties" in first.remedy
        with pytest.raises(ActError, match="FAILED"):
            found.run()
        assert found.ids("person") == [1, 2, 3, 5]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_reference_that_gives_way_is_emptied_first(backend: str, tmp_path: Path) -> None:
    with office(backend, tmp_path, ring(backend), the_tables(empties=["main_address", "partner"])) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert found.ids("address") == [12]
        assert [(row["id"], row["name"], row["main_address"]) for row in found.rows("person")] == [(2, "N", None)]


def test_nothing_of_a_row_under_a_hold_gives_way(tmp_path: Path) -> None:
    """2 lives at the address of 1: that address stays as long as the hold on 2 does, emptied."""
    tables = the_tables(empties=["main_address", "partner"])
    tables["person"]["columns"]["held_on"] = "Day until which a court wants the row kept"
    tables["person"]["events"] = [
        *tables["person"]["events"],
        {"event": "hold", "date": "held_on", "null": "absent", "of": []},
    ]
    held = ["ALTER TABLE person ADD COLUMN held_on date", "UPDATE person SET held_on = '2030-01-01' WHERE id = 2"]
    with office("sqlite", tmp_path, [*ring("sqlite"), *held], tables) as found:
        assert found.run() == "DONE"
        people = [(row["id"], row["name"], row["main_address"]) for row in found.rows("person")]
        assert people == [(1, None, 11), (2, "N", 11)], "the address is of 1, whose row therefore stands"
        assert [(row["id"], row["street"]) for row in found.rows("address")] == [(11, None), (12, "s")]


def test_a_column_that_cannot_be_emptied(sqlite_url: object, tmp_path: Path) -> None:
    ddl = [f"{PEOPLE}, {REFERS})".replace("main_address integer", "main_address integer NOT NULL"), ADDRESSES]
    with office("sqlite", tmp_path, ddl, the_tables(empties=["main_address"])) as found:
        assert found.codes() == ["METHOD tables.person.empties[0]"]
