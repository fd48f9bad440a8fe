"""Small schedules and maps, built from the dataclasses with everything beside the point filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from include.retention.data_map.model import (
    Column,
    Condition,
    DataMap,
    Emission,
    Group,
    Link,
    Method,
    PurposeUse,
    SubjectRole,
    Table,
)
from include.retention.policy.model import (
    Amendment,
    Controller,
    EndsAtOnce,
    Event,
    FiscalYears,
    Guards,
    Keep,
    Period,
    Purpose,
    Schedule,
    Text,
)
from include.retention.terms import (
    IdentifierKind,
    LawfulBasis,
    Scope,
    SubjectKind,
    WhenExpired,
    WhenNull,
    WithoutPurpose,
)

TEXT = Text("", "")
LAST_DAY_EVENTS = frozenset(
    {"relationship", "role", "billing", "credit_check", "order", "guarantee", "claim", "meeting", "suppressed", "hold"}
)
OTHER_EVENTS = frozenset(
    {
        "customer", "booked", "delivered", "debt", "debt_settled", "contact", "dialogue_closed", "logged", "objection",
        "consent", "erasure_request", "deceased",
    }
)  # fmt: skip
SENTINELS = frozenset({date(1900, 1, 1), date(1970, 1, 1), date(9999, 12, 31)})
PLACEHOLDER_NUMBER = "190001010008"


def keep(*periods: Period, to_year_end: bool = False) -> Keep:
    return Keep(tuple(periods), to_year_end)


def years(count: int) -> Period:
    return Period(years=count)


def months(count: int) -> Period:
    return Period(months=count)


def days(count: int) -> Period:
    return Period(days=count)


def purpose(
    name: str,
    starts: str,
    kept: Keep,
    scope: str = "record",
    *,
    ends: Iterable[EndsAtOnce] = (),
    amendments: Iterable[Amendment] = (),
    yields: bool = False,
) -> Purpose:
    return Purpose(
        name=name,
        title=TEXT,
        lawful_basis=LawfulBasis.LEGITIMATE_INTERESTS,
        recipients=(),
        starts=starts,
        scope=Scope(scope),
        keep=kept,
        amendments=tuple(amendments),
        ends_at_once=tuple(ends),
        yields_to_erasure=yields,
        marketing=False,
        statutory=False,
        necessity="",
        source="a test",
        approved_by="DPO",
        approved_on=date(2024, 1, 1),
        review_on=date(2030, 1, 1),
    )


def ends(event: str, restarted_by: str | None = None, scope: str = "subject") -> EndsAtOnce:
    return EndsAtOnce(event, Scope(scope), restarted_by)


GUARDS = Guards(
    max_share=0.2, max_rows=1000, small_table=20, min_extract_share=0.5, quiet_runs=12, min_free_disk_mb=100
)


def schedule(
    *purposes: Purpose, fiscal_years: FiscalYears | None = None, generic_mailboxes: Iterable[str] = ("info",)
) -> Schedule:
    events = {name: Event(name, TEXT, name in LAST_DAY_EVENTS) for name in sorted(LAST_DAY_EVENTS | OTHER_EVENTS)}
    return Schedule(
        version="1",
        digest="0" * 64,
        controller=Controller("Controller", "556012-5790", "DPO"),
        time_zone="Europe/Stockholm",
        policy_title=TEXT,
        ceiling=Period(years=10),
        parameters={},
        recipients={},
        categories={},
        events=events,
        purposes={each.name: each for each in purposes},
        guards=GUARDS,
        fiscal_years=fiscal_years,
        referral_period=Period(days=30),
        execution_window=Period(days=14),
        evidence_period=Period(years=5),
        sentinel_dates=SENTINELS,
        placeholder_identity_numbers=frozenset({PLACEHOLDER_NUMBER}),
        generic_mailboxes=frozenset(generic_mailboxes),
    )


def emission(
    event: str,
    column: str | None,
    *,
    begins: str | None = None,
    null: str = "unknown",
    where: Iterable[Condition] = (),
    of: Iterable[str] = (),
    keeps: Iterable[Link] = (),
    channel: str | None = None,
    fiscal: bool = False,
    fallback: str | None = None,
) -> Emission:
    return Emission(
        event, column, begins, WhenNull(null), tuple(where), tuple(of), tuple(keeps), channel, fiscal, fallback
    )


def person(name: str = "person", kind: str = "person", **identifiers: str) -> SubjectRole:
    """Return a role whose identifiers stand in the row: kind=column."""
    known = {IdentifierKind(each): column for each, column in identifiers.items()}
    return SubjectRole(name, SubjectKind(kind), known, (), None, None)


def through(name: str, columns: str | tuple[str, ...], table: str, role: str, kind: str = "person") -> SubjectRole:
    """Return a role that a reference leads to."""
    return SubjectRole(name, SubjectKind(kind), {}, (columns,) if isinstance(columns, str) else columns, table, role)


def group(
    name: str,
    *uses: tuple[str, str],
    of: Iterable[str] = (),
    channel: str | None = None,
    without_purpose: str = "refer",
) -> Group:
    """Return a group; a use is (purpose, scope)."""
    purposes = tuple(PurposeUse(each, Scope(scope)) for each, scope in uses)
    return Group(name, purposes, tuple(of), channel, WithoutPurpose(without_purpose))


def personal_column(name: str, group_name: str, method: Method | None = None) -> Column:
    return Column(name, "name", group_name, method or Method("set_null"), None, "")


def plain_column(name: str, time_zone: str | None = None) -> Column:
    return Column(name, None, None, None, time_zone, "not personal")


def table(
    name: str,
    columns: Iterable[Column | str],
    *,
    key: str | tuple[str, ...] = "id",
    subjects: Iterable[SubjectRole] = (),
    emissions: Iterable[Emission] = (),
    groups: Iterable[Group] = (),
    part_of: Link | None = None,
    personal: bool = True,
    personal_when: Iterable[Condition] = (),
    when_expired: str = "delete",
    suppresses: bool = False,
) -> Table:
    declared = [plain_column(each) if isinstance(each, str) else each for each in columns]
    return Table(
        name=name,
        title=TEXT,
        key=(key,) if isinstance(key, str) else key,
        personal=personal,
        note="",
        when_expired=WhenExpired(when_expired),
        part_of=part_of,
        personal_when=tuple(personal_when),
        subjects={role.name: role for role in subjects},
        emissions=tuple(emissions),
        groups={each.name: each for each in groups},
        columns={each.name: each for each in declared},
        files=(),
        sums=(),
        series=(),
        suppresses=suppresses,
    )


def data_map(system: str, tables: Iterable[Table]) -> DataMap:
    return DataMap(
        system=system,
        title=TEXT,
        connection=f"gallring_{system}",
        schema=None,
        owner="Owner",
        file_roots={},
        tables={each.name: each for each in tables},
        digest=system.ljust(64, "0"),
    )


def rows_with(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that have every column, None where a row doesn't say."""
    names = list(columns)
    return [{**dict.fromkeys(names), **row} for row in rows]
