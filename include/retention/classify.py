"""Step 3, classify: for every column group of every record, is there a purpose that still holds it?

Pure: no clock, no database, no Airflow. The semantics are those of ``include/docs/reference/due.md``. The last day
of storage doesn't depend on ``as_of``; only the comparison with it does, so an older ``as_of`` never makes more due.
Days are int32, days since 1970-01-01.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.data_map.model import Group
from include.retention.dates import NO_DAY, REFER_CODE, REFER_CODES, day_number
from include.retention.events import RECORD, SUBJECT, Events, Found, Ints, latest
from include.retention.periods import retain_through_amended
from include.retention.policy.model import EndsAtOnce, Purpose
from include.retention.terms import Reason, Scope, WithoutPurpose

Day32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]

OPEN_DAY = np.iinfo(np.int32).max
"""The last day of storage of what goes on: later than every day."""
RETAINED, REFERRED, EXPIRED = range(3)
REASONS: tuple[Reason, ...] = tuple(Reason)
REASON_CODE = {reason: code for code, reason in enumerate(REASONS)}
ERASURE_REQUEST = "erasure_request"


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one table, as classification sees them.

    Attributes:
        ids: int64, number of each record.
        roles: subject number per role and record, -1 where the record lacks the role.
        companies: names of the roles that are companies.
        subject_problem: int8 per subject, index into ``REFER_CODES``.
        row_problem: int8 per record, its own dates contradict each other.
        held: a legal hold covers the record.
        personal: the row is inside the table's ``personal_when``.
        promised: int32 per column group, local day of an earlier plan that promised to destroy it and hasn't, or
            ``NO_DAY``: see ``promised``.
    """

    ids: Ints
    roles: Mapping[str, Ints]
    companies: frozenset[str]
    subject_problem: npt.NDArray[np.int8]
    row_problem: npt.NDArray[np.int8]
    held: Bools
    personal: Bools
    promised: Mapping[str, Day32] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """When is decided, and for which day.

    Attributes:
        as_of: the local day that is decided for.
        today: the local day of the decision; today's schedule, holds and objections count.
    """

    as_of: date
    today: date

    @property
    def horizon(self) -> int:
        """Return the local day up to which an event has happened."""
        return day_number(max(self.as_of, self.today))


@dataclass(frozen=True, slots=True)
class Case:
    """A column group of some records, and all that decides over it."""

    group: Group
    records: Records
    events: Events
    moment: Moment


@dataclass(slots=True)
class Clocks:
    """Purposes' clocks for each record: one purpose of one subject, or the longest of several."""

    through: Day32
    started: Bools
    ended: Bools
    gone: Day32
    problem: Codes
    fallback: Day32
    news: Day32
    """The latest day of what lets a purpose still run, ``NO_DAY`` where none does."""


@dataclass(frozen=True, slots=True)
class Need:
    """An event on which a decision rests, for those records for which it does."""

    target: str
    event: str
    ids: Ints
    rests: Bools


