"""Guards: limits outside which a human decides, or nobody may. A guard never warns and goes on.

``REFUSE`` stops the run at once and no approval overrides it: a wrong clock or an empty extract would destroy what
nobody meant. ``APPROVE`` lets the run go on only when a human has approved this very plan. ``NOTICE`` is told in the
report and stops nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from include.retention.errors import GuardError
from include.retention.policy.model import Guards
from include.retention.terms import Mode

CLOCK_MARGIN = timedelta(hours=26)
"""Longest step back of the clock between two runs that a change of host or of daylight saving explains."""
CLOCK_DISAGREEMENT = timedelta(hours=1)
"""Largest difference between this machine's clock and a database server's."""
MOST_PLACES = 5
"""Changed places in the rules that a guard names."""
LONGEST_PAUSE = timedelta(days=92)
"""After a longer time without a run, a human decides whether the time has passed or the clock has leapt."""


class Level(StrEnum):
    """What a guard outside its limit asks for."""

    REFUSE = "refuse"
    APPROVE = "approve"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Finding:
    """A guard outside its limit.

    Attributes:
        measured: what was found, in the unit that ``text`` names.
        text: one English sentence without source values, for the operator.
    """

    guard: str
    level: Level
    system: str
    table: str
    measured: float
    limit: float
    text: str

    def body(self) -> dict[str, Any]:
        """Return the finding for the ledger."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TableCount:
    """How much of a table is due, for the guards."""

    system: str
    table: str
    population: int
    due: int


def check_clock(as_of: date, today: date, now: datetime, last_run: datetime | None, mode: Mode) -> None:
    """Refuse a day that hasn't come, and a clock that has gone backwards.

    Raises:
        GuardError: ``as_of`` lies ahead in enforce mode, or the last run is later than now.
    """
    if as_of > today and mode is Mode.ENFORCE:
        message = (
            f"as_of {as_of} lies ahead of today, {today}: destroying for a day that hasn't come is refused. "
            "Correct the machine's clock, or run it as a dry run."
        )
        raise GuardError(message)
    if last_run is not None and now + CLOCK_MARGIN < last_run:
        message = (
            f"The clock says {now:%Y-%m-%d %H:%M} UTC, earlier than the last run of {last_run:%Y-%m-%d %H:%M} UTC. "
            "A wrong clock decides wrongly: correct it and run again."
        )
        raise GuardError(message)


def check_server_clock(system: str, server: datetime | None, now: datetime) -> None:
    """Refuse to decide by a clock that a source's own server contradicts.

    Args:
        system: name of the system.
        server: the instant by its server's clock; None where it has none of its own.
        now: the instant by this machine's clock.

    Raises:
        GuardError: they differ by more than an hour.
    """
    if server is not None and abs(server - now) > CLOCK_DISAGREEMENT:
        message = (
            f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, the database server of {system} "
            f"{server:%Y-%m-%d %H:%M} UTC. A wrong clock decides wrongly: correct whichever is wrong and run again."
        )
        raise GuardError(message)


def check_disk(free_mb: int, guards: Guards) -> None:
    """Refuse to start what could not be finished or recorded.

    Raises:
        GuardError: less disk is free than the schedule asks for.
    """
    if free_mb < guards.min_free_disk_mb:
        message = (
            f"{free_mb} MiB of disk are free where a run writes, the schedule asks for {guards.min_free_disk_mb} "
            "(guards.min_free_disk_mb). Free some and run again."
        )
        raise GuardError(message)


def check_extract(system: str, sizes: Mapping[str, int], before: Mapping[str, int], guards: Guards) -> None:
    """Refuse a table that came back empty or much smaller than last time.

    The absence of the row that proves a purpose isn't the absence of the purpose.

    Args:
        system: name of the system.
        sizes: rows read now, by table.
        before: rows left after the last run that changed something or could have, by table.
        guards: the schedule's limits.

    Raises:
        GuardError: names every such table with both counts.
    """
    shrunk = [
        f"{system}.{table}: {sizes.get(table, 0)} rows now, {rows} after the last run"
        for table, rows in before.items()
        if rows > 0
        and (sizes.get(table, 0) == 0 or (rows > guards.small_table and sizes[table] < rows * guards.min_extract_share))
    ]
    if shrunk:
        message = (
            f"The extract is empty or below {guards.min_extract_share:.0%} of the last one; purposes may be missing: "
            + "; ".join(shrunk)
            + ". Find out what happened to the source. If the rows are rightly gone, say so with "
            "`gallring accept-extract SYSTEM.TABLE --by WHO` and run again."
        )
        raise GuardError(message)


