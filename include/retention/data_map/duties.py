"""Whether the data maps and the retention schedule fit together.

Does each column have a purpose that may hold it, and does a legal duty cover everything that it must cover?
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from include.retention.data_map.clocks import check_purposes, identity_notices, told_anywhere
from include.retention.data_map.context import GroupContext, Mapped, TableContext
from include.retention.data_map.model import Column, DataMap
from include.retention.data_map.relations import kept, roles_of, told_of
from include.retention.errors import Problem
from include.retention.methods import WHOLE_METHODS
from include.retention.policy.checks import ERASURE_REQUEST, OBJECTION
from include.retention.policy.document import Document, KeyPath, key_text
from include.retention.policy.model import EVIDENCE_PURPOSE, Category, FiscalYears, Keep, Schedule
from include.retention.policy.statutes import BOOKKEEPING, STATUTES, Statute
from include.retention.terms import LawfulBasis, Scope


def check_duties(mapped: Mapping[str, Mapped], schedule: Schedule, written: Document | None) -> Iterator[Problem]:
    """Yield every contradiction between the maps and the schedule.

    Args:
        mapped: system -> map.
        schedule: as far as it could be read.
        written: the schedule's file, where names are declared also if their content is broken.
    """
    purposes, categories, events = (
        frozenset(names) | frozenset(() if written is None else written.keys(key))
        for key, names in (
            ("purposes", schedule.purposes),
            ("categories", schedule.categories),
            ("events", schedule.events),
        )
    )
    told, dated = told_anywhere(mapped), told_anywhere(mapped, dated=True)
    ends = {OBJECTION, ERASURE_REQUEST}
    ends |= {end.event for purpose in schedule.purposes.values() for end in purpose.ends_at_once}
    no_years = schedule.fiscal_years is None and (written is None or written.at(("fiscal_years",)) is None)
    for at in (each for system in mapped.values() for each in system.tables()):
        yield from _events(at, events, no_years=no_years)
        yield from _ongoing(at, ends)
        yield from _categories(at, schedule, categories)
        yield from _suppresses(at, schedule)
        for group in at.table.groups.values():
            yield from check_purposes(GroupContext(group, at, schedule), purposes, told, dated)
            yield from _ceiling_as_period(GroupContext(group, at, schedule))
        for statute in STATUTES.values():
            yield from _statute(statute, at, schedule)
    yield from _fiscal_years(mapped, schedule)


def map_notices(mapped: Mapping[str, Mapped], schedule: Schedule, written: Document | None) -> Iterator[Problem]:
    """Yield what the DPO should see although it isn't refused."""
    tables = [at for each in mapped.values() for at in each.tables()]
    groups = [GroupContext(group, at, schedule) for at in tables for group in at.table.groups.values()]
    used = {use.purpose for each in groups for use in each.group.purposes}
    for each in groups:
        yield from identity_notices(each)
    file = Document("retention_schedule.yaml", {}, {}) if written is None else written
    for name in schedule.purposes:
        if name not in used and name != EVIDENCE_PURPOSE:
            what, remedy = "is a purpose of no column group.", "Use it in a data map, or remove it."
            yield file.problem(("purposes", name), "PURPOSE_UNUSED", what, remedy)
    marketing = any(purpose.marketing for purpose in schedule.purposes.values() if purpose.name in used)
    if marketing and not any(emission.event == OBJECTION for at in tables for emission in at.table.emissions):
        what = f"is told of by no table, and there are marketing purposes that an {OBJECTION} must end."
        remedy = "Map the table in which objections are kept, if there is one."
        yield file.problem(("events", OBJECTION), "NO_OBJECTIONS", what, remedy)


def overdue_scopes(maps: Mapping[str, DataMap], today: date) -> tuple[Problem, ...]:
    """Return a notice for each table out of scope whose review day has passed."""
    return tuple(
        Problem(
            f"system:{system}",
            key_text(("out_of_scope", name, "review_on")),
            f"was to be reviewed by {each.review_on}.",
            f"Ask {each.by} whether it is still culled elsewhere, and set the next day.",
            "SCOPE_REVIEW",
        )
        for system, data_map in maps.items()
        for name, each in data_map.out_of_scope.items()
        if each.review_on < today
    )


