"""Whether a retention schedule means something that may be carried out.

Each check yields problems; none stops at the first. What the law fixes stands in ``statutes.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from include.retention.errors import Problem
from include.retention.policy.document import Document, KeyPath
from include.retention.policy.model import EVIDENCE_PURPOSE, FiscalYears, Keep, Parameter, Period, Purpose, Schedule
from include.retention.policy.statutes import check_statutes, longer
from include.retention.terms import LawfulBasis, Scope

HOLD, OBJECTION, CONSENT, ERASURE_REQUEST = "hold", "objection", "consent", "erasure_request"
"""Events that the engine itself knows."""

DAYS_OF_A_YEAR = 365
A_WEEK = Keep((Period(days=7),))
"""From one run to the next."""
LONGEST_ANSWER = Keep((Period(months=3),))
"""What Art. 12(3) gives the controller at most to answer a person."""
LONG_WITHOUT_NECESSITY = Keep((Period(years=3),))
"""What a merely possible interest may cover without a reason of its own, and marketing at all."""


def check_schedule(schedule: Schedule, document: Document) -> Iterator[Problem]:
    """Yield everything that is wrong with a schedule."""
    yield from _references(schedule, document)
    yield from _years_as_days(schedule, document)
    yield from _two_rules(schedule, document)
    yield from _evidence(schedule, document)
    yield from _no_time(schedule, document)
    yield from _fiscal_years(schedule, document)
    yield from check_statutes(schedule, document)
    for purpose in schedule.purposes.values():
        yield from _legal_duty(purpose, document)
        yield from _blanket(purpose, document)
        yield from _marketing(purpose, document)


def notices(schedule: Schedule, document: Document) -> Iterator[Problem]:
    """Yield what the DPO should see although it isn't refused."""
    yield from _unusual_waits(schedule, document)
    ceiling = Keep((schedule.ceiling,))
    for purpose in schedule.purposes.values():
        for path, keep in _keeps_of(purpose):
            if longer(keep, ceiling):
                yield document.problem(
                    path,
                    "PAST_PUBLISHED_CEILING",
                    f"can last longer than the {schedule.ceiling.years} years that the published policy promises.",
                    "Have the controller decide: the published policy must say so, or the period must be shorter.",
                )


def _unusual_waits(schedule: Schedule, document: Document) -> Iterator[Problem]:
    """Yield periods of waiting that nobody would choose knowingly, in a week's rhythm and the law's months."""
    referral, window = Keep((schedule.referral_period,)), Keep((schedule.execution_window,))
    if longer(referral, LONGEST_ANSWER):
        what = "lets records wait for an answer longer than a person waits for one (Art. 12(3): three months at most)."
        yield document.problem(("referral_period",), "UNUSUAL_WAIT", what, "Shorten it: P30D is a month.")
    if longer(A_WEEK, window):
        what = "is shorter than the time between two weekly runs: every record would count as late."
        yield document.problem(("execution_window",), "UNUSUAL_WAIT", what, "Give at least P7D; P14D forgives one run.")
    if longer(window, LONGEST_ANSWER):
        what = "is so long that hardly anything counts as late: the report would show no breach for months."
        yield document.problem(("execution_window",), "UNUSUAL_WAIT", what, "Shorten it; P14D forgives one missed run.")


def enforceable(schedule: Schedule, file: str = "retention_schedule.yaml") -> tuple[Problem, ...]:
    """Return what forbids enforce mode: rules without a source or an approver. A dry run may go on."""
    found: list[Problem] = []
    for key, rule in _approved_rules(schedule):
        if not rule.source:
            what, remedy = "has no source.", "Name the law or the decision that the period comes from."
            found.append(Problem(file, f"{key}.source", what, remedy, "NO_SOURCE"))
        if not rule.approved_by:
            what, remedy = (
                "is approved by nobody.",
                "Have the controller approve it, and name the role.",
            )
            found.append(Problem(file, f"{key}.approved_by", what, remedy, "NO_APPROVER"))
    return tuple(found)


def approved_ahead(schedule: Schedule, today: date, file: str = "retention_schedule.yaml") -> tuple[Problem, ...]:
    """Return a problem for each rule that says it was approved on a day to come."""
    remedy = "Give the day on which it was approved, or leave it out until then."
    return tuple(
        Problem(file, f"{key}.approved_on", f"is {rule.approved_on}, which lies ahead.", remedy, "APPROVED_AHEAD")
        for key, rule in _approved_rules(schedule)
        if rule.approved_on is not None and rule.approved_on > today
    )


def overdue_reviews(schedule: Schedule, as_of: date, file: str = "retention_schedule.yaml") -> tuple[Problem, ...]:
    """Return a notice for each rule whose review day has passed."""
    overdue = [
        (key, rule.review_on)
        for key, rule in _approved_rules(schedule)
        if rule.review_on is not None and rule.review_on < as_of
    ]
    remedy = "Review it and set the next day."
    return tuple(
        Problem(file, f"{key}.review_on", f"was to be reviewed by {day}.", remedy, "REVIEW_OVERDUE")
        for key, day in overdue
    )


