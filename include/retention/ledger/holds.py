"""Legal holds: what must stay although its time is out, who answers for that, and when it is looked at again.

A hold without an owner, a reason and a review date is refused (case F04): kept without end, it would itself be an
infringement. A hold past its review date stays in force all the same; the report says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pandas as pd
import sqlalchemy as sa

from include.retention.errors import HoldError
from include.retention.keys import RECORD, Key, identifier_domain, record_text
from include.retention.ledger import frames
from include.retention.ledger.chain import append, entries, serialise
from include.retention.ledger.forbid import identifier_in
from include.retention.ledger.tables import legal_hold
from include.retention.terms import IdentifierKind

SUBJECT = "subject"
MOST_YEARS = 5
"""A review later than this isn't one."""

_COLUMNS = {
    "hold_id": frames.TEXT,
    "scope": frames.TEXT,
    "identifier_kind": frames.TEXT,
    "system": frames.TEXT,
    "table": frames.TEXT,
    "ref": frames.TEXT,
    "key_id": frames.TEXT,
    "owner": frames.TEXT,
    "reason": frames.TEXT,
    "placed_at": frames.INSTANT,
    "review_on": frames.DAY,
}
_RELEASED = {
    **{name: _COLUMNS[name] for name in ("scope", "identifier_kind", "system", "table", "ref", "key_id")},
    "released_at": frames.INSTANT,
}
_COVERS = tuple(legal_hold.c[name] for name in ("scope", "identifier_kind", "system", "table_name", "ref", "key_id"))
"""What says whom or what a hold covers."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything about a data subject.

    Attributes:
        kind: kind of the identifier.
        value: the identifier, normalised as in ``identifiers.py``; only its keyed reference is kept.
    """

    kind: IdentifierKind
    value: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes:
        system: name of the system.
        table: name of the table.
        key: the values of its key columns; only their keyed reference is kept.
    """

    system: str
    table: str
    key: tuple[object, ...]


def place_hold(  # noqa: PLR0913 - each is a field of the record, and named by the caller
    conn: sa.Connection,
    key: Key,
    what: Subject | Record,
    *,
    owner: str,
    reason: str,
    review_on: date | None,
    at: datetime,
) -> str:
    """Place a hold, and say so in the ledger (``hold_placed``).

    Args:
        conn: a connection of ``engine.begin()``.
        key: makes the keyed reference.
        what: whom or what it covers.
        owner: who answers for it: a role or a name, not an address.
        reason: why, without naming whom it is about: a case number, a kind of dispute.
        review_on: the local day on which somebody looks at it again; None is refused.
        at: when.

    Returns:
        Its id, such as ``H12``.

    Raises:
        HoldError: owner, reason or review date is missing or unusable; says which and what to do.
    """
    check_hold(what, owner=owner, reason=reason, review_on=review_on, at=at)
    owner, reason = owner.strip(), reason.strip()
    serialise(conn)
    scope, values = _covered(key, what)
    values |= {"scope": scope, "key_id": key.key_id, "owner": owner, "reason": reason, "review_on": review_on}
    query = legal_hold.insert().values(**values, placed_at=at).returning(legal_hold.c.number)
    hold_id = f"H{conn.scalar(query)}"
    _tell(conn, "hold_placed", hold_id, values, at)
    return hold_id


def check_hold(what: Subject | Record, *, owner: str, reason: str, review_on: date | None, at: datetime) -> None:
    """Refuse what `place_hold` would refuse.

    Raises:
        HoldError: as there.
    """
    problem = _wrong(what, owner.strip(), reason.strip(), review_on, at)
    if problem:
        raise HoldError(f"The hold isn't placed: {problem}")


def release_hold(conn: sa.Connection, hold_id: str, at: datetime, *, by: str, reason: str) -> None:
    """Release a hold, and say so in the ledger (``hold_released``).

    Args:
        conn: a connection of ``engine.begin()``.
        hold_id: its id.
        at: when.
        by: who releases it: a role or a name, not an address.
        reason: why what it covers may go now, without naming whom it is about.

    Raises:
        HoldError: no hold of this id is in force, or who and why is missing or unusable.
    """
    by, reason = by.strip(), reason.strip()
    problem = wrong_text("releaser", by, "Say who releases it.", 120)
    problem = problem or wrong_text("reason", reason, "Say in a few words why.", 500)
    if problem:
        raise HoldError(f"The hold isn't released: {problem}")
    serialise(conn)
    number = int(hold_id[1:]) if hold_id[:1] == "H" and hold_id[1:].isdecimal() else -1
    condition = (legal_hold.c.number == number) & legal_hold.c.released_at.is_(None)
    row = conn.execute(sa.select(legal_hold).where(condition)).one_or_none()
    if row is None:
        raise HoldError(f"No hold {hold_id} is in force: it was released before, or its id is another one.")
    conn.execute(legal_hold.update().where(condition).values(released_at=at))
    released = {"released_by": by, "release_reason": reason}
    _tell(conn, "hold_released", hold_id, dict(row._mapping), at, **released)  # noqa: SLF001 - SQLAlchemy's public name


def vanished_holds(conn: sa.Connection) -> tuple[str, ...]:
    """Return the holds that the ledger says were placed and not released, and that the list doesn't have.

    Somebody has taken them out behind Gallring's back: what they cover would be destroyed.
    """
    placed = {str(entry.body["hold_id"]): None for entry in entries(conn, kind="hold_placed")}
    released = {str(entry.body["hold_id"]) for entry in entries(conn, kind="hold_released")}
    there = {f"H{number}" for number in conn.scalars(sa.select(legal_hold.c.number))}
    in_force = set(holds_in_force(conn)["hold_id"])
    return tuple(each for each in placed if each not in released and each not in there & in_force)


def holds_in_force(conn: sa.Connection) -> pd.DataFrame:
    """Return the holds in force now: an old ``as_of`` sees today's holds (case J04).

    Returns:
        ``hold_id, scope`` (``subject`` or ``record``), ``identifier_kind`` (of a subject hold), ``system, table`` (of
        a record hold), ``ref`` (in the domain of that kind, or in ``record``), ``key_id, owner, reason, placed_at``
        (UTC), ``review_on`` (local day; past ones included).
    """
    columns = legal_hold.c
    query = (
        sa.select(
            columns.number,
            *_COVERS,
            columns.owner,
            columns.reason,
            columns.placed_at,
            columns.review_on,
        )
        .where(columns.released_at.is_(None))
        .order_by(columns.number)
    )
    return frames.frame(((f"H{row.number}", *row[1:]) for row in conn.execute(query)), _COLUMNS)


def released_holds(conn: sa.Connection) -> pd.DataFrame:
    """Return the holds that were in force and aren't any more, until their evidence expires.

    Returns:
        ``scope, identifier_kind, system, table, ref, key_id`` as for `holds_in_force`, and ``released_at`` (UTC).
    """
    columns = legal_hold.c
    query = sa.select(*_COVERS, columns.released_at).where(columns.released_at.is_not(None)).order_by(columns.number)
    return frames.frame(map(tuple, conn.execute(query)), _RELEASED)


def _wrong(what: Subject | Record, owner: str, reason: str, review_on: date | None, at: datetime) -> str:
    """Return what is wrong with a hold, or an empty text."""
    given = (what.value,) if isinstance(what, Subject) else what.key
    if not given or not all(str(part).strip() for part in given):
        return "it covers nothing: give the value or the key."
    return (
        wrong_text("owner", owner, "Name who answers for it.", 120)
        or wrong_text("reason", reason, "Say in a few words why.", 500)
        or _wrong_review(review_on, at.astimezone(UTC).date())
    )


def wrong_text(name: str, text: str, remedy: str, limit: int) -> str:
    """Return what is wrong with a text that a person wrote for the ledger, or an empty text."""
    if not text:
        return f"it has no {name}. {remedy}"
    found = identifier_in(text)
    if found:
        return f"its {name} looks as if it held {found}. Write it without: a role, a case number."
    return f"its {name} is longer than {limit} characters." if len(text) > limit else ""


def _wrong_review(review_on: date | None, today: date) -> str:
    if review_on is None:
        return "it has no review date. A hold without one would keep for ever."
    last = today.replace(year=today.year + MOST_YEARS, day=min(today.day, 28))
    return "" if today < review_on <= last else f"its review date must lie ahead, at most {MOST_YEARS} years."


def _covered(key: Key, what: Subject | Record) -> tuple[str, dict[str, object]]:
    if isinstance(what, Subject):
        ref = key.mac(identifier_domain(what.kind), what.value)
        return SUBJECT, {"identifier_kind": what.kind.value, "ref": ref}
    ref = key.mac(RECORD, record_text(what.system, what.table, what.key))
    return RECORD, {"system": what.system, "table_name": what.table, "ref": ref}


def _tell(conn: sa.Connection, kind: str, hold_id: str, values: dict[str, object], at: datetime, **more: str) -> None:
    """Write the entry. It doesn't hold the reference: the ledger outlives the hold by years."""
    body = {name: str(values[name]) for name in ("scope", "owner", "reason", "review_on")}
    append(conn, None, kind, {"hold_id": hold_id, **body, **more}, at)
