"""Large maps: one file an area, what is said once for a category, and patterns for what a run never changes."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map.duties import overdue_scopes
from include.retention.data_map.live import check_live
from include.retention.data_map.model import OutOfScope
from include.retention.policy.load import load_policy
from tests.data_map import shop
from tests.integration.harness import databases
from tests.policy import samples

SCOPE = {"reason": "Culled by the wage system", "by": "HR", "on": "2026-01-01", "review_on": "2027-01-01"}


def split(tmp_path: Path, *moved: str, **more: Any) -> Path:
    """Write the valid map with some tables in an area of their own."""
    shop = samples.valid("map")
    area = {"tables": {name: shop["tables"].pop(name) for name in moved}, **more}
    return samples.write_policy(tmp_path, samples.valid("schedule"), {"shop": shop, "shop/area": area})


def codes(problems: Any) -> dict[tuple[str, str], str]:
    """Return each problem's code by file and key."""
    return {(Path(each.file).name, each.key): each.code for each in problems}


def test_a_map_in_parts_is_the_map_written_out(tmp_path: Path) -> None:
    whole = load_policy(samples.write_policy(tmp_path / "a", samples.valid("schedule"), {"shop": samples.valid("map")}))
    parts = load_policy(split(tmp_path / "b", *list(samples.valid("map")["tables"])[1:]))
    assert parts.maps["shop"] == whole.maps["shop"]
    assert parts.map_digests == whole.map_digests


def test_an_area_adds_what_it_leaves_alone(tmp_path: Path) -> None:
    found = load_policy(split(tmp_path, ignore_tables={"tmp_*": "Emptied"})).maps["shop"]
    assert set(found.ignored_tables) == {"alembic_version", "tmp_*"}


def test_a_mistake_is_shown_in_the_file_where_it_stands(tmp_path: Path) -> None:
    directory = split(tmp_path, "line", out_of_scope={"hr": SCOPE | {"review_on": "soon"}})
    area = directory / "data_map" / "shop" / "area.yaml"
    area.write_text(area.read_text("utf-8").replace("purposes:", "purposs:", 1), "utf-8")
    _, problems = samples.load(directory)
    assert {each.file.rpartition("/")[2] for each in problems} == {"area.yaml"}
    lines = area.read_text("utf-8").splitlines()
    for each in problems:
        assert each.line is not None
        assert lines[each.line - 1].strip().startswith(("purposs:", "review_on: soon", "line:", "groups:", "voucher:"))


def test_a_table_stands_in_one_file(tmp_path: Path) -> None:
    shop = samples.valid("map")
    area = {"tables": {"customer": copy.deepcopy(shop["tables"]["customer"])}}
    directory = samples.write_policy(tmp_path, samples.valid("schedule"), {"shop": shop, "shop/area": area})
    _, problems = samples.load(directory)
    (problem,) = problems
    assert (problem.code, problem.key, Path(problem.file).name) == ("DUPLICATE_KEY", "tables.customer", "area.yaml")
    assert "shop.yaml, line" in problem.what


def test_an_area_holds_no_more_than_an_area(tmp_path: Path) -> None:
    _, problems = samples.load(split(tmp_path, owner="Somebody", tables=["customer"]))
    assert codes(problems) == {("area.yaml", "owner"): "AREA_KEY", ("area.yaml", "tables"): "AREA_KEY"}


def test_a_directory_that_no_system_answers_for_is_refused(tmp_path: Path) -> None:
    directory = split(tmp_path)
    (directory / "data_map" / "shop").rename(directory / "data_map" / "shopp")
    _, problems = samples.load(directory)
    assert [each.code for each in problems] == ["AREA_WITHOUT_SYSTEM"]
    (directory / "data_map" / "shopp").rename(directory / "data_map" / "shop")
    (directory / "data_map" / "shop" / "more.yml").write_text("tables: {}", "utf-8")
    _, problems = samples.load(directory)
    assert [each.code for each in problems] == ["MAP_ENDING"]


