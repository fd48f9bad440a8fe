"""``gallring stop``: nothing more is destroyed, from the next transaction on, until somebody lets it go on."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.markup import escape

from include.retention import clock
from include.retention.cli.main import Json, app, out, show_json, told
from include.retention.ledger.stops import place_stop, release_stop, stop_in_force
from include.retention.ledger.store import open_control, reading
from include.retention.settings import load_settings


@app.command()
def stop(
    by: Annotated[str, typer.Option(help="Who stops it, or lets it go on: a role or a name, not an address.")] = "",
    reason: Annotated[str, typer.Option(help="Why, without naming whom it is about.")] = "",
    release: Annotated[bool, typer.Option("--release", help="Let acts go on.")] = False,  # noqa: FBT002 - a flag
    status: Annotated[bool, typer.Option("--status", help="Only say whether it is stopped.")] = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Stop everything that destroys, in every system: an act under way ends before its next transaction."""
    with told(as_json):
        control = open_control(load_settings(os.environ).control_url)
        try:
            if not status:
                with control.begin() as connection:
                    (release_stop if release else place_stop)(connection, by=by, reason=reason, at=clock.now())
            with reading(control) as connection:
                found = stop_in_force(connection)
        finally:
            control.dispose()
    if as_json:
        body = None if found is None else {"by": found.by, "reason": found.reason, "at": found.at}
        show_json({"stopped": found is not None, "stop": body})
    elif found is None:
        out.print("Nothing is stopped. Clear the task `act` of a run that was, and it goes on.")
    else:
        since = found.at.strftime("%Y-%m-%d %H:%M UTC")
        out.print(f"Stopped since {since} by {escape(found.by)}: {escape(found.reason)}. Nothing is destroyed.")
