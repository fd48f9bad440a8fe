"""The arithmetic: what adds up is said to, what doesn't is shown, and what nobody knows is never a zero."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.retention.report.counting import collect_figures
from include.retention.report.entries import read_entries
from include.retention.report.figures import PLACES, Acted, SystemFigures, TableFigures, Totals, failed_sums
from tests.report.made import Entries, run_entries, small_maps, small_schedule

MAPS = small_maps()


def figures(entries: Entries, *, enforce: bool = True) -> tuple[SystemFigures, ...]:
    return collect_figures(read_entries(entries), MAPS, enforce=enforce)


def table(found: tuple[SystemFigures, ...], system: str, name: str) -> TableFigures:
    return next(each for each in next(s for s in found if s.system == system).tables if each.table == name)


def plan_row(**counts: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"system": "sales", "table": "customer", **dict.fromkeys(PLACES, 0), **counts}
    row.setdefault("population", sum(row[place] for place in PLACES))
    row.setdefault("due", row["delete"] + row["anonymise"])
    return row


def entries_of(*bodies: tuple[str, dict[str, Any]]) -> Entries:
    at = "2026-11-22T01:00:00+00:00"
    return [{"seq": n, "at": at, "kind": kind, "body": body} for n, (kind, body) in enumerate(bodies, start=1)]


def planned(*rows: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "planned", {"digest": "d", "tables": list(rows), "guards": []}


APPROVED = ("approved", {"digest": "d", "how": "human", "by": "dpo"})


def started(number: int, rows: int, action: str = "DELETE") -> tuple[str, dict[str, Any]]:
    body = {"batch": number, "system": "sales", "table": "customer", "action": action, "rows": rows}
    return "batch_started", body


def verified(
    number: int, done: int, *, drift: int = 0, remaining: int = 0, action: str = "DELETE"
) -> tuple[str, dict[str, Any]]:
    body = {"batch": number, "system": "sales", "table": "customer", "action": action, "done": done}
    return "batch_verified", body | {"drift": drift, "remaining": remaining, "files": {"deleted": done}}


def test_a_run_that_went_well_adds_up() -> None:
    found = figures(run_entries(small_schedule(), MAPS))
    sums = [each for system in found for each_table in system.tables for each in each_table.sums]
    assert len(sums) >= 12
    assert failed_sums(found) == []


def test_a_system_is_the_sum_of_its_tables() -> None:
    sales = figures(run_entries(small_schedule(), MAPS))[0]
    for name in ("read", "due", "deleted", "anonymised", "kept", "referred", "other", "not_done"):
        assert isinstance(getattr(sales.totals, name), int)
    rows = [each.planned for each in sales.tables]
    assert sales.totals.read == sum(row.population for row in rows if row)
    whole = sales.totals
    assert whole.read == whole.due + whole.kept + whole.referred + whole.other  # type: ignore[operator]
    assert whole.due == whole.deleted + whole.anonymised + whole.changed + whole.not_done  # type: ignore[operator]


@pytest.mark.parametrize("place", PLACES)
def test_a_row_too_few_or_too_many_is_a_failed_sum(place: str) -> None:
    honest = plan_row(delete=3, retain=5)
    wrong = honest | {place: honest[place] + 1}
    found = figures(entries_of(planned(wrong)))
    names = {each.name for _, each in failed_sums(found)}
    assert "population" in names
    assert ("due" in names) == (place in ("delete", "anonymise"))


def test_reasons_that_do_not_come_to_the_whole_are_a_failed_sum() -> None:
    row = plan_row(delete=2, retain=5, retain_by={"MARKETING": 4}, due_by={"DELIVERY": 3})
    names = {each.name: each.difference for _, each in failed_sums(figures(entries_of(planned(row))))}
    assert names == {"retain_by": 1, "due_by": -1}


def test_every_due_row_is_followed_to_its_end() -> None:
    row = plan_row(delete=10, anonymise=6, retain=1)
    found = figures(
        entries_of(
            planned(row), APPROVED,
            started(1, 6, "ANONYMISE"), verified(1, 4, drift=1, remaining=1, action="ANONYMISE"),
            started(2, 3), verified(2, 3), started(3, 5),
        )
    )  # fmt: skip
    acted = table(found, "sales", "customer").acted
    assert acted == Acted(
        deleted=3, anonymised=4, changed=1, remaining=1, unverified=5, never_begun=2,
        files_deleted=7, files_absent=0, files_refused=0,
    )  # fmt: skip
    assert acted.not_done == 8
    assert failed_sums(found) == []


def test_a_batch_measured_again_replaces_its_first_measurement() -> None:
    found = figures(
        entries_of(
            planned(plan_row(delete=5)), APPROVED,
            started(1, 5), verified(1, 2, remaining=3), started(1, 5), verified(1, 5),
        )
    )  # fmt: skip
    acted = table(found, "sales", "customer").acted
    assert acted is not None
    assert (acted.deleted, acted.not_done) == (5, 0)


def test_more_done_than_planned_is_a_failed_sum() -> None:
    found = figures(entries_of(planned(plan_row(delete=2)), APPROVED, started(1, 3), verified(1, 3)))
    assert [(each.name, each.difference) for _, each in failed_sums(found)] == [("act", -1)]


def test_a_batch_that_loses_a_row_is_a_failed_sum() -> None:
    found = figures(entries_of(planned(plan_row(delete=3)), APPROVED, started(1, 3), verified(1, 2)))
    assert [(each.name, each.difference) for _, each in failed_sums(found)] == [("act", 1)]


def test_steps_that_have_not_run_leave_unknowns_never_zeros() -> None:
    nothing = figures([])
    assert nothing[0].totals == Totals(*[None] * 14)
    without_act = figures(entries_of(planned(plan_row(delete=4, retain=2))))[0].tables[0]
    assert without_act.planned is not None
    assert without_act.acted is None


def test_what_is_due_and_was_never_acted_on_is_not_done() -> None:
    rows = [plan_row(delete=4), plan_row(delete=0, retain=3) | {"table": "orders"}]
    totals = figures(entries_of(planned(*rows)))[0].totals
    assert (totals.due, totals.deleted, totals.not_done) == (4, None, 4)
    dry = figures(entries_of(planned(*rows)), enforce=False)[0].totals
    assert (dry.due, dry.deleted, dry.not_done) == (4, None, None)


def test_nothing_due_is_known_to_be_nothing_deleted() -> None:
    rows = [plan_row(retain=4), plan_row(retain=3) | {"table": "orders"}]
    totals = figures(entries_of(planned(*rows)))[0].totals
    assert (totals.due, totals.deleted, totals.anonymised, totals.not_done) == (0, 0, 0, 0)


def test_a_table_that_the_plan_leaves_out_makes_the_sum_unknown() -> None:
    totals = figures(entries_of(planned(plan_row(retain=4))))[0].totals
    assert totals.kept is None


def test_reference_tables_are_left_out_unless_something_is_due_there() -> None:
    row = plan_row(not_personal=5) | {"system": "finance", "table": "fiscal_year"}
    assert [t.table for t in figures(entries_of(planned(row)))[1].tables] == ["invoice"]
    wrong = plan_row(delete=5) | {"system": "finance", "table": "fiscal_year"}
    assert [t.table for t in figures(entries_of(planned(wrong)))[1].tables] == ["invoice", "fiscal_year"]


@given(st.lists(st.integers(0, 10_000), min_size=7, max_size=7), st.integers(-3, 3))
def test_a_sum_holds_exactly_when_nothing_is_missing(counts: list[int], lie: int) -> None:
    row = plan_row(**dict(zip(PLACES, counts, strict=True)))
    row["population"] += lie
    failed = failed_sums(figures(entries_of(planned(row))))
    assert [each.difference for _, each in failed] == ([lie] if lie else [])