def test_what_is_said_once_for_a_category_goes_for_its_columns_and_they_may_say_otherwise(tmp_path: Path) -> None:
    written = samples.valid("map")
    columns = written["tables"]["customer"]["columns"]
    wanted = load_policy(samples.write_policy(tmp_path / "a", samples.valid("schedule"), {"shop": written}))
    short = copy.deepcopy(written)
    short["defaults"] = {"name": {"group": "contact", "method": {"constant": "Gallrad"}}, "email": {"group": "contact"}}
    short["tables"]["customer"]["columns"] = {
        **columns,
        "name": {"category": "name"},
        "email": {"category": "email", "method": "unique_placeholder"},
    }
    found = load_policy(samples.write_policy(tmp_path / "b", samples.valid("schedule"), {"shop": short})).maps["shop"]
    assert found.tables["customer"] == wanted.maps["shop"].tables["customer"]


def test_a_default_that_leads_nowhere_is_a_mistake_where_it_is_used(tmp_path: Path) -> None:
    shop = samples.valid("map")
    shop["defaults"] = {"name": {"group": "contcat"}}
    shop["tables"]["customer"]["columns"]["name"] = {"category": "name"}
    _, problems = samples.load(samples.write_policy(tmp_path, samples.valid("schedule"), {"shop": shop}))
    assert ("shop.yaml", "tables.customer.columns.name.group") in codes(problems)


@pytest.fixture
def live(tmp_path: Path) -> sa.Engine:
    """A database with a mapped table, and others that the map may leave alone."""
    engine = engine_at(sa.URL.create("sqlite", database=str(tmp_path / "live.db")), writes=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE visit (visit_id INTEGER PRIMARY KEY, customer_no TEXT NOT NULL, "
                                   "page TEXT, seen_on DATE NOT NULL, row_version INTEGER)")  # fmt: skip
        for name in ("person", "tmp_1", "hr_wages", "unknown"):
            connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)")
    return engine


def test_patterns_answer_for_what_a_run_never_changes_and_for_nothing_else(live: sa.Engine) -> None:
    policy = load_policy(Path(__file__).parents[1] / "benchmarks" / "policy")
    data_map = policy.maps["crm"]
    data_map = replace(data_map, tables={"visit": data_map.tables["visit"]})

    def closed(**more: Any) -> set[tuple[str | None, str]]:
        codes = {"UNDECLARED_TABLE", "UNDECLARED_COLUMN"}
        return {(each.table, each.code) for each in check_live(replace(data_map, **more), live) if each.code in codes}

    tables = {("crm.person", "UNDECLARED_TABLE"), ("crm.unknown", "UNDECLARED_TABLE")}
    every = {*tables, ("crm.tmp_1", "UNDECLARED_TABLE"), ("crm.hr_wages", "UNDECLARED_TABLE")}
    assert closed() == {*every, ("crm.visit", "UNDECLARED_COLUMN")}
    scope = OutOfScope("Wages", "HR", date(2026, 1, 1), date(2027, 1, 1))
    assert (
        closed(ignored_tables={"tmp_?": "Emptied"}, out_of_scope={"hr_*": scope}, not_personal={"*_version": "Count"})
        == tables
    )
    assert closed(ignored_tables={"TMP_*": "Emptied"}, not_personal={"*VERSION": "Count"}) == closed(), "case counts"
    assert not data_map.leaves_alone("visit")
    assert not replace(data_map, ignored_tables={"v*": "All"}).leaves_alone("visit"), "a declared table is declared"


def test_a_table_out_of_scope_names_who_decided_and_when_to_look_again(tmp_path: Path) -> None:
    directory = split(tmp_path, out_of_scope={"hr_*": SCOPE})
    maps = load_policy(directory).maps
    assert maps["shop"].out_of_scope["hr_*"].by == "HR"
    assert overdue_scopes(maps, date(2027, 1, 1)) == ()
    (late,) = overdue_scopes(maps, date(2027, 1, 2))
    assert (late.code, late.table) == ("SCOPE_REVIEW", None)
    assert "Ask HR" in late.remedy


