"""Gallring's own storage limitation: evidence is kept for the evidence period, and not a day longer.

The period is the schedule's ``evidence_period`` (five years: so long a fine may be raised, DSL 6:4). What is deleted
is accounted for by an entry that remains, so the chain still verifies.
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from include.retention.ledger.chain import EVIDENCE_EXPIRED, append, serialise
from include.retention.ledger.stops import stop_in_force
from include.retention.ledger.tables import (
    batch,
    extract_size,
    ledger_entry,
    ledger_head,
    legal_hold,
    plan_item,
    purpose_activity,
    referral,
    run,
    suppression,
    utc_text,
)
from include.retention.terms import RunOutcome


def expire_evidence(conn: sa.Connection, before: datetime, at: datetime) -> dict[str, int]:
    """Delete what is older than the evidence period, and say so in the ledger (``evidence_expired``).

    Runs that never ended, holds and suppressions in force, open referrals and a stop in force stay whatever their age.

    Args:
        conn: a connection of ``engine.begin()``.
        before: the instant before which evidence has expired.
        at: when this is done; later than ``before``.

    Returns:
        How many rows of each table were deleted; empty if there was nothing to delete.
    """
    serialise(conn)
    old_runs = sa.select(run.c.run_id).where(run.c.outcome != RunOutcome.RUNNING.value, run.c.finished_at < before)
    conditions = [
        *((table, table.c.run_id.in_(old_runs)) for table in (plan_item, batch, extract_size, purpose_activity)),
        (run, run.c.run_id.in_(old_runs)),
        (legal_hold, legal_hold.c.released_at < before),
        (suppression, suppression.c.closed_at < before),
        (referral, referral.c.closed_on < _day(before)),
    ]
    deleted = {}
    for table, condition in conditions:
        count = conn.execute(table.delete().where(condition)).rowcount
        if count:
            deleted[table.name] = count
    return deleted | _expire_entries(conn, before, at, deleted)


def _expire_entries(conn: sa.Connection, before: datetime, at: datetime, others: dict[str, int]) -> dict[str, int]:
    """Raise the floor of the ledger over the entries that have expired, then delete them.

    Entries go from the beginning only: one that is younger keeps those after it, whatever clock wrote them. So does a
    stop in force, which stands in the ledger alone: without its entry everything would go on.
    """
    young = sa.select(sa.func.min(ledger_entry.c.seq)).where(ledger_entry.c.at >= utc_text(before))
    oldest, newest = conn.execute(sa.select(sa.func.min(ledger_entry.c.seq), sa.func.max(ledger_entry.c.seq))).one()
    first_young = conn.scalar(young)
    stop = stop_in_force(conn)
    kept = [place for place in (first_young, None if stop is None else stop.seq) if place is not None]
    through = min(kept) - 1 if kept else newest
    gone = 0 if oldest is None else through - oldest + 1
    if gone <= 0 and not others:
        return {}
    if gone <= 0:
        append(conn, None, "records_expired", {"rows": others}, at)
        return {}
    digest = conn.scalar(sa.select(ledger_entry.c.hash).where(ledger_entry.c.seq == through))
    body = {"through_seq": through, "through_hash": str(digest), "entries": gone, "rows": others}
    append(conn, None, EVIDENCE_EXPIRED, body, at)
    conn.execute(ledger_head.update().values(floor_seq=through, floor_hash=digest))
    conn.execute(ledger_entry.delete().where(ledger_entry.c.seq <= through))
    return {"ledger_entry": gone}


def _day(instant: datetime) -> date:
    return instant.date()
