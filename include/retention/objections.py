"""Objections to direct marketing (Article 21(2)-(3)) and the suppression list (spärrlista) that makes them last.

Who has objected is remembered by the keyed hash of an address, its kind, the channel and the day: nothing more, and
for nothing else. So an objection still counts after everything about the person is gone, and when a bought list or
a restored backup brings the address back. On an address that several people share, it ends the address's own
channels for all of them and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.dates import NO_DAY, day_number
from include.retention.events import COLUMNS, SUBJECT, EventKey, Events, Ints
from include.retention.terms import IdentifierKind

OBJECTION = "objection"
CONSENT = "consent"
ALL = "all"
ADDRESS_CHANNELS = {IdentifierKind.EMAIL.value: ("email",), IdentifierKind.PHONE.value: ("sms", "phone")}
CHANNELS = ("email", "sms", "phone", "post")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What the run knows of objections.

    Attributes:
        events: all events, with the suppression list's objections among them.
        entries: suppressions in force: ``address_ref``, ``kind``, ``channel`` (``all`` or one), ``since`` (aware UTC).
        closed: listed suppressions that a later consent has ended: ``address_ref``, ``kind``, ``channel``.
        reappeared: listed addresses that no objection in the sources explains: they came back.
    """

    events: Events
    entries: pd.DataFrame
    closed: pd.DataFrame
    reappeared: int


def apply_suppressions(events: Events, identifiers: pd.DataFrame, listed: pd.DataFrame, zone: ZoneInfo) -> Suppressed:
    """Let objections act on addresses, and listed addresses on whoever holds them.

    Args:
        events: events gathered from the sources.
        identifiers: ``subject``, ``kind``, ``ref``, ``person``, as ``Resolved.identifiers``.
        listed: suppressions in force in the control database: ``address_ref``, ``kind``, ``channel``, ``since``.
        zone: zone whose civil days count.
    """
    addresses = identifiers[identifiers["person"] & identifiers["kind"].isin(list(ADDRESS_CHANNELS))]
    addresses = addresses[["subject", "kind", "ref"]].drop_duplicates()
    objected = _objections_in_force(events)
    fresh = addresses.merge(objected, on="subject")
    concerned = [_concerns(kind, channel) for kind, channel in zip(fresh["kind"], fresh["channel"], strict=True)]
    fresh = fresh[np.array(concerned, dtype=bool)]
    fresh = fresh.rename(columns={"ref": "address_ref"})[["address_ref", "kind", "channel", "since"]]
    closed = _closed(events, addresses, listed, fresh)
    pairs = ["address_ref", "kind", "channel"]
    kept = _without(listed[[*pairs, "since"]], closed, pairs)
    entries = pd.concat([kept, fresh], ignore_index=True)
    entries = entries.groupby(pairs, as_index=False)["since"].max() if len(entries) else entries
    returned = _without(kept, fresh, pairs)
    reappeared = int(returned["address_ref"].isin(addresses["ref"]).sum())
    return Suppressed(_with_entries(events, addresses, entries, zone), entries, closed, reappeared)


def _concerns(kind: str, channel: str) -> bool:
    return channel == ALL or channel in ADDRESS_CHANNELS[kind]


def _objections_in_force(events: Events) -> pd.DataFrame:
    """Return ``subject``, ``channel`` and ``since`` of objections that no later consent has ended.

    An objection to everything that a consent has lifted for one channel stands for the other channels.
    """
    frames = [pd.DataFrame({"subject": np.empty(0, dtype="int64"), "channel": [], "since": []})]
    for key, table in events.tables().items():
        if key.target != SUBJECT or key.event != OBJECTION:
            continue
        ids, last = table["id"].to_numpy(), table["last"].to_numpy()
        happened = table["past"].to_numpy() != NO_DAY
        if key.channel is not None:
            stands = happened & ~_lifted(events, ids, last, [None, key.channel])
            frames.append(_objected(ids, key.channel, last, stands))
            continue
        named = [channel for channel in events.channels(SUBJECT, CONSENT) if channel is not None]
        whole = happened & ~_lifted(events, ids, last, [None, *named])
        frames.append(_objected(ids, ALL, last, whole))
        for channel in CHANNELS:
            stands = happened & ~whole & ~_lifted(events, ids, last, [None, channel])
            frames.append(_objected(ids, channel, last, stands))
    return pd.concat(frames, ignore_index=True)


def _lifted(events: Events, ids: Ints, last: Ints, channels: Sequence[str | None]) -> npt.NDArray[np.bool_]:
    """Return where a consent for one of the channels is later than an instant."""
    return events.find(SUBJECT, CONSENT, ids, channels).first > last


def _objected(ids: Ints, channel: str, last: Ints, stands: npt.NDArray[np.bool_]) -> pd.DataFrame:
    since = [_EPOCH + timedelta(microseconds=int(number)) for number in last[stands]]
    return pd.DataFrame({"subject": ids[stands], "channel": channel, "since": since})


def _closed(events: Events, addresses: pd.DataFrame, listed: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Return listed suppressions that every holder of the address has lifted, and that no objection renews."""
    pairs = ["address_ref", "kind", "channel"]
    held = listed.merge(addresses, left_on=["address_ref", "kind"], right_on=["ref", "kind"])
    lifted = np.zeros(len(held), dtype=bool)
    for channel in held["channel"].unique():
        rows = (held["channel"] == channel).to_numpy()
        since = np.array([_number(each) for each in held["since"][rows]], dtype="int64")
        channels: Sequence[str | None] = [None] if channel == ALL else [None, channel]
        lifted[rows] = _lifted(events, held["subject"].to_numpy()[rows], since, channels)
    by_all = held.assign(lifted=lifted).groupby(pairs, as_index=False)["lifted"].all()
    return _without(by_all[by_all["lifted"].astype(bool)][pairs], fresh, pairs)


def _with_entries(events: Events, addresses: pd.DataFrame, entries: pd.DataFrame, zone: ZoneInfo) -> Events:
    """Return the events with an objection for every holder of a suppressed address."""
    held = entries.merge(addresses, left_on=["address_ref", "kind"], right_on=["ref", "kind"])
    shared = held.groupby(["address_ref", "kind"])["subject"].transform("nunique") > 1
    rows: dict[EventKey, list[pd.DataFrame]] = {}
    for (kind, channel), found in held.groupby(["kind", "channel"]):
        together = shared[found.index]
        whole = found[~together]
        rows.setdefault(EventKey(SUBJECT, OBJECTION, None if channel == ALL else channel), []).append(
            _rows(whole, zone)
        )
        for own in ADDRESS_CHANNELS[kind]:
            if channel in {ALL, own}:
                rows.setdefault(EventKey(SUBJECT, OBJECTION, own), []).append(_rows(found[together], zone))
    return events.with_rows(rows)


def _rows(held: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    at = np.array([_number(since) for since in held["since"]], dtype="int64")
    day = np.array([day_number(since.astimezone(zone).date()) for since in held["since"]], dtype="int32")
    content = {"id": held["subject"].to_numpy(dtype="int64"), "open": False, "day": day, "begin": day, "past": day}
    rows = pd.DataFrame({**content, "first": at, "last": at, "problem": np.int8(0), "fallback": np.int32(NO_DAY)})
    return rows[list(COLUMNS)]


def _without(frame: pd.DataFrame, other: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    known = set(other[columns].itertuples(index=False, name=None))
    mask = [row not in known for row in frame[columns].itertuples(index=False, name=None)]
    return frame[np.array(mask, dtype=bool)]


def _number(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
