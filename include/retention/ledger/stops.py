"""A stop of everything that destroys: a human places it, and every act sees it before its next transaction.

It stands in the ledger alone, so that who stopped what, when and why is evidence like everything else. While it is in
force its entry outlives the evidence period: see ``expiry``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from include.retention.errors import StopError
from include.retention.ledger.chain import Json, append, entry_of, serialise
from include.retention.ledger.holds import wrong_text
from include.retention.ledger.tables import ledger_entry

PLACED, RELEASED = "stop_placed", "stop_released"


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop in force.

    Attributes:
        seq: the place of its entry in the ledger.
        by: who placed it.
        reason: why.
        at: when, UTC.
    """

    seq: int
    by: str
    reason: str
    at: datetime


def place_stop(conn: sa.Connection, *, by: str, reason: str, at: datetime) -> None:
    """Stop everything that destroys (``stop_placed``).

    Args:
        conn: a connection of ``engine.begin()``.
        by: who stops it: a role or a name, not an address.
        reason: why, without any value of a source.
        at: when.

    Raises:
        StopError: it is stopped already, or who and why is missing or unusable.
    """
    body = _body(by, reason)
    serialise(conn)
    stop = stop_in_force(conn)
    if stop is not None:
        raise StopError(f"It is stopped already, by {stop.by}: {stop.reason}. Nothing is changed.")
    append(conn, None, PLACED, body, at)


def release_stop(conn: sa.Connection, *, by: str, reason: str, at: datetime) -> None:
    """Let acts go on (``stop_released``). The arguments are those of `place_stop`.

    Raises:
        StopError: nothing is stopped, or who and why is missing or unusable.
    """
    body = _body(by, reason)
    serialise(conn)
    if stop_in_force(conn) is None:
        raise StopError("Nothing is stopped. Nothing is changed.")
    append(conn, None, RELEASED, body, at)


def stop_in_force(conn: sa.Connection) -> Stop | None:
    """Return the stop that is in force now, or None."""
    query = sa.select(ledger_entry).where(ledger_entry.c.kind.in_((PLACED, RELEASED)))
    row = conn.execute(query.order_by(ledger_entry.c.seq.desc()).limit(1)).one_or_none()
    if row is None or row.kind == RELEASED:
        return None
    entry = entry_of(row)
    return Stop(entry.seq, str(entry.body["by"]), str(entry.body["reason"]), entry.at)


def _body(by: str, reason: str) -> dict[str, Json]:
    by, reason = by.strip(), reason.strip()
    problem = wrong_text("name of who does it", by, "Say who does it.", 120)
    problem = problem or wrong_text("reason", reason, "Say in a few words why.", 500)
    if problem:
        raise StopError(f"Nothing is changed: {problem}")
    return {"by": by, "reason": reason}
