"""What ``retention_schedule.yaml`` may hold: the models at the YAML border.

They check shapes; ``checks.py`` checks meaning. The JSON Schema that editors use is made from them, so every
attribute says in its docstring what it is for.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from include.retention.policy.parse import Border
from include.retention.policy.values import (
    Chain,
    Filled,
    FirstOfMonth,
    IsoPeriod,
    Name,
    OrganisationNumber,
    PurposeName,
    TextBorder,
    TwelveDigits,
    Zone,
)
from include.retention.terms import LawfulBasis, Scope

COLLECTIONS = frozenset({"parameters", "recipients", "categories", "events", "purposes", "amendments", "ends_at_once"})
"""Keys that hold any number of entries."""


class ParameterUse(Border):
    """A period that the controller has decided once, for all rules that name it."""

    parameter: PurposeName
    """Name of an entry in `parameters`."""


def _shape(value: object) -> str:
    if isinstance(value, list):
        return "<list>"
    return "<parameter>" if isinstance(value, (dict, ParameterUse)) else "<text>"


KeepBorder = Annotated[
    Annotated[IsoPeriod, Tag("<text>")]
    | Annotated[tuple[IsoPeriod, ...], Field(min_length=1), Tag("<list>")]
    | Annotated[ParameterUse, Tag("<parameter>")],
    Discriminator(_shape),
]


class Approved(Border):
    """Where a rule comes from and who answers for it. Without source and approver it only works in a dry run."""

    source: str = ""
    """The law or the decision that the period comes from."""
    approved_by: str = ""
    """The role that approved it. Empty: nobody has."""
    approved_on: date | None = None
    """The day it was approved, 2026-12-31."""
    review_on: date | None = None
    """The day it is to be looked at again."""


class ParameterBorder(Approved):
    """A number that the controller has decided, in one place."""

    title: TextBorder
    """What the number stands for."""
    keep: Chain
    """A period, or a list of periods that run one after the other."""
    to_year_end: bool = False
    """Extend the last day to 31 December of its year."""


class CategoryBorder(Border):
    """A kind of personal data."""

    title: TextBorder
    """For people."""
    only_for: tuple[PurposeName, ...] = ()
    """The only purposes that may hold it. Empty: any."""
    erase_whole: bool = False
    """No part of it may stay when it is erased: no shortening, no rounding."""


class EventBorder(Border):
    """Something that happens to a record or a person and matters to a clock."""

    title: TextBorder
    """For people."""
    last_day: bool
    """True where the day still belongs to what ends (an employment); false where it acts from its instant."""


class EndsAtOnceBorder(Border):
    """An event that ends a purpose whatever its period says."""

    event: Name
    """Name of an entry in `events`."""
    scope: Literal[Scope.SUBJECT, Scope.RECORD] = Scope.SUBJECT
    """Whose event: the person's (`subject`) or the record's own (`record`)."""
    restarted_by: Name | None = None
    """An event after which the purpose may live again. None: it is ended for good."""


class AmendmentBorder(Border):
    """A changed period with its transition: a new law, a new decision."""

    in_force: date
    """The first day on which it counts."""
    keep: KeepBorder
    """The period from then on."""
    to_year_end: bool = False
    """Extend the last day to 31 December of its year."""
    events_from: date | None = None
    """It covers only start events on or after this day. None: old ones too."""
    source: Filled
    """The law or the decision behind it."""


class PurposeBorder(Approved):
    """A purpose of processing with its deletion rule."""

    title: TextBorder
    """For people and for the report."""
    lawful_basis: LawfulBasis
    """Article 6(1) GDPR."""
    recipients: tuple[Name, ...] = ()
    """Who may read the data: names of entries in `recipients`."""
    starts: Name
    """The event whose latest day starts the clock. While it is ongoing, the purpose is live."""
    scope: Scope
    """Whose event: the `record`'s, the `subject`'s across all systems, or that of the `company` represented."""
    keep: KeepBorder
    """How long after the start: P7Y, [P3Y, P2M] one after the other, or {parameter: NAME}."""
    to_year_end: bool = False
    """Extend the last day to 31 December of its year."""
    amendments: tuple[AmendmentBorder, ...] = ()
    """Changed periods, with the day from which they count."""
    ends_at_once: tuple[EndsAtOnceBorder, ...] = ()
    """Events that end the purpose whatever its period says."""
    yields_to_erasure: bool = False
    """An erasure request (Art. 17) ends it."""
    marketing: bool = False
    """Direct marketing: an objection (Art. 21) must end it."""
    statutory: bool = False
    """A legal duty fixes the period."""
    necessity: str = ""
    """Why a long period on legitimate interests is needed."""


class ControllerBorder(Border):
    """Who is responsible: Article 4(7)."""

    name: Filled
    """The company."""
    organisation_number: OrganisationNumber
    """NNNNNN-NNNN."""
    data_protection_officer: Filled
    """How to reach the data protection officer."""


class PublishedPolicyBorder(Border):
    """What the company has told people."""

    title: TextBorder
    """The published text's name."""
    ceiling: IsoPeriod
    """The longest period it promises. A rule that passes it is reported, never silently applied."""


