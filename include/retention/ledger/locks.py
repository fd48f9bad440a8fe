"""One run at a time per system, held by a lock that is honest about crashes.

The lock is a row, and its holder gives a sign of life every few seconds. A process that dies leaves it behind. The next
one takes it over if this machine proves that the holder is gone or, where it can't tell (another machine), once there
has been no sign of life for ``SILENCE``; the ledger says which.

Silence is no proof: a paused process may wake and go on. So it decides only when to try. What keeps two from destroying
at once is the fence (``require_held``): it is asked inside each batch's own transaction, with the rows locked, and
raises for a holder that lost its lock. One that had passed it holds its rows until that transaction ends, and whoever
took over waits for them (``include/docs/adr/0011-silent-locks.md``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from threading import Event, Thread

import sqlalchemy as sa

from include.retention import clock
from include.retention.errors import LockError
from include.retention.ledger.chain import Json, append, serialise
from include.retention.ledger.process import Holder, Life, life_of, this_process
from include.retention.ledger.tables import run_lock

log = logging.getLogger(__name__)

SILENCE = timedelta(minutes=3)
"""Without a sign of life for so long, a lock whose holder nobody here can see is taken over."""
BEAT_SECONDS = 20.0
"""From one sign of life to the next."""
Fence = Callable[[sa.Connection], None]
"""Raises `LockError`, in a transaction of the control database, unless the lock is still held."""
_HOLDER = ("host", "machine", "boot", "space", "pid", "started")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a system.

    Attributes:
        system: the system.
        run_id: the run that holds it.
        holder: the process that holds it.
        taken_at: since when, UTC.
        heartbeat_at: the last sign of life, UTC.
    """

    system: str
    run_id: str
    holder: Holder
    taken_at: datetime
    heartbeat_at: datetime


def acquire(  # noqa: PLR0913 - the last one is for tests
    conn: sa.Connection,
    system: str,
    run_id: str,
    holder: Holder,
    at: datetime,
    *,
    life: Callable[[Holder], Life] = life_of,
) -> Lock:
    """Take the lock on a system. Of several processes that try, one gets it.

    The same process may take it again for the same run.

    Args:
        conn: a connection of ``engine.begin()``; the lock counts once it is committed.
        system: the system.
        run_id: the run.
        holder: the process, ``this_process()``.
        at: when, by the clock that signs of life go by.
        life: says what is known of a process.

    Raises:
        LockError: another process holds it, or may still; says who, since when, and what to do.
    """
    serialise(conn)
    before = find_lock(conn, system)
    if before is not None and (before.run_id, before.holder) != (run_id, holder):
        known = life(before.holder)
        if known is Life.ALIVE or (known is Life.UNKNOWN and at - before.heartbeat_at <= SILENCE):
            raise LockError(_held(before))
        how = "gone" if known is Life.GONE else "silent"
        append(conn, run_id, "lock_taken_over", {**_told(before), "run_before": before.run_id, "how": how}, at)
    conn.execute(run_lock.delete().where(run_lock.c.system == system))
    conn.execute(run_lock.insert().values(system=system, run_id=run_id, **asdict(holder), taken_at=at, heartbeat_at=at))
    return Lock(system, run_id, holder, at, at)


def heartbeat(conn: sa.Connection, lock: Lock, at: datetime) -> None:
    """Give a sign of life.

    Raises:
        LockError: the lock was taken over or broken meanwhile.
    """
    if conn.execute(run_lock.update().where(_is(lock)).values(heartbeat_at=at)).rowcount != 1:
        raise LockError(_lost(lock))


def require_held(conn: sa.Connection, lock: Lock) -> None:
    """Make sure that the lock is still held.

    Raises:
        LockError: the lock was taken over or broken meanwhile. Destroy nothing more.
    """
    if conn.scalar(sa.select(run_lock.c.system).where(_is(lock))) is None:
        raise LockError(_lost(lock))


def release(conn: sa.Connection, lock: Lock) -> None:
    """Give the lock back. One that was taken over or broken meanwhile stays with its new holder."""
    conn.execute(run_lock.delete().where(_is(lock)))


