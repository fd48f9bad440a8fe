"""Which database errors pass by themselves, and what an error may be called.

Two transactions that wait for each other, a lock held too long, a server that restarts: tried again, the same batch
succeeds, and trying again is harmless because every statement is idempotent. Anything else would fail again.
"""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

POSTGRES_PASSING = frozenset({"40001", "40P01", "55P03"})
"""Serialisation failure, deadlock, lock not available."""
MARIADB_PASSING = frozenset({1205, 1213})
"""Lock wait timeout, deadlock."""
POSTGRES_CANCELLED, MARIADB_OUT_OF_TIME = "57014", 1969
SQLITE_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def passes(error: BaseException) -> bool:
    """Return whether the same transaction may succeed when it is tried again: contention, or a lost connection."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    original = error.orig
    if error.connection_invalidated:
        return True
    if isinstance(original, sqlite3.Error):
        # The low byte is the error, the rest tells more.
        return getattr(original, "sqlite_errorcode", 0) & 0xFF in SQLITE_PASSING
    return getattr(original, "sqlstate", None) in POSTGRES_PASSING or _number(original) in MARIADB_PASSING


def lost_connection(error: BaseException) -> bool:
    """Return whether the database can't be reached any more."""
    return isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated


def out_of_time(error: BaseException) -> bool:
    """Return whether a statement took longer than it may. PostgreSQL says the same where somebody cancelled it."""
    original = getattr(error, "orig", None)
    return getattr(original, "sqlstate", None) == POSTGRES_CANCELLED or _number(original) == MARIADB_OUT_OF_TIME


def error_name(error: sa.exc.SQLAlchemyError) -> str:
    """Return what kind of error it is: class and code, never the server's words, which may quote values."""
    original = getattr(error, "orig", None)
    if original is None:
        return type(error).__name__
    constraint = getattr(getattr(original, "diag", None), "constraint_name", None)
    code = (
        getattr(original, "sqlite_errorname", None)
        or _number(original)
        or next((text for text in original.args if str(text).startswith("MariaDB error ")), None)
        or getattr(original, "sqlstate", None)
    )
    told = ", ".join(str(each) for each in (code, constraint) if each)
    return f"{type(original).__name__} ({told})" if told else type(original).__name__


def _number(original: BaseException | None) -> int | None:
    first = original.args[0] if original is not None and original.args else None
    return first if isinstance(first, int) else None