@pytest.mark.parametrize("key", list(SCOPE))
def test_a_table_out_of_scope_without_reason_decision_or_day_is_refused(tmp_path: Path, key: str) -> None:
    scope = {name: value for name, value in SCOPE.items() if name != key}
    _, problems = samples.load(split(tmp_path, out_of_scope={"hr_wages": scope}))
    assert {(Path(each.file).name, each.key) for each in problems} == {("area.yaml", f"out_of_scope.hr_wages.{key}")}


def test_a_table_is_one_of_mapped_ignored_and_out_of_scope(tmp_path: Path) -> None:
    _, problems = samples.load(split(tmp_path, out_of_scope={"customer": dict(SCOPE), "alembic_version": dict(SCOPE)}))
    assert codes(problems) == {
        ("area.yaml", "out_of_scope.customer"): "TABLE_IGNORED",
        ("area.yaml", "out_of_scope.alembic_version"): "TABLE_IGNORED",
    }


FAMILY = {
    "ignore_tables": {
        "log_*": {"reason": "Counters", "columns": ["id", "at", "n_*"]},
        "log_summary": "A view of counters",
        "tmp_*": "Emptied each night",
        "gone_*": "Was there once",
    },
    "out_of_scope": {"*_old": SCOPE, "hr_*": dict(SCOPE)},
    "not_personal": {"*_version": "Counts changes"},
}


def left_alone(url: sa.URL, tmp_path: Path, *tables: str) -> list[tuple[str, str, str | None]]:
    """Return code, key and closed table of what the families have to say of tables beside the shop's."""
    with shop.database(url, shop.tables()) as engine:
        with engine.begin() as connection:
            for each in tables:
                connection.exec_driver_sql(f"CREATE TABLE {each}")
        found = check_live(shop.data_map(tmp_path, FAMILY), engine)
    codes = {"TWO_PATTERNS", "LEFT_ALONE_GONE", "UNDECLARED_COLUMN", "UNDECLARED_TABLE"}
    return sorted((each.code, each.key, each.table) for each in found if each.code in codes)


@pytest.mark.parametrize("server", ["sqlite", "postgres", "mariadb"])
def test_a_family_covers_new_tables_and_no_new_columns(server: str, tmp_path: Path) -> None:
    tables = (
        "log_2024 (id INTEGER, at DATE, n_hits INTEGER)",
        "log_2025 (id INTEGER, at DATE, n_hits INTEGER, visitor VARCHAR(20))",
        "log_summary (anything VARCHAR(20))",
        "tmp_1 (anything VARCHAR(20))",
        "tmp_old (id INTEGER)",
    )
    with databases(server, ("shop",), tmp_path) as urls:
        assert left_alone(urls["shop"], tmp_path, *tables) == [
            ("LEFT_ALONE_GONE", "ignore_tables.gone_*", None),
            ("LEFT_ALONE_GONE", "not_personal.*_version", None),
            ("LEFT_ALONE_GONE", "out_of_scope.hr_*", None),
            ("TWO_PATTERNS", "tables.tmp_old", "shop.tmp_old"),
            ("UNDECLARED_COLUMN", "tables.log_2025.columns.visitor", "shop.log_2025"),
        ]


def test_columns_of_a_family_are_some(tmp_path: Path) -> None:
    _, problems = samples.load(split(tmp_path, ignore_tables={"log_*": {"reason": "Counters", "columns": []}}))
    assert [key for _, key in codes(problems)] == ["ignore_tables.log_*.columns"]


def test_a_table_left_alone_still_closes_what_its_rows_refer_to(tmp_path: Path) -> None:
    url = sa.URL.create("sqlite", database=str(tmp_path / "shop.db"))
    with shop.database(url, shop.tables()) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE hr_bonus (id INTEGER, customer_id INTEGER REFERENCES customer)")
        found = check_live(shop.data_map(tmp_path, FAMILY), engine)
    assert [each.table for each in found if each.code == "REFERENCED_BY_UNDECLARED"] == ["shop.customer"]