def _events(at: TableContext, known: frozenset[str], *, no_years: bool) -> Iterator[Problem]:
    for number, emission in enumerate(at.table.emissions):
        if emission.event not in known:
            what = f"names the event {emission.event}, which isn't in the schedule."
            remedy = "Add it to the schedule's events, or name one that is there."
            yield at.problem(("events", number, "event"), "UNKNOWN_EVENT", what, remedy)
        if emission.event == BOOKKEEPING.event and emission.date is not None and not emission.as_fiscal_year_end:
            what = "counts bookkeeping from the voucher's own day; the law counts from the end of the fiscal year."
            remedy = f"Add as: fiscal_year_end ({BOOKKEEPING.law})."
            yield at.problem(("events", number, "as"), "STATUTORY_ANCHOR", what, remedy)
        if emission.as_fiscal_year_end and no_years:
            what = "needs the fiscal years, and the schedule states neither where they are nor what rule they follow."
            remedy = (
                "If each year that has vouchers left began on the first of the same month, add to the schedule "
                "fiscal_years: {begin: 01-01}, with that month. If not, name there the table with their days."
            )
            yield at.problem(("events", number, "as"), "NO_FISCAL_YEARS", what, remedy)


def _ongoing(at: TableContext, ends: Collection[str]) -> Iterator[Problem]:
    """Yield what has to have a day and only goes on, by a row's state."""
    for number, emission in enumerate(at.table.emissions):
        if emission.date is not None:
            continue
        if emission.event in ends:
            what = f"lets {emission.event} go on without a day; as the end of a purpose it would never have happened."
            remedy = "Name the column with its day in date, without ongoing."
            yield at.problem(("events", number, "ongoing"), "BAD_EVENT", what, remedy)
        if emission.event == BOOKKEEPING.event:
            what = "lets bookkeeping go on without end; the law counts from the end of the fiscal year."
            remedy = f"Tell of what is still open by another event ({BOOKKEEPING.law})."
            yield at.problem(("events", number, "ongoing"), "STATUTORY_ANCHOR", what, remedy)
        for place, condition in enumerate(emission.where):
            column = at.table.columns.get(condition.column)
            if column is not None and column.group is not None:
                what = (
                    f"lets {emission.event} go on by {column.name}, which {column.group} erases: it would end with it."
                )
                remedy = "Name a column that isn't personal, such as a state."
                yield at.problem(("events", number, "where", place, "column"), "BAD_EVENT", what, remedy)


def _categories(at: TableContext, schedule: Schedule, known: frozenset[str]) -> Iterator[Problem]:
    for place, column in at.personal_parts():
        category = schedule.categories.get(column.category or "")
        if category is not None:
            yield from _category(at, place, column, category, schedule)
        elif column.category not in known:
            what = f"names the category {column.category}, which isn't in the schedule."
            remedy = "Add it to the schedule's categories, or name one that is there."
            yield at.problem((*place, "category"), "UNKNOWN_CATEGORY", what, remedy)


def _category(
    at: TableContext, place: KeyPath, column: Column, category: Category, schedule: Schedule
) -> Iterator[Problem]:
    group = at.table.groups.get(column.group or "")
    uses = () if group is None else group.purposes
    outside = sorted({use.purpose for use in uses if use.purpose in schedule.purposes} - category.only_for)
    if category.only_for and outside:
        allowed = ", ".join(sorted(category.only_for))
        what = f"holds {category.name} for {', '.join(outside)}; it may only serve {allowed}."
        remedy = "Move it to a group of its own with the purposes that may hold it, or with none."
        yield at.problem(place, "RESTRICTED_CATEGORY", what, remedy)
    if category.erase_whole and column.method is not None and column.method.name not in (*WHOLE_METHODS, "with_row"):
        what = f"would leave a part of a value of the category {category.name}."
        remedy = f"Use one of {', '.join(WHOLE_METHODS[:3])}."
        yield at.problem((*place, "method"), "PARTIAL_ERASURE", what, remedy)