def _approved_rules(schedule: Schedule) -> Iterator[tuple[str, Purpose | Parameter]]:
    for name, parameter in schedule.parameters.items():
        yield f"parameters.{name}", parameter
    for name, purpose in schedule.purposes.items():
        yield f"purposes.{name}", purpose


def _known(document: Document, kind: str, named: Iterable[tuple[KeyPath, str]]) -> Iterator[Problem]:
    names = document.keys(f"{kind}s")
    for path, name in named:
        if name not in names:
            what = f"names the {kind} {name}, which isn't declared."
            yield document.problem(path, f"UNKNOWN_{kind.upper()}", what, "Declare it, or name one that is there.")


def _references(schedule: Schedule, document: Document) -> Iterator[Problem]:
    only_for = [
        (("categories", name, "only_for"), purpose)
        for name, category in schedule.categories.items()
        for purpose in sorted(category.only_for)
    ]
    yield from _known(document, "purpose", only_for)
    yield from _known(document, "parameter", _parameters_used(schedule, document))
    for name, purpose in schedule.purposes.items():
        path: KeyPath = ("purposes", name)
        recipients = [((*path, "recipients", place), each) for place, each in enumerate(purpose.recipients)]
        yield from _known(document, "recipient", recipients)
        yield from _known(document, "event", _events_used(purpose))
        if HOLD in (purpose.starts, *(end.event for end in purpose.ends_at_once)):
            what = f"uses the event {HOLD}, which is reserved for legal holds."
            yield document.problem(path, "RESERVED_EVENT", what, "A hold goes before every purpose; use another event.")


def _events_used(purpose: Purpose) -> Iterator[tuple[KeyPath, str]]:
    path: KeyPath = ("purposes", purpose.name)
    yield (*path, "starts"), purpose.starts
    for place, end in enumerate(purpose.ends_at_once):
        yield (*path, "ends_at_once", place, "event"), end.event
        if end.restarted_by is not None:
            yield (*path, "ends_at_once", place, "restarted_by"), end.restarted_by
    if purpose.yields_to_erasure:
        yield (*path, "yields_to_erasure"), ERASURE_REQUEST


def _parameters_used(schedule: Schedule, document: Document) -> Iterator[tuple[KeyPath, str]]:
    written = document.data.get("purposes")
    for name in schedule.purposes:
        rule = written.get(name) if isinstance(written, dict) else None
        if not isinstance(rule, dict):
            continue
        amendments = rule.get("amendments")
        changed = amendments if isinstance(amendments, list) else []
        for path, holder in [((), rule), *((("amendments", place), each) for place, each in enumerate(changed))]:
            keep = holder.get("keep") if isinstance(holder, dict) else None
            if isinstance(keep, dict) and "parameter" in keep:
                yield ("purposes", name, *path, "keep"), str(keep["parameter"])


def _all_keeps(schedule: Schedule) -> Iterator[tuple[KeyPath, Keep, bool]]:
    """Yield each place of a period, the period, and whether the law fixes it."""
    for path in (("referral_period",), ("execution_window",), ("evidence_period",)):
        yield path, Keep((getattr(schedule, path[0]),)), False
    yield ("published_policy", "ceiling"), Keep((schedule.ceiling,)), True
    for name, parameter in schedule.parameters.items():
        yield ("parameters", name, "keep"), parameter.keep, False
    for purpose in schedule.purposes.values():
        yield from ((place, keep, purpose.statutory) for place, keep in _keeps_of(purpose))


def _keeps_of(purpose: Purpose) -> Iterator[tuple[KeyPath, Keep]]:
    """Yield a purpose's period and those of its amendments, in force or to come, each with its place."""
    yield ("purposes", purpose.name, "keep"), purpose.keep
    for place, amendment in enumerate(purpose.amendments):
        yield ("purposes", purpose.name, "amendments", place, "keep"), amendment.keep


def _years_as_days(schedule: Schedule, document: Document) -> Iterator[Problem]:
    for path, keep, by_law in _all_keeps(schedule):
        if any(period.days >= DAYS_OF_A_YEAR or (by_law and period.days) for period in keep.periods):
            yield document.problem(
                path,
                "YEARS_AS_DAYS",
                "counts days where the law counts years or months: leap days would make it end too early.",
                "Write years and months: P10Y, not P3650D.",
            )


def _two_rules(schedule: Schedule, document: Document) -> Iterator[Problem]:
    by_start: dict[str, str] = {}
    by_title: dict[str, str] = {}
    for name, purpose in schedule.purposes.items():
        if purpose.statutory and (other := by_start.setdefault(purpose.starts, name)) != name:
            what = f"is the second statutory rule that starts on {purpose.starts}, after {other}."
            remedy = "Keep one: exactly one rule says when a legal duty ends."
            yield document.problem(("purposes", name, "starts"), "TWO_RULES", what, remedy)
        for title in {purpose.title.sv.casefold(), purpose.title.en.casefold()}:
            if (other := by_title.setdefault(title, name)) != name:
                what = f"has the same title as {other}: two rules for what reads as one purpose."
                remedy = "Join them, or say in the titles what tells them apart."
                yield document.problem(("purposes", name, "title"), "TWO_RULES", what, remedy)
                break


