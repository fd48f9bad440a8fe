"""The retention schedule as the engine knows it: frozen, validated, free of YAML.

``load.py`` builds these from ``include/policy/retention_schedule.yaml``. DIN 66398 calls a purpose with its
start event and its period a deletion rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from include.retention.terms import LawfulBasis, Scope

EVIDENCE_PURPOSE = "EVIDENCE"


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages of the report."""

    sv: str
    en: str


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar period: whole years, months and days, added in that order.

    Attributes:
        years: calendar years.
        months: calendar months.
        days: days; not allowed in statutory periods.
    """

    years: int = 0
    months: int = 0
    days: int = 0

    def __str__(self) -> str:
        """Return the period in ISO 8601, for example ``P1Y6M``."""
        parts = f"{self.years}Y" * bool(self.years) + f"{self.months}M" * bool(self.months)
        return "P" + (parts + f"{self.days}D" * bool(self.days) or "0D")


@dataclass(frozen=True, slots=True)
class Keep:
    """How long a purpose keeps after its start day.

    Attributes:
        periods: chained periods: each runs from the end of the one before (3 years, *then* 2 months).
        to_year_end: extend the last day to 31 December of its year.
    """

    periods: tuple[Period, ...]
    to_year_end: bool = False


@dataclass(frozen=True, slots=True)
class Amendment:
    """A changed period, with its transition.

    Attributes:
        in_force: the first local day on which the amendment counts.
        keep: the period from then on.
        events_from: it covers only start events on or after this local day; None means all, old ones too.
        source: the law or the decision behind it.
    """

    in_force: date
    keep: Keep
    events_from: date | None
    source: str


@dataclass(frozen=True, slots=True)
class EndsAtOnce:
    """An event that ends a purpose whatever its period says.

    Attributes:
        event: name in ``Schedule.events``.
        scope: whose event: the person's (``subject``) or the record's own (``record``).
        restarted_by: an event after which the purpose may live again, or None: it is ended for good.
    """

    event: str
    scope: Scope
    restarted_by: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a record or a subject and matters to a clock.

    Attributes:
        name: as used in purposes and maps.
        title: for people.
        last_day: True where the day itself still belongs to what ends (the last day of an employment);
            False where the event acts from its own instant (an objection).
    """

    name: str
    title: Text
    last_day: bool


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of processing, with the deletion rule that follows from it.

    Attributes:
        name: upper case, for example ``ACCOUNTING``.
        starts: the event whose latest day starts the clock. While the event is an ongoing episode, the
            purpose is live.
        scope: whose event; a column group may narrow or widen it.
        marketing: direct marketing, so an objection (Art. 21(2)-(3)) ends it.
        statutory: a legal duty fixes the period.
        yields_to_erasure: an erasure request (Art. 17) ends it, until a start event after the request.
        source: the law or the decision the period comes from.
        approved_by: role that approved the rule; empty where nobody has.
    """

    name: str
    title: Text
    lawful_basis: LawfulBasis
    recipients: tuple[str, ...]
    starts: str
    scope: Scope
    keep: Keep
    amendments: tuple[Amendment, ...]
    ends_at_once: tuple[EndsAtOnce, ...]
    yields_to_erasure: bool
    marketing: bool
    statutory: bool
    necessity: str
    source: str
    approved_by: str
    approved_on: date | None
    review_on: date | None


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of personal data.

    Attributes:
        name: as used in maps.
        title: for people.
        only_for: purposes that may hold it; empty means any (IRET's policy limits identity numbers and ID copies).
        erase_whole: no part of a value may stay when it is erased: a shortened name is still a name.
    """

    name: str
    title: Text
    only_for: frozenset[str]
    erase_whole: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that the controller has decided, in one place: purposes refer to it by name in ``keep``."""

    name: str
    title: Text
    keep: Keep
    source: str
    approved_by: str
    approved_on: date | None
    review_on: date | None


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits outside which a human decides, or nobody may.

    Attributes:
        max_share: largest share (0 to 1) of a table's rows that may be due without approval.
        max_rows: largest number of rows due in one table without approval.
        small_table: a table with at most this many rows isn't judged by share.
        min_extract_share: a table with fewer rows than this share of the last run's rows refuses the run.
        quiet_runs: a purpose that expired nothing for this many runs is reported.
        min_free_disk_mb: free disk below this refuses the run, in MiB.
    """

    max_share: float
    max_rows: int
    small_table: int
    min_extract_share: float
    quiet_runs: int
    min_free_disk_mb: int


@dataclass(frozen=True, slots=True)
class FiscalYears:
    """Where the fiscal years of the controller are kept: inclusive first and last local day of each."""

    system: str
    table: str
    first_day: str
    last_day: str


@dataclass(frozen=True, slots=True)
class FiscalYearsByRule:
    """Each fiscal year that has vouchers left began on the first day of the same month.

    Attributes:
        begin_month: 1 to 12.
    """

    begin_month: int


@dataclass(frozen=True, slots=True)
class Controller:
    """Who is responsible: Article 4(7)."""

    name: str
    organisation_number: str
    data_protection_officer: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The whole retention schedule in force.

    Attributes:
        digest: SHA-256 of the canonical content, lower-case hex.
        ceiling: the longest period that the published policy promises for legal duties.
        referral_period: how long a referral may wait for a human.
        execution_window: how long after its first due day a record may remain before the DPO sees a breach.
        sentinel_dates: dates that stand for "unknown" in some system.
        placeholder_identity_numbers: normalised 12-digit numbers that identify nobody.
        generic_mailboxes: local parts of shared addresses such as ``info``: no person's.
    """

    version: str
    digest: str
    controller: Controller
    time_zone: str
    policy_title: Text
    ceiling: Period
    parameters: Mapping[str, Parameter]
    recipients: Mapping[str, Text]
    categories: Mapping[str, Category]
    events: Mapping[str, Event]
    purposes: Mapping[str, Purpose]
    guards: Guards
    fiscal_years: FiscalYears | FiscalYearsByRule | None
    referral_period: Period
    execution_window: Period
    evidence_period: Period
    sentinel_dates: frozenset[date]
    placeholder_identity_numbers: frozenset[str]
    generic_mailboxes: frozenset[str]
