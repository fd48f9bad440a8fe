"""What the report says of the rules: parts 3, 7 and 9, each as a frozen record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from include.retention.policy.model import Keep, Period, Text
from include.retention.report.promises import Promise
from include.retention.terms import LawfulBasis, Scope


@dataclass(frozen=True, slots=True)
class Amended:
    """A change of a period, in force or to come.

    Attributes:
        passes_ceiling: the changed period is longer than the published policy's ceiling.
    """

    in_force: date
    keep: Keep
    events_from: date | None
    source: str
    passes_ceiling: bool


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
        longest_months: the longest storage after the start event, in months, year-end extension included, amendments
            left out.
        keep_passes_ceiling: the period itself is longer than the published policy's ceiling.
        passes_ceiling: the period, or one that an amendment brings, is longer than it.
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
    keep_passes_ceiling: bool
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
class Erasure:
    """Part 9: how a column is erased when its row stays."""

    system: str
    table: str
    column: str
    category: str
    method: str
    parameter: str
