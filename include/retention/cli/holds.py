"""``gallring hold``: legal holds, placed, listed and released. What is under a hold isn't destroyed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.markup import escape
from rich.table import Table

from include.retention import clock
from include.retention.cli.main import Json, app, command_line, mapped_table, out, record_key, show_json, told
from include.retention.identifiers import Normaliser
from include.retention.keys import load_ring
from include.retention.ledger.holds import SUBJECT, Record, Subject, holds_in_force, place_hold, release_hold
from include.retention.ledger.store import open_control, reading
from include.retention.policy.load import load_policy
from include.retention.run import local_day
from include.retention.settings import load_settings
from include.retention.terms import IdentifierKind

hold = typer.Typer(help="Legal holds.", no_args_is_help=True)
app.add_typer(hold, name="hold")


@contextmanager
def _control() -> Iterator[sa.Engine]:
    control = open_control(load_settings(os.environ).control_url)
    try:
        yield control
    finally:
        control.dispose()


@hold.command()
def place(  # noqa: PLR0913, PLR0917 - the options of a command
    owner: Annotated[str, typer.Option(help="Who answers for the hold: a role or a name, not an address.")],
    reason: Annotated[str, typer.Option(help="Why, without naming whom it is about: a case number.")],
    review_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="When somebody looks at it again.")],
    kind: Annotated[IdentifierKind | None, typer.Option(help="Hold a person or company by this identifier.")] = None,
    record: Annotated[str | None, typer.Option(help="Hold one record: SYSTEM.TABLE.")] = None,
    value: Annotated[
        str | None, typer.Option(help="The identifier, or the record's key. Better typed when asked.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Place a hold on a person, a company or one record. Only a keyed hash of the value is kept."""
    with told(as_json), _control() as control:
        what = _what(kind, record, value)
        with control.begin() as connection:
            key = load_ring(os.environ).current
            day = review_on.date()
            number = place_hold(connection, key, what, owner=owner, reason=reason, review_on=day, at=clock.now())
    show_json({"hold_id": number}) if as_json else out.print(f"{number} is in force from now on.")


def _what(kind: IdentifierKind | None, record: str | None, value: str | None) -> Subject | Record:
    if (kind is None) == (record is None):
        what = "needs one of --kind and --record."
        raise command_line("hold place", what, "Name a person by --kind, or a --record.", "HOLD")
    policy = load_policy(load_settings(os.environ).policy)
    if record is not None:
        table = mapped_table(policy, "--record", record)
        return Record(record.partition(".")[0], table.name, record_key(table, "--value", _given(value)))
    schedule = policy.schedule
    today = local_day(clock.now(), schedule.time_zone)
    found = Normaliser(today, schedule.placeholder_identity_numbers, schedule.generic_mailboxes).normalise(
        IdentifierKind(str(kind)), _given(value)
    )
    if found.text is None:
        remedy = "Give it in full, an identity number with its century."
        raise command_line("--value", "identifies nobody.", remedy, "HOLD")
    return Subject(found.kind, found.text)


def _given(value: str | None) -> str:
    """Return the value, asked for where it wasn't given: on standard error, for standard output may be JSON."""
    if value is not None:
        return value
    return str(typer.prompt("Identifier, or the record's key", hide_input=True, err=True))


@hold.command(name="list")
def show(as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    """List the holds in force."""
    with told(as_json), _control() as control, reading(control) as connection:
        holds = holds_in_force(connection)
    columns = ["hold_id", "covers", "owner", "reason", "placed_at", "review_on"]
    shown = holds.assign(
        covers=[_covers(hold) for hold in holds.to_dict(orient="records")],
        placed_at=holds["placed_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        review_on=holds["review_on"].astype(str),
    )[columns]
    if as_json:
        show_json(shown.to_dict(orient="records"))
        return
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in shown.itertuples(index=False):
        table.add_row(*(escape(text) for text in row))
    out.print(table if len(holds) else "No hold is in force.")


def _covers(hold: Mapping[str, Any]) -> str:
    """Return what a hold is on, as far as is known: whom it is about is kept nowhere."""
    if hold["scope"] == SUBJECT:
        return f"somebody, by {hold['identifier_kind']}"
    return f"one record in {hold['system']}.{hold['table']}"


@hold.command()
def release(hold_id: str, as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    """Release a hold. Its history stays in the ledger."""
    with told(as_json), _control() as control, control.begin() as connection:
        release_hold(connection, hold_id, clock.now())
    show_json({"released": hold_id}) if as_json else out.print(f"{hold_id} is released.")
