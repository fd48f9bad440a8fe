"""The ledger: an append-only chain of entries, each holding the hash of the one before.

Who changes an old entry has to change every hash after it, up to the head that earlier reports have printed. The
chain shows *that* somebody rewrote evidence (case J15); the triggers of ``migrations/append_only.py`` stop the
application from doing so.

Article 5(2) GDPR (accountability) is why it exists; how long it is kept is the purpose EVIDENCE.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa

from include.retention.errors import LedgerError
from include.retention.ledger.forbid import identifier_in, refuse_identifiers
from include.retention.ledger.tables import ledger_entry, ledger_head, utc_text

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

_Row: TypeAlias = "sa.Row[tuple[object, ...]]"

GENESIS = "0" * 64
"""What stands in place of a hash before the first entry."""

EVIDENCE_EXPIRED = "evidence_expired"
"""The kind of the entry that accounts for entries deleted after the evidence period."""

_LARGEST_WHOLE_FLOAT = 2**53
_AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry.

    Attributes:
        seq: its place, from 1 without gaps.
        run_id: the run it belongs to; None for what happens outside runs, such as a hold.
        at: when, UTC.
        kind: what happened, such as ``planned``.
        body: counts and references, by kind: see ``include/docs/reference/ledger.md``.
        prev_hash: hash of the entry before.
        hash: SHA-256 over ``prev_hash`` and the canonical JSON of the other fields.
    """

    seq: int
    run_id: str | None
    at: datetime
    kind: str
    body: Mapping[str, Json]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class ChainState:
    """What ``verify_chain`` found.

    Attributes:
        ok: every entry hangs together, up to the head.
        entries: number of entries found good, from the floor on.
        head: hash of the last good entry; the reports print it.
        head_seq: place of the last good entry.
        floor: place of the last entry that was deleted after the evidence period; 0 for none.
        broken_at: place of the first entry that doesn't hold, or None.
        what: what is wrong there, in plain words; empty when nothing is.
    """

    ok: bool
    entries: int
    head: str
    head_seq: int
    floor: int
    broken_at: int | None
    what: str


def append(conn: sa.Connection, run_id: str | None, kind: str, body: Mapping[str, Json], at: datetime) -> Entry:
    """Add an entry to the end of the ledger, within the caller's transaction.

    Appends of all processes go one after the other: the head row is locked until the transaction ends (on SQLite the
    whole database is), so keep transactions short.

    Args:
        conn: a connection of ``engine.begin()``.
        run_id: the run, or None.
        kind: what happened.
        body: counts, names of tables, rules and checks, keyed references; never an identifier.
        at: when, with a time zone.

    Raises:
        LedgerError: the body isn't plain JSON, or something in it looks like a direct identifier.
    """
    refuse_identifiers(body, f"ledger entry {kind}")
    text = canonical(body, f"ledger entry {kind}")
    if run_id is not None and identifier_in(run_id):
        message = f"ledger entry {kind}: the run id looks like {identifier_in(run_id)}; name the run otherwise."
        raise LedgerError(message)
    seq, prev_hash = serialise(conn)
    seq += 1
    instant = utc_text(at)
    fields = {"seq": seq, "run_id": run_id, "at": instant, "kind": kind, "body": text}
    digest = _hash(prev_hash, fields)
    conn.execute(ledger_entry.insert().values(**fields, prev_hash=prev_hash, hash=digest))
    conn.execute(ledger_head.update().values(seq=seq, hash=digest))
    return Entry(seq, run_id, datetime.fromisoformat(instant), kind, json.loads(text), prev_hash, digest)


def serialise(conn: sa.Connection) -> tuple[int, str]:
    """Wait for the turn to write, hold it until the transaction ends, and return the head's place and hash.

    Raises:
        LedgerError: the head is gone: the ledger was tampered with.
    """
    head = conn.execute(sa.select(ledger_head.c.seq, ledger_head.c.hash).with_for_update()).one_or_none()
    if head is None:
        message = "The head of the ledger is missing. Write nothing; restore the control database and investigate."
        raise LedgerError(message)
    return head.seq, head.hash


def entries(conn: sa.Connection, run_id: str | None = None, kind: str | None = None) -> Iterator[Entry]:
    """Give the entries in order, of one run or one kind or all; they are streamed."""
    query = sa.select(ledger_entry).order_by(ledger_entry.c.seq)
    if run_id is not None:
        query = query.where(ledger_entry.c.run_id == run_id)
    if kind is not None:
        query = query.where(ledger_entry.c.kind == kind)
    for row in conn.execute(query.execution_options(yield_per=_AT_A_TIME)):
        yield entry_of(row)


def entry_of(row: _Row) -> Entry:
    """Return a row of ``ledger_entry`` as an entry."""
    at = datetime.fromisoformat(row.at)
    return Entry(row.seq, row.run_id, at, row.kind, json.loads(row.body), row.prev_hash, row.hash)


def holds_together(row: _Row) -> bool:
    """Say whether an entry's own hash fits its content."""
    return bool(row.hash == _hash(row.prev_hash, row._mapping))  # noqa: SLF001 - SQLAlchemy's public name


