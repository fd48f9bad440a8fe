"""``gallring hold``: legal holds, placed, listed and released. What is under a hold isn't destroyed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.table import Table

from include.retention import clock
from include.retention.cli.main import Json, app, out, show_json, told
from include.retention.errors import ConfigurationError, Problem
from include.retention.identifiers import Normaliser
from include.retention.keys import load_ring
from include.retention.ledger.holds import Record, Subject, holds_in_force, place_hold, release_hold
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
        str, typer.Option(prompt="Identifier, or the record's key", hide_input=True, help="Better typed when asked.")
    ] = "",
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


def _what(kind: IdentifierKind | None, record: str | None, value: str) -> Subject | Record:
    if (kind is None) == (record is None):
        raise _wrong("hold place", "needs one of --kind and --record.", "Name a person by --kind, or a --record.")
    if record is not None:
        system, _, table = record.partition(".")
        parts = json.loads(value) if value.startswith("[") else value.split(",")
        return Record(system, table, tuple(parts))
    schedule = load_policy(load_settings(os.environ).policy).schedule
    today = local_day(clock.now(), schedule.time_zone)
    found = Normaliser(today, schedule.placeholder_identity_numbers, schedule.generic_mailboxes).normalise(
        IdentifierKind(str(kind)), value
    )
    if found.text is None:
        raise _wrong(
            "hold place --value", "identifies nobody.", "Give it in full, an identity number with its century."
        )
    return Subject(found.kind, found.text)


def _wrong(key: str, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([Problem("command line", key, what, remedy, "HOLD")])


@hold.command(name="list")
def show(as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    """List the holds in force."""
    with told(as_json), _control() as control, reading(control) as connection:
        holds = holds_in_force(connection)
    columns = ["hold_id", "scope", "owner", "reason", "placed_at", "review_on"]
    if as_json:
        show_json(json.loads(holds[columns].to_json(orient="records", date_format="iso", force_ascii=False)))
        return
    table = Table(*columns, box=None)
    for row in holds[columns].astype(str).itertuples(index=False):
        table.add_row(*row)
    out.print(table if len(holds) else "No hold is in force.")


@hold.command()
def release(hold_id: str, as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    """Release a hold. Its history stays in the ledger."""
    with told(as_json), _control() as control, control.begin() as connection:
        release_hold(connection, hold_id, clock.now())
    show_json({"released": hold_id}) if as_json else out.print(f"{hold_id} is released.")
