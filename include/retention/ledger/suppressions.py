"""The suppression list (spärrlista): who must not be written to, rung or texted, and nothing else about them.

A keyed reference of the address, its kind, the channel and the days: the least that can honour an objection
(Article 21(3) GDPR, case E09). A new consent closes an entry and keeps the history as proof (case E05).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from include.retention.ledger import frames
from include.retention.ledger.chain import serialise
from include.retention.ledger.tables import suppression

_PAIR = ("address_ref", "kind", "channel")
_COLUMNS = {
    "address_ref": frames.TEXT,
    "kind": frames.TEXT,
    "channel": frames.TEXT,
    "since": frames.INSTANT,
    "key_id": frames.TEXT,
}
_IN_FORCE = suppression.c.closed_at.is_(None)


def suppressions_in_force(conn: sa.Connection) -> pd.DataFrame:
    """Return the list.

    Returns:
        ``address_ref`` (in the domain of its kind), ``kind`` (of identifier), ``channel`` (``all`` or one), ``since``
        (UTC), ``key_id``.
    """
    columns = suppression.c
    query = sa.select(columns.address_ref, columns.kind, columns.channel, columns.since, columns.key_id)
    return frames.frame(conn.execute(query.where(_IN_FORCE).order_by(columns.number)), _COLUMNS)


def suppress(conn: sa.Connection, given: pd.DataFrame, *, key_id: str, at: datetime) -> int:
    """Put addresses on the list; those on it stay, at their latest objection. Return how many are new.

    Args:
        conn: a connection of ``engine.begin()``.
        given: ``address_ref, kind, channel, since`` (aware).
        key_id: the key that made the references.
        at: when.
    """
    latest: dict[tuple[str, ...], datetime] = {}
    for *entry, since in frames.rows_of(given, (*_PAIR, "since"), "suppressions"):
        latest[tuple(entry)] = max(since, latest.get(tuple(entry), since))
    serialise(conn)
    known = _known(conn)
    new = [
        dict(zip(_PAIR, entry, strict=True)) | {"since": since, "key_id": key_id, "recorded_at": at}
        for entry, since in latest.items()
        if entry not in known
    ]
    frames.insert_many(conn, suppression, new)
    later = [
        {"its_number": known[entry][0], "its_since": since}
        for entry, since in latest.items()
        if entry in known and since > known[entry][1]
    ]
    if later:
        moved = suppression.update().where(suppression.c.number == sa.bindparam("its_number"))
        conn.execute(moved.values(since=sa.bindparam("its_since")), later)
    return len(new)


def close_suppressions(conn: sa.Connection, given: pd.DataFrame, *, at: datetime) -> int:
    """Close entries that a later consent has ended, keeping them as history. Return how many were in force.

    Args:
        conn: a connection of ``engine.begin()``.
        given: ``address_ref, kind, channel``.
        at: when.
    """
    rows = frames.rows_of(given, _PAIR, "suppressions to close")
    serialise(conn)
    known = _known(conn)
    numbers = sorted({known[row][0] for row in rows if row in known})
    for some in frames.in_chunks(numbers):
        conn.execute(suppression.update().where(suppression.c.number.in_(some)).values(closed_at=at))
    return len(numbers)


def suppression_counts(conn: sa.Connection) -> dict[str, int]:
    """Return how many entries are in force per channel."""
    channel = suppression.c.channel
    query = sa.select(channel, sa.func.count()).where(_IN_FORCE).group_by(channel).order_by(channel)
    return {row[0]: row[1] for row in conn.execute(query)}


def history_of(conn: sa.Connection, refs: Iterable[str]) -> pd.DataFrame:
    """Return every entry of these addresses, closed ones too: ``address_ref, kind, channel, since, closed_at``."""
    columns = suppression.c
    query = sa.select(columns.address_ref, columns.kind, columns.channel, columns.since, columns.closed_at)
    found = [
        row
        for some in frames.in_chunks(list(refs))
        for row in conn.execute(query.where(columns.address_ref.in_(some)).order_by(columns.number))
    ]
    kept = {name: _COLUMNS[name] for name in (*_PAIR, "since")}
    return frames.frame(found, kept | {"closed_at": frames.INSTANT})


def _known(conn: sa.Connection) -> dict[tuple[str, ...], tuple[int, datetime]]:
    columns = suppression.c
    query = sa.select(columns.number, columns.since, *(columns[name] for name in _PAIR)).where(_IN_FORCE)
    return {tuple(row[2:]): (row.number, row.since) for row in conn.execute(query)}
