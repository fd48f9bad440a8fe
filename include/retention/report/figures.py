"""Part 4: the counts per table, and whether they add up.

A sum that doesn't come out is kept as it is and shown as a failure; nothing is rounded, filled in or left out to
make it fit. ``None`` means that the step behind a number hasn't run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from include.retention.policy.model import Text

PLACES = ("delete", "anonymise", "nothing_left", "retain", "refer", "not_personal", "closed")
"""Where a row of a table can end up in the plan: each row in exactly one."""


@dataclass(frozen=True, slots=True)
class Sum:
    """``whole`` should equal the sum of ``parts``."""

    name: str
    whole: int
    parts: tuple[tuple[str, int], ...]

    @property
    def difference(self) -> int:
        """Return what is missing from the parts; below zero, what they have too much."""
        return self.whole - sum(count for _, count in self.parts)

    @property
    def holds(self) -> bool:
        """Return whether it adds up."""
        return self.difference == 0


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plan says of a table's rows.

    Attributes:
        retain_by: rows kept, by the purpose (or hold) that keeps them longest.
        refer_by: referred column groups by reason; a row with two of them counts twice, so it isn't summed.
        due_by: rows due, by the purpose they were last kept for, or the reason where nothing kept them.
        due_because: rows due by reason, where the plan tells it; else empty.
        redacted: rows due in which something is replaced inside a free text: the text stays, and stays personal.
        refer_too: rows of ``anonymise`` that also wait for a human, for another column group.
        held: rows under a legal hold, of those that were read.
        unread: rows in which nothing could be due, so that they were counted and not read.
        overdue: rows past the execution window; ``overdue_days`` is the longest time since a first due day.
    """

    population: int
    due: int
    delete: int
    anonymise: int
    nothing_left: int
    retain: int
    refer: int
    not_personal: int
    closed: int
    retain_by: Mapping[str, int]
    refer_by: Mapping[str, int]
    due_by: Mapping[str, int]
    due_because: Mapping[str, int]
    overdue: int
    overdue_days: int
    redacted: int = 0
    refer_too: int = 0
    held: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of a table's due rows, as measured after each batch.

    Attributes:
        changed: no longer due when it came to it: a hold, an objection withdrawn, a new event.
        remaining: measured as still there after the batch.
        unverified: in batches that began and were never measured.
        never_begun: in no batch at all.
    """

    deleted: int
    anonymised: int
    changed: int
    remaining: int
    unverified: int
    never_begun: int
    files_deleted: int
    files_absent: int
    files_refused: int

    @property
    def untouched(self) -> bool:
        """Return whether nothing was changed, as far as anybody can know."""
        return not (self.deleted or self.anonymised or self.unverified or self.files_deleted)

    @property
    def not_done(self) -> int:
        """Return how many due rows nobody can call done."""
        return self.remaining + self.unverified + self.never_begun


@dataclass(frozen=True, slots=True)
class TableFigures:
    """One table. ``read`` is None where the ledger has no extract of it, ``planned`` and ``acted`` likewise."""

    system: str
    table: str
    title: Text
    read: int | None
    planned: Planned | None
    acted: Acted | None
    sums: tuple[Sum, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """A system, or all of them.

    Attributes:
        referred: rows that wait for a human and have nothing else to be done about them.
        referred_too: rows erased in part that wait for a human as well.
        other: already culled, without personal data, or in a closed table.
        held: rows under a legal hold, of those that were read.
    """

    read: int | None
    due: int | None
    due_delete: int | None
    due_anonymise: int | None
    deleted: int | None
    anonymised: int | None
    kept: int | None
    referred: int | None
    referred_too: int | None
    other: int | None
    changed: int | None
    not_done: int | None
    overdue: int | None
    held: int | None


@dataclass(frozen=True, slots=True)
class SystemFigures:
    """One system with its tables; personal ones only."""

    system: str
    title: Text
    owner: str
    tables: tuple[TableFigures, ...]
    totals: Totals


def total(tables: Iterable[TableFigures], *, enforce: bool) -> Totals:
    """Add tables up. A table whose step is missing makes the sum unknown; it is never counted as zero.

    What is due in a table that act never came to is not done, in a run that may act.
    """
    each = tuple(tables)
    plans = [table.planned for table in each if table.planned]
    acts = [table.acted for table in each if table.acted]
    is_planned = bool(each) and len(plans) == len(each)
    is_acted = bool(each) and len(acts) == len(each)
    read = [table.read for table in each if table.read is not None]

    def planned(*names: str) -> int | None:
        return sum(getattr(plan, name) for plan in plans for name in names) if is_planned else None

    def acted(name: str) -> int | None:
        return sum(getattr(act, name) for act in acts) if is_acted else None

    open_ends = [table.acted.not_done if table.acted else table.planned.due for table in each if table.planned]

    return Totals(
        read=sum(read) if each and len(read) == len(each) else None,
        due=planned("due"),
        due_delete=planned("delete"),
        due_anonymise=planned("anonymise"),
        deleted=acted("deleted"),
        anonymised=acted("anonymised"),
        kept=planned("retain"),
        referred=planned("refer"),
        referred_too=planned("refer_too"),
        other=planned("nothing_left", "not_personal", "closed"),
        changed=acted("changed"),
        not_done=sum(open_ends) if is_planned and enforce else None,
        overdue=planned("overdue"),
        held=planned("held"),
    )


def failed_sums(systems: Iterable[SystemFigures]) -> list[tuple[TableFigures, Sum]]:
    """Return every sum that doesn't come out, with its table."""
    return [(table, each) for system in systems for table in system.tables for each in table.sums if not each.holds]
