"""Referrals: what a human has to decide, and since when it has been waiting (design: case G01, an SLA of 30 days)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import pandas as pd
import sqlalchemy as sa

from include.retention.ledger import frames
from include.retention.ledger.chain import serialise
from include.retention.ledger.tables import referral

_SAME = ("record_ref", "group", "reason")
_GIVEN = ("record_ref", "system", "table", "group", "reason")
_TEXTS = dict.fromkeys(_GIVEN, frames.TEXT)
_OPEN = referral.c.closed_on.is_(None)


def refer(
    conn: sa.Connection, given: pd.DataFrame, today: date, tables: Collection[tuple[str, str]] | None = None
) -> None:
    """Open what is new, confirm what is still referred, close what isn't any more.

    What is referred again after it was closed waits anew.

    Args:
        conn: a connection of ``engine.begin()``.
        given: everything that is referred now: ``record_ref, system, table, group, reason``.
        today: the local day of the run: the real one, for nobody has waited since an old ``as_of``.
        tables: ``(system, table)`` that were looked at; None for all. Referrals of others stay as they are.
    """
    now = set(frames.rows_of(given, _GIVEN, "referrals"))
    serialise(conn)
    looked_at = None if tables is None else set(tables)
    open_now = {
        (row.record_ref, row.system, row.table_name, row.column_group, row.reason): row.number
        for row in conn.execute(sa.select(referral).where(_OPEN))
        if looked_at is None or (row.system, row.table_name) in looked_at
    }
    gone = [number for known, number in open_now.items() if known not in now]
    still = [number for known, number in open_now.items() if known in now]
    for some in frames.in_chunks(gone):
        conn.execute(referral.update().where(referral.c.number.in_(some)).values(closed_on=today))
    for some in frames.in_chunks(still):
        conn.execute(referral.update().where(referral.c.number.in_(some)).values(last_seen=today))
    new = [dict(zip(("record_ref", "system", "table_name", "column_group", "reason"), row, strict=True))
           for row in sorted(now - open_now.keys())]  # fmt: skip
    frames.insert_many(conn, referral, [row | {"first_seen": today, "last_seen": today} for row in new])


def open_referrals(conn: sa.Connection) -> pd.DataFrame:
    """Return what waits: ``record_ref, system, table, group, reason, first_seen, last_seen`` (local days)."""
    columns = referral.c
    texts = (columns.record_ref, columns.system, columns.table_name, columns.column_group, columns.reason)
    query = sa.select(*texts, columns.first_seen, columns.last_seen).where(_OPEN).order_by(columns.number)
    return frames.frame(conn.execute(query), _TEXTS | {"first_seen": frames.DAY, "last_seen": frames.DAY})


def referral_counts(conn: sa.Connection) -> pd.DataFrame:
    """Return how much waits since when: ``system, table, group, reason, first_seen`` (local day), ``records``."""
    columns = referral.c
    keys = (columns.system, columns.table_name, columns.column_group, columns.reason, columns.first_seen)
    query = sa.select(*keys, sa.func.count()).where(_OPEN).group_by(*keys).order_by(*keys)
    texts = {name: frames.TEXT for name in _GIVEN if name != "record_ref"}
    return frames.frame(conn.execute(query), texts | {"first_seen": frames.DAY, "records": frames.COUNT})
