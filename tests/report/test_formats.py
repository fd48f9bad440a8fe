"""report.json and report.csv, and the directory they stand in."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from include.retention.errors import ReportError
from include.retention.policy.model import Text
from include.retention.report import collect, read_heads, read_history, summary, write_report
from include.retention.report.history import changes_since, previous_run, unreadable_reports
from include.retention.report.render_csv import COLUMNS, render_csv
from include.retention.report.render_json import render_json
from include.retention.terms import Mode, RunOutcome
from tests.report.made import NOW, inputs, run_entries, small_maps, small_schedule

MAPS, SCHEDULE = small_maps(), small_schedule()
FILES = {"gallringsprotokoll.sv.html", "gallringsprotokoll.en.html", "report.json", "report.csv"}
DATA = collect(inputs(), NOW)


def earlier(weeks: int, run_id: str) -> Any:
    """Return a report of a run some weeks ago."""
    entries = [{**each, "at": each["at"] - timedelta(weeks=weeks)} for each in run_entries(SCHEDULE, MAPS, seed=weeks)]
    return collect(inputs(entries=entries, run_id=run_id), NOW - timedelta(weeks=weeks))


def table_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_json_holds_the_summary_and_the_whole_report() -> None:
    content = json.loads(render_json(DATA))
    assert list(content) == ["format", "summary", "report"]
    assert content["format"] == "gallringsprotokoll/1"
    counts = content["summary"]["systems"]["sales"]
    assert list(counts) == [
        "read", "due", "due_delete", "due_anonymise", "deleted", "anonymised", "kept", "referred",
        "referred_too", "other", "changed", "not_done", "overdue", "held",
    ]  # fmt: skip
    assert content["summary"]["validation"]["failed"] == 0
    assert set(content["summary"]["sentence"]) == {"sv", "en"}
    assert content["report"]["rules"][1]["keep"] == {"periods": ["P7Y"], "to_year_end": True}
    assert content["report"]["systems"][0]["tables"][0]["sums"][0]["holds"] is True


def test_json_is_the_same_for_the_same_report() -> None:
    assert render_json(DATA) == render_json(collect(inputs(), NOW))


def test_json_has_null_where_nobody_knows() -> None:
    stopped = summary(collect(inputs(entries=run_entries(SCHEDULE, MAPS, stop_after="resolved")), NOW))
    total = stopped["total"]
    assert isinstance(total, dict)
    assert isinstance(total["read"], int)
    assert [total[name] for name in ("due", "deleted", "kept", "not_done")] == [None] * 4
    assert stopped["outcome"] == "FAILED"


def test_every_finding_is_in_both_languages() -> None:
    content = json.loads(render_json(collect(inputs(entries=run_entries(SCHEDULE, MAPS, failing=1)), NOW)))
    assert content["summary"]["findings"][0]["code"] == "CHECKS_FAIL"
    assert all(each["sv"] and each["en"] and each["sv"] != each["en"] for each in content["summary"]["findings"])


def test_csv_has_a_row_per_table_and_no_other_columns() -> None:
    rows = table_rows(render_csv(DATA))
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["system"], row["table"]) for row in rows] == [
        ("sales", "customer"), ("sales", "orders"), ("finance", "invoice"),
    ]  # fmt: skip
    assert all(row["sums_hold"] == "yes" for row in rows)
    parts = ("plan_delete", "plan_anonymise", "nothing_left", "kept", "referred", "not_personal", "closed")
    assert all(int(row["population"]) == sum(int(row[name]) for name in parts) for row in rows)


def test_csv_leaves_a_cell_empty_where_nobody_knows() -> None:
    stopped = collect(inputs(entries=run_entries(SCHEDULE, MAPS, stop_after="planned")), NOW)
    rows = table_rows(render_csv(stopped))
    assert {row["deleted"] for row in rows} == {""}
    assert all(row["due"] for row in rows)


def test_a_spreadsheet_never_takes_a_title_for_a_formula() -> None:
    maps = small_maps()
    tables = dict(maps["sales"].tables)
    tables["customer"] = replace(tables["customer"], title=Text("=1+1", "@SUM(A1)"))
    maps["sales"] = replace(maps["sales"], tables=tables)
    row = table_rows(render_csv(collect(inputs(maps=maps, entries=run_entries(SCHEDULE, maps)), NOW)))[0]
    assert (row["title_sv"], row["title_en"]) == ("'=1+1", "'@SUM(A1)")


def test_four_files_are_written_and_their_digests_returned(tmp_path: Path) -> None:
    digests = write_report(DATA, tmp_path, DATA.run.run_id)
    directory = tmp_path / DATA.run.run_id
    assert set(digests) == FILES
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()} == digests
    assert (directory / "report.csv").read_bytes().startswith(b"\xef\xbb\xbfrun_id;")


def test_latest_points_at_the_newest_and_an_old_report_moves_nothing(tmp_path: Path) -> None:
    write_report(earlier(2, "first"), tmp_path, "first")
    assert (tmp_path / "latest").resolve().name == "first"
    write_report(DATA, tmp_path, "second")
    assert (tmp_path / "latest").resolve().name == "second"
    write_report(earlier(2, "first"), tmp_path, "first")
    assert (tmp_path / "latest").resolve().name == "second"
    assert (tmp_path / "latest").readlink() == Path("second")


def test_a_report_written_again_replaces_the_first_whole(tmp_path: Path) -> None:
    write_report(DATA, tmp_path, "run")
    (tmp_path / "run" / "left-over.txt").write_text("old")
    write_report(collect(inputs(entries=run_entries(SCHEDULE, MAPS, failing=1)), NOW), tmp_path, "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    assert json.loads((tmp_path / "latest" / "report.json").read_text())["summary"]["outcome"] == "FAILED"
    assert {path.name for path in tmp_path.iterdir()} == {"run", "latest"}


def test_without_links_latest_is_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(Path, "symlink_to", refuse)
    write_report(earlier(1, "first"), tmp_path, "first")
    write_report(DATA, tmp_path, DATA.run.run_id)
    latest = tmp_path / "latest"
    assert not latest.is_symlink()
    assert {path.name for path in latest.iterdir()} == FILES
    assert json.loads((latest / "report.json").read_text())["summary"]["run_id"] == DATA.run.run_id


def test_a_write_that_fails_leaves_the_old_report_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(DATA, tmp_path, "run")
    before = (tmp_path / "run" / "report.json").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("include.retention.report.write.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(DATA, tmp_path, "run")
    assert (tmp_path / "run" / "report.json").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"run", "latest"}


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "../up", "latest", ".hidden", "a\n", "x" * 241])
def test_a_run_id_that_cannot_name_a_directory_is_refused(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(ReportError, match="directory"):
        write_report(DATA, tmp_path, run_id)
    assert list(tmp_path.iterdir()) == []


def test_history_is_read_from_earlier_reports_oldest_first(tmp_path: Path) -> None:
    for weeks in (1, 3, 2):
        write_report(earlier(weeks, f"run-{weeks}"), tmp_path, f"run-{weeks}")
    write_report(DATA, tmp_path, DATA.run.run_id)
    (tmp_path / ".run-9.half").mkdir()
    history = read_history(tmp_path, DATA.run.run_id)
    assert [run.run_id for run in history] == ["run-3", "run-2", "run-1"]
    assert {run.outcome for run in history} == {RunOutcome.DONE}
    assert history[0].mode is Mode.ENFORCE
    assert history[0].due == earlier(3, "x").systems[0].totals.due + earlier(3, "x").systems[1].totals.due
    assert [run.run_id for run in read_history(tmp_path, "other", most=2)] == ["run-1", DATA.run.run_id]
    assert read_history(tmp_path / "nowhere", "x") == ()


def test_the_heads_that_reports_printed_are_read_back(tmp_path: Path) -> None:
    write_report(DATA, tmp_path, "run")
    assert read_heads(tmp_path) == {DATA.chain.head_seq: DATA.chain.head}


@pytest.mark.parametrize("content", ["{", "[]", '{"summary": []}', "{}", "\udcff".encode("utf-8", "surrogateescape")])
def test_a_damaged_report_is_named_and_hides_no_other(tmp_path: Path, content: str | bytes) -> None:
    write_report(DATA, tmp_path, "run")
    write_report(earlier(1, "before"), tmp_path, "before")
    assert unreadable_reports(tmp_path) == []
    (tmp_path / "before" / "report.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert unreadable_reports(tmp_path) == ["before"]
    assert read_heads(tmp_path) == {DATA.chain.head_seq: DATA.chain.head}
    assert [run.run_id for run in read_history(tmp_path, "x")] == [DATA.run.run_id]


def test_changes_are_told_against_the_run_before(tmp_path: Path) -> None:
    write_report(earlier(1, "before"), tmp_path, "before")
    history = read_history(tmp_path, DATA.run.run_id)
    before = previous_run(history, DATA.run.started_at)
    assert changes_since(None, DATA.run) is None
    assert changes_since(before, DATA.run) == ()
    run = replace(DATA.run, schedule_version="2027.1", map_digests={**DATA.run.map_digests, "sales": "f" * 64})
    changed = changes_since(before, run)
    assert changed is not None
    assert [(each.what, each.name) for each in changed] == [("schedule_version", ""), ("map_digest", "sales")]
    assert changed[0].before == "2026.1"
