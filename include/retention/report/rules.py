"""Parts 3, 7 and 9: the rules in force, read from the schedule and the maps, and set against the published policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from include.retention.data_map.model import Column, DataMap, Group, Table
from include.retention.policy.model import Category, Keep, Period, Purpose, Schedule
from include.retention.policy.statutes import longer
from include.retention.report.promises import Promise
from include.retention.report.rule_parts import (
    Amended,
    DecidedPeriod,
    Ending,
    Erasure,
    PolicyDiff,
    RestrictedColumn,
    Rule,
)
from include.retention.terms import WhenNull

Held = tuple[str, Table, Column, Group]
Data = tuple[tuple[str, str, tuple[str, ...]], ...]
_MONTHS = 12
_DAYS_A_MONTH = 30


def collect_rules(
    schedule: Schedule, maps: Mapping[str, DataMap], promises: Sequence[Promise], today: date
) -> tuple[Rule, ...]:
    """Return every purpose in the schedule's own order, with what is held for it and where."""
    columns = list(personal_columns(maps))
    told = [each for data_map in maps.values() for table in data_map.tables.values() for each in table.emissions]
    spoken_of = {name: [each.id for each in promises if name in each.purposes] for name in schedule.purposes}
    return tuple(
        replace(
            _rule(schedule, purpose, today),
            episodic=any(each.event == purpose.starts and each.when_null is WhenNull.ONGOING for each in told),
            at_year_end=any(each.event == purpose.starts and each.as_fiscal_year_end for each in told),
            data=_held_for(purpose.name, columns),
            promises=tuple(spoken_of[purpose.name]),
        )
        for purpose in schedule.purposes.values()
    )


def _rule(schedule: Schedule, purpose: Purpose, today: date) -> Rule:
    """Return what the schedule alone says of a purpose."""
    ceiling = Keep((schedule.ceiling,))
    amendments = tuple(
        Amended(each.in_force, each.keep, each.events_from, each.source, passes_ceiling=longer(each.keep, ceiling))
        for each in purpose.amendments
    )
    keep_passes = longer(purpose.keep, ceiling)
    return Rule(
        name=purpose.name,
        title=purpose.title,
        lawful_basis=purpose.lawful_basis,
        recipients=tuple(schedule.recipients[name] for name in purpose.recipients),
        starts=schedule.events[purpose.starts].title,
        scope=purpose.scope,
        episodic=False,
        at_year_end=False,
        keep=purpose.keep,
        amendments=amendments,
        endings=tuple(
            Ending(
                schedule.events[end.event].title,
                end.scope,
                schedule.events[end.restarted_by].title if end.restarted_by else None,
            )
            for end in purpose.ends_at_once
        ),
        yields_to_erasure=purpose.yields_to_erasure,
        marketing=purpose.marketing,
        statutory=purpose.statutory,
        necessity=purpose.necessity,
        source=purpose.source,
        approved_by=purpose.approved_by,
        approved_on=purpose.approved_on,
        review_on=purpose.review_on,
        review_due=purpose.review_on is None or purpose.review_on <= today,
        data=(),
        longest_months=longest_months(purpose.keep),
        keep_passes_ceiling=keep_passes,
        passes_ceiling=keep_passes or any(each.passes_ceiling for each in amendments),
        promises=(),
    )


def collect_decided(schedule: Schedule) -> tuple[DecidedPeriod, ...]:
    """Return the DPO's own periods."""
    return tuple(
        DecidedPeriod(p.name, p.title, p.keep, p.source, p.approved_by, p.approved_on, p.review_on)
        for p in schedule.parameters.values()
    )


def compare_with_policy(schedule: Schedule, promises: Sequence[Promise]) -> PolicyDiff:
    """Return where the rules in force and the published policy don't say the same."""
    spoken_of = {name for promise in promises for name in promise.purposes}
    return PolicyDiff(
        title=schedule.policy_title,
        ceiling=schedule.ceiling,
        promises=tuple(promises),
        absent=tuple((p.id, name) for p in promises for name in p.purposes if name not in schedule.purposes),
        unpublished=tuple(name for name in schedule.purposes if promises and name not in spoken_of),
    )


def collect_restricted(schedule: Schedule, maps: Mapping[str, DataMap]) -> tuple[RestrictedColumn, ...]:
    """Return every column of a category that the published policy ties to certain purposes."""
    found = []
    for system, table, column, group in personal_columns(maps):
        category = schedule.categories[column.category or ""]
        if category.only_for:
            found.append(_restricted(system, table, column, group, category))
    return tuple(sorted(found, key=lambda each: (each.category, each.system, each.table, each.column)))


def _restricted(system: str, table: Table, column: Column, group: Group, category: Category) -> RestrictedColumn:
    names = tuple(use.purpose for use in group.purposes)
    foreign = tuple(name for name in names if name not in category.only_for)
    return RestrictedColumn(category.name, category.title, system, table.name, column.name, names, foreign)


def collect_erasures(maps: Mapping[str, DataMap]) -> tuple[Erasure, ...]:
    """Return how each personal column is erased when its row stays, and what is replaced inside free texts."""
    erasures = []
    for system, table, column, _ in personal_columns(maps):
        method = column.method
        if method is None:
            continue
        given = (method.value, method.length, method.size)
        parameter = next((str(value) for value in given if value is not None), "")
        erasures.append(Erasure(system, table.name, column.name, column.category or "", method.name, parameter))
    erasures += [
        Erasure(system, table.name, column.name, column.category or "", "redact", "")
        for system, data_map in maps.items()
        for table in data_map.tables.values()
        for column in table.columns.values()
        if column.redaction is not None
    ]
    return tuple(erasures)


def personal_columns(maps: Mapping[str, DataMap]) -> Iterator[Held]:
    """Walk over all personal columns with the group that decides over them."""
    for system, data_map in maps.items():
        for table in data_map.tables.values():
            for column in table.personal_parts():
                if column.group is not None and column.category is not None:
                    yield system, table, column, table.groups[column.group]


def period_months(period: Period) -> int:
    """Return a period in months, days rounded up to thirtieths: for comparing and drawing, never for deciding."""
    return _MONTHS * period.years + period.months + -(-period.days // _DAYS_A_MONTH)


def longest_months(keep: Keep) -> int:
    """Return the longest storage after a start event: the year's end can be a year away."""
    return sum(period_months(period) for period in keep.periods) + (_MONTHS if keep.to_year_end else 0)


def _held_for(purpose: str, columns: Iterable[Held]) -> Data:
    held: dict[tuple[str, str], dict[str, None]] = {}
    for system, table, column, group in columns:
        if any(use.purpose == purpose for use in group.purposes):
            held.setdefault((system, table.name), {})[column.category or ""] = None
    return tuple((system, table, tuple(categories)) for (system, table), categories in held.items())