def _suppresses(at: TableContext, schedule: Schedule) -> Iterator[Problem]:
    if not at.table.suppresses:
        return
    groups = [GroupContext(group, at, schedule) for group in at.table.groups.values()]
    marketing = any(use.purpose.marketing for each in groups for _, use in each.purposes())
    if not marketing and all(each.whole for each in groups):
        what, remedy = "is a marketing list without a marketing purpose.", "Add the purpose, or remove suppresses."
        yield at.problem(("suppresses",), "SUPPRESSES_WITHOUT_MARKETING", what, remedy)
    if not roles_of(at.tables, at.table.name):
        what, remedy = "is a marketing list of nobody.", "Add the person to subjects, with the e-mail address."
        yield at.problem(("suppresses",), "SUPPRESSES_WITHOUT_SUBJECT", what, remedy)


def _ceiling_as_period(at: GroupContext) -> Iterator[Problem]:
    """Refuse the published ceiling, flat, as one more legal duty on a voucher."""
    if at.at.table.name not in told_of(at.at.tables, BOOKKEEPING.event):
        return
    ceiling = at.schedule.ceiling
    for place, use in at.purposes():
        by_law = use.purpose.lawful_basis is LawfulBasis.LEGAL_OBLIGATION and use.purpose.starts not in STATUTES
        if by_law and use.purpose.keep == Keep((ceiling,)):
            what = (
                f"applies {use.purpose.name}, a flat {ceiling}, to vouchers: “upp till {ceiling.years} år” in the "
                "published policy is a ceiling, not a period."
            )
            remedy = f"Bookkeeping keeps vouchers {BOOKKEEPING.what}: {BOOKKEEPING.law}."
            yield at.problem(place, "CEILING_AS_PERIOD", what, remedy)


def _statute(statute: Statute, at: TableContext, schedule: Schedule) -> Iterator[Problem]:
    """A purpose that ends early does no harm where the duty stands beside it; without the duty it destroys.

    A voucher is covered whole. Of a record that a voucher refers to (5 kap. 7 § bokföringslagen), or of a sale in the
    One Stop Shop, at least something is.
    """
    table = at.table
    told = table.name in told_of(at.tables, statute.event)
    if not told and table.name not in kept(at.tables, statute.event):
        return
    groups = [GroupContext(group, at, schedule) for group in table.groups.values()]
    lacking = [each.group.name for each in groups if each.whole and not _covered(each, statute)]
    if not (told and statute.whole) and len(lacking) < len(table.groups):
        return
    for name in lacking:
        what = (
            f"lacks the duty that starts on {statute.event}, which rows of {table.name} come under: its columns would "
            "end before the statutory minimum."
        )
        remedy = f"Add the purpose of {statute.law}, with scope record."
        yield at.problem(("groups", name, "purposes"), "BELOW_STATUTE", what, remedy)


def _covered(at: GroupContext, statute: Statute) -> bool:
    uses = [use for _, use in at.purposes() if use.scope is Scope.RECORD and use.purpose.statutory]
    return any(use.purpose.starts == statute.event for use in uses)


def _fiscal_years(mapped: Mapping[str, Mapped], schedule: Schedule) -> Iterator[Problem]:
    years = schedule.fiscal_years
    if not isinstance(years, FiscalYears):
        return
    system = mapped.get(years.system)
    declared = () if system is None else system.document.keys("tables", years.table, "columns")
    if {years.first_day, years.last_day} <= set(declared):
        return
    for at in (each for of_system in mapped.values() for each in of_system.tables()):
        for number, emission in enumerate(at.table.emissions):
            if emission.as_fiscal_year_end:
                what = (
                    f"needs the fiscal years, which the schedule looks for in {years.system}.{years.table}: that "
                    "table or its columns aren't mapped."
                )
                remedy = "Map them, or correct fiscal_years in the schedule."
                yield at.problem(("events", number, "as"), "NO_FISCAL_YEARS", what, remedy)