def check_holds(vanished: Sequence[str]) -> None:
    """Refuse where a legal hold is gone that nobody has released.

    Raises:
        GuardError: names the holds.
    """
    if vanished:
        message = (
            f"The legal holds {', '.join(vanished)} were placed and never released, and the control database doesn't "
            "hold them any more: what they cover would be destroyed. Restore it from your copy, and find out why."
        )
        raise GuardError(message)


def check_ledger(broken: str, mode: Mode) -> None:
    """Refuse to destroy over a ledger that isn't whole: what is done now could be proved as little as what was.

    Args:
        broken: what is wrong with it, or an empty text.
        mode: a dry run destroys nothing, and goes on.

    Raises:
        GuardError: says what is wrong.
    """
    if broken and mode is Mode.ENFORCE:
        message = (
            f"The ledger isn't whole: {broken} Nothing is destroyed over a broken ledger. Keep the control database "
            "and the reports as they are, tell the data protection officer, and restore them from your copy: "
            "`gallring verify` says when they are whole."
        )
        raise GuardError(message)


def check_volume(tables: Sequence[TableCount], guards: Guards) -> list[Finding]:
    """Ask for approval where an unusual share or number of a table's rows is due."""
    found = []
    for each in tables:
        share = each.due / each.population if each.population else 0.0
        if each.population > guards.small_table and share > guards.max_share:
            limit = f"without approval at most {guards.max_share:.0%} may be"
            text = f"{share:.1%} of the rows of {each.system}.{each.table} are due; {limit}."
            found.append(Finding("SHARE", Level.APPROVE, each.system, each.table, share, guards.max_share, text))
        if each.due > guards.max_rows:
            limit = f"without approval at most {guards.max_rows} may be"
            text = f"{each.due} rows of {each.system}.{each.table} are due; {limit}."
            found.append(Finding("ROWS", Level.APPROVE, each.system, each.table, each.due, guards.max_rows, text))
    return found


def check_history(
    previous: Mapping[str, str] | None, current: Mapping[str, str], due: int, changed: Sequence[str] = ()
) -> list[Finding]:
    """Ask for approval of the first run that would act, and of the first under a changed schedule or map.

    Args:
        previous: digests by name ("schedule" and each system) of the last run that acted and ended well, or None.
        current: the digests now.
        due: rows due.
        changed: places in the rules that differ, as ``kept_rules.changed_rules`` names them.
    """
    if due == 0:
        return []
    if previous is None:
        text = "No run that may act has ended well here yet: the plan needs a human's approval."
        return [Finding("FIRST_RUN", Level.APPROVE, "", "", due, 0, text)]
    found = []
    for name in sorted({*previous, *current}):
        if previous.get(name) == current.get(name):
            continue
        what = "The retention schedule" if name == "schedule" else f"The data map of {name}"
        file = "retention_schedule" if name == "schedule" else name
        places = [each for each in changed if each.startswith(f"{file}.")]
        named = f" ({_some(places)})" if places else ""
        text = f"{what} has changed since the last run{named}: its first plan needs a human's approval."
        found.append(Finding("CHANGED_POLICY", Level.APPROVE, "" if name == "schedule" else name, "", 1, 0, text))
    return found


def _some(places: Sequence[str]) -> str:
    shown = ", ".join(places[:MOST_PLACES])
    return shown if len(places) <= MOST_PLACES else f"{shown} and {len(places) - MOST_PLACES} more"


def check_pause(last_run: datetime | None, now: datetime, due: int) -> list[Finding]:
    """Ask for approval after a long time without a run: a clock that has leapt ahead looks just like that.

    Args:
        last_run: when the last run that ended well began, or None.
        now: the present instant.
        due: rows due.
    """
    if due == 0 or last_run is None or now - last_run <= LONGEST_PAUSE:
        return []
    days = (now - last_run).days
    text = (
        f"The last run that ended well began {days} days ago, on {last_run:%Y-%m-%d}: "
        "either nothing has run since, or this machine's clock is wrong."
    )
    return [Finding("LONG_PAUSE", Level.APPROVE, "", "", days, LONGEST_PAUSE.days, text)]


def check_quiet(quiet: Mapping[str, int], guards: Guards) -> list[Finding]:
    """Tell of purposes that have expired nothing for many runs: a silent failure looks just like that.

    Args:
        quiet: runs without expiry, by purpose.
        guards: the schedule's limits.
    """
    return [
        Finding(
            "QUIET_RULE", Level.NOTICE, "", "", runs, guards.quiet_runs,
            f"The rule for {purpose} has expired nothing for {runs} runs. Check that its events still arrive.",
        )
        for purpose, runs in sorted(quiet.items())
        if runs >= guards.quiet_runs
    ]  # fmt: skip
