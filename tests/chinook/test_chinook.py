"""Chinook through whole runs, judged row by row against what plain Python expects of the same rows."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.terms import Mode
from tests.chinook import chinook
from tests.chinook.expected import CUSTOMERS, INVOICES, expected
from tests.integration.harness import Dump, Gallring, databases, dump
from tests.integration.test_whole_run import assert_reported, assert_second_run_is_idle
from tests.second_schema.test_second_schema import differences

SYSTEM = "chinook"
POLICY = Path(__file__).parent / "policy"
BACKENDS = ("sqlite", "postgres", "mariadb")
SUMMER = date(2028, 6, 19)
"""About half of the customers are due, and for one of them today is the last day of the three years."""
EVE = date(2028, 12, 31)
"""The last day on which bookkeeping holds the invoices of 2021. Every customer is due."""
NEW_YEAR = date(2029, 1, 1)
"""The first day on which the invoices of 2021 are due."""
DAYS = [
    pytest.param(SUMMER, id="summer"),
    pytest.param(NEW_YEAR, id="new-year"),
]


@contextmanager
def shop(backend: str, home: Path, today: date, policy: Path = POLICY) -> Iterator[Gallring]:
    """Give the shop's database, filled, with Gallring beside it at noon of a day."""
    with databases(backend, [SYSTEM], home) as urls, pytest.MonkeyPatch.context() as patch:
        chinook.make(urls[SYSTEM])
        gallring = Gallring(home / "var", urls, patch)
        patch.setenv("GALLRING_POLICY", str(policy))
        gallring.set_clock(datetime.combine(today, time(11), UTC))
        yield gallring


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("today", DAYS)
def test_former_customers_and_old_addresses_go_and_nothing_else(backend: str, today: date, tmp_path: Path) -> None:
    with shop(backend, tmp_path, today) as gallring:
        before = gallring.dump()
        wanted = expected(before, today)
        assert_dry_run_changes_nothing(gallring, today, before, wanted)
        assert gallring.whole("first", as_of=today) == "DONE"
        assert_same(gallring.dump(), wanted)
        assert gallring.ledger("first", "not_done") == []
        assert_reported(gallring, "first", "DONE")
        assert_figures(gallring, "first", before, wanted)
        assert_second_run_is_idle(gallring, today)


def test_bookkeeping_holds_an_address_through_the_last_day_of_the_year(tmp_path: Path) -> None:
    with shop("sqlite", tmp_path, EVE) as gallring:
        before = gallring.dump()
        assert changed(before, expected(before, EVE)) == {CUSTOMERS: 59}
        assert_dry_run_changes_nothing(gallring, EVE, before, expected(before, EVE))


@pytest.mark.parametrize("backend", BACKENDS)
def test_years_from_july_hold_the_second_half_a_year_longer(backend: str, tmp_path: Path) -> None:
    """An invoice of 30 June 2021 ends its year that day; one of 1 July ends it in 2022, and is held through 2029."""
    policy = tmp_path / "policy"
    shutil.copytree(POLICY, policy)
    file = policy / "retention_schedule.yaml"
    calendar, july = "fiscal_years: {begin: 01-01}", "fiscal_years: {begin: 07-01}"
    assert calendar in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(calendar, july), "utf-8")
    with shop(backend, tmp_path, NEW_YEAR, policy) as gallring:
        before = gallring.dump()
        wanted = expected(before, NEW_YEAR, first_month=7)
        assert 0 < changed(before, wanted)[INVOICES] < changed(before, expected(before, NEW_YEAR))[INVOICES]
        assert gallring.whole("first", as_of=NEW_YEAR) == "DONE"
        assert_same(gallring.dump(), wanted)
        assert gallring.ledger("first", "not_done") == []


def test_the_days_tell_rules_apart() -> None:
    """Else a run that destroys everything, or nothing, would pass."""
    before = dump({SYSTEM: sa.URL.create("sqlite", database=str(chinook.ORIGINAL))})
    assert (len(before[CUSTOMERS]), len(before[INVOICES])) == (59, 412)
    assert changed(before, expected(before, SUMMER)) == {CUSTOMERS: 27}
    assert changed(before, expected(before, NEW_YEAR)) == {CUSTOMERS: 59, INVOICES: 83}


def assert_dry_run_changes_nothing(gallring: Gallring, today: date, before: Dump, wanted: Dump) -> None:
    """A dry run counts what is due and leaves every byte where it is."""
    planned = gallring.plan("dry", mode=Mode.DRY_RUN, as_of=today)
    assert planned["due"] == sum(changed(before, wanted).values())
    assert gallring.end("dry") == "DRY_RUN_DONE"
    assert_same(gallring.dump(), before)
    assert_reported(gallring, "dry", "DRY_RUN_DONE")


def assert_same(found: Dump, wanted: Dump) -> None:
    """Every row is what was expected, in the order of the keys, each value of the same type and spelling."""
    wrong = differences(found, wanted)
    assert not wrong, "\n".join(wrong)
    assert repr(found) == repr(wanted)


def assert_figures(gallring: Gallring, run_id: str, before: Dump, after: Dump) -> None:
    """The report counts each table as the rows themselves do."""
    now_different = changed(before, after)
    path = gallring.var / "reports" / run_id / "report.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        told = {f"{row['system']}.{row['table']}": row for row in csv.DictReader(file, delimiter=";")}
    assert set(told) == {CUSTOMERS, INVOICES, "chinook.InvoiceLine"}, "the tables that hold personal data"
    for name, row in told.items():
        anonymised = now_different.get(name, 0)
        figures = {"read": len(before[name]), "due": anonymised, "anonymised": anonymised, "deleted": 0}
        figures |= {"kept": len(before[name]) - anonymised, "referred": 0, "not_done": 0}
        assert {figure: int(row[figure]) for figure in figures} == figures, name
    total = gallring.report(run_id)["summary"]["total"]
    assert (total["anonymised"], total["deleted"]) == (sum(now_different.values()), 0)


def changed(before: Dump, after: Dump) -> dict[str, int]:
    """Return how many rows of each table are different, tables without any left out."""
    counts = {name: sum(row != after[name][key] for key, row in rows.items()) for name, rows in before.items()}
    return {name: count for name, count in counts.items() if count}
