"""The parts of the report, each as a frozen record: see ``model`` for the whole.

``None`` always means "that step has not run, nobody knows"; zero means that it was counted and came to nothing.
Days are local civil days in the schedule's time zone, instants are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from include.retention.policy.model import Keep, Period, Text
from include.retention.report.promises import Promise
from include.retention.terms import LawfulBasis, Mode, RunOutcome, Scope, WhenExpired


class Coverage(StrEnum):
    """Whether the run reached a table."""

    COVERED = "covered"
    REFERENCE = "reference"
    """Declared as holding no personal data: read at most, never changed."""
    CLOSED = "closed"
    """Closed by a problem in the map or the schema: nothing may be destroyed there."""
    NOT_READ = "not_read"
    """The ledger holds no trace of it being read."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Part 15: what a walk along the ledger's hash chain found.

    Attributes:
        ok: every entry hangs together, up to the head.
        entries: how many entries were found good.
        head: hash of the last good entry, lower-case hex.
        head_seq: its place. A later check can hold the ledger against this report by it.
        broken_at: place of the first entry that doesn't hold, or None.
        what: what is wrong there; empty when nothing is.
    """

    ok: bool
    entries: int
    head: str
    head_seq: int
    broken_at: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Place:
    """Part 2: a table of the data map, and whether the run reached it."""

    system: str
    table: str
    title: Text
    coverage: Coverage
    personal_columns: int
    other_columns: int
    categories: tuple[str, ...]
    file_columns: int
    when_expired: WhenExpired
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Amended:
    """A change of a period, in force or to come."""

    in_force: date
    keep: Keep
    events_from: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Ending:
    """An event that ends a purpose at once."""

    event: Text
    scope: Scope
    restarted_by: Text | None


@dataclass(frozen=True, slots=True)
class Rule:
    """Part 3: a purpose with the deletion rule that follows from it.

    Attributes:
        episodic: the start event can be an open episode, so the purpose lives while it is open.
        at_year_end: the clock starts at the end of the fiscal year that the event falls in.
        data: what is held for it: (system, table, categories).
        longest_months: the longest storage after the start event, in months, year-end extension included.
        passes_ceiling: longer than the published policy's ceiling.
        promises: sentences of the published policy that speak of it.
        review_due: its review date has passed or is missing.
    """

    name: str
    title: Text
    lawful_basis: LawfulBasis
    recipients: tuple[Text, ...]
    starts: Text
    scope: Scope
    episodic: bool
    at_year_end: bool
    keep: Keep
    amendments: tuple[Amended, ...]
    endings: tuple[Ending, ...]
    yields_to_erasure: bool
    marketing: bool
    statutory: bool
    necessity: str
    source: str
    approved_by: str
    approved_on: date | None
    review_on: date | None
    review_due: bool
    data: tuple[tuple[str, str, tuple[str, ...]], ...]
    longest_months: int
    passes_ceiling: bool
    promises: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecidedPeriod:
    """A period that the DPO decided, in one place."""

    name: str
    title: Text
    keep: Keep
    source: str
    approved_by: str
    approved_on: date | None
    review_on: date | None


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """How the rules in force and the published policy differ.

    Attributes:
        promises: the published policy, sentence by sentence.
        absent: purposes that a sentence speaks of and the schedule lacks: (sentence, purpose).
        unpublished: purposes in force that no sentence speaks of.
    """

    title: Text
    ceiling: Period
    promises: tuple[Promise, ...]
    absent: tuple[tuple[str, str], ...]
    unpublished: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """Part 5: a legal hold. It names who decided it, never whom it concerns."""

    hold_id: str
    scope: str
    owner: str
    reason: str
    placed_on: date
    age_days: int
    review_on: date | None
    review_due: bool


@dataclass(frozen=True, slots=True)
class Referrals:
    """Part 5: records that wait for a human, of one table, one column group and one reason.

    Attributes:
        questions: how many; a record referred in two column groups asks twice.
        oldest: first local day on which one of them was referred.
        answer_by: the oldest one's last day.
        late: ``answer_by`` has passed.
    """

    system: str
    table: str
    title: Text
    group: str
    reason: str
    questions: int
    oldest: date
    answer_by: date
    late: bool


@dataclass(frozen=True, slots=True)
class Resolution:
    """Part 5: what resolving identities across the systems came to."""

    records: int
    subjects: int
    linked_by: Mapping[str, int]
    shared_addresses: int
    conflicts: int
    ambiguous: int
    placeholders: int


@dataclass(frozen=True, slots=True)
class Objections:
    """Part 6. Counts of people on the suppression list, and what objections ended in this run.

    Attributes:
        by_channel: entries in force per channel, or None where the control database wasn't read.
        ended_at_once: records due because an objection, an erasure request or the like ended their purpose.
    """

    added: int | None
    closed: int | None
    in_force: int | None
    at_import: int | None
    by_channel: Mapping[str, int] | None
    ended_at_once: int | None


@dataclass(frozen=True, slots=True)
class RestrictedColumn:
    """Part 7: a column of a category that only certain purposes may hold."""

    category: str
    title: Text
    system: str
    table: str
    column: str
    purposes: tuple[str, ...]
    foreign: tuple[str, ...]
    """Purposes of its column group that may not hold the category by the policy."""


@dataclass(frozen=True, slots=True)
class Check:
    """Part 8: one check after the act.

    Attributes:
        outcome: ``pass``, ``fail``, ``warn`` (not as it should be, yet the run can be done) or ``error`` (it couldn't
            be made).
        examined: rows, values or files looked at; ``unexpected``: those that aren't as they should be.
    """

    system: str
    table: str
    check: str
    title: Text
    severity: str
    outcome: str
    examined: int | None
    unexpected: int | None
    limit: str


@dataclass(frozen=True, slots=True)
class Validation:
    """Part 8: all checks.

    Attributes:
        missing: systems whose checks the ledger doesn't hold.
        files: files deleted, already absent and refused, or None where act didn't run.
    """

    checks: tuple[Check, ...]
    missing: tuple[str, ...]
    passed: int
    failed: int
    warnings: int
    errors: int
    files: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """Part 9: how a column is erased when its row stays."""

    system: str
    table: str
    column: str
    category: str
    method: str
    parameter: str


@dataclass(frozen=True, slots=True)
class Change:
    """Part 13: something that isn't as it was in the run before: ``what`` is a key in the texts."""

    what: str
    name: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class PastRun:
    """An earlier run, as its own report.json tells it."""

    run_id: str
    started_at: datetime
    as_of: date | None
    mode: Mode
    run_type: str
    outcome: RunOutcome
    due: int | None
    deleted: int | None
    anonymised: int | None
    referred: int | None
    schedule_version: str
    schedule_digest: str
    map_digests: Mapping[str, str]
    code_digest: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Part 13: something the loader of policy and maps wants the DPO to see."""

    code: str
    where: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Something a full report would hold and this one doesn't; the words are in the texts under ``gap.<code>``."""

    part: int
    code: str
