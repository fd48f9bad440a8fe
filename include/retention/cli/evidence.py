"""``gallring verify`` and ``gallring report``: what the ledger proves."""

from __future__ import annotations

import os
import re
from typing import Annotated

import typer
from rich.markup import escape

from include.retention import clock
from include.retention.cli.main import WRONG, Json, app, command_line, mapped_table, out, show_json, told
from include.retention.ledger.sizes import accept_extract
from include.retention.ledger.store import open_control, reading
from include.retention.policy.load import load_policy
from include.retention.settings import load_settings

_SHA256 = re.compile(r"[0-9a-f]{64}")


@app.command()
def verify(
    head: Annotated[
        list[str] | None, typer.Option(help="A head that you have noted elsewhere, as 128:f995...; may be repeated.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Recompute the ledger's hash chain; hold it, the reports' files, their rules and the holds against each other."""
    from include.retention.proving import prove  # noqa: PLC0415 - pandas

    with told(as_json):
        settings = load_settings(os.environ)
        heads = dict(_head(each) for each in head or [])
        control = open_control(settings.control_url)
        try:
            with reading(control) as connection:
                proof = prove(connection, settings, heads)
        finally:
            control.dispose()
    state = proof.chain
    if as_json:
        show_json({"ok": proof.ok, "entries": state.entries, "head_seq": state.head_seq, "head": state.head,
                   "broken_at": state.broken_at, "what": state.what, "files": proof.files,
                   "wrong": proof.wrong})  # fmt: skip
    else:
        for each in proof.wrong:
            out.print(f"[red]wrong[/red] {escape(each)}")
        if state.ok:
            mark = "[green]Whole[/green]" if proof.ok else "The chain is whole"
            out.print(f"{mark}: {state.entries} entries, {proof.files} report files as they were written.")
            out.print(f"Head {state.head_seq}:{state.head}")
        else:
            out.print(f"[red]Broken[/red] at entry {state.broken_at}: {escape(state.what)}")
        if not proof.ok:
            out.print("Keep the database and the reports as they are, and tell the data protection officer.")
    if not proof.ok:
        raise typer.Exit(WRONG)


def _head(text: str) -> tuple[int, str]:
    place, _, digest = text.partition(":")
    if not place.isdecimal() or not _SHA256.fullmatch(digest):
        what = f"{text} isn't a head of the ledger."
        raise command_line("--head", what, "Give entry and hash as part 15 of a report has them: 128:f995...", "HEAD")
    return int(place), digest


@app.command()
def report(
    run_id: Annotated[str | None, typer.Argument(help="The run; the latest if left out.")] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Write a run's report once more, beside the original, and say where it is."""
    from include.retention.reporting import report_again  # noqa: PLC0415 - pandas

    with told(as_json):
        row, data, where, files = report_again(run_id)
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
