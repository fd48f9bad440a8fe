"""Whether the purposes of a column group can do what they are there for.

A purpose whose clock can never start is worse than a missing one: its columns look covered, and are destroyed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.retention.data_map.context import GroupContext, Mapped
from include.retention.data_map.model import Group
from include.retention.data_map.relations import reached, roles_of
from include.retention.errors import Problem
from include.retention.policy.checks import LONG_WITHOUT_NECESSITY
from include.retention.policy.model import EVIDENCE_PURPOSE, Keep, Period, Purpose
from include.retention.policy.statutes import longer
from include.retention.terms import LawfulBasis, Scope, SubjectKind, WithoutPurpose

Told = Mapping[Scope, frozenset[str]]
"""Scope -> events that some table tells of for it."""


def told_anywhere(mapped: Mapping[str, Mapped], *, dated: bool = False) -> Told:
    """Return the events that are told of subjects, and of companies, in any system; with ``dated`` those with a day."""
    subjects: set[str] = set()
    companies: set[str] = set()
    for at in (each for system in mapped.values() for each in system.tables()):
        roles = roles_of(at.tables, at.table.name)
        for emission in at.table.emissions:
            if dated and emission.date is None:
                continue
            kinds = {roles[role].kind for role in emission.of if role in roles}
            subjects |= {emission.event} if emission.of else set()
            companies |= {emission.event} if SubjectKind.COMPANY in kinds else set()
    return {Scope.SUBJECT: frozenset(subjects), Scope.COMPANY: frozenset(companies)}


def check_purposes(at: GroupContext, known: frozenset[str], told: Told, dated: Told) -> Iterator[Problem]:
    """Yield what is wrong with the purposes of a column group.

    Args:
        at: the group.
        known: purposes that are declared, also where their content is broken.
        told: see ``told_anywhere``.
        dated: likewise, of what has a day.
    """
    yield from _named(at, known)
    yield from _scopes(at)
    yield from _clocks(at, told, dated)
    yield from _blanket(at)
    yield from _identity(at)


def _named(at: GroupContext, known: frozenset[str]) -> Iterator[Problem]:
    seen: set[tuple[str, Scope]] = set()
    for number, use in enumerate(at.group.purposes):
        place = ("purposes", number)
        if use.purpose not in known:
            what = f"names the purpose {use.purpose}, which isn't in the schedule."
            remedy = "Add it to the schedule's purposes, or name one that is there."
            yield at.problem(place, "UNKNOWN_PURPOSE", what, remedy)
        elif use.purpose == EVIDENCE_PURPOSE:
            what = "is the purpose of Gallring's own ledger."
            yield at.problem(place, "RESERVED_PURPOSE", what, "Name the purpose that the system itself has.")
        elif (use.purpose, use.scope) in seen:
            what = f"names {use.purpose} a second time."
            yield at.problem(place, "TWO_RULES", what, "Keep one: there is exactly one rule for one thing.")
        seen.add((use.purpose, use.scope))
    if not at.group.purposes and at.group.without_purpose is WithoutPurpose.REFER:
        what = "has no purpose, so every record would be referred to a human for ever."
        remedy = "Add its purposes, or write without_purpose: expire."
        yield at.problem(("purposes",), "GROUP_WITHOUT_PURPOSE", what, remedy)


def _scopes(at: GroupContext) -> Iterator[Problem]:
    roles = roles_of(at.at.tables, at.at.table.name).values()
    for place, use in at.purposes():
        name = use.purpose.name
        if use.scope is Scope.SUBJECT and not at.group.of:
            what = f"counts {name} from a subject's events, and the group concerns no subject."
            remedy = f"Add the role to subjects, or use {{purpose: {name}, scope: record}}."
            yield at.problem(place, "SCOPE_WITHOUT_SUBJECT", what, remedy)
        if use.scope is Scope.COMPANY and not any(role.kind is SubjectKind.COMPANY for role in roles):
            what = f"counts {name} from a company's events, and no role of the row is a company."
            remedy = f"Add the company to subjects, or use {{purpose: {name}, scope: subject}}."
            yield at.problem(place, "SCOPE_WITHOUT_COMPANY", what, remedy)


def _clocks(at: GroupContext, told: Told, dated: Told) -> Iterator[Problem]:
    table, tables = at.at.table, at.at.tables
    astray = any(link.table not in tables for link in table.wholes)
    for place, use in at.purposes():
        event, by_record = use.purpose.starts, use.scope is Scope.RECORD
        if event not in at.schedule.events or use.purpose.name == EVIDENCE_PURPOSE or (by_record and astray):
            continue  # Told already, at the event, the purpose or the whole.
        whose = f"a record of {table.name}" if by_record else f"a {use.scope}"
        if not (table.name in reached(tables, event) if by_record else event in told[use.scope]):
            what = f"has {use.purpose.name}, whose clock can never start: nothing tells of {event} for {whose}."
            remedy = f"Add {event} to the events of the table that knows it, or change the scope."
            yield at.problem(place, "CLOCK_NEVER_STARTS", what, remedy)
        elif _lasts(use.purpose) and not (
            table.name in reached(tables, event, dated=True) if by_record else event in dated[use.scope]
        ):
            name = use.purpose.name
            what = f"has {name}, whose period can never start: {event} only goes on for {whose}, and never has a day."
            remedy = f"Tell of its day in a second event with date, or let {name} keep P0D."
            yield at.problem(place, "CLOCK_NEVER_STARTS", what, remedy)


def _lasts(purpose: Purpose) -> bool:
    """Return whether a purpose keeps anything beyond the start itself, by an amendment perhaps."""
    keeps = [purpose.keep, *(amendment.keep for amendment in purpose.amendments)]
    return any(longer(keep, Keep((Period(),))) for keep in keeps)


def _blanket(at: GroupContext) -> Iterator[Problem]:
    """The schedule allows a long legitimate interest on single records only; the map can't widen it."""
    for place, use in at.purposes():
        purpose = use.purpose
        widened = purpose.scope is Scope.RECORD and use.scope is not Scope.RECORD
        interest = purpose.lawful_basis is LawfulBasis.LEGITIMATE_INTERESTS
        if widened and interest and longer(purpose.keep, LONG_WITHOUT_NECESSITY):
            what = f"widens {purpose.name} from the record to the {use.scope}: keeping everything in case of a claim."
            yield at.problem(place, "BLANKET", what, "Keep the schedule's scope.")