def _evidence(schedule: Schedule, document: Document) -> Iterator[Problem]:
    """The ledger's own period stands at the top, where the engine reads it, and as a purpose, where people do."""
    purpose = schedule.purposes.get(EVIDENCE_PURPOSE)
    if purpose is not None and purpose.keep != Keep((schedule.evidence_period,)):
        what = f"differs from evidence_period, {schedule.evidence_period}: two rules for the ledger."
        yield document.problem(("purposes", purpose.name, "keep"), "TWO_RULES", what, "Write the same period in both.")


def _no_time(schedule: Schedule, document: Document) -> Iterator[Problem]:
    if longer(A_WEEK, Keep((schedule.referral_period,))):
        what = "leaves a human less than a week: what waits would fall back before anybody has read of it."
        yield document.problem(("referral_period",), "NO_TIME_TO_ANSWER", what, "Give at least P7D, such as P30D.")


def _fiscal_years(schedule: Schedule, document: Document) -> Iterator[Problem]:
    years = schedule.fiscal_years
    if isinstance(years, FiscalYears) and years.first_day == years.last_day:
        what = f"reads the first and the last day from the same column, {years.first_day}: each year would be one day."
        remedy = "Name the column with the last day, or state the rule instead: fiscal_years: {begin: 01-01}."
        yield document.problem(("fiscal_years", "last_day"), "ONE_DAY_YEARS", what, remedy)


def _legal_duty(purpose: Purpose, document: Document) -> Iterator[Problem]:
    path = ("purposes", purpose.name)
    if purpose.statutory and purpose.lawful_basis is not LawfulBasis.LEGAL_OBLIGATION:
        what = f"says that the law fixes it, on the lawful basis {purpose.lawful_basis}."
        remedy = f"Use {LawfulBasis.LEGAL_OBLIGATION}, or remove statutory."
        yield document.problem((*path, "lawful_basis"), "STATUTORY_BASIS", what, remedy)
    if purpose.statutory and (purpose.ends_at_once or purpose.yields_to_erasure):
        what = "is a legal duty, and neither an objection nor a request ends one at once (Art. 17(3)(b))."
        yield document.problem(path, "STATUTORY_YIELDS", what, "Remove ends_at_once and yields_to_erasure.")
    if purpose.lawful_basis is LawfulBasis.CONSENT and not purpose.ends_at_once:
        what = "rests on consent, and nothing withdraws it (Art. 7(3))."
        yield document.problem(path, "CONSENT_WITHOUT_END", what, f"Add ends_at_once with the event {OBJECTION}.")


def _blanket(purpose: Purpose, document: Document) -> Iterator[Problem]:
    """Keeping everything for years in case somebody sues is no legitimate interest: the need must be stated."""
    if purpose.lawful_basis is not LawfulBasis.LEGITIMATE_INTERESTS or not longer(purpose.keep, LONG_WITHOUT_NECESSITY):
        return
    path = ("purposes", purpose.name)
    if not purpose.necessity:
        what = "keeps on legitimate interests for more than three years and doesn't say why that is needed."
        yield document.problem((*path, "necessity"), "BLANKET", what, "State the necessity, or shorten the period.")
    if purpose.scope is not Scope.RECORD:
        what = f"keeps everything about a {purpose.scope} on legitimate interests for more than three years."
        remedy = "Use scope record, on the records that the interest needs, or shorten the period."
        yield document.problem((*path, "scope"), "BLANKET", what, remedy)


def _marketing(purpose: Purpose, document: Document) -> Iterator[Problem]:
    path = ("purposes", purpose.name)
    objections = [
        (place, end)
        for place, end in enumerate(purpose.ends_at_once)
        if end.event == OBJECTION and end.scope is Scope.SUBJECT
    ]
    for place, end in objections:
        if end.restarted_by not in (None, CONSENT):
            what = f"lets {end.restarted_by} undo an objection; only the person can, by consenting."
            remedy = f"Write restarted_by: {CONSENT}, or leave it out."
            yield document.problem((*path, "ends_at_once", place, "restarted_by"), "OBJECTION_UNDONE", what, remedy)
    if not purpose.marketing:
        return
    if not objections:
        what = "is direct marketing that an objection doesn't end (Art. 21(2)-(3))."
        remedy = f"Add ends_at_once: [{{event: {OBJECTION}, restarted_by: {CONSENT}}}]."
        yield document.problem((*path, "ends_at_once"), "MARKETING_WITHOUT_OBJECTION", what, remedy)
    if longer(purpose.keep, LONG_WITHOUT_NECESSITY):
        what = "markets for more than three years after its start event: that isn't “viss tid” but without an end."
        remedy = "Shorten it; an objection ends it earlier, it doesn't replace the period."
        yield document.problem((*path, "keep"), "MARKETING_UNBOUNDED", what, remedy)
