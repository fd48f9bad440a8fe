"""Gives up what is known only under a lost key: ``python -m include.retention.ledger.lost_key KEY_ID``.

Nothing can be matched to anybody without the key, and until that is said, every run refuses to start (``KEY_UNKNOWN``).
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from include.retention import clock
from include.retention.errors import GallringError, LedgerError
from include.retention.keys import KeyRing, load_ring
from include.retention.ledger.chain import Json, append, serialise
from include.retention.ledger.holds import holds_in_force
from include.retention.ledger.items import ItemState, mark_items, unfinished_items
from include.retention.ledger.store import open_control
from include.retention.ledger.tables import suppression
from include.retention.settings import load_settings

WHY = "LOST_KEY"
"""Why records of earlier plans are left alone from now on."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """How much was known under the lost key alone."""

    suppressions: int
    unfinished: int


def give_up_key(  # noqa: PLR0913 - each is told in the ledger, and named by the caller
    conn: sa.Connection, ring: KeyRing, key_id: str, *, by: str, reason: str, at: datetime
) -> GivenUp:
    """Close the suppressions under a lost key, leave its plans' unfinished records alone, and say so (``key_lost``).

    Args:
        conn: a connection of ``engine.begin()``.
        ring: the keys that are there.
        key_id: the one that isn't, as ``KEY_UNKNOWN`` names it.
        by: who says that it is lost.
        reason: what has been done about the objections.
        at: when.

    Raises:
        LedgerError: the key is there, holds are in force under it, nothing is known under it, or nobody or no reason
            is named.
    """
    serialise(conn)
    if not by.strip() or not reason.strip():
        raise LedgerError("Name who says that the key is lost, and what was done about the objections.")
    if key_id in ring.key_ids:
        raise LedgerError(f"Key {key_id} isn't lost: it is in GALLRING_KEY or GALLRING_OLD_KEYS.")
    holds = holds_in_force(conn)
    held = holds.loc[holds["key_id"] == key_id, "hold_id"].tolist()
    if held:
        names = ", ".join(held)
        raise LedgerError(f"Holds are in force under it: {names}. Place each again, then release the old one.")
    listed = suppression.c.closed_at.is_(None) & (suppression.c.key_id == key_id)
    closed = conn.execute(suppression.update().where(listed).values(closed_at=at)).rowcount
    unfinished = unfinished_items(conn)
    unfinished = unfinished[unfinished["key_id"] == key_id]
    for run_id, items in unfinished.groupby("run_id"):
        mark_items(conn, str(run_id), items["record_ref"].tolist(), ItemState.DRIFT, at, why=WHY)
    if not closed and unfinished.empty:
        raise LedgerError(f"Nothing is known under key {key_id}. KEY_UNKNOWN names the key that is missing.")
    body: dict[str, Json] = {
        "key_id": key_id,
        "suppressions": closed,
        "unfinished": len(unfinished),
        "by": by,
        "reason": reason,
    }
    append(conn, None, "key_lost", body, at)
    return GivenUp(closed, len(unfinished))


def main(arguments: list[str] | None = None) -> int:
    """Give up a key and say what that was; 0 if it was done, 1 if not."""
    parser = argparse.ArgumentParser(prog="lost_key", description=__doc__)
    parser.add_argument("key_id", help="the lost key, as KEY_UNKNOWN names it")
    parser.add_argument("--by", required=True, help="your role or user id; the ledger keeps it")
    parser.add_argument("--reason", required=True, help="what was done about the objections; the ledger keeps it")
    given = parser.parse_args(arguments)
    try:
        ring = load_ring(os.environ)
        engine = open_control(load_settings(os.environ).control_url)
        with engine.begin() as conn:
            done = give_up_key(conn, ring, given.key_id, by=given.by, reason=given.reason, at=clock.now())
    except GallringError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's errors go to standard error
        return 1
    print(  # noqa: T201 - a command's answer
        f"Key {given.key_id} is given up: {done.suppressions} suppressions are closed, and {done.unfinished} "
        "unfinished records of earlier plans are decided anew."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
