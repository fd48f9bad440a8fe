"""Whether the data maps and the retention schedule fit together.

The questions here are those of the law: does each column have a purpose that may hold it, does a legal duty cover
everything it must cover, can each clock start at all. A purpose whose clock never starts is worse than a missing
one: its columns look covered and are destroyed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.retention.data_map.checks import Mapped
from include.retention.data_map.model import Group, PurposeUse, Table
from include.retention.data_map.relations import Tables, emissions_of, reached, roles_of, told_of
from include.retention.errors import Problem
from include.retention.policy.checks import LONG_WITHOUT_NECESSITY, OBJECTION
from include.retention.policy.document import Document, KeyPath
from include.retention.policy.model import EVIDENCE_PURPOSE, Keep, Schedule
from include.retention.policy.statutes import BOOKKEEPING, STATUTES, Statute, longer
from include.retention.terms import LawfulBasis, Scope, SubjectKind, WithoutPurpose

WHOLE_METHODS = ("set_null", "constant", "unique_placeholder")
"""Methods that leave nothing of the value."""


def check_duties(mapped: Mapping[str, Mapped], schedule: Schedule, written: Document | None) -> Iterator[Problem]:
    """Yield every contradiction between the maps and the schedule."""
    known = _Known(schedule, written)
    told = _told(mapped)
    for each in mapped.values():
        tables = each.data_map.tables
        for table in tables.values():
            path: KeyPath = ("tables", table.name)
            yield from _events(table, schedule, known, each.document, path)
            yield from _categories(table, schedule, known, each.document, path)
            for group in table.groups.values():
                place = (*path, "groups", group.name)
                yield from _purposes(group, schedule, known, each.document, place)
                yield from _scopes(group, table, tables, schedule, each.document, place)
                yield from _clocks(group, table, tables, schedule, told, each.document, place)
                yield from _blanket(group, schedule, each.document, place)
                yield from _ceiling_as_period(group, table, tables, schedule, each.document, place)
            yield from _suppresses(table, tables, schedule, each.document, path)
        for statute in STATUTES.values():
            yield from _statute(statute, tables, schedule, each.document)
    yield from _fiscal_years(mapped, schedule)


def map_notices(mapped: Mapping[str, Mapped], schedule: Schedule) -> Iterator[Problem]:
    """Yield what the DPO should see although it isn't refused."""
    used = {
        use.purpose
        for each in mapped.values()
        for table in each.data_map.tables.values()
        for group in table.groups.values()
        for use in group.purposes
    }
    for name in schedule.purposes:
        if name not in used and name != EVIDENCE_PURPOSE:
            what, remedy = "is a purpose of no column group.", "Use it in a data map, or remove it."
            yield Problem("retention_schedule.yaml", f"purposes.{name}", what, remedy, "PURPOSE_UNUSED")
    marketing = any(schedule.purposes[name].marketing for name in used)
    if marketing and not any(_emits(each.data_map.tables, OBJECTION) for each in mapped.values()):
        what = "has marketing purposes, and no table tells of objections."
        remedy = "Map the table in which objections are kept, if there is one."
        yield Problem("data_map", "events", what, remedy, "NO_OBJECTIONS")


class _Known:
    """Names that are declared in the schedule, also where their content is broken."""

    def __init__(self, schedule: Schedule, written: Document | None) -> None:
        self.purposes = set(schedule.purposes) | set(() if written is None else written.keys("purposes"))
        self.categories = set(schedule.categories) | set(() if written is None else written.keys("categories"))
        self.events = set(schedule.events) | set(() if written is None else written.keys("events"))


def _emits(tables: Tables, event: str) -> bool:
    return next(emissions_of(tables, event), None) is not None


def _told(mapped: Mapping[str, Mapped]) -> Mapping[Scope, frozenset[str]]:
    """Return the events that are told of subjects, and of companies, anywhere."""
    subjects: set[str] = set()
    companies: set[str] = set()
    for each in mapped.values():
        tables = each.data_map.tables
        for table in tables.values():
            roles = roles_of(tables, table.name)
            for emission in table.emissions:
                kinds = {roles[role].kind for role in emission.of if role in roles}
                subjects |= {emission.event} if emission.of else set()
                companies |= {emission.event} if SubjectKind.COMPANY in kinds else set()
    return {Scope.SUBJECT: frozenset(subjects), Scope.COMPANY: frozenset(companies)}


