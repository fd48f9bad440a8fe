"""Stored references after the HMAC key was replaced.

An HMAC can't be turned into one under another key: that takes the plain value, and Gallring keeps none. So the old key
stays in the ring (``GALLRING_OLD_KEYS``) until what is stored under it has been seen again in an extract, where the
plain values are at hand, or isn't in force any more. ``include/docs/how-to/rotate-the-key.md`` is the way.

Above all, a lost key must not pass unnoticed: under a wrong key no hold and no objection matches anybody, and a run
would destroy what is held and write to who objected.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from include.retention.errors import ConfigurationError, Problem
from include.retention.keys import OLD_KEYS_VARIABLE, RECORD, KeyRing
from include.retention.ledger.chain import Json, append, serialise
from include.retention.ledger.holds import SUBJECT, holds_in_force, released_holds
from include.retention.ledger.items import count_done, done_items, unfinished_items
from include.retention.ledger.suppressions import suppressions_in_force
from include.retention.ledger.tables import legal_hold, suppression
from include.retention.ledger.watching_key import WatchingKey


def keys_in_use(conn: sa.Connection) -> pd.DataFrame:
    """Return how much is still known under which key: ``key_id, holds, suppressions, unfinished, done``.

    A former key may be destroyed once its row is gone or shows nothing but ``done`` records older than any backup.
    """
    counts = {
        "holds": holds_in_force(conn)["key_id"].value_counts(),
        "suppressions": suppressions_in_force(conn)["key_id"].value_counts(),
        "unfinished": unfinished_items(conn)["key_id"].value_counts(),
        "done": count_done(conn),
    }
    made = pd.DataFrame(counts).fillna(0).astype("int64")
    return made.rename_axis("key_id").reset_index()


def require_known_keys(conn: sa.Connection, ring: KeyRing) -> None:
    """Refuse to work where something in force is known only under a key that isn't watched for.

    A key that isn't in the ring can't be. A former key in the ring is watched for by ``recognise.watching``; a ring
    that wasn't made by it would overlook what is stored under that key.

    Raises:
        ConfigurationError: names each such key by its id, and what would be overlooked.
    """
    watched = ring.key_ids if isinstance(ring.current, WatchingKey) else {ring.current.key_id}
    used = keys_in_use(conn)
    problems = []
    for row in used[~used["key_id"].isin(watched)].itertuples():
        if row.holds or row.suppressions or row.unfinished:
            here = "is a former key that isn't watched for here" if row.key_id in ring.key_ids else "isn't here"
            what = (
                f"Key {row.key_id} {here}, and {row.holds} legal holds, {row.suppressions} suppressions and "
                f"{row.unfinished} unfinished records are known only under it: they would be overlooked."
            )
            remedy = f"Add that key to {OLD_KEYS_VARIABLE}; if it is lost, see include/docs/how-to/rotate-the-key.md."
            problems.append(Problem("environment", OLD_KEYS_VARIABLE, what, remedy, "KEY_UNKNOWN"))
    if problems:
        raise ConfigurationError(problems)


def stored_refs(conn: sa.Connection, domain_kind: str) -> dict[str, frozenset[str]]:
    """Return the references to look for with ``KeyRing.recognise``, by the key they were made under.

    Released holds are among them: from their release it counts how long what they covered has been due.

    Args:
        conn: any connection.
        domain_kind: a kind of identifier, such as ``email``, or ``record``.
    """
    holds = pd.concat([holds_in_force(conn), released_holds(conn)], ignore_index=True)
    if domain_kind == RECORD:
        found = [holds.loc[holds["scope"] == RECORD, ["key_id", "ref"]]]
        items = pd.concat([unfinished_items(conn), done_items(conn)], ignore_index=True)
        found.append(items[["key_id", "record_ref"]].rename(columns={"record_ref": "ref"}))
    else:
        listed = suppressions_in_force(conn)
        mine = (holds["scope"] == SUBJECT) & (holds["identifier_kind"] == domain_kind)
        found = [holds.loc[mine, ["key_id", "ref"]]]
        listed = listed.loc[listed["kind"] == domain_kind, ["key_id", "address_ref"]]
        found.append(listed.rename(columns={"address_ref": "ref"}))
    both = pd.concat(found, ignore_index=True)
    return {str(key_id): frozenset(rows) for key_id, rows in both.groupby("key_id")["ref"]}


def rekey(conn: sa.Connection, domain_kind: str, found: Mapping[str, str], key_id: str, at: datetime) -> int:
    """Move holds and suppressions to the current key where an extract has recognised them (``rekeyed``).

    Holds that were released move too; suppressions that were closed stay as they were.
    Records of earlier plans stay as they were written: compare them through ``found``.

    Args:
        conn: a connection of ``engine.begin()``.
        domain_kind: as for ``stored_refs``.
        found: what ``KeyRing.recognise`` returned: old reference -> current one.
        key_id: the current key.
        at: when.

    Returns:
        How many entries moved.
    """
    serialise(conn)
    holds = _move_holds(conn, domain_kind, found, key_id)
    listed = 0 if domain_kind == RECORD else _move_suppressions(conn, domain_kind, found, key_id, at)
    if holds or listed:
        body: dict[str, Json] = {"kind": domain_kind, "key_id": key_id, "holds": holds, "suppressions": listed}
        append(conn, None, "rekeyed", body, at)
    return holds + listed


def _move_holds(conn: sa.Connection, kind: str, found: Mapping[str, str], key_id: str) -> int:
    columns = legal_hold.c
    of_kind = (columns.scope == SUBJECT) & (columns.identifier_kind == kind)
    covered = columns.scope == RECORD if kind == RECORD else of_kind
    moved = 0
    for row in conn.execute(sa.select(columns.number, columns.ref).where(covered)).all():
        if row.ref in found:
            values = {"ref": found[row.ref], "key_id": key_id}
            moved += conn.execute(legal_hold.update().where(columns.number == row.number).values(**values)).rowcount
    return moved


def _move_suppressions(conn: sa.Connection, kind: str, found: Mapping[str, str], key_id: str, at: datetime) -> int:
    """Move entries; one that is on the list under the current key already is closed, its objection carried over."""
    in_force = suppression.c.closed_at.is_(None) & (suppression.c.kind == kind)
    columns = (suppression.c.number, suppression.c.address_ref, suppression.c.channel, suppression.c.since)
    rows = conn.execute(sa.select(*columns).where(in_force)).all()
    place = {(row.address_ref, row.channel): row for row in rows}
    moved = 0
    for row in rows:
        new = found.get(row.address_ref)
        if new is None:
            continue
        twin = place.get((new, row.channel))
        if twin is None:
            values: dict[str, object] = {"address_ref": new, "key_id": key_id}
        else:
            later = {"since": max(row.since, twin.since)}
            conn.execute(suppression.update().where(suppression.c.number == twin.number).values(**later))
            values = {"closed_at": at}
        conn.execute(suppression.update().where(suppression.c.number == row.number).values(**values))
        moved += 1
    return moved
