"""Ledger entries as the report reads them: by kind, the latest first where one replaces another."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from include.retention.policy.model import Text

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger.

    Attributes:
        seq: its place in the chain.
        at: aware instant, UTC.
        kind: for example ``planned``.
        body: counts and references, as the step wrote them.
    """

    seq: int
    at: datetime
    kind: str
    body: Body


def read_entries(raw: Iterable[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """Return the entries in the order of the chain."""
    entries = [Entry(int(each["seq"]), _instant(each["at"]), str(each["kind"]), each["body"]) for each in raw]
    return tuple(sorted(entries, key=lambda entry: entry.seq))


def of_kind(entries: Sequence[Entry], *kinds: str) -> list[Entry]:
    """Return the entries of some kinds, oldest first."""
    return [entry for entry in entries if entry.kind in kinds]


def latest(entries: Sequence[Entry], *kinds: str) -> Entry | None:
    """Return the newest entry of some kinds: a step that was taken again replaces its earlier word."""
    found = of_kind(entries, *kinds)
    return found[-1] if found else None


def latest_by(entries: Sequence[Entry], kind: str, *keys: str) -> dict[tuple[Hashable, ...], Entry]:
    """Return the newest entry of a kind for each combination of body values, for example for each system."""
    return {tuple(entry.body.get(key) for key in keys): entry for entry in of_kind(entries, kind)}


def in_both(value: object) -> Text:
    """Return a title in both languages: a mapping ``{sv, en}``, or one text that serves as both."""
    if isinstance(value, Mapping):
        return Text(sv=str(value.get("sv", "")), en=str(value.get("en", "")))
    return Text(sv=str(value), en=str(value))


def _instant(value: datetime | str) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