def _events(
    table: Table, schedule: Schedule, known: _Known, document: Document, path: KeyPath
) -> Iterator[Problem]:
    for place, emission in enumerate(table.emissions):
        if emission.event not in known.events:
            what = f"names the event {emission.event}, which isn't in the schedule."
            remedy = "Add it to the schedule's events, or name one that is there."
            yield document.problem((*path, "events", place, "event"), "UNKNOWN_EVENT", what, remedy)
        if emission.event == BOOKKEEPING.event and not emission.as_fiscal_year_end:
            what = "counts the bookkeeping period from the voucher's own day; the law counts from the fiscal year's end."
            remedy = f"Add as: fiscal_year_end ({BOOKKEEPING.law})."
            yield document.problem((*path, "events", place, "as"), "STATUTORY_ANCHOR", what, remedy)
        if emission.as_fiscal_year_end and schedule.fiscal_years is None:
            what = "needs the fiscal years, and the schedule doesn't say where they are."
            remedy = "Add fiscal_years to the schedule."
            yield document.problem((*path, "events", place, "as"), "NO_FISCAL_YEARS", what, remedy)


def _categories(
    table: Table, schedule: Schedule, known: _Known, document: Document, path: KeyPath
) -> Iterator[Problem]:
    for name, column in table.columns.items():
        if column.category is None:
            continue
        place = (*path, "columns", name)
        category = schedule.categories.get(column.category)
        if category is None:
            if column.category not in known.categories:
                what = f"names the category {column.category}, which isn't in the schedule."
                remedy = "Add it to the schedule's categories, or name one that is there."
                yield document.problem((*place, "category"), "UNKNOWN_CATEGORY", what, remedy)
            continue
        group = table.groups.get(column.group or "")
        uses = () if group is None else group.purposes
        outside = sorted({use.purpose for use in uses if use.purpose in schedule.purposes} - category.only_for)
        if category.only_for and outside:
            what = f"holds {category.name} for {', '.join(outside)}; it may only serve {', '.join(sorted(category.only_for))}."
            remedy = "Move it to a group of its own with the purposes that may hold it, or with none."
            yield document.problem(place, "RESTRICTED_CATEGORY", what, remedy)
        if category.erase_whole and column.method is not None and column.method.name not in WHOLE_METHODS:
            what = f"would leave a part of a {category.name}."
            remedy = f"Use one of {', '.join(WHOLE_METHODS)}."
            yield document.problem((*place, "method"), "PARTIAL_ERASURE", what, remedy)


def _purposes(
    group: Group, schedule: Schedule, known: _Known, document: Document, place: KeyPath
) -> Iterator[Problem]:
    for number, use in enumerate(group.purposes):
        if use.purpose not in known.purposes:
            what = f"names the purpose {use.purpose}, which isn't in the schedule."
            remedy = "Add it to the schedule's purposes, or name one that is there."
            yield document.problem((*place, "purposes", number), "UNKNOWN_PURPOSE", what, remedy)
        if use.purpose == EVIDENCE_PURPOSE:
            what = "is the purpose of Gallring's own ledger."
            remedy = "Name the purpose that the system itself has."
            yield document.problem((*place, "purposes", number), "RESERVED_PURPOSE", what, remedy)
    if not group.purposes and group.without_purpose is WithoutPurpose.REFER:
        what = "has no purpose, so every record would be referred to a human for ever."
        remedy = "Add its purposes, or write without_purpose: expire."
        yield document.problem((*place, "purposes"), "GROUP_WITHOUT_PURPOSE", what, remedy)


def _scopes(
    group: Group, table: Table, tables: Tables, schedule: Schedule, document: Document, place: KeyPath
) -> Iterator[Problem]:
    roles = roles_of(tables, table.name)
    for number, use in enumerate(group.purposes):
        if use.purpose not in schedule.purposes:
            continue
        if use.scope is Scope.SUBJECT and not group.of:
            what = f"counts {use.purpose} from a subject's events, and the group concerns no subject."
            remedy = "Add the role to subjects, or use {purpose: ..., scope: record}."
            yield document.problem((*place, "purposes", number), "SCOPE_WITHOUT_SUBJECT", what, remedy)
        if use.scope is Scope.COMPANY and not any(role.kind is SubjectKind.COMPANY for role in roles.values()):
            what = f"counts {use.purpose} from a company's events, and no role of the row is a company."
            remedy = "Add the company to subjects, or use {purpose: ..., scope: subject}."
            yield document.problem((*place, "purposes", number), "SCOPE_WITHOUT_COMPANY", what, remedy)


def _clocks(
    group: Group,
    table: Table,
    tables: Tables,
    schedule: Schedule,
    told: Mapping[Scope, frozenset[str]],
    document: Document,
    place: KeyPath,
) -> Iterator[Problem]:
    for number, use in enumerate(group.purposes):
        purpose = schedule.purposes.get(use.purpose)
        if purpose is None or purpose.name == EVIDENCE_PURPOSE:
            continue
        if use.scope is Scope.RECORD:
            starts = table.name in reached(tables, purpose.starts)
            whose = f"a record of {table.name}"
        else:
            starts = purpose.starts in told[use.scope]
            whose = f"a {use.scope}"
        if not starts:
            what = f"has {purpose.name}, whose clock can never start: nothing tells of {purpose.starts} for {whose}."
            remedy = f"Add {purpose.starts} to the events of the table that knows it, or change the scope."
            yield document.problem((*place, "purposes", number), "CLOCK_NEVER_STARTS", what, remedy)


