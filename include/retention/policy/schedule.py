"""From the schedule's border model to the schedule that the engine knows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from include.retention.errors import Problem
from include.retention.policy import border
from include.retention.policy.checks import check_schedule
from include.retention.policy.document import Document, Json, read_document
from include.retention.policy.model import (
    Amendment,
    Category,
    Controller,
    EndsAtOnce,
    Event,
    FiscalYears,
    FiscalYearsByRule,
    Guards,
    Keep,
    Parameter,
    Period,
    Purpose,
    Schedule,
)
from include.retention.policy.parse import Mendable, parse
from include.retention.policy.values import read_keep, read_period

_TEXT: Json = {"sv": "-", "en": "-"}
MENDABLE = Mendable(
    collections=border.COLLECTIONS,
    optional=frozenset({"fiscal_years", "amendments", "only_for"}),
    stand_ins={
        "version": "-",
        "title": _TEXT,
        "controller": {"name": "-", "organisation_number": "000000-0000", "data_protection_officer": "-"},
        "time_zone": "UTC",
        "published_policy": {"title": _TEXT, "ceiling": "P10Y"},
        "guards": {
            "max_share": 0.1,
            "max_rows": 1,
            "small_table": 1,
            "min_extract_share": 0.5,
            "quiet_runs": 1,
            "min_free_disk_mb": 1,
        },
        "referral_period": "P30D",
        "execution_window": "P14D",
        "evidence_period": "P5Y",
        "recipients": {},
        "categories": {},
        "events": {},
        "purposes": {},
    },
)
"""So that one broken line doesn't hide the mistakes further down."""

_UNDECIDED = Keep((Period(),))
"""Stands where a purpose names a parameter that isn't there: reported, and never used."""


def digest(data: Json) -> str:
    """Return the SHA-256 of content: comments, order of keys and layout don't count."""
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_schedule(path: Path) -> tuple[Schedule | None, Document, tuple[Problem, ...]]:
    """Read the schedule and everything that is wrong with it; it may only be used where that is nothing.

    Returns:
        The schedule (None where the file is too broken even to look further), the file, its problems.
    """
    document, unreadable = read_document(path)
    if not document.data:
        return None, document, unreadable
    parsed = parse(document, border.ScheduleBorder, MENDABLE)
    if parsed.model is None:
        return None, document, (*unreadable, *parsed.problems)
    schedule = _schedule(parsed.model, digest(document.data))
    meaning = parsed.without_echoes(check_schedule(schedule, parsed.document))
    return schedule, parsed.document, (*unreadable, *parsed.problems, *meaning)


def _schedule(read: border.ScheduleBorder, content_digest: str) -> Schedule:
    parameters = {name: _parameter(name, each) for name, each in read.parameters.items()}
    return Schedule(
        version=read.version,
        digest=content_digest,
        controller=Controller(**read.controller.model_dump()),
        time_zone=read.time_zone,
        policy_title=read.published_policy.title.text(),
        ceiling=read_period(read.published_policy.ceiling),
        parameters=parameters,
        recipients={name: title.text() for name, title in read.recipients.items()},
        categories={
            name: Category(name, each.title.text(), frozenset(each.only_for), each.erase_whole)
            for name, each in read.categories.items()
        },
        events={name: Event(name, each.title.text(), each.last_day) for name, each in read.events.items()},
        purposes={name: _purpose(name, each, parameters) for name, each in read.purposes.items()},
        guards=Guards(**read.guards.model_dump()),
        fiscal_years=_fiscal_years(read.fiscal_years),
        referral_period=read_period(read.referral_period),
        execution_window=read_period(read.execution_window),
        evidence_period=read_period(read.evidence_period),
        sentinel_dates=frozenset(read.sentinel_dates),
        placeholder_identity_numbers=frozenset(read.placeholder_identity_numbers),
        generic_mailboxes=frozenset(mailbox.lower() for mailbox in read.generic_mailboxes),
    )


def _fiscal_years(
    read: border.FiscalYearsBorder | border.FiscalYearsByRuleBorder | None,
) -> FiscalYears | FiscalYearsByRule | None:
    if isinstance(read, border.FiscalYearsByRuleBorder):
        return FiscalYearsByRule(int(read.begin[:2]))
    return None if read is None else FiscalYears(**read.model_dump())


def _parameter(name: str, read: border.ParameterBorder) -> Parameter:
    return Parameter(
        name=name,
        title=read.title.text(),
        keep=read_keep(read.keep, to_year_end=read.to_year_end),
        source=read.source.strip(),
        approved_by=read.approved_by.strip(),
        approved_on=read.approved_on,
        review_on=read.review_on,
    )


def _keep(
    written: str | tuple[str, ...] | border.ParameterUse, parameters: Mapping[str, Parameter], *, to_year_end: bool
) -> Keep:
    if not isinstance(written, border.ParameterUse):
        return read_keep(written, to_year_end=to_year_end)
    parameter = parameters.get(written.parameter)
    keep = _UNDECIDED if parameter is None else parameter.keep
    return Keep(keep.periods, keep.to_year_end or to_year_end)


def _purpose(name: str, read: border.PurposeBorder, parameters: Mapping[str, Parameter]) -> Purpose:
    return Purpose(
        name=name,
        title=read.title.text(),
        lawful_basis=read.lawful_basis,
        recipients=read.recipients,
        starts=read.starts,
        scope=read.scope,
        keep=_keep(read.keep, parameters, to_year_end=read.to_year_end),
        amendments=tuple(
            Amendment(
                in_force=each.in_force,
                keep=_keep(each.keep, parameters, to_year_end=each.to_year_end),
                events_from=each.events_from,
                source=each.source,
            )
            for each in read.amendments
        ),
        ends_at_once=tuple(EndsAtOnce(each.event, each.scope, each.restarted_by) for each in read.ends_at_once),
        yields_to_erasure=read.yields_to_erasure,
        marketing=read.marketing,
        statutory=read.statutory,
        necessity=read.necessity.strip(),
        source=read.source.strip(),
        approved_by=read.approved_by.strip(),
        approved_on=read.approved_on,
        review_on=read.review_on,
    )
