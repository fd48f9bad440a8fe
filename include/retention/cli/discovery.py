"""``gallring discover``: personal data that no data map knows of."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer
from rich.markup import escape

from include.retention import clock
from include.retention.cli.main import WRONG, Json, app, command_line, counted, out, show_json, told
from include.retention.cli.opening import opened_system, steps
from include.retention.policy.load import load_policy
from include.retention.run import local_day, normaliser_for
from include.retention.settings import load_settings

_WHERE = {
    "not_personal": "declared as not personal",
    "left_alone": "in a table that the map leaves alone",
    "unknown": "not in the map",
}


@app.command()
def discover(
    system: Annotated[str | None, typer.Argument(help="Only this system.")] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Sample what no map declares as personal, and tell what looks personal all the same. No value is shown."""
    from include.retention.discover.discover import discover_system  # noqa: PLC0415 - pandas
    from include.retention.discovering import looked_body  # noqa: PLC0415 - pandas

    looked: dict[str, dict[str, Any]] = {}
    with told(as_json), steps() as progress:
        line = progress.add_task("read the policy")
        policy = load_policy(load_settings(os.environ).policy)
        if system is not None and system not in policy.maps:
            raise command_line("SYSTEM", f"{system} has no data map.", f"Give {', '.join(policy.maps)}.", "SYSTEM")
        schedule = policy.schedule
        today = local_day(clock.now(), schedule.time_zone)
        normaliser = normaliser_for(schedule, today)
        for name in policy.maps if system is None else [system]:
            with opened_system(policy.maps[name]) as engine:
                looked[name] = looked_body(
                    discover_system(
                        engine,
                        policy.maps[name],
                        normaliser,
                        lambda table, name=name: progress.update(line, description=f"{name}.{table}"),  # type: ignore[misc]
                    )
                )
    new = sum(not each["acknowledged"] for body in looked.values() for each in body["found"])
    if as_json:
        show_json({"new": new, "systems": looked})
    else:
        for name, body in looked.items():
            _show(name, body)
        columns = sum(body["columns"] for body in looked.values())
        unread = sum(len(body["unread"]) for body in looked.values())
        blind = f", {counted(unread, 'column')} couldn't be read" if unread else ""
        out.print(f"{counted(columns, 'column')} sampled{blind}: {counted(new, 'new finding')}.")
        if new:
            out.print("Declare the column in the data map, or answer for it under `acknowledged` with the reason.")
    if new:
        raise typer.Exit(WRONG)


def _show(system: str, body: dict[str, Any]) -> None:
    for each in body["found"]:
        place = f"{system}.{each['table']}.{each['column']}" + (f" {each['path']}" if each["path"] else "")
        mark = "[green]acknowledged[/green]" if each["acknowledged"] else "[yellow]found[/yellow]"
        seen = f"{each['hits']} of {each['examined']} sampled values look like {each['looks_like']}"
        out.print(f"{mark} {escape(place)}: {seen} (share {each['share']:.2f}; {_WHERE[each['where']]})")
    for each in body["unread"]:
        out.print(f"[yellow]not looked at[/yellow] {escape(f'{system}.{each}')}: the account may not read it")
