"""Which tables stand alone: one day in each row decides over it, and the row matters to no other.

Of such a table the rows that are surely kept, and those that hold nothing any more, needn't be read. Elsewhere every
row is read, due or not, for it can matter to others: by saying who somebody is, by what has happened to them, by
referring to a row that would go. The reasons are told in ``include/docs/adr/0013-what-needs-no-reading.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from include.retention.classify import ERASURE_REQUEST, Moment
from include.retention.data_map.model import DataMap, Emission, ForeignKey, PurposeUse, Table, with_declared
from include.retention.dates import EARLIEST, LATEST
from include.retention.objections import CONSENT, OBJECTION
from include.retention.periods import retain_through_amended
from include.retention.policy.checks import HOLD
from include.retention.policy.model import FiscalYears, Purpose, Schedule
from include.retention.terms import IdentifierKind, Scope, WhenExpired

RESERVED = frozenset({HOLD, OBJECTION, CONSENT, ERASURE_REQUEST})
MARGIN = timedelta(days=3)
"""Days around a border in which rows are read all the same: a timestamp's local day is the engine's to tell."""


@dataclass(frozen=True, slots=True)
class Kept:
    """When a column group is surely kept, by the local day of its row's event.

    Attributes:
        since: from this day on, until today, it is.
        before: before this day it isn't.
    """

    since: date
    before: date


@dataclass(frozen=True, slots=True)
class Alone:
    """A table that stands alone.

    Attributes:
        emission: what tells of the day that decides.
        day: the column with that day.
        kept: by column group.
        keeper: the purpose that keeps longest from a known day.
        open_keeper: the purpose that is told of a row whose event goes on.
        today: the last day that can have been reached.
    """

    emission: Emission
    day: str
    kept: Mapping[str, Kept]
    keeper: str
    open_keeper: str
    today: date


def find_alone(
    maps: Mapping[str, DataMap], schedule: Schedule, system: str, references: Iterable[ForeignKey], moment: Moment
) -> dict[str, Alone]:
    """Return the tables of a system that stand alone, by name.

    Args:
        maps: the data maps by system.
        schedule: the retention schedule.
        system: the system.
        references: all foreign keys of its live database.
        moment: what is decided for, and when.
    """
    data_map = maps[system]
    tied = _tied(data_map, references)
    concerning = _concerning(maps, schedule)
    years = schedule.fiscal_years
    found: dict[str, Alone] = {}
    for name, table in data_map.tables.items():
        of_years = isinstance(years, FiscalYears) and (years.system, years.table) == (system, name)
        if name in tied or of_years or not _plain(table) or any(e.event in concerning for e in table.emissions):
            continue
        alone = _decided_by_one_day(table, schedule, moment)
        if alone is not None:
            found[name] = alone
    return found


def _plain(table: Table) -> bool:
    """Return whether nothing but column groups and days decides over a table's rows."""
    special = (
        table.wholes, table.personal_when, table.files, table.sums, table.series, table.suppresses, table.references,
        table.empties,
    )  # fmt: skip
    if not table.personal or not table.groups or any(special):
        return False
    if any(column.paths or column.redaction for column in table.columns.values()):
        return False
    return all(_says_nobody(set(role.identifiers)) for role in table.subjects.values())


def _says_nobody(kinds: set[IdentifierKind]) -> bool:
    """Return whether a role's identifiers tie no two of anybody's together; addresses are on the suppression list."""
    return len(kinds) <= 1 and not kinds & {IdentifierKind.EMAIL, IdentifierKind.PHONE}


def _tied(data_map: DataMap, references: Iterable[ForeignKey]) -> set[str]:
    """Return the tables that another row hangs on, or that hang on rows which may go."""
    tables = data_map.tables
    tied = {link.table for table in tables.values() for emission in table.emissions for link in emission.keeps}
    tied |= {name for name, table in tables.items() if any(emission.keeps for emission in table.emissions)}
    for each in with_declared(references, tables):
        tied.add(each.parent_table)
        parent = tables.get(each.parent_table)
        if parent is not None and parent.personal and parent.when_expired is WhenExpired.DELETE:
            tied.add(each.child_table)
    return tied


def _concerning(maps: Mapping[str, DataMap], schedule: Schedule) -> set[str]:
    """Return the events that matter beyond the record that tells of them."""
    events = set(RESERVED)
    for purpose in schedule.purposes.values():
        for rule in purpose.ends_at_once:
            events |= {rule.event, rule.restarted_by or rule.event}
    for data_map in maps.values():
        for table in data_map.tables.values():
            for use in _uses(table):
                if use.scope is not Scope.RECORD:
                    events.add(schedule.purposes[use.purpose].starts)
    return events


def _uses(table: Table) -> Iterator[PurposeUse]:
    for group in table.groups.values():
        yield from group.purposes


def _decided_by_one_day(table: Table, schedule: Schedule, moment: Moment) -> Alone | None:
    """Return how one day decides over all column groups, or None where more than that does."""
    uses = list(_uses(table))
    purposes = [schedule.purposes[use.purpose] for use in uses]
    events = {purpose.starts for purpose in purposes}
    if len(events) != 1 or not all(_by_its_own_day(use, schedule.purposes[use.purpose]) for use in uses):
        return None
    if any(not group.purposes for group in table.groups.values()):
        return None
    emissions = [each for each in table.emissions if each.event in events]
    day = emissions[0].date if len(emissions) == 1 and _plain_day(emissions[0]) else None
    if day is None:
        return None
    days = np.arange(np.datetime64(EARLIEST, "D"), np.datetime64(moment.today, "D") + 1)
    through = [retain_through_amended(days, each.keep, each.amendments, moment.today) for each in purposes]
    kept, place = {}, 0
    for group in table.groups.values():
        own = through[place : place + len(group.purposes)]
        kept[group.name] = _kept(np.maximum.reduce(own) >= np.datetime64(moment.as_of, "D"), moment.today)
        place += len(own)
    first = min(each.before for each in kept.values())
    recent = days >= np.datetime64(first, "D")
    keepers = {purposes[winner].name for winner in np.unique(np.argmax(np.stack(through)[:, recent], axis=0))}
    # A sentinel inside would be taken for a day.
    if len(keepers) > 1 or any(first - MARGIN <= each <= moment.today for each in schedule.sentinel_dates):
        return None
    opened = purposes[0].name
    return Alone(emissions[0], day, kept, next(iter(keepers), opened), opened, moment.today)


def _by_its_own_day(use: PurposeUse, purpose: Purpose) -> bool:
    return use.scope is Scope.RECORD and not purpose.ends_at_once and not purpose.yields_to_erasure


def _plain_day(emission: Emission) -> bool:
    beyond = (emission.begins, emission.channel, emission.as_fiscal_year_end, emission.special)
    return not any(beyond)


def _kept(live: np.ndarray, today: date) -> Kept:
    """Return the borders of the days on which a group is live, from the first readable day until today."""
    dead, alive = np.flatnonzero(~live), np.flatnonzero(live)
    since = int(dead[-1]) + 1 if len(dead) else 0
    before = int(alive[0]) if len(alive) else len(live)
    return Kept(
        since=min(EARLIEST + timedelta(days=since), LATEST) + MARGIN,
        before=min(EARLIEST + timedelta(days=before), today) - MARGIN,
    )
