"""Parts 5 and 6: what waits for a human, what is held back, and what objections came to. Aggregates only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from include.retention.data_map.model import DataMap
from include.retention.periods import after
from include.retention.policy.model import Period, Text
from include.retention.report.entries import Entry, in_both, latest
from include.retention.report.parts import Hold, Objections, Referrals, Released, Resolution
from include.retention.terms import Reason

_BY_HAND = frozenset({
    Reason.IDENTITY_CONFLICT.value, Reason.IDENTITY_AMBIGUOUS.value, Reason.CONTRADICTORY_DATES.value,
    Reason.UNREADABLE_VALUE.value,
})  # fmt: skip
"""Reasons that no waiting settles: somebody has to mend the value."""


def collect_released(
    entries: Iterable[Mapping[str, Any]], since: datetime | None, zone: ZoneInfo
) -> tuple[Released, ...]:
    """Return the legal holds that were released, the latest first.

    Args:
        entries: the ledger's ``hold_released`` entries: mappings with at (aware instant) and body.
        since: the start of the run before, or None where there is none.
        zone: local time.
    """
    found = []
    for entry in entries:
        at, body = entry["at"], entry["body"]
        if since is None or at >= since:
            day = at.astimezone(zone).date()
            by, reason = str(body.get("released_by", "")), str(body.get("release_reason", ""))
            found.append((at, Released(str(body["hold_id"]), str(body["scope"]), by, reason, day)))
    return tuple(each for _, each in sorted(found, key=lambda pair: pair[0], reverse=True))


def collect_holds(holds: pd.DataFrame | None, today: date, zone: ZoneInfo) -> tuple[Hold, ...] | None:
    """Return the legal holds in force, those to review first.

    Args:
        holds: columns hold_id, scope, owner, reason, placed_at (instant), review_on (local day or empty); None
            where the control database couldn't be read.
        today: the local day of the report.
        zone: local time.
    """
    if holds is None:
        return None
    found = []
    for row in holds.to_dict("records"):
        placed, review = _day(row["placed_at"], zone), _day(row["review_on"], zone)
        found.append(
            Hold(
                hold_id=str(row["hold_id"]),
                scope=str(row["scope"]),
                owner=str(row["owner"]),
                reason=str(row["reason"]),
                placed_on=placed or today,
                age_days=(today - (placed or today)).days,
                review_on=review,
                review_due=review is None or review <= today,
            )
        )
    return tuple(sorted(found, key=lambda hold: (hold.review_on or date.min, hold.hold_id)))


def collect_referrals(
    referrals: pd.DataFrame | None, maps: Mapping[str, DataMap], period: Period, today: date, zone: ZoneInfo
) -> tuple[Referrals, ...] | None:
    """Return the referrals by table, column group and reason, the longest waiting first.

    Args:
        referrals: columns system, table, group, reason, first_seen (instant or local day), records (count); None
            where the control database couldn't be read.
        maps: for the tables' titles.
        period: how long a referral may wait.
        today: the local day of the report.
        zone: local time.
    """
    if referrals is None:
        return None
    keys = ["system", "table", "group", "reason"]
    days = referrals.assign(oldest=[_day(value, zone) or today for value in referrals["first_seen"]])
    found = []
    for values, rows in days.groupby(keys, sort=True, dropna=False):
        system, table, group, reason = (str(value) for value in values)
        oldest: date = min(rows["oldest"])
        answer_by = after(oldest, period)
        found.append(
            Referrals(
                system=system,
                table=table,
                title=_title(maps, system, table),
                group=group,
                reason=reason,
                questions=int(rows["records"].sum()),
                oldest=oldest,
                answer_by=answer_by,
                late=answer_by < today,
                settles=reason not in _BY_HAND,
            )
        )
    return tuple(sorted(found, key=lambda each: (each.oldest, -each.questions, each.system, each.table)))


def collect_resolution(entries: Sequence[Entry]) -> Resolution | None:
    """Return what resolving identities came to, or None where that step hasn't run."""
    entry = latest(entries, "resolved")
    if entry is None:
        return None
    body = entry.body
    linked = {str(kind): int(count) for kind, count in (body.get("linked_by") or {}).items()}
    names = ("records", "subjects", "shared_addresses", "conflicts", "ambiguous", "placeholders")
    counts = {name: int(body.get(name) or 0) for name in names}
    unidentified = body.get("unidentified")
    return Resolution(linked_by=linked, unidentified=None if unidentified is None else int(unidentified), **counts)


def collect_objections(entries: Sequence[Entry], by_channel: Mapping[str, int] | None) -> Objections:
    """Return the suppression list's movements and what ended at once."""
    plan = latest(entries, "planned")
    counts: Mapping[str, Any] = (plan.body.get("suppressions") or {}) if plan else {}
    told = [row["due_because"] for row in plan.body["tables"] if "due_because" in row] if plan else []
    ended = sum(int(by.get(Reason.ENDED_AT_ONCE.value, 0)) for by in told) if told else None
    return Objections(
        added=counts.get("added"),
        closed=counts.get("closed"),
        in_force=counts.get("in_force"),
        at_import=counts.get("at_import"),
        by_channel=dict(by_channel) if by_channel is not None else None,
        ended_at_once=ended,
    )


def _title(maps: Mapping[str, DataMap], system: str, table: str) -> Text:
    known = maps.get(system)
    return known.tables[table].title if known and table in known.tables else in_both(table)


def _day(value: object, zone: ZoneInfo) -> date | None:
    """Return the local day of a frame's cell; NaT, NaN, None and empty text are no day. Naive instants are UTC."""
    if isinstance(value, str) and value:
        only_day = len(value) == len("2024-01-31")
        return date.fromisoformat(value) if only_day else _day(datetime.fromisoformat(value), zone)
    if isinstance(value, datetime):
        if pd.isna(value):
            return None
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(zone).date()
    return value if isinstance(value, date) else None
