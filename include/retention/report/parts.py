"""The parts of the report, each as a frozen record: see ``model`` for the whole.

``None`` always means "that step has not run, nobody knows"; zero means that it was counted and came to nothing.
Days are local civil days in the schedule's time zone, instants are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from include.retention.policy.model import Text
from include.retention.terms import Mode, RunOutcome, WhenExpired


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
class Released:
    """Part 5: a legal hold that was released since the run before."""

    hold_id: str
    scope: str
    by: str
    reason: str
    released_on: date


@dataclass(frozen=True, slots=True)
class Referrals:
    """Part 5: records that wait for a human, of one table, one column group and one reason.

    Attributes:
        questions: how many; a record referred in two column groups asks twice.
        oldest: first local day on which one of them was referred.
        answer_by: the oldest one's last day.
        late: ``answer_by`` has passed.
        settles: whether it may be settled without a human once it has waited that long.
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
    settles: bool


@dataclass(frozen=True, slots=True)
class Resolution:
    """Part 5: what resolving identities across the systems came to.

    Attributes:
        records: rows of tables that are about somebody.
        subjects: people and companies known by at least one identifier.
        unidentified: those of the records of which no identifier says whom they are about; None in older entries.
    """

    records: int
    subjects: int
    unidentified: int | None
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
