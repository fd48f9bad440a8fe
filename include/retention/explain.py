"""Why a record is kept or goes: every purpose, event, date and hold, for one record and in plain figures.

The same functions decide here as in a run, so that an explanation can't differ from what happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import numpy as np

from include.retention.classify import (
    EXPIRED,
    OPEN_DAY,
    REASONS,
    RETAINED,
    Case,
    Moment,
    Records,
    as_date,
    classify_group,
    clock_of,
    start_of,
    subjects_of,
)
from include.retention.data_map.model import DataMap, Table
from include.retention.dates import NO_DAY, REFER_CODES, day_number
from include.retention.events import Events
from include.retention.policy.model import Purpose
from include.retention.terms import Reason


class StartDay(StrEnum):
    """What the day is from which a clock counts."""

    EVENT = "event"
    """The day of the event itself."""
    FISCAL_YEAR = "fiscal_year"
    """The last day of the fiscal year that the event falls in."""
    EITHER = "either"
    """Some tables tell of the event by its own day and others by the fiscal year's last."""


@dataclass(frozen=True, slots=True)
class ClockTold:
    """One purpose's clock for one of the record's subjects.

    Attributes:
        scope: whose event starts it.
        starts: name of the start event.
        started: the latest known local day from which it counts, or None.
        started_is: what that day is.
        goes_on: the episode is open.
        through: the last local day of storage, None where the clock never ran or goes on.
        live: it holds the data on the day asked about.
        ended_at_once: something has ended it whatever its period says.
        problem: why its start can't be known.
    """

    purpose: str
    scope: str
    starts: str
    started: date | None
    started_is: StartDay
    goes_on: bool
    through: date | None
    live: bool
    ended_at_once: bool
    problem: Reason | None


@dataclass(frozen=True, slots=True)
class GroupTold:
    """One column group.

    Attributes:
        state: ``RETAIN``, ``REFER`` or ``EXPIRED``; what becomes of an expired group is decided for the row.
        decided_by: the purpose that lasts or lasted longest.
        due_from: the first local day on which the group may go, were it not for a hold; None where none is in sight.
        left: the group still holds something.
    """

    group: str
    state: str
    reason: Reason
    decided_by: str | None
    due_from: date | None
    left: bool
    clocks: tuple[ClockTold, ...]


def start_days(maps: Iterable[DataMap]) -> dict[str, StartDay]:
    """Return for each event that a table tells of what its day is."""
    told: dict[str, set[bool]] = {}
    for emission in (each for data_map in maps for table in data_map.tables.values() for each in table.emissions):
        if emission.date is not None:
            told.setdefault(emission.event, set()).add(emission.as_fiscal_year_end)
    meant = {frozenset({False}): StartDay.EVENT, frozenset({True}): StartDay.FISCAL_YEAR}
    return {event: meant.get(frozenset(ways), StartDay.EITHER) for event, ways in told.items()}


def explain_record(  # noqa: PLR0913, PLR0917 - one record, and all that decides over it
    table: Table,
    purposes: Mapping[str, Purpose],
    records: Records,
    left: Mapping[str, bool],
    events: Events,
    moment: Moment,
    days: Mapping[str, StartDay],
) -> tuple[GroupTold, ...]:
    """Explain one record.

    Args:
        table: the mapped table.
        purposes: the schedule's purposes.
        records: the record alone.
        left: per column group, whether it still holds something.
        events: all events.
        moment: the day asked about.
        days: from `start_days`.
    """
    cases = (Case(group, records, events, moment) for group in table.groups.values())
    return tuple(_group(case, purposes, days, holds_something=left[case.group.name]) for case in cases)


def _group(
    case: Case, purposes: Mapping[str, Purpose], days: Mapping[str, StartDay], *, holds_something: bool
) -> GroupTold:
    group, records = case.group, case.records
    verdict = classify_group(group, purposes, records, case.events, case.moment)[0].iloc[0]
    clocks = [
        _clock(case, purposes[use.purpose], place, subject, days)
        for subject, present in subjects_of(group, records)
        if present[0]
        for place, use in enumerate(group.purposes)
    ]
    state = int(verdict["state"])
    through = int(verdict["through"])
    place = int(verdict["purpose"])
    dated = through not in {OPEN_DAY, NO_DAY} and state in {RETAINED, EXPIRED} and bool(records.personal[0])
    return GroupTold(
        group=group.name,
        state="RETAIN" if state == RETAINED else "EXPIRED" if state == EXPIRED else "REFER",
        reason=REASONS[int(verdict["reason"])],
        decided_by=group.purposes[place].purpose if place >= 0 else None,
        due_from=as_date(through + 1) if dated else None,
        left=holds_something,
        clocks=tuple(clocks),
    )


def _clock(case: Case, purpose: Purpose, place: int, subject: np.ndarray, days: Mapping[str, StartDay]) -> ClockTold:
    scope = case.group.purposes[place].scope
    start, _ = start_of(case, purpose, scope, subject)
    clock, _ = clock_of(case, purpose, scope, subject)
    day, through = int(start.day[0]), int(clock.through[0])
    return ClockTold(
        purpose=purpose.name,
        scope=scope.value,
        starts=purpose.starts,
        started=None if day == NO_DAY else as_date(day),
        started_is=days.get(purpose.starts, StartDay.EVENT),
        goes_on=bool(start.open[0]),
        through=None if through in {OPEN_DAY, NO_DAY} else as_date(through),
        live=through >= day_number(case.moment.as_of),
        ended_at_once=bool(clock.ended[0]),
        problem=REFER_CODES[int(clock.problem[0])],
    )


def only(records: Records, place: int) -> Records:
    """Return one record of several."""
    one = slice(place, place + 1)
    return replace(
        records,
        ids=records.ids[one],
        roles={role: numbers[one] for role, numbers in records.roles.items()},
        row_problem=records.row_problem[one],
        held=records.held[one],
        personal=records.personal[one],
        promised={group: days[one] for group, days in records.promised.items()},
    )
