"""Every mistake is found, named by its code and its key, and the others beside it too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from include.retention.policy.load import load_policy
from tests.policy import samples

SOURCES = Path(__file__).resolve().parents[2] / "include" / "retention"
# Codes of the live database, which tests/data_map proves, notices, and those that take several files.
ELSEWHERE = {
    "APPROVED_AHEAD",
    "AREA_KEY",
    "AREA_WITHOUT_SYSTEM",
    "CASCADE_PATH",
    "CEILING_AS_PERIOD",
    "CHECK_NOT_PROVABLE",
    "CHECK_REFUSES",
    "DELETE_MISSING",
    "DUPLICATE_SYSTEM",
    "EVENT_DATE_TYPE",
    "INSERT_MISSING",
    "KEEPS_HISTORY",
    "KEY_MISMATCH",
    "LEFT_ALONE_GONE",
    "LINK_TYPE",
    "MAP_ENDING",
    "METHOD",
    "MISSING_COLUMN",
    "MISSING_TABLE",
    "NO_APPROVER",
    "NO_DATA_MAP",
    "NO_OBJECTIONS",
    "NO_SOURCE",
    "NO_TRANSACTIONS",
    "NOT_A_TABLE",
    "ORPHAN_PARTS",
    "PAST_PUBLISHED_CEILING",
    "PURPOSE_UNUSED",
    "READ_ONLY",
    "REFERENCED_BY_UNDECLARED",
    "REFERENCE_RING",
    "REVIEW_OVERDUE",
    "SCOPE_REVIEW",
    "ROW_SECURITY",
    "SELECT_MISSING",
    "TIMESTAMP_ZONE",
    "TRIGGER",
    "TRIGGER_GONE",
    "TWO_PATTERNS",
    "UNDECIDED",
    "UNDECLARED_COLUMN",
    "UNDECLARED_TABLE",
    "UNSEEN_TABLES",
    "USAGE_MISSING",
    "UNUSUAL_WAIT",
    "UPDATE_MISSING",
}


@pytest.mark.parametrize("failing", samples.FAILING, ids=lambda path: path.stem)
def test_a_failing_file_reports_exactly_its_mistakes(failing: Path, tmp_path: Path) -> None:
    directory = samples.write_failing(tmp_path, failing)
    policy, problems = samples.load(directory)
    kind = failing.stem.split("_")[1]
    file = directory / ("retention_schedule.yaml" if kind == "schedule" else "data_map/shop.yaml")
    found = {f"{problem.code} {problem.key}" for problem in problems if problem.file == file.as_posix()}
    assert policy is None
    assert found == set(samples.marks(failing, "expect"))


@pytest.mark.parametrize("failing", samples.FAILING, ids=lambda path: path.stem)
def test_every_problem_says_what_is_wrong_and_what_to_do(failing: Path, tmp_path: Path) -> None:
    _, problems = samples.load(samples.write_failing(tmp_path, failing))
    for problem in problems:
        assert problem.file
        assert problem.key
        assert re.fullmatch(r"[A-Z_]+", problem.code)
        assert problem.what.endswith((".", "?")), problem.what
        assert problem.remedy.endswith((".", "?")), problem.remedy
        assert problem.line is not None or problem.code == "UNREADABLE"


def test_the_valid_policy_is_valid(tmp_path: Path) -> None:
    directory = samples.write_policy(tmp_path, samples.valid("schedule"), {"shop": samples.valid("map")})
    policy = load_policy(directory)
    assert {problem.code for problem in policy.notices} == {"PAST_PUBLISHED_CEILING"}


def test_every_code_has_a_failing_file() -> None:
    raised = set()
    for folder in ("policy", "data_map"):
        for source in (SOURCES / folder).glob("*.py"):
            raised |= set(re.findall(r'"([A-Z]+(?:_[A-Z]+)*)"', source.read_text(encoding="utf-8")))
    expected = {mark.split()[0] for failing in samples.FAILING for mark in samples.marks(failing, "expect")}
    other_words = {"CASCADE", "OFF", "DELETE", "EVIDENCE", "INSERT", "N", "P", "SELECT", "UPDATE", "UTC"}
    assert raised - other_words - ELSEWHERE <= expected, "write tests/data/failing_*.yaml for these"


def test_mistakes_in_several_files_come_at_once(tmp_path: Path) -> None:
    schedule, shop = samples.valid("schedule"), samples.valid("map")
    schedule["purposes"]["DELIVERY"]["keep"] = "for ever"
    shop["tables"]["customer"]["columns"]["name"]["category"] = "surname"
    other = samples.merged(samples.valid("map"), {"system": "other", "tables": {"line": {"part_of": {"by": "number"}}}})
    _, problems = samples.load(samples.write_policy(tmp_path, schedule, {"shop": shop, "other": other}))
    assert {(Path(problem.file).name, problem.code) for problem in problems} == {
        ("retention_schedule.yaml", "BAD_PERIOD"),
        ("shop.yaml", "UNKNOWN_CATEGORY"),
        ("other.yaml", "LINK_LENGTH"),
    }


def test_case_a17_the_ceiling_is_no_period_for_vouchers(tmp_path: Path) -> None:
    schedule, shop = samples.valid("schedule"), samples.valid("map")
    schedule["events"]["invoiced"] = {"title": {"sv": "Fakturerad", "en": "Invoiced"}, "last_day": False}
    schedule["purposes"]["TEN_YEARS"] = {
        "title": {"sv": "Tio år", "en": "Ten years"},
        "lawful_basis": "6(1)(c)",
        "starts": "invoiced",
        "scope": "record",
        "keep": "P10Y",
        "statutory": True,
        "source": "Publicerad policy",
        "approved_by": "DPO",
    }
    schedule["categories"]["identity_number"]["only_for"].append("TEN_YEARS")
    shop["tables"]["invoice"]["groups"]["voucher"]["purposes"].append("TEN_YEARS")
    shop["tables"]["invoice"]["events"].append({"event": "invoiced", "date": "booked_on"})
    _, problems = samples.load(samples.write_policy(tmp_path, schedule, {"shop": shop}))
    assert [(problem.code, problem.key) for problem in problems] == [
        ("CEILING_AS_PERIOD", "tables.invoice.groups.voucher.purposes[2]")
    ]
    assert "ceiling, not a period" in problems[0].what


def test_a_broken_purpose_is_declared_all_the_same(tmp_path: Path) -> None:
    """Else the maps would be full of problems that are none."""
    schedule = samples.valid("schedule")
    schedule["purposes"]["DELIVERY"]["lawful_basis"] = "6(1)(z)"
    _, problems = samples.load(samples.write_policy(tmp_path, schedule, {"shop": samples.valid("map")}))
    assert [(problem.code, problem.key) for problem in problems] == [("BAD_VALUE", "purposes.DELIVERY.lawful_basis")]


@pytest.mark.parametrize("nothing", [{}, {"fiscal_years": None}], ids=["left out", "empty"])
def test_bookkeeping_without_fiscal_years_is_told_of_the_rule(nothing: dict[str, Any], tmp_path: Path) -> None:
    schedule = samples.without(samples.valid("schedule"), "fiscal_years") | nothing
    _, problems = samples.load(samples.write_policy(tmp_path, schedule, {"shop": samples.valid("map")}))
    assert [(problem.code, problem.key) for problem in problems] == [("NO_FISCAL_YEARS", "tables.invoice.events[0].as")]
    assert "fiscal_years: {begin: 01-01}" in problems[0].remedy
    schedule["fiscal_years"] = {"begin": "01-01"}
    policy, _ = samples.load(samples.write_policy(tmp_path, schedule, {"shop": samples.valid("map")}))
    assert policy is not None, "the remedy helps"


def test_a_title_in_one_language_is_told_of_both(tmp_path: Path) -> None:
    _, (problem,) = samples.load(samples.write_failing(tmp_path, samples.DATA / "failing_map_title.yaml"))
    assert problem.remedy == "Write {sv: in Swedish, en: in English}."


@pytest.mark.parametrize("begin", ["07-15", "7-1", "13-01", "2021-07-01", "07-01\n"])
def test_a_fiscal_year_that_begins_inside_a_month_is_told_once(begin: str, tmp_path: Path) -> None:
    """And the vouchers aren't said to lack what is there, only badly written."""
    schedule = samples.valid("schedule") | {"fiscal_years": {"begin": begin}}
    _, problems = samples.load(samples.write_policy(tmp_path, schedule, {"shop": samples.valid("map")}))
    assert [(problem.code, problem.key) for problem in problems] == [("BAD_VALUE", "fiscal_years.begin")]
    assert "first day of a month" in problems[0].what
    assert "07-01" in problems[0].remedy


