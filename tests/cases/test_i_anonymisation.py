"""Section I of the catalogue: what may be called anonymisation, and what only looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from include.retention.data_map.model import Table
from include.retention.statements import erase, sql_table
from include.retention.terms import WhenExpired
from tests.cases.policies import map_text, problems_of_map
from tests.cases.rows import customer, relationship
from tests.cases.world import World, _schema, shipped

PERSONAL = [
    pytest.param(system, table, group, id=f"{system}.{table.name}.{group}")
    for system, data_map in shipped().maps.items()
    for table in data_map.tables.values()
    for group in table.groups
]


@pytest.mark.parametrize(("system", "table", "group"), PERSONAL)
def test_case_I01_a_group_is_erased_whole_never_the_name_alone(system: str, table: Table, group: str) -> None:
    target = sql_table(table, None, _schema(system)[1].get(table.name))
    statement = erase(table, target, (group,), [tuple(1 for _ in table.key)], ())
    changed = {column.name for column in statement.compile(dialect=sqlite.dialect()).statement._values}
    assert changed == {name for name, column in table.columns.items() if column.group == group}
    assert isinstance(statement, sa.Update)


def test_case_I01_neighbour_name_and_telephone_have_one_verdict() -> None:
    lead = shipped().maps["sales"].tables["lead"]
    assert {lead.columns[name].group for name in ("name", "email", "phone")} == {"contact"}


@pytest.mark.parametrize(
    "method", ["hash", "hmac", "sha256", {"hash": "sha256"}, {"hmac": "sha256"}, "pseudonymise"], ids=str
)
def test_case_I02_no_hash_is_a_method(tmp_path: Path, method: object) -> None:
    content = map_text("sales")
    content["tables"]["customer"]["columns"]["pnr"]["method"] = method
    found = problems_of_map(tmp_path, "sales", content)
    assert any("tables.customer.columns.pnr.method" in problem for problem in found)


@pytest.mark.parametrize("method", ["mask", {"mask": "***"}], ids=str)
def test_case_I12_a_mask_is_no_method(tmp_path: Path, method: object) -> None:
    content = map_text("sales")
    content["tables"]["lead"]["columns"]["email"]["method"] = method
    found = problems_of_map(tmp_path, "sales", content)
    assert any("tables.lead.columns.email.method" in problem for problem in found)


def test_case_I12_neighbour_a_category_that_is_erased_whole_takes_no_shortening(tmp_path: Path) -> None:
    content = map_text("sales")
    content["tables"]["customer"]["columns"]["pnr"]["method"] = {"shorten": 8}
    assert any(problem.startswith("PARTIAL_ERASURE") for problem in problems_of_map(tmp_path, "sales", content))


def test_case_I09_what_expires_is_deleted_unless_its_table_says_otherwise(tmp_path: Path) -> None:
    for data_map in shipped().maps.values():
        assert {table.when_expired for table in data_map.tables.values()} == {WhenExpired.DELETE}
    content = map_text("sales")
    del content["tables"]["lead"]["when_expired"]
    assert problems_of_map(tmp_path, "sales", content) == set()


def test_case_I10_nobody_has_to_ask() -> None:
    world = World()
    gone = customer(world)
    relationship(world, "2020-01-01", customer_id=gone)
    assert world.says("sales.customer", gone).verdict == "DELETE"
