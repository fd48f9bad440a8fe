"""``gallring plan``: what would a run do?"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from include.retention.cli.main import (
    WRONG,
    Json,
    app,
    command_line,
    out,
    problem_body,
    show_json,
    show_notices,
    told,
    typed_day,
)
from include.retention.cli.opening import steps

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="YYYY-MM-DD", help="The day to decide for; today if left out. It may lie ahead."),
]

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""Days outside aren't decided for: there a period's end is no date any more."""

FIGURES = {
    "population": "rows",
    "delete": "delete",
    "anonymise": "anonymise",
    "retain": "retain",
    "refer": "refer",
    "nothing_left": "nothing\nleft",
    "not_personal": "not\npersonal",
    "closed": "closed",
}
"""What is told of each table; a column without a single row is left out."""


def day_of(as_of: str | None) -> date | None:
    """Return the day to decide for, None for today.

    Raises:
        ConfigurationError: it is no day, or nothing can be decided for it.
    """
    day = None if as_of is None else typed_day("--as-of", as_of)
    if day is None or FIRST_DAY <= day <= LAST_DAY:
        return day
    raise command_line("--as-of", f"{day} is no day to decide for.", f"Give {FIRST_DAY} to {LAST_DAY}.", "DAY")


@app.command()
def plan(as_of: AsOf = None, as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    """Show what a run would do on a day: counts per table. Nothing is changed, nothing is approved."""
    from include.retention.due_items import decide_items  # noqa: PLC0415 - pandas
    from include.retention.preview import previewed  # noqa: PLC0415 - pandas

    with told(as_json), steps() as progress:
        line = progress.add_task("begin")
        with previewed(day_of(as_of), lambda name: progress.update(line, description=name)) as preview:
            _, counts, _ = decide_items(preview.run, preview.staging)
            decided_for, problems, notices = preview.run.row.as_of, preview.problems, preview.notices
    if as_json:
        found = {"problems": [problem_body(p) for p in problems], "notices": [problem_body(p) for p in notices]}
        show_json({"as_of": decided_for, "tables": counts, **found})
    else:
        _show_plan(counts)
        for problem in problems:
            out.print(f"[red]closed[/red] {escape(str(problem))}")
        show_notices(notices)
        due = sum(table["due"] for table in counts)
        records = "record is" if due == 1 else "records are"
        out.print(f"As of {decided_for}: {due:,} {records} due. A dry run; nothing was changed.")
    if problems:
        raise typer.Exit(WRONG)


def _show_plan(counts: list[dict[str, Any]]) -> None:
    shown = [row for row in counts if row["population"] and row["population"] != row["not_personal"]]
    names = [name for name in FIGURES if name == "population" or any(row[name] for row in shown)]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("table", overflow="fold")
    for name in names:
        table.add_column(FIGURES[name], justify="right", overflow="fold")
    for row in shown:
        table.add_row(f"{row['system']}.{row['table']}", *(f"{row[name]:,}" if row[name] else "·" for name in names))
    out.print(table)
    for row in shown:
        if row["due_by"]:
            why = ", ".join(f"{rule} {count:,}" for rule, count in row["due_by"].items())
            out.print(f"{row['system']}.{row['table']} is due by: {why}")
