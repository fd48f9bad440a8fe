"""``gallring hold``: legal holds, placed, listed and released. What is under a hold isn't destroyed."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from getpass import GetPassWarning
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from include.retention import clock
from include.retention.cli.main import (
    Json,
    app,
    command_line,
    counted,
    err,
    mapped_table,
    out,
    record_key,
    show_json,
    told,
    typed_day,
)
from include.retention.identifiers import Normaliser
from include.retention.keys import load_ring
from include.retention.ledger.holds import (
    SUBJECT,
    Record,
    Subject,
    check_hold,
    holds_in_force,
    place_hold,
    release_hold,
)
from include.retention.ledger.store import open_control, reading, shown_address
from include.retention.policy.load import Policy, load_policy
from include.retention.run import local_day, normaliser_for
from include.retention.settings import load_settings
from include.retention.terms import IdentifierKind

if TYPE_CHECKING:
    from include.retention.covered import Covered

hold = typer.Typer(help="Legal holds.", no_args_is_help=True)
app.add_typer(hold, name="hold")


WIDE = 1000
"""Columns in a pipe, where nothing is to be broken: more than a hold's texts may be long."""


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
    review_on: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="When somebody looks at it again.")],
    kind: Annotated[IdentifierKind | None, typer.Option(help="Hold a person or company by this identifier.")] = None,
    record: Annotated[str | None, typer.Option(help="Hold one record: SYSTEM.TABLE.")] = None,
    value: Annotated[
        str | None, typer.Option(help="The identifier, or the record's key. Better typed when asked.")
    ] = None,
    not_yet_known: Annotated[  # noqa: FBT002 - a flag
        bool,
        typer.Option("--not-yet-known", help="Place it though no record has the value, or a system can't be read."),
    ] = False,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Place a hold on a person, a company or one record. Only a keyed hash of the value is kept."""
    from include.retention.covered import records_covered  # noqa: PLC0415 - scipy, only where it is needed

    with told(as_json), _control() as control:
        policy = load_policy(load_settings(os.environ).policy)
        schedule, key, day = policy.schedule, load_ring(os.environ).current, typed_day("--review-on", review_on)
        today = local_day(clock.now(), schedule.time_zone)
        normaliser = normaliser_for(schedule, today)
        what = _what(policy, normaliser, kind, record, value)
        check_hold(what, owner=owner, reason=reason, review_on=day, at=clock.now())
        covered = records_covered(policy, normaliser, key, what)
        if not not_yet_known:
            _require_somebody(covered, what)
        with control.begin() as connection:
            number = place_hold(
                connection, key, covered.what, owner=owner, reason=reason, review_on=day, at=clock.now()
            )
        where = shown_address(control.url)
    if as_json:
        show_json({"hold_id": number, "covers": covered.records, "not_read": covered.unread, "control": where})
        return
    counts = [f"{counted(count, 'record')} in {table}" for table, count in covered.records.items()]
    covers = f"{', '.join(counts)}, and what belongs to them" if counts else "no record yet"
    out.print(f"{number} is in force from now on. It covers {covers}.")
    for why in covered.unread.values():
        out.print(f"[yellow]not looked at[/yellow]: {escape(why)}")
    out.print(f"It is kept in {escape(where)}.")


def _require_somebody(covered: Covered, what: Subject | Record) -> None:
    """Refuse a hold on nobody, and one of which nobody can say whom it is on.

    Raises:
        ConfigurationError: a system can't be read, or no record has the value.
    """
    if covered.unread:
        looked = f"it can't be looked up everywhere. {' '.join(covered.unread.values())}"
        remedy = "Mend that; --not-yet-known places it all the same, and it covers whom it is about there too."
        raise command_line("--value", f"The hold isn't placed: {looked}", remedy, "HOLD_UNREAD")
    if not covered.records:
        where = f"{what.system}.{what.table}" if isinstance(what, Record) else f"any mapped {what.kind}"
        remedy = "Check it; --not-yet-known places it all the same, for what will be there later."
        raise command_line("--value", f"The hold isn't placed: no record has it in {where}.", remedy, "HOLD_ON_NOBODY")


def _what(
    policy: Policy, normaliser: Normaliser, kind: IdentifierKind | None, record: str | None, value: str | None
) -> Subject | Record:
    if (kind is None) == (record is None):
        what = "needs one of --kind and --record."
        raise command_line("hold place", what, "Name a person by --kind, or a --record.", "HOLD")
    if record is not None:
        table = mapped_table(policy, "--record", record)
        return Record(record.partition(".")[0], table.name, record_key(table, "--value", _given(value)))
    found = normaliser.normalise(IdentifierKind(str(kind)), _given(value))
    if found.text is None:
        remedy = "Give it in full, an identity number with its century."
        raise command_line("--value", "identifies nobody.", remedy, "HOLD")
    return Subject(found.kind, found.text)


def _given(value: str | None) -> str:
    """Return the value, asked for where it wasn't given: on standard error, for standard output may be JSON.

    Raises:
        ConfigurationError: there is nowhere to ask.
    """
    if value is not None:
        return value
    try:
        with warnings.catch_warnings():
            # Where there is no terminal, getpass warns and would read, and show, the value all the same.
            warnings.simplefilter("error", GetPassWarning)
            return str(typer.prompt("Identifier, or the record's key", hide_input=True, err=True))
    except GetPassWarning:
        err.print()
        remedy = "Pass --value, or run the command in a terminal, where it asks for it."
        raise command_line("--value", "wasn't given, and there is no terminal to ask at.", remedy, "HOLD") from None


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
        table.add_column(name, overflow="fold", no_wrap=name in {"hold_id", "placed_at", "review_on"})
    for row in shown.itertuples(index=False):
        table.add_row(*(escape(text) for text in row))
    # In a pipe every hold has a line of its own, however long.
    console = out if out.is_terminal else Console(highlight=False, width=WIDE)
    console.print(table if len(holds) else "No hold is in force.")


def _covers(hold: Mapping[str, Any]) -> str:
    """Return what a hold is on, as far as is known: whom it is about is kept nowhere."""
    if hold["scope"] == SUBJECT:
        return f"somebody, by {hold['identifier_kind']}"
    return f"one record in {hold['system']}.{hold['table']}"


@hold.command()
def release(
    hold_id: str,
    by: Annotated[str, typer.Option(help="Who releases it: a role or a name, not an address.")],
    reason: Annotated[str, typer.Option(help="Why what it covers may go now, without naming whom it is about.")],
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Release a hold. Its history, with who released it and why, stays in the ledger."""
    with told(as_json), _control() as control, control.begin() as connection:
        release_hold(connection, hold_id, clock.now(), by=by, reason=reason)
    show_json({"released": hold_id}) if as_json else out.print(f"{hold_id} is released.")