def test_a_key_in_the_wrong_place_isnt_its_own_remedy(tmp_path: Path) -> None:
    schedule = samples.valid("schedule") | {"fiscal_years": {"begin": "07-01", "system": "shop"}}
    _, problems = samples.load(samples.write_policy(tmp_path, schedule, {"shop": samples.valid("map")}))
    assert [(problem.code, problem.key) for problem in problems] == [("UNKNOWN_KEY", "fiscal_years.system")]
    assert "Did you mean" not in problems[0].remedy


def test_two_files_for_one_system(tmp_path: Path) -> None:
    directory = samples.write_policy(
        tmp_path, samples.valid("schedule"), {"shop": samples.valid("map"), "shop2": samples.valid("map")}
    )
    _, problems = samples.load(directory)
    assert [problem.code for problem in problems] == ["DUPLICATE_SYSTEM"]


def test_a_directory_without_maps(tmp_path: Path) -> None:
    _, problems = samples.load(samples.write_policy(tmp_path, samples.valid("schedule"), {}))
    assert [problem.code for problem in problems] == ["NO_DATA_MAP"]


@pytest.mark.parametrize("name", ["crm.yml", "crm.yaml.bak", "crm.YAML", "crm", "notes.md"])
def test_a_file_that_isnt_read_is_a_problem(tmp_path: Path, name: str) -> None:
    directory = samples.write_policy(tmp_path, samples.valid("schedule"), {"shop": samples.valid("map")})
    (directory / "data_map" / name).write_text("system: crm\n", encoding="utf-8")
    policy, (problem,) = samples.load(directory)
    assert policy is None
    assert (problem.code, problem.file) == ("MAP_ENDING", (directory / "data_map" / name).as_posix())


def test_hidden_files_and_a_readme_are_no_maps(tmp_path: Path) -> None:
    directory = samples.write_policy(tmp_path, samples.valid("schedule"), {"shop": samples.valid("map")})
    for name in (".gitkeep", ".crm.yml.swp", "README.md", "README"):
        (directory / "data_map" / name).write_text("", encoding="utf-8")
    (directory / "data_map" / "former").mkdir()
    assert samples.load(directory)[1] == ()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    directory = samples.write_policy(tmp_path, samples.valid("schedule"), {"shop": samples.valid("map")})
    (directory / "retention_schedule.yaml").unlink()
    (directory / "data_map" / "shop.yaml").write_bytes(b"system: \xe5")
    (directory / "data_map" / "empty.yaml").touch()
    _, problems = samples.load(directory)
    assert [problem.code for problem in problems] == ["UNREADABLE"] * 3
