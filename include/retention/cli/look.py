"""``gallring check`` and ``gallring plan``: is everything in order, and what would a run do?"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from include.retention import clock
from include.retention.cli.grants import PLACEHOLDER, show_grants
from include.retention.cli.main import WRONG, Json, app, command_line, counted, out, problem_body, show_json, told
from include.retention.cli.opening import opened_system, steps
from include.retention.data_map.duties import overdue_scopes
from include.retention.data_map.grants import grants_for
from include.retention.data_map.live import check_live
from include.retention.errors import Problem
from include.retention.keys import is_default, load_ring
from include.retention.ledger.store import missing_control
from include.retention.policy.checks import approved_ahead, overdue_reviews
from include.retention.policy.load import load_policy
from include.retention.run import local_day
from include.retention.settings import load_settings

AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day to decide for; today if left out. It may lie ahead."),
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


def day_of(as_of: datetime | None) -> date | None:
    """Return the day to decide for, None for today.

    Raises:
        ConfigurationError: nothing can be decided for that day.
    """
    if as_of is None or FIRST_DAY <= as_of.date() <= LAST_DAY:
        return None if as_of is None else as_of.date()
    raise command_line("--as-of", f"{as_of.date()} is no day to decide for.", f"Give {FIRST_DAY} to {LAST_DAY}.", "DAY")


@app.command()
def check(
    grants: Annotated[bool, typer.Option("--grants", help="Print the GRANT statements that a run needs.")] = False,  # noqa: FBT002 - a flag
    account: Annotated[str, typer.Option(help="With --grants: the account they are for.")] = PLACEHOLDER,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Hold the policy and the data maps against each other and against the live databases."""
    if grants:
        _grants(account, as_json=as_json)
        return
    if account != PLACEHOLDER:
        with told(as_json):
            raise command_line("--account", "goes with --grants alone.", "Add --grants, or leave it out.", "ACCOUNT")
    with told(as_json), steps() as progress:
        line = progress.add_task("read the policy")
        policy = load_policy(load_settings(os.environ).policy)
        today = local_day(clock.now(), policy.schedule.time_zone)
        problems: list[Problem] = [*policy.unapproved, *approved_ahead(policy.schedule, today)]
        notices = [*policy.notices, *overdue_reviews(policy.schedule, today), *overdue_scopes(policy.maps, today)]
        if is_default(load_ring(os.environ).current):
            what = "is the published demonstration key: enforcing runs are refused."
            problems.append(Problem("environment", "GALLRING_KEY", what, "Generate a key of your own.", "KEY_DEFAULT"))
        missing = missing_control(load_settings(os.environ).control_url)
        notices += [] if missing is None else [missing]
        from include.retention.orphan_files import check_orphan_files  # noqa: PLC0415 - pandas
        from include.retention.reading import UNREADABLE  # noqa: PLC0415 - pandas

        for system, data_map in policy.maps.items():
            progress.update(line, description=f"look at {system}")
            with opened_system(data_map) as engine:
                for found in check_live(data_map, engine):
                    (notices if found.table is None else problems).append(found)
                notices += check_orphan_files(data_map, engine)
    unreadable = sorted({problem.table for problem in problems if problem.code in UNREADABLE and problem.table})
    _show_check(problems, notices, unreadable, len(policy.maps), as_json=as_json)


def _grants(account: str, *, as_json: bool) -> None:
    found = []
    with told(as_json), steps() as progress:
        line = progress.add_task("read the policy")
        for system, data_map in load_policy(load_settings(os.environ).policy).maps.items():
            progress.update(line, description=f"look at {system}")
            with opened_system(data_map) as engine:
                found.append(grants_for(data_map, engine, account))
    show_grants(found, account, as_json=as_json)


def _show_check(
    problems: list[Problem], notices: list[Problem], unreadable: list[str], systems: int, *, as_json: bool
) -> None:
    closed = sorted({problem.table for problem in problems if problem.table} - set(unreadable))
    if as_json:
        found = {"problems": [problem_body(p) for p in problems], "notices": [problem_body(p) for p in notices]}
        tables = {"closed": closed, "unreadable": unreadable}
        show_json({"ok": not problems, "systems": systems, **found, **tables})
    else:
        for problem in problems:
            out.print(f"[red]problem[/red] {escape(str(problem))}")
        show_notices(notices)
        if unreadable:
            out.print(f"Every run is refused, for all systems: {', '.join(unreadable)} can't be read as mapped.")
        if closed:
            out.print(f"Nothing is destroyed in: {', '.join(closed)}")
        verdict = "[green]In order[/green]" if not problems else f"[red]{counted(len(problems), 'problem')}[/red]"
        out.print(f"{verdict}: {counted(systems, 'system')}, {counted(len(notices), 'notice')}.")
    if problems:
        raise typer.Exit(WRONG)


def show_notices(notices: Iterable[Problem]) -> None:
    """Print what is to be known and refuses nothing."""
    for notice in notices:
        out.print(f"[yellow]notice[/yellow]  {escape(str(notice))}")


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