class GuardsBorder(Border):
    """Limits outside which a human decides, or nobody may."""

    max_share: Annotated[float, Field(gt=0, le=1)]
    """Largest share of a table's rows, 0 to 1, that may be due without approval."""
    max_rows: Annotated[int, Field(ge=1)]
    """Largest number of rows due in one table without approval."""
    small_table: Annotated[int, Field(ge=0)]
    """A table with at most this many rows isn't judged by share."""
    min_extract_share: Annotated[float, Field(ge=0, le=1)]
    """A table with fewer rows than this share of the last run's refuses the run."""
    quiet_runs: Annotated[int, Field(ge=1)]
    """A purpose that expired nothing for this many runs is reported."""
    min_free_disk_mb: Annotated[int, Field(ge=0)]
    """Free disk below this refuses the run, in MiB."""


class FiscalYearsBorder(Border):
    """Where the fiscal years are kept."""

    system: Name
    """Name of a data map."""
    table: Filled
    """Table in it, one row a fiscal year."""
    first_day: Filled
    """Column with the first day."""
    last_day: Filled
    """Column with the last day."""


class FiscalYearsByRuleBorder(Border):
    """The fiscal years where each that has vouchers left began on the same day. Otherwise name their table."""

    begin: FirstOfMonth
    """First day of every fiscal year, month-day: 01-01 for calendar years, 07-01 for years that end on 30 June."""


def _shape_of_years(value: object) -> str:
    by_rule = "begin" in value if isinstance(value, dict) else isinstance(value, FiscalYearsByRuleBorder)
    return "<rule>" if by_rule else "<table>"


AnyFiscalYears = Annotated[
    Annotated[FiscalYearsBorder, Tag("<table>")] | Annotated[FiscalYearsByRuleBorder, Tag("<rule>")],
    Discriminator(_shape_of_years),
]


class ScheduleBorder(Border):
    """Gallring's retention schedule: which purposes there are, and how long each keeps what it needs."""

    version: Filled
    """Changes with every change of the schedule, for example 2026.1 in quotes."""
    controller: ControllerBorder
    """Who is responsible."""
    time_zone: Zone
    """Where a day begins and ends."""
    published_policy: PublishedPolicyBorder
    """What the company has told people."""
    parameters: dict[PurposeName, ParameterBorder] = Field(default_factory=dict)
    """Numbers that the controller has decided."""
    guards: GuardsBorder
    """Limits outside which a human decides."""
    fiscal_years: AnyFiscalYears | None = None
    """Where the fiscal years are kept, or the rule that they follow; none where nothing is bookkeeping."""
    referral_period: IsoPeriod
    """How long a referral may wait for a human."""
    execution_window: IsoPeriod
    """How long after its first due day a record may remain before it is a breach."""
    evidence_period: IsoPeriod
    """How long the ledger of this engine is kept."""
    sentinel_dates: tuple[date, ...] = ()
    """Dates that stand for "unknown" in some system."""
    placeholder_identity_numbers: tuple[TwelveDigits, ...] = ()
    """Identity numbers that identify nobody: twelve digits, in quotes."""
    generic_mailboxes: tuple[Filled, ...] = ()
    """What stands before the @ of addresses that are no person's, such as info."""
    recipients: dict[Name, TextBorder]
    """Roles that receive data."""
    categories: dict[Name, CategoryBorder]
    """Kinds of personal data."""
    events: dict[Name, EventBorder]
    """What may start or end a clock."""
    purposes: dict[PurposeName, PurposeBorder]
    """The deletion rules."""