def _blanket(group: Group, schedule: Schedule, document: Document, place: KeyPath) -> Iterator[Problem]:
    for number, use in enumerate(group.purposes):
        purpose = schedule.purposes.get(use.purpose)
        if (
            purpose is not None
            and purpose.lawful_basis is LawfulBasis.LEGITIMATE_INTERESTS
            and purpose.scope is Scope.RECORD
            and use.scope is not Scope.RECORD
            and longer(purpose.keep, LONG_WITHOUT_NECESSITY)
        ):
            what = f"widens {purpose.name} from the record to the {use.scope}: keeping everything in case of a claim."
            yield document.problem((*place, "purposes", number), "BLANKET", what, "Keep the schedule's scope.")


def _ceiling_as_period(
    group: Group, table: Table, tables: Tables, schedule: Schedule, document: Document, place: KeyPath
) -> Iterator[Problem]:
    """Refuse the published ceiling, flat, as one more legal duty on a voucher."""
    if table.name not in told_of(tables, BOOKKEEPING.event):
        return
    for number, use in enumerate(group.purposes):
        purpose = schedule.purposes.get(use.purpose)
        if (
            purpose is not None
            and purpose.lawful_basis is LawfulBasis.LEGAL_OBLIGATION
            and purpose.starts not in STATUTES
            and purpose.keep == Keep((schedule.ceiling,))
        ):
            what = (
                f"applies {purpose.name}, a flat {schedule.ceiling}, to vouchers: “upp till {schedule.ceiling.years} år” "
                "in the published policy is a ceiling, not a period."
            )
            remedy = f"Bookkeeping keeps vouchers {BOOKKEEPING.what}: {BOOKKEEPING.law}."
            yield document.problem((*place, "purposes", number), "CEILING_AS_PERIOD", what, remedy)


def _statute(statute: Statute, tables: Tables, schedule: Schedule, document: Document) -> Iterator[Problem]:
    """A purpose that ends early doesn't matter where the duty stands beside it; without the duty it destroys."""
    for name in sorted(told_of(tables, statute.event)):
        table = tables[name]
        lacking = [group for group in table.groups.values() if not _covered(group.purposes, statute, schedule)]
        if not statute.whole and len(lacking) < len(table.groups):
            continue
        for group in lacking:
            what = (
                f"lacks the duty that starts on {statute.event}, which the rows of {name} tell of: its columns would "
                "end before the statutory minimum."
            )
            remedy = f"Add the purpose of {statute.law}, with scope record."
            yield document.problem(("tables", name, "groups", group.name, "purposes"), "BELOW_STATUTE", what, remedy)


def _covered(uses: tuple[PurposeUse, ...], statute: Statute, schedule: Schedule) -> bool:
    purposes = [schedule.purposes[use.purpose] for use in uses if use.purpose in schedule.purposes and use.scope is Scope.RECORD]
    return any(each.starts == statute.event and each.statutory for each in purposes)


def _suppresses(
    table: Table, tables: Tables, schedule: Schedule, document: Document, path: KeyPath
) -> Iterator[Problem]:
    if not table.suppresses:
        return
    uses = [schedule.purposes.get(use.purpose) for group in table.groups.values() for use in group.purposes]
    if not any(purpose is not None and purpose.marketing for purpose in uses):
        what, remedy = "is a marketing list without a marketing purpose.", "Add the purpose, or remove suppresses."
        yield document.problem((*path, "suppresses"), "SUPPRESSES_WITHOUT_MARKETING", what, remedy)
    if not roles_of(tables, table.name):
        what, remedy = "is a marketing list of nobody.", "Add the person to subjects, with the e-mail address."
        yield document.problem((*path, "suppresses"), "SUPPRESSES_WITHOUT_SUBJECT", what, remedy)


def _fiscal_years(mapped: Mapping[str, Mapped], schedule: Schedule) -> Iterator[Problem]:
    years = schedule.fiscal_years
    needed = [
        each.document.problem(
            ("tables", table.name, "events", place, "as"),
            "NO_FISCAL_YEARS",
            f"needs the fiscal years, which the schedule looks for in {years.system}.{years.table}: "
            "that table or its columns aren't mapped.",
            "Map them, or correct fiscal_years in the schedule.",
        )
        for each in mapped.values()
        for table in each.data_map.tables.values()
        for place, emission in enumerate(table.emissions)
        if years is not None and emission.as_fiscal_year_end
    ]
    if years is None or not needed:
        return
    system = mapped.get(years.system)
    declared = () if system is None else system.document.keys("tables", years.table, "columns")
    if not {years.first_day, years.last_day} <= set(declared):
        yield from needed
