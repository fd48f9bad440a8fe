"""``gallring explain``: every purpose, event, date and hold of one record, in plain words."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated

import numpy as np
import typer
from rich.markup import escape

from include.retention.classify import Records
from include.retention.cli.look import AsOf, steps
from include.retention.cli.main import Json, app, out, show_json, told
from include.retention.deciding import company_roles, read_events
from include.retention.errors import ConfigurationError, Problem
from include.retention.explain import ClockTold, GroupTold, explain_record, only
from include.retention.planning import decide_items
from include.retention.policy.model import Schedule
from include.retention.preview import Preview, previewed
from include.retention.resolve import TableName


@app.command()
def explain(
    table: Annotated[str, typer.Argument(help="SYSTEM.TABLE")],
    key: Annotated[str, typer.Argument(help="The record's key; a composite one as 12,3 or [12, 3].")],
    as_of: AsOf = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Explain one record: why it is kept, or why and when it goes."""
    with told(as_json), steps() as progress:
        line = progress.add_task("begin")
        day = None if as_of is None else as_of.date()
        with previewed(day, lambda name: progress.update(line, description=name)) as preview:
            name, place, wanted = _find(preview, table, key)
            decide_items(preview.run, preview.staging)
            groups = _explain(preview, name, place)
            row = preview.staging.read(f"decided/{name}").iloc[place]
            fate = "goes" if row["delete"] else "stays"
            held, personal = bool(row["held"]), _records(preview, name).personal[place]
    if as_json:
        content = {"table": str(name), "key": json.loads(wanted), "row": fate, "legal_hold": held}
        show_json({**content, "personal": bool(personal), "groups": [asdict(group) for group in groups]})
        return
    schedule = preview.run.policy.schedule
    out.print(f"[bold]{name} {escape(wanted)}[/bold] as of {preview.run.row.as_of}: the row {fate}.")
    if held:
        out.print("A legal hold covers it: nothing of it is destroyed.")
    if not personal:
        out.print("It is outside the table's personal_when: it holds no personal data.")
    for group in groups:
        _show(group, schedule, preview.run.row.as_of)


def _find(preview: Preview, table: str, key: str) -> tuple[TableName, int, str]:
    system, _, short = table.partition(".")
    data_map = preview.run.policy.maps.get(system)
    if data_map is None or short not in data_map.tables:
        raise ConfigurationError(
            [Problem("command line", table, "isn't a mapped table.", "Give SYSTEM.TABLE as in the data maps.", "TABLE")]
        )
    name = TableName(system, short)
    keys = preview.staging.read(f"facts/{name}", columns=["key"])["key"]
    parts = [str(part) for part in (json.loads(key) if key.startswith("[") else key.split(","))]
    for place, text in enumerate(keys):
        if [str(part) for part in json.loads(text)] == parts:
            return name, place, text
    raise ConfigurationError(
        [
            Problem(
                "command line", table, "has no record with that key.", "It may be gone already; check the key.", "KEY"
            )
        ]
    )


def _records(preview: Preview, name: TableName) -> Records:
    frame = preview.staging.read(f"records/{name}")
    data_map = preview.run.policy.maps[name.system]
    return Records(
        ids=frame["id"].to_numpy(),
        roles={
            column.removeprefix("role:"): frame[column].to_numpy() for column in frame if column.startswith("role:")
        },
        companies=company_roles(data_map, data_map.tables[name.table]),
        subject_problem=preview.staging.read("subject_problem")["problem"].to_numpy(dtype=np.int8),
        row_problem=frame["row_problem"].to_numpy(),
        held=frame["held"].to_numpy(dtype=bool),
        personal=frame["personal"].to_numpy(dtype=bool),
    )


def _explain(preview: Preview, name: TableName, place: int) -> tuple[GroupTold, ...]:
    mapped = preview.run.policy.maps[name.system].tables[name.table]
    facts = preview.staging.read(f"facts/{name}")
    left = {group: bool(facts[f"left:{group}"].iloc[place]) for group in mapped.groups}
    purposes = preview.run.policy.schedule.purposes
    record = only(_records(preview, name), place)
    return explain_record(mapped, purposes, record, left, read_events(preview.staging), preview.run.moment)


def _show(group: GroupTold, schedule: Schedule, as_of: date) -> None:
    verdict = {"RETAIN": "kept", "REFER": "referred to a human", "EXPIRED": "no longer held by any purpose"}[
        group.state
    ]
    by = f" by {schedule.purposes[group.decided_by].title.en}" if group.decided_by and group.state == "RETAIN" else ""
    out.print(f"\n[bold]{group.group}[/bold]: {verdict}{by} ({group.reason.value})")
    if group.due_from is not None:
        out.print(f"  may go from {group.due_from}" if group.due_from > as_of else f"  could go since {group.due_from}")
    if not group.left:
        out.print("  nothing is left in these columns")
    for clock in group.clocks:
        out.print(f"  - {_sentence(clock, schedule)}")


def _sentence(clock: ClockTold, schedule: Schedule) -> str:
    purpose = schedule.purposes[clock.purpose]
    whose = {"record": "the record's own", "subject": "the person's latest", "company": "the company's latest"}
    event = schedule.events[clock.starts].title.en
    start = f'{purpose.title.en}, from {whose[clock.scope]} "{event}":'
    if clock.ended_at_once:
        return f"{start} ended at once, whatever its period says"
    if clock.goes_on:
        return f"{start} goes on, so it holds the data"
    if clock.problem is not None:
        return f"{start} can't be dated ({clock.problem.value})"
    if clock.through is None:
        return f"{start} never happened"
    return f"{start} {clock.started}, so it {'holds' if clock.live else 'held'} the data through {clock.through}"