def classify_group(
    group: Group, purposes: Mapping[str, Purpose], records: Records, events: Events, moment: Moment
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Decide one column group for a table's records.

    Returns:
        First the verdicts, one row per record. ``state`` (int8): ``RETAINED``, ``REFERRED`` or ``EXPIRED``. ``reason``
        (int8): index into ``REASONS``. ``purpose`` (int16): place in the group's purposes of the one that lasts or
        lasted longest, -1 for none. ``through`` (int32): last day of storage, ``OPEN_DAY`` while a purpose goes on,
        ``NO_DAY`` where no clock ran. ``gone`` (int32): first day without a purpose. ``fallback`` (int32): last day
        of storage once a referral has waited its time out, ``OPEN_DAY`` where only a human can decide.
        ``by_roles`` (int32): in which roles it is kept or referred on the strength of somebody's events: bit n stands
        for the nth of ``role_order``.
        Then the events that these verdicts rest on, so that their rows aren't destroyed before what they decide over:
        ``target`` (``record`` or ``subject``), ``event`` and ``id``.
    """
    case = Case(group, records, events, moment)
    needs: list[Need] = []
    whole = _no_clocks(len(records.ids))
    longest = np.full(len(records.ids), -1, dtype="int16")
    by_company = any(use.scope is Scope.COMPANY for use in group.purposes)
    companies = [records.roles[role] for role in sorted(records.companies)] if by_company else []
    for subject, present in subjects_of(group, records):
        undecided = np.zeros(len(records.ids), dtype=bool)
        for place, use in enumerate(group.purposes):
            clock, rests = clock_of(case, purposes[use.purpose], use.scope, subject)
            needs += [replace(need, rests=need.rests & present) for need in rests]
            longer = present & ((clock.through > whole.through) | ((longest == -1) & clock.started))
            longest = np.where(longer, place, longest).astype("int16")
            whole.through = np.where(longer, clock.through, whole.through)
            whole.gone = np.where(present, np.maximum(whole.gone, clock.gone), whole.gone)
            whole.fallback = np.where(present, np.maximum(whole.fallback, clock.fallback), whole.fallback)
            whole.news = np.where(present, np.maximum(whole.news, clock.news), whole.news)
            whole.started |= present & clock.started
            whole.ended |= present & clock.ended
            _raise_problem(whole, present, clock.problem)
            if use.scope is not Scope.RECORD:
                undecided |= ~clock.ended
        # Whoever it is: where everything that could keep the data has been ended, nobody's identity keeps it.
        for numbers in (subject, *companies):
            _raise_problem(whole, present & undecided, _identity_problem(records, numbers))
    whole.problem = np.maximum(whole.problem, records.row_problem)
    state, reason = _decide(case, whole)
    carried = reason == REASON_CODE[Reason.CARRIED_OVER]
    kept = records.personal & (state != EXPIRED)
    verdicts = pd.DataFrame(
        {
            "state": state,
            "reason": reason,
            "purpose": np.where(carried, -1, longest).astype("int16"),
            "through": np.where(carried, NO_DAY, whole.through).astype("int32"),
            "gone": np.where(carried, NO_DAY, whole.gone).astype("int32"),
            "fallback": _after_waiting(whole, records.row_problem),
            "by_roles": np.where(kept, _by_roles(records, needs), 0).astype("int32"),
        }
    )
    return verdicts, _needed(needs, kept)


def role_order(roles: Iterable[str]) -> list[str]:
    """Return a table's roles in the order in which ``by_roles`` numbers them."""
    return sorted(roles)


def _by_roles(records: Records, needs: Sequence[Need]) -> npt.NDArray[np.int32]:
    found = np.zeros(len(records.ids), dtype="int32")
    for place, role in enumerate(role_order(records.roles)):
        for need in needs:
            if need.target == SUBJECT and need.ids is records.roles[role]:
                found |= np.where(need.rests, 1 << place, 0).astype("int32")
    return found


def _needed(needs: Sequence[Need], kept: Bools) -> pd.DataFrame:
    """Return the events that retained and referred records rest on, each once."""
    frames = [
        pd.DataFrame({"target": need.target, "event": need.event, "id": np.unique(need.ids[need.rests & kept])})
        for need in needs
    ]
    columns = ["target", "event", "id"]
    found = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    return found[found["id"] >= 0].drop_duplicates(ignore_index=True)


def _no_clocks(count: int) -> Clocks:
    no_day, none = np.full(count, NO_DAY, dtype="int32"), np.zeros(count, dtype=bool)
    problem = np.zeros(count, dtype="int8")
    return Clocks(no_day, none, none.copy(), no_day.copy(), problem, no_day.copy(), no_day.copy())


def _raise_problem(whole: Clocks, present: Bools, problem: Codes) -> None:
    whole.problem = np.where(present, np.maximum(whole.problem, problem), whole.problem).astype("int8")


def _decide(case: Case, whole: Clocks) -> tuple[Codes, Codes]:
    """Give state and reason in the verdict's order: hold, live purpose, unknown start, no purpose at all, expired.

    What an earlier plan promised to destroy lives on by news alone: by what goes on, and what has happened since.
    """
    live = whole.through >= day_number(case.moment.as_of)
    never = ~whole.started & ~whole.ended
    orphan = never & (case.group.without_purpose is WithoutPurpose.REFER)
    nothing = np.full(len(live), NO_DAY, dtype="int32")
    promised = case.records.promised.get(case.group.name, nothing)
    no_news = (whole.problem == 0) & (whole.through != OPEN_DAY) & (whole.news < promised)
    carried = (promised != NO_DAY) & np.where(live, no_news, orphan & (whole.problem == 0))
    unknown = np.array([REASON_CODE[reason or Reason.NO_KNOWN_PURPOSE] for reason in REFER_CODES])[whole.problem]
    cut_short = whole.ended & (whole.through == NO_DAY)
    order: list[tuple[Bools, int, int | npt.NDArray[np.int64]]] = [
        (~case.records.personal, RETAINED, REASON_CODE[Reason.NOT_PERSONAL]),
        (case.records.held, RETAINED, REASON_CODE[Reason.LEGAL_HOLD]),
        (carried, EXPIRED, REASON_CODE[Reason.CARRIED_OVER]),
        (live, RETAINED, REASON_CODE[Reason.LIVE_PURPOSE]),
        (whole.problem > 0, REFERRED, unknown),
        (orphan, REFERRED, REASON_CODE[Reason.NO_KNOWN_PURPOSE]),
        (never, EXPIRED, REASON_CODE[Reason.NEVER_HAD_PURPOSE]),
        (cut_short, EXPIRED, REASON_CODE[Reason.ENDED_AT_ONCE]),
    ]
    conditions = [condition for condition, _, _ in order]
    state = np.select(conditions, [np.asarray(each) for _, each, _ in order], EXPIRED)
    reason = np.select(conditions, [np.asarray(each) for _, _, each in order], REASON_CODE[Reason.EXPIRED])
    return state.astype("int8"), reason.astype("int8")


def _after_waiting(whole: Clocks, row_problem: Codes) -> Day32:
    """Nobody's identity and no contradiction settles itself by waiting."""
    stays = (whole.problem >= REFER_CODE[Reason.CONTRADICTORY_DATES]) | (row_problem > 0)
    return np.where(stays, OPEN_DAY, whole.fallback).astype("int32")


def subjects_of(group: Group, records: Records) -> Iterator[tuple[Ints, Bools]]:
    """Yield the subjects of each role with the records that have it, then none for records without any."""
    alone = np.ones(len(records.ids), dtype=bool)
    for role in group.of:
        subject = records.roles[role]
        present = subject >= 0
        alone &= ~present
        if present.any():
            yield subject, present
    if alone.any():
        yield np.full(len(records.ids), -1, dtype="int64"), alone


def _identity_problem(records: Records, subject: Ints) -> Codes:
    if not len(records.subject_problem):
        return np.zeros(len(subject), dtype="int8")
    return np.where(subject >= 0, records.subject_problem[subject], 0).astype("int8")


def clock_of(case: Case, purpose: Purpose, scope: Scope, subject: Ints) -> tuple[Clocks, list[Need]]:
    """Return one purpose's clock for one subject of each record, and the events it rests on.

    A clock that still runs rests on its start, one that was stopped early on what stopped it, and one that nobody
    can tell on everything there is.
    """
    start, needs = start_of(case, purpose, scope, subject)
    ended, ended_day, doubt, restarted, ends = _ended(case, purpose, subject, start)
    through = np.where(start.open, OPEN_DAY, _last_day(start.day, purpose, case.moment.today))
    runs = through >= day_number(case.moment.as_of)
    needs = [replace(need, rests=(runs & ~ended) | (start.problem > 0)) for need in needs]
    needs += [replace(need, rests=need.rests & (runs | (start.problem > 0))) for need in ends]
    # An end that can't be dated: nothing is kept on the strength of the purpose, nothing destroyed without a human.
    through = np.where(doubt > 0, NO_DAY, through)
    gone = np.where((through == OPEN_DAY) | (through == NO_DAY), NO_DAY, through + 1)
    unknown = (((start.problem > 0) & ~start.open) | (doubt > 0)) & ~ended
    settles = (start.fallback != NO_DAY) & (doubt == 0)
    latest = _last_day(np.maximum(start.day, start.fallback), purpose, case.moment.today)
    waited = np.where(unknown, np.where(settles, latest, OPEN_DAY), through)
    clocks = Clocks(
        through=np.where(ended, NO_DAY, through).astype("int32"),
        started=start.any,
        ended=ended,
        gone=np.where(ended, np.where(gone == NO_DAY, ended_day, np.minimum(gone, ended_day)), gone).astype("int32"),
        problem=np.where(unknown, np.maximum(start.problem, doubt), 0).astype("int8"),
        fallback=np.where(ended, NO_DAY, waited).astype("int32"),
        news=np.where(runs & ~ended, np.maximum(restarted, np.maximum(start.begin, start.day)), NO_DAY).astype("int32"),
    )
    return clocks, needs


def start_of(case: Case, purpose: Purpose, scope: Scope, subject: Ints) -> tuple[Found, list[Need]]:
    """Return the start events of a purpose for one subject of each record, and where they are looked for."""
    records, event = case.records, purpose.starts
    everywhere = np.ones(len(records.ids), dtype=bool)
    if scope is Scope.RECORD:
        needs = [Need(RECORD, event, records.ids, everywhere)]
        return case.events.find(RECORD, event, records.ids), needs
    if scope is Scope.SUBJECT:
        return case.events.find(SUBJECT, event, subject), [Need(SUBJECT, event, subject, everywhere)]
    companies = [records.roles[role] for role in sorted(records.companies)]
    needs = [Need(SUBJECT, event, ids, everywhere) for ids in companies]
    return latest([case.events.find(SUBJECT, event, ids) for ids in companies], len(records.ids)), needs


def _last_day(day: Day32, purpose: Purpose, today: date) -> Day32:
    known = day != NO_DAY
    days = np.where(known, day, 0).astype("int64").astype("datetime64[D]")
    last = retain_through_amended(days, purpose.keep, purpose.amendments, today).astype("int64")
    return np.where(known, last, NO_DAY).astype("int32")


def _ended(case: Case, purpose: Purpose, subject: Ints, start: Found) -> tuple[Bools, Day32, Codes, Day32, list[Need]]:
    """Return where something has ended a purpose at once, the first day without it, undated ends, restarts, needs."""
    count = len(case.records.ids)
    ended, doubt = np.zeros(count, dtype=bool), np.zeros(count, dtype="int8")
    since = np.full(count, OPEN_DAY, dtype="int32")
    restarted = np.full(count, NO_DAY, dtype="int32")
    needs: list[Need] = []
    for rule in purpose.ends_at_once:
        happened, day, undated, again, rests = _happened(case, rule, subject)
        needs += rests
        restarted = np.maximum(restarted, again)
        ended |= happened
        doubt = np.maximum(doubt, undated)
        since = np.where(happened, np.minimum(since, day), since).astype("int32")
    if purpose.yields_to_erasure:
        request = case.events.find(SUBJECT, ERASURE_REQUEST, subject)
        doubt = np.maximum(doubt, request.problem)
        happened = (request.past != NO_DAY) & ~(start.begin > request.past)
        needs.append(Need(SUBJECT, ERASURE_REQUEST, subject, happened | (request.problem > 0)))
        ended |= happened
        since = np.where(happened, np.minimum(since, request.past), since).astype("int32")
    return ended, since, doubt, restarted, needs


def _happened(case: Case, rule: EndsAtOnce, subject: Ints) -> tuple[Bools, Day32, Codes, Day32, list[Need]]:
    events, channel = case.events, case.group.channel
    target, ids = (RECORD, case.records.ids) if rule.scope is Scope.RECORD else (SUBJECT, subject)
    channels = [None] if channel is None else [None, channel]
    end = events.find(target, rule.event, ids, channels)
    last_day = rule.event in events.last_day_events
    happened = end.past != NO_DAY
    needs = [Need(target, rule.event, ids, happened | (end.problem > 0))]
    again = np.full(len(ids), NO_DAY, dtype="int32")
    if rule.restarted_by is not None:
        restart = events.find(target, rule.restarted_by, ids, None if channel is None else channels)
        restarted = restart.first > end.last
        again = restart.past
        needs.append(Need(target, rule.restarted_by, ids, happened & restarted))
        happened &= ~restarted
    return happened, end.past + 1 if last_day else end.past, end.problem, again, needs


def as_date(day: int) -> date:
    """Return the local day of a day number."""
    return date(1970, 1, 1) + timedelta(days=day)
