"""What `make run` says at its end, and when it says that all is well."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from include.local.progress import Steps
from include.local.summary import show_summary

COUNTS = {"read": 5000, "due": 30, "deleted": 20, "anonymised": 10, "kept": 4900, "referred": 30, "other": 40}
SUMMARY: dict[str, Any] = {
    "as_of": "2026-07-05",
    "outcome": "DONE",
    "systems": {"sales": COUNTS},
    "total": COUNTS,
    "validation": {"passed": 12, "failed": 0, "errors": 0, "missing": []},
    "findings": [
        {"severity": "decision", "en": "The first run was approved by configuration."},
        {"severity": "note", "en": "By the way."},
    ],
    "sentence": {"en": "20 records were deleted."},
}
RUN = {"dag_id": "gallring", "dag_run_id": "run-1", "state": "success", "failed": []}


def show(tmp_path: Path, summary: dict[str, Any] | None, run: dict[str, Any]) -> tuple[int, str]:
    if summary is not None:
        (tmp_path / "run-1").mkdir(exist_ok=True)
        (tmp_path / "run-1" / "report.json").write_text(json.dumps({"summary": summary}), encoding="utf-8")
    console = Console(width=120, record=True, quiet=False, file=(tmp_path / "out").open("w"))
    return show_summary(console, tmp_path, run), console.export_text()


def test_a_good_run(tmp_path: Path) -> None:
    code, text = show(tmp_path, SUMMARY, RUN)
    assert code == 0
    assert "5,000" in text
    assert "12 checks passed" in text
    assert "approved by configuration" in text
    assert "By the way" not in text
    assert "gallringsprotokoll.sv.html" in text


@pytest.mark.parametrize(
    ("summary", "run"),
    [
        ({}, {"state": "failed"}),
        ({"outcome": "FAILED"}, {}),
        ({"outcome": "REJECTED"}, {}),
        ({"validation": {"passed": 11, "failed": 1, "errors": 0, "missing": []}}, {}),
        ({"validation": {"passed": 11, "failed": 0, "errors": 1, "missing": []}}, {}),
        ({"validation": {"passed": 8, "failed": 0, "errors": 0, "missing": ["sales"]}}, {}),
    ],
)
def test_anything_less_is_no_success(tmp_path: Path, summary: dict[str, Any], run: dict[str, Any]) -> None:
    code, _ = show(tmp_path, SUMMARY | summary, RUN | run)
    assert code == 1


def test_a_run_without_a_report_names_the_log_to_read(tmp_path: Path) -> None:
    failed = [{"task_id": "extract", "map_index": 2, "try_number": 3, "rendered_map_index": "sales"}]
    code, text = show(tmp_path, None, RUN | {"state": "failed", "failed": failed})
    assert code == 1
    assert "extract sales failed" in text
    assert "task_id=extract/map_index=2/attempt=3.log" in text


def test_counts_of_steps_that_did_not_run_are_no_zeros(tmp_path: Path) -> None:
    none = dict.fromkeys(COUNTS)
    _, text = show(tmp_path, SUMMARY | {"systems": {"sales": none}, "total": none, "outcome": "REFUSED"}, RUN)
    assert re.search(r"^ sales +-( +-){6} *$", text, re.MULTILINE)


def instance(task: str, state: str | None, index: int = -1, label: str | None = None) -> dict[str, Any]:
    return {"task_id": task, "state": state, "map_index": index, "rendered_map_index": label}


def test_steps_are_counted_and_each_end_is_told_once() -> None:
    steps = Steps([instance("begin", "success"), instance("act", "running", 0, "sales"), instance("act", None, 1)])
    assert (steps.done(), steps.total(), steps.now()) == (1, 3, "act sales")
    assert steps.newly_ended() == ["begin: done"]
    assert steps.newly_ended() == []
    steps.instances = [instance("act", "success", 0), instance("act", "failed", 1), instance("report", "skipped")]
    assert steps.newly_ended() == ["act: failed"]


def test_a_question_is_seen() -> None:
    assert Steps([instance("ask_for_approval", "awaiting_input")]).waiting()
    assert Steps([instance("ask_for_approval", "awaiting_input")]).now() == "waiting for a human's answer"
