"""The end of ``make run``: what was done, in one table, read from the report's own figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.box import HORIZONTALS
from rich.console import Console
from rich.table import Table

from include.local.environment import var
from include.local.prepare import shown
from include.local.progress import name
from include.retention.run_dates import file_safe

COLUMNS = {
    "read": "records read",
    "due": "due",
    "deleted": "deleted",
    "anonymised": "anonymised",
    "kept": "kept",
    "referred": "referred",
    "other": "other",
}
"""Records read are due, kept, referred or other: culled already, without personal data, or in a closed table."""
GOOD = frozenset({"DONE", "NOTHING_DUE"})


def show_summary(console: Console, reports: Path, run: dict[str, Any]) -> int:
    """Print what a finished run did and return an exit code: 0 only if the run and every check succeeded.

    Args:
        console: where to print.
        reports: the reports' directory.
        run: the run as Airflow's API tells of it.
    """
    folder = reports / file_safe(run["dag_run_id"])
    try:
        summary = json.loads((folder / "report.json").read_text(encoding="utf-8"))["summary"]
    except FileNotFoundError:
        console.print("The run failed before there was anything to report.", style="red")
        show_failed(console, run)
        return 1
    console.print(figures(summary))
    validation = summary["validation"]
    checks_good = not (validation["failed"] or validation["errors"] or validation["missing"])
    console.print(verdict(validation), style="green" if checks_good else "red")
    for finding in summary["findings"]:
        if finding["severity"] != "note":
            console.print(f"- {finding['en']}", soft_wrap=True)
    show_failed(console, run)
    good = run["state"] == "success" and summary["outcome"] in GOOD and checks_good
    console.print(summary["sentence"]["en"], style="bold green" if good else "bold red", soft_wrap=True)
    page = shown(reports / "latest" / "gallringsprotokoll.sv.html")
    console.print(f"Report: {page} (English: gallringsprotokoll.en.html)", soft_wrap=True)
    return 0 if good else 1


def show_failed(console: Console, run: dict[str, Any]) -> None:
    """Print which tasks failed by themselves, and where their logs are."""
    logs = var() / "airflow" / "logs" / f"dag_id={run['dag_id']}" / f"run_id={run['dag_run_id']}"
    for task in run["failed"]:
        where = logs / f"task_id={task['task_id']}"
        where = where / f"map_index={task['map_index']}" if task["map_index"] >= 0 else where
        log = shown(where / f"attempt={task['try_number']}.log")
        console.print(f"- {name(task)} failed: {log}", soft_wrap=True)


def figures(summary: dict[str, Any]) -> Table:
    """Return the counts of each system, and of all."""
    table = Table(title=f"Gallring {summary['as_of']}", title_justify="left", box=HORIZONTALS, padding=(0, 1, 0, 0))
    table.add_column("system", overflow="fold")
    for title in COLUMNS.values():
        table.add_column(title, justify="right", overflow="fold")
    rows = [*summary["systems"].items(), ("all", summary["total"])]
    for number, (system, counts) in enumerate(rows):
        table.add_row(system, *(count(counts[key]) for key in COLUMNS), end_section=number == len(rows) - 2)
    return table


def count(value: int | None) -> str:
    """Return a count for people; a dash where the step behind it didn't run."""
    return "-" if value is None else f"{value:,}"


def verdict(validation: dict[str, Any]) -> str:
    """Return what validation said, in one line."""
    parts = [f"{validation['passed']} checks passed"]
    parts += [f"{validation[kind]} {kind}" for kind in ("failed", "errors") if validation[kind]]
    parts += [f"not validated: {', '.join(validation['missing'])}"] if validation["missing"] else []
    return "Validation: " + ", ".join(parts)