def _identity(at: GroupContext) -> Iterator[Problem]:
    lost = _roles_lost(at)
    if lost and len(lost) == len(at.group.of):
        yield _erased_first(at, lost)


def identity_notices(at: GroupContext) -> Iterator[Problem]:
    """Yield a notice where a group can lose some of its subjects, but not all, before its clocks have run out."""
    lost = _roles_lost(at)
    if lost and len(lost) < len(at.group.of):
        yield _erased_first(at, lost)


def _erased_first(at: GroupContext, lost: Mapping[str, str]) -> Problem:
    erased = ", ".join(sorted(set(lost.values())))
    what = f"counts from the events of {', '.join(lost)}, whose identifiers in the row can go before, with {erased}."
    remedy = f"Give {erased} the same purposes, or move an identifier into {at.group.name}."
    return at.problem(("purposes",), "IDENTITY_ERASED_FIRST", what, remedy)


def _roles_lost(at: GroupContext) -> dict[str, str]:
    """Return the roles of a group that can be erased from the row while a clock still runs by them.

    A clock that runs by subject stops being known once nothing in the row tells whose it is.

    Returns:
        Role -> the column groups that its identifiers are erased with.
    """
    by_subject = {(use.purpose, str(use.scope)) for use in at.group.purposes if use.scope is not Scope.RECORD}
    table, lost = at.at.table, {}
    for role in at.group.of if by_subject else ():
        subject = table.subjects.get(role)
        names = () if subject is None else (*subject.identifiers.values(), *table.columns_of(subject.through))
        columns = [table.columns[name] for name in names if name in table.columns]
        groups = [None if column.group is None else table.groups.get(column.group) for column in columns]
        if groups and not any(_outlasts(group, at.group, by_subject) for group in groups):
            lost[role] = ", ".join(sorted({group.name for group in groups if group is not None}))
    return lost


def _outlasts(identifying: Group | None, group: Group, by_subject: set[tuple[str, str]]) -> bool:
    """Return whether a column stays at least as long as a group's clocks run; None stands for one never erased."""
    if identifying is None or identifying.name == group.name:
        return True
    return by_subject <= {(use.purpose, str(use.scope)) for use in identifying.purposes}
