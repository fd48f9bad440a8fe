"""``gallring check``: settings, key, policy, maps and live databases held against each other, all mistakes at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, TypeVar

import sqlalchemy as sa
import typer
from rich.markup import escape
from rich.progress import Progress

from include.retention import clock
from include.retention.cli.grants import PLACEHOLDER, show_grants
from include.retention.cli.main import (
    WRONG,
    Json,
    app,
    command_line,
    counted,
    out,
    problem_body,
    show_json,
    show_notices,
    told,
)
from include.retention.cli.opening import opened_system, steps
from include.retention.data_map.duties import overdue_scopes
from include.retention.data_map.grants import grants_for
from include.retention.data_map.live import check_live
from include.retention.data_map.model import DataMap
from include.retention.errors import ConfigurationError, ConnectionSettingError, Problem
from include.retention.keys import KeyRing, is_default, load_ring
from include.retention.ledger.store import missing_control, open_control, reading
from include.retention.policy.checks import approved_ahead, overdue_reviews
from include.retention.policy.load import Policy, load_policy
from include.retention.run import local_day
from include.retention.settings import load_settings, policy_directory

T = TypeVar("T")


@dataclass(slots=True)
class Found:
    """What the check has found so far.

    Attributes:
        unusable: mistakes that let no run begin.
        problems: what closes a table, or forbids an enforcing run.
        notices: what is to be known and refuses nothing.
    """

    unusable: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)

    def usable(self, look: Callable[[], T]) -> T | None:
        """Return what a part of the check returns; None where it refuses, so that the others go on all the same."""
        try:
            return look()
        except ConfigurationError as error:
            self.unusable += error.problems
            return None


@app.command()
def check(
    grants: Annotated[bool, typer.Option("--grants", help="Print the GRANT statements that a run needs.")] = False,  # noqa: FBT002 - a flag
    account: Annotated[str, typer.Option(help="With --grants: the account they are for.")] = PLACEHOLDER,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Hold settings, policy and data maps against each other and against the live databases."""
    if grants:
        _grants(account, as_json=as_json)
        return
    if account != PLACEHOLDER:
        with told(as_json):
            raise command_line("--account", "goes with --grants alone.", "Add --grants, or leave it out.", "ACCOUNT")
    found = Found()
    with told(as_json), steps() as progress:
        policy = _look(found, progress)
        if policy is None or found.unusable:
            raise ConfigurationError([*found.unusable, *found.problems])
    _show(found, len(policy.maps), as_json=as_json)


def _look(found: Found, progress: Progress) -> Policy | None:
    """Look at everything that can be looked at; return the policy if it can be read."""
    line = progress.add_task("read the settings")
    settings = found.usable(lambda: load_settings(os.environ))
    ring = found.usable(lambda: load_ring(os.environ))
    if ring is not None and is_default(ring.current):
        what, remedy = "is the published demonstration key: enforcing runs are refused.", "Generate a key of your own."
        found.problems.append(Problem("environment", "GALLRING_KEY", what, remedy, "KEY_DEFAULT"))
    if settings is not None:
        url = settings.control_url
        found.usable(lambda: _look_at_control(found, url, ring))
    progress.update(line, description="read the policy")
    policy = found.usable(lambda: load_policy(policy_directory(os.environ)))
    if policy is None:
        return None
    today = local_day(clock.now(), policy.schedule.time_zone)
    found.problems += [*policy.unapproved, *approved_ahead(policy.schedule, today)]
    found.notices += [*policy.notices, *overdue_reviews(policy.schedule, today), *overdue_scopes(policy.maps, today)]
    for system, data_map in policy.maps.items():
        progress.update(line, description=f"look at {system}")
        _look_at_system(found, policy, data_map, today)
    return policy


def _look_at_control(found: Found, url: str, ring: KeyRing | None) -> None:
    """Look whether there is a control database.

    Raises:
        ConfigurationError: it can't be used, or something in force there is known only under a key that isn't here.
    """
    from include.retention.ledger.recognise import watching  # noqa: PLC0415 - pandas
    from include.retention.ledger.rekey import require_known_keys  # noqa: PLC0415 - pandas

    missing = missing_control(url)
    if missing is not None:
        found.notices.append(missing)
    elif ring is not None:
        control = open_control(url)
        try:
            with reading(control) as connection:
                require_known_keys(connection, watching(ring, connection))
        finally:
            control.dispose()


def _look_at_system(found: Found, policy: Policy, data_map: DataMap, today: date) -> None:
    """Look at one live database. One that can't be reached hides no mistake of another."""
    from include.retention.advised_indexes import check_indexes  # noqa: PLC0415 - pandas
    from include.retention.classify import Moment  # noqa: PLC0415 - pandas
    from include.retention.orphan_files import check_orphan_files  # noqa: PLC0415 - pandas

    system = data_map.system
    try:
        with opened_system(data_map) as engine:
            for each in check_live(data_map, engine):
                (found.notices if each.table is None else found.problems).append(each)
            found.notices += check_orphan_files(data_map, engine)
            found.notices += check_indexes(policy.maps, policy.schedule, system, engine, Moment(today, today))
    except sa.exc.SQLAlchemyError as error:
        what = f"can't be read: {type(error).__name__}: {getattr(error, 'orig', None) or error}"
        remedy = f"Look at its server, and at AIRFLOW_CONN_{data_map.connection.upper()}."
        found.unusable.append(Problem(f"system:{system}", data_map.connection, what, remedy, "UNREACHABLE"))
    except ConnectionSettingError as error:
        remedy = "Nothing of this system was looked at."
        found.unusable.append(Problem(f"system:{system}", data_map.connection, str(error), remedy, "CONNECTION"))


def _grants(account: str, *, as_json: bool) -> None:
    found = []
    with told(as_json), steps() as progress:
        line = progress.add_task("read the policy")
        settings = load_settings(os.environ)
        for system, data_map in load_policy(settings.policy).maps.items():
            progress.update(line, description=f"look at {system}")
            with opened_system(data_map) as engine:
                asks = settings.limits.max_lag_s is not None
                found.append(grants_for(data_map, engine, account, asks_replicas=asks))
    show_grants(found, account, as_json=as_json)


def _show(found: Found, systems: int, *, as_json: bool) -> None:
    from include.retention.reading import UNREADABLE  # noqa: PLC0415 - pandas

    problems, notices = found.problems, found.notices
    unreadable = sorted({problem.table for problem in problems if problem.code in UNREADABLE and problem.table})
    closed = sorted({problem.table for problem in problems if problem.table} - set(unreadable))
    if as_json:
        bodies = {"problems": [problem_body(p) for p in problems], "notices": [problem_body(p) for p in notices]}
        tables = {"closed": closed, "unreadable": unreadable}
        show_json({"ok": not problems, "systems": systems, **bodies, **tables})
    else:
        for problem in problems:
            out.print(f"[red]problem[/red] {escape(str(problem))}")
        show_notices(notices)
        if unreadable:
            out.print(f"Every run is refused, for all systems: {', '.join(unreadable)} can't be read as mapped.")
        if closed:
            out.print(f"Nothing is destroyed in: {', '.join(closed)}")
        verdict = "[green]In order[/green]" if not problems else f"[red]{counted(len(problems), 'problem')}[/red]"
        out.print(f"{verdict}: {counted(systems, 'system')}, {counted(len(notices), 'notice')}.")
    if problems:
        raise typer.Exit(WRONG)
