"""Part 2: what discovery found, what it couldn't look at, and which tables the maps leave alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from include.retention.data_map.model import Acknowledged
from include.retention.report.collect import collect
from include.retention.report.model import ReportData
from include.retention.report.render_html import render_html
from tests.report.made import NOW, inputs, run_entries, small_maps, small_schedule

FOUND = {"table": "customer", "column": "reference", "path": "", "looks_like": "email", "hits": 71, "examined": 288}


def report(*bodies: dict[str, Any]) -> ReportData:
    """Return the report of a run whose discovery told this of the first system, and nothing bad of the other."""
    schedule, maps = small_schedule(), small_maps()
    first = next(iter(maps))
    entries = [e for e in run_entries(schedule, maps) if e["kind"] != "discovered" or e["body"]["system"] != first]
    last = entries[-1]
    entries += [
        {**last, "seq": last["seq"] + n, "kind": "discovered", "body": body} for n, body in enumerate(bodies, 1)
    ]
    return collect(inputs(entries=entries, schedule=schedule, maps=maps), NOW)


def codes(data: ReportData) -> dict[str, str]:
    """Return the findings of part 2 with their severity."""
    return {each.code: each.severity.value for each in data.findings if each.code.startswith("DISCOVER")}


def seen(*found: dict[str, Any], unread: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what discovery writes into the ledger."""
    system = next(iter(small_maps()))
    return {"system": system, "columns": 9, "unread": list(unread), "found": list(found)}


def test_a_new_finding_asks_somebody_and_an_answered_one_does_not() -> None:
    new = FOUND | {"share": 0.25, "where": "not_personal", "acknowledged": False}
    assert codes(report(seen(new))) == {"DISCOVERED": "decision"}
    answered = report(seen(new | {"acknowledged": True}))
    assert codes(answered) == {}
    assert answered.discoveries[0].found[0].hits == 71


def test_a_later_look_replaces_an_earlier_one() -> None:
    new = FOUND | {"share": 0.25, "where": "unknown", "acknowledged": False}
    assert codes(report(seen(new), seen())) == {}


def test_what_was_not_looked_at_is_told() -> None:
    system = next(iter(small_maps()))
    assert codes(report({"system": system, "error": "OperationalError"})) == {"DISCOVERY_FAILED": "decision"}
    assert codes(report(seen(unread=("customer.note",)))) == {"DISCOVERY_UNREAD": "note"}


def test_a_search_that_left_no_word_is_told_once_the_run_has_a_plan() -> None:
    system = next(iter(small_maps()))
    assert codes(report()) == {"DISCOVERY_MISSING": "decision"}
    (found,) = [each for each in report().findings if each.code == "DISCOVERY_MISSING"]
    assert (found.values["n"], found.values["systems"]) == (1, system)
    early = run_entries(small_schedule(), small_maps(), stop_after="extracted")
    assert codes(collect(inputs(entries=early), NOW)) == {}


def test_the_page_shows_findings_errors_and_tables_left_alone() -> None:
    maps = small_maps()
    system = next(iter(maps))
    maps = {**maps, system: replace(maps[system], ignored_tables={"alembic_version": "The migration tool's <own>"})}
    new = FOUND | {"share": 0.25, "where": "left_alone", "acknowledged": False}
    entries = run_entries(small_schedule(), maps)
    last = entries[-1]
    entries = [*entries, {**last, "seq": last["seq"] + 1, "kind": "discovered", "body": seen(new)}]
    page = render_html(collect(inputs(entries=entries, maps=maps), NOW), "sv")
    assert "71/288" in page
    assert "lämna tabellen" in page
    assert "The migration tool&#39;s &lt;own&gt;" in page
    answer = Acknowledged("customer", "reference", "", "email", 0.3, "Ordernummer från <gamla> kassan")
    answered = {**maps, system: replace(maps[system], acknowledged=(answer,))}
    told = FOUND | {"table": "customer", "column": "reference", "looks_like": "email", "where": "not_personal"}
    entries[-1]["body"] = seen(told | {"acknowledged": True})
    assert "besvarat: Ordernummer från &lt;gamla&gt; kassan" in render_html(
        collect(inputs(entries=entries, maps=answered), NOW), "sv"
    )
    broken = render_html(report({"system": system, "error": "OperationalError"}), "en")
    assert "The search broke off (OperationalError)." in broken
