"""``gallring referrals``: which records wait for a human, by their keys, for those who may look into the systems."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer
from rich.markup import escape

from include.retention.cli.main import Json, app, counted, mapped_table, out, show_json, told
from include.retention.cli.opening import steps
from include.retention.due_items import decide_items
from include.retention.policy.load import load_policy
from include.retention.preview import previewed
from include.retention.report.words import load_words
from include.retention.settings import load_settings


@app.command()
def referrals(
    table: Annotated[str | None, typer.Argument(help="SYSTEM.TABLE; all tables if left out.")] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """List the records about which a human is asked today, with their keys and the reason. Nothing is changed.

    The keys come from the systems just now and are written nowhere: ledger and report know records by keyed references.
    """
    with told(as_json), steps() as progress:
        line = progress.add_task("begin")
        if table is not None:
            mapped_table(load_policy(load_settings(os.environ).policy), "SYSTEM.TABLE", table)
        with previewed(None, lambda name: progress.update(line, description=name)) as preview:
            _, _, found = decide_items(preview.run, preview.staging)
            words = load_words("en", preview.run.policy.schedule.time_zone)
        found = found.assign(place=found["system"] + "." + found["table"])
        found = found if table is None else found[found["place"] == table]
    rows = list(zip(found["place"], found["key"], found["group"], found["reason"], strict=True))
    if as_json:
        content = [{"table": a, "key": json.loads(b), "group": c, "reason": d} for a, b, c, d in rows]
        show_json({"records": len({row[:2] for row in rows}), "questions": content})
        return
    for place, key, group, reason in rows:
        out.print(f"{escape(place)} {escape(key)} {group}: {words(f'reason.{reason}')}")
    records = counted(len({row[:2] for row in rows}), "record")
    out.print(f"{records}, {counted(len(rows), 'question')}. `gallring explain TABLE KEY` tells of each.")