@contextmanager
def held_lock(engine: sa.Engine, system: str, run_id: str, now: Callable[[], datetime]) -> Iterator[Fence]:
    """Hold the lock on a system for the length of a block, with a sign of life every ``BEAT_SECONDS``.

    All go by the control database's clock where it has one, so that machines needn't agree on the time.

    Gives the fence (``require_held``).

    Raises:
        LockError: see ``acquire``.
    """

    def instant(conn: sa.Connection) -> datetime:
        return clock.of_server(conn) or now()

    with engine.begin() as conn:
        lock = acquire(conn, system, run_id, this_process(), instant(conn))
    ended = Event()
    beating = Thread(target=_beat, args=(engine, lock, instant, ended), name=f"lock on {system}", daemon=True)
    beating.start()
    try:
        yield lambda conn: require_held(conn, lock)
    finally:
        ended.set()
        beating.join()
        with engine.begin() as conn:
            release(conn, lock)


def _beat(engine: sa.Engine, lock: Lock, instant: Callable[[sa.Connection], datetime], ended: Event) -> None:
    while not ended.wait(BEAT_SECONDS):
        try:
            with engine.begin() as conn:
                heartbeat(conn, lock, instant(conn))
        except LockError:
            return  # The fence tells whoever is working.
        except sa.exc.SQLAlchemyError as error:
            log.warning("No sign of life could be given for the lock on %s (%s)", lock.system, type(error).__name__)


def break_lock(conn: sa.Connection, system: str, *, by: str, reason: str, at: datetime) -> Lock:
    """Take a lock away because a human knows that its holder is gone, and say so in the ledger (``lock_broken``).

    Raises:
        LockError: the system isn't locked, or nobody is named, or no reason.
    """
    serialise(conn)
    before = find_lock(conn, system)
    if before is None or not by.strip() or not reason.strip():
        message = f"{system} isn't locked." if before is None else "Name who breaks the lock, and how it is known."
        raise LockError(message)
    conn.execute(run_lock.delete().where(run_lock.c.system == system))
    append(conn, before.run_id, "lock_broken", {**_told(before), "by": by, "reason": reason}, at)
    return before


def find_lock(conn: sa.Connection, system: str) -> Lock | None:
    """Return the lock on a system, or None."""
    row = conn.execute(sa.select(run_lock).where(run_lock.c.system == system)).one_or_none()
    return None if row is None else _lock(row)


def locks(conn: sa.Connection) -> tuple[Lock, ...]:
    """Return every lock, by system."""
    return tuple(_lock(row) for row in conn.execute(sa.select(run_lock).order_by(run_lock.c.system)))


def _lock(row: sa.Row[tuple[object, ...]]) -> Lock:
    holder = Holder(**{name: row._mapping[name] for name in _HOLDER})  # noqa: SLF001 - SQLAlchemy's public name
    return Lock(row.system, row.run_id, holder, row.taken_at, row.heartbeat_at)


def _told(lock: Lock) -> dict[str, Json]:
    """Return what the ledger says of a lock that was taken from its holder."""
    since = lock.taken_at.isoformat()
    return {"system": lock.system, "host": lock.holder.host, "pid": lock.holder.pid, "since": since}


def _is(lock: Lock) -> sa.ColumnElement[bool]:
    mine = [run_lock.c[name] == value for name, value in asdict(lock.holder).items()]
    return sa.and_(
        run_lock.c.system == lock.system, run_lock.c.run_id == lock.run_id, run_lock.c.taken_at == lock.taken_at, *mine
    )


def _lost(lock: Lock) -> str:
    return (
        f"run {lock.run_id} no longer holds the lock on {lock.system}: it was taken over or broken. It stops here; "
        "what it hasn't done, the next run does."
    )


def _held(lock: Lock) -> str:
    return (
        f"{lock.system} is held by run {lock.run_id}, process {lock.holder.pid} on {lock.holder.host}, since "
        f"{lock.taken_at:%Y-%m-%d %H:%M:%S} UTC (last sign of life {lock.heartbeat_at:%Y-%m-%d %H:%M:%S} UTC). "
        "If it is running, wait until it ends. If it died, a retry takes over by itself: at once on its own machine, "
        f"on another {SILENCE.seconds // 60} minutes after the last sign of life. If you know that it is gone and "
        f"can't wait, remove the lock with `python -m include.retention.ledger.unlock {lock.system}`."
    )
