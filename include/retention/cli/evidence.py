"""``gallring verify`` and ``gallring report``: what the ledger proves."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.markup import escape

from include.retention import clock
from include.retention.cli.main import WRONG, Json, app, mapped_table, out, show_json, told
from include.retention.errors import LedgerError
from include.retention.ledger.runs import get_run, latest_attempt, latest_runs
from include.retention.ledger.sizes import accept_extract
from include.retention.ledger.store import open_control, reading
from include.retention.policy.load import load_policy
from include.retention.settings import load_settings


@app.command()
def verify(as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    """Recompute the ledger's hash chain, and hold it against the heads that earlier reports printed."""
    from include.retention.reporting import verified_chain  # noqa: PLC0415 - pandas

    with told(as_json):
        settings = load_settings(os.environ)
        control = open_control(settings.control_url)
        try:
            with reading(control) as connection:
                state = verified_chain(connection, settings.reports)
        finally:
            control.dispose()
    if as_json:
        show_json({"ok": state.ok, "entries": state.entries, "head": state.head, "broken_at": state.broken_at,
                   "what": state.what})  # fmt: skip
    elif state.ok:
        out.print(f"[green]Whole[/green]: {state.entries} entries, head {state.head[:16]}.")
    else:
        out.print(f"[red]Broken[/red] at entry {state.broken_at}: {escape(state.what)}")
        out.print("Keep the database as it is, and tell the data protection officer.")
    if not state.ok:
        raise typer.Exit(WRONG)


@app.command()
def report(
    run_id: Annotated[str | None, typer.Argument(help="The run; the latest if left out.")] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Write a run's report again from the ledger, and say where it is."""
    from include.retention.report.write import write_report  # noqa: PLC0415 - pandas
    from include.retention.reporting import collect_report, report_directory  # noqa: PLC0415 - pandas

    with told(as_json):
        settings = load_settings(os.environ)
        policy = load_policy(settings.policy)
        control = open_control(settings.control_url)
        try:
            with reading(control) as connection:
                row = (
                    get_run(connection, latest_attempt(connection, run_id))
                    if run_id
                    else next(iter(latest_runs(connection)), None)
                )
            if row is None:
                raise LedgerError("There is no run yet, so there is nothing to report on. Trigger the DAG `gallring`.")
            data = collect_report(control, settings, policy, row, row.outcome)
        finally:
            control.dispose()
        files = write_report(data, settings.reports, row.run_id)
    where = report_directory(settings, row.run_id)
    if as_json:
        show_json({"run_id": row.run_id, "outcome": data.outcome.value, "directory": where, "files": files})
    else:
        out.print(f"{row.run_id}: {data.outcome.value}")
        for name in files:
            out.print(escape(str(where / name)))


@app.command(name="accept-extract")
def accept(
    table: Annotated[str, typer.Argument(help="SYSTEM.TABLE whose rows are rightly gone.")],
    by: Annotated[str, typer.Option("--by", help="Who answers for it: a role or a user id.")],
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Answer the guard that found an extract empty or much smaller: the rows are rightly gone."""
    with told(as_json):
        settings = load_settings(os.environ)
        mapped_table(load_policy(settings.policy), "SYSTEM.TABLE", table)
        system, _, name = table.partition(".")
        control = open_control(settings.control_url)
        try:
            with control.begin() as connection:
                accept_extract(connection, system, name, by=by, at=clock.now())
        finally:
            control.dispose()
    show_json({"accepted": table, "by": by}) if as_json else out.print(f"{table}: the next run measures anew.")