def verify_chain(conn: sa.Connection, known: Mapping[int, str] | None = None) -> ChainState:
    """Recompute every hash from the floor to the head.

    Finds a changed, missing, inserted or reordered entry, a cut-off tail, and (with ``known``) a ledger that somebody
    rewrote whole. Memory is constant.

    Args:
        conn: any connection; ``reading`` will do.
        known: heads that earlier reports printed, by place.
    """
    query = (
        sa.select(
            ledger_entry,
            ledger_head.c.seq.label("head_seq"),
            ledger_head.c.hash.label("head_hash"),
            ledger_head.c.floor_seq,
            ledger_head.c.floor_hash,
        )
        # One statement sees entries and head at the same moment, whoever appends meanwhile.
        .select_from(ledger_head.outerjoin(ledger_entry, sa.true()))
        .order_by(ledger_entry.c.seq)
        .execution_options(yield_per=_AT_A_TIME)
    )
    return _walk(iter(conn.execute(query)), known or {})


def _walk(rows: Iterator[_Row], known: Mapping[int, str]) -> ChainState:
    """Follow the chain from the floor to the head; every row holds the head's columns too."""
    head = next(rows, None)
    if head is None:
        return _state(0, GENESIS, 0, 0, "The head of the ledger is missing.")
    seq, digest, count, floor = head.floor_seq, head.floor_hash, 0, head.floor_seq
    accounted = (0, GENESIS)
    for row in itertools.chain([head], rows):
        if row.seq is None:
            break
        wrong = _wrong(row, seq, digest, known)
        if wrong:
            return _state(seq, digest, count, floor, wrong)
        seq, digest, count = row.seq, row.hash, count + 1
        if row.kind == EVIDENCE_EXPIRED:
            body = json.loads(row.body)
            accounted = (body.get("through_seq"), body.get("through_hash"))
    return _state(seq, digest, count, floor, _wrong_end(head, seq, digest, accounted, known))


def _state(seq: int, digest: str, count: int, floor: int, wrong: str) -> ChainState:
    broken_at = seq + 1 if wrong else None
    return ChainState(not wrong, count, digest, seq, floor, broken_at, wrong)


def _wrong(row: _Row, seq: int, digest: str, known: Mapping[int, str]) -> str:
    """Return what is wrong with the entry that follows ``seq``, or an empty text."""
    if row.seq <= seq:
        return "An entry stands where none should: below those that have expired."
    if row.seq != seq + 1:
        return f"Entry {seq + 1} is missing."
    if row.prev_hash != digest:
        return "It doesn't follow the entry before: one of them was exchanged."
    if not holds_together(row):
        return "Its content doesn't fit its hash: it was changed."
    if known.get(row.seq, row.hash) != row.hash:
        return "A report knows this entry with another hash: the ledger was rewritten."
    return ""


def _wrong_end(head: _Row, seq: int, digest: str, accounted: tuple[int, str], known: Mapping[int, str]) -> str:
    """Return what is wrong with where the chain ends or begins, or an empty text."""
    if (seq, digest) != (head.head_seq, head.head_hash):
        return f"The head counts {head.head_seq} entries: the end of the ledger was cut off, or the head was moved."
    if accounted != (head.floor_seq, head.floor_hash):
        return "Entries are missing from the beginning, and none accounts for them."
    if any(place > seq for place in known):
        return f"A report knows entry {max(known)}, which isn't there: the end of the ledger was cut off."
    return ""


def canonical(value: Mapping[str, Json], what: str) -> str:
    """Return the one spelling of a JSON object: keys sorted, no spaces, UTF-8.

    Raises:
        LedgerError: a value isn't plain JSON (a date, a NumPy number, NaN), with its place.
    """
    _check(value, what)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _check(value: object, path: str) -> None:
    """Refuse what JSON would silently change or couldn't read back the same."""
    if value is None or isinstance(value, (bool, int)):
        return
    if isinstance(value, str):
        wrong = any("\ud800" <= character <= "\udfff" for character in value)
    elif isinstance(value, float):
        wrong = not abs(value) <= _LARGEST_WHOLE_FLOAT
    elif isinstance(value, Mapping):
        wrong = not all(isinstance(key, str) for key in value)
        for key, inner in value.items():
            _check(inner, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        wrong = False
        for place, inner in enumerate(value):
            _check(inner, f"{path}[{place}]")
    else:
        wrong = True
    if wrong:
        message = (
            f"{path}: a value of type {type(value).__name__} isn't plain JSON; give text, numbers, lists, objects."
        )
        raise LedgerError(message)


def _hash(prev_hash: str, fields: Mapping[Any, Any]) -> str:
    """Hash an entry as canonical JSON. ``body`` is that already, and goes in as it was written."""
    names = (("at", _text), ("body", str), ("kind", _text), ("run_id", _text), ("seq", str))
    text = ",".join(f'"{name}":{write(fields[name])}' for name, write in names)
    return hashlib.sha256(f"{prev_hash}{{{text}}}".encode()).hexdigest()


def _text(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)
