"""``gallring map draft``: a first data map of a database that somebody else designed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from include.retention import clock
from include.retention.cli.main import Json, app, command_line, counted, err, out, show_json, told
from include.retention.connections import connection_engine
from include.retention.data_map.compose import area_files
from include.retention.policy.load import MAP_DIRECTORY, SCHEDULE_FILE, load_schedule
from include.retention.run import local_day, normaliser_for
from include.retention.settings import load_settings

maps = typer.Typer(help="Data maps.", no_args_is_help=True)
app.add_typer(maps, name="map")

SYSTEM = re.compile(r"[a-z][a-z0-9_]{0,39}")


@maps.callback()
def _maps() -> None:
    """Data maps."""


@maps.command()
def draft(
    connection: Annotated[str, typer.Argument(help="Airflow connection id, read from the environment too.")],
    system: Annotated[
        str | None, typer.Option(help="Short name; the file is named after it. The connection's name if left out.")
    ] = None,
    schema: Annotated[str | None, typer.Option(help="Database schema; the default one if left out.")] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Draft a data map from a live schema. What a person has decided is kept; only what is new is added."""
    from include.retention.draft.areas import merge_area, spoken_of  # noqa: PLC0415 - pandas
    from include.retention.draft.read import draft_schema, read_schema  # noqa: PLC0415 - pandas
    from include.retention.draft.write import System, loaded, merge, write  # noqa: PLC0415 - as above

    with told(as_json), _bar() as bar:
        policy = load_settings(os.environ).policy
        schedule = load_schedule(policy / SCHEDULE_FILE)
        name = _system(system, connection)
        path = policy / MAP_DIRECTORY / f"{name}.yaml"
        text = path.read_text(encoding="utf-8") if path.exists() else None
        today = local_day(clock.now(), schedule.time_zone)
        normaliser = normaliser_for(schedule, today)
        engine = connection_engine(connection, os.environ)
        try:
            line = bar.add_task("read the schema", total=None)
            live = read_schema(engine, schema)
            bar.update(line, total=len(live.tables))
            drafts = draft_schema(
                engine, schema, live, normaliser, lambda table: bar.update(line, advance=1, description=table)
            )
        finally:
            engine.dispose()
        about = System(name, connection, schema, frozenset(schedule.events))
        areas = {area: area.read_text(encoding="utf-8") for area in area_files(path)}
        content, added = merge(text, about, live, drafts, [each for area in areas.values() for each in spoken_of(area)])
        if added.tables or added.columns:
            write(path, content)
        not_personal = loaded(content).get("not_personal") or ()
        for area, before in areas.items():
            content, more = merge_area(before, live, drafts, not_personal)
            if more.columns:
                write(area, content)
            added.columns += more.columns
            added.gone += more.gone
    _show(path, added.tables, added.columns, added.gone, as_json=as_json)


@maps.command()
def accept(
    system: Annotated[str, typer.Argument(help="The map's system.")],
    tables: Annotated[str, typer.Option(help="Which tables, as a pattern such as Play*.")] = "*",
    least: Annotated[
        int, typer.Option("--from", min=1, max=100, help="The lowest confidence, in percent, that is accepted.")
    ] = 90,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Accept a draft's guesses: those that you have looked at and find right lose their mark."""
    from include.retention.draft.accept import accept as accept_guesses  # noqa: PLC0415 - pandas
    from include.retention.draft.write import write  # noqa: PLC0415 - as above

    with told(as_json):
        path = load_settings(os.environ).policy / MAP_DIRECTORY / f"{_system(system, system)}.yaml"
        if not path.exists():
            what = f"{path} doesn't exist."
            raise command_line("SYSTEM", what, "Draft it with gallring map draft, or correct the name.", "SYSTEM")
        accepted = left = 0
        for file in (path, *area_files(path)):
            text, found = accept_guesses(file.read_text(encoding="utf-8"), tables, least)
            if found.accepted:
                write(file, text)
            accepted, left = accepted + found.accepted, left + found.left
    if as_json:
        show_json({"file": path, "accepted": accepted, "left": left})
    else:
        out.print(f"{path}: {accepted} accepted, {left} left.")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


def _system(system: str | None, connection: str) -> str:
    name = system or connection.removeprefix("gallring_")
    if not SYSTEM.fullmatch(name):
        what = f"{name} can't name a file of the policy."
        raise command_line("--system", what, "Give small letters, digits and _, such as erp.", "SYSTEM_NAME")
    return name


def _show(path: Path, tables: list[str], columns: list[str], gone: list[str], *, as_json: bool) -> None:
    if as_json:
        show_json({"file": path, "new_tables": tables, "new_columns": columns, "gone": gone})
        return
    for each in columns:
        out.print(f"new column {escape(each)}")
    for each in gone:
        out.print(f"[yellow]no longer in the database[/yellow]: {escape(each)}")
    if not tables and not columns:
        out.print(f"{path}: nothing is new.")
        return
    new = f"{counted(len(tables), 'new table')} and {counted(len(columns), 'new column')}"
    out.print(f"{path}: {new}. Decide on each guess and remove it; gallring check says what is left.")
