"""Database errors without the data: servers quote the offending value, and error texts end up in logs.

PostgreSQL says ``Key (email)=(...) already exists``, MariaDB ``Duplicate entry '...' for key``. What is left here
is the kind of error, its number, and the text only where the server speaks of names and states, never of values.
"""

from __future__ import annotations

import sqlalchemy as sa

SPEAKS_OF_NAMES = ("08", "25", "28", "3D", "40", "42", "53", "55", "57")
"""Classes of SQLSTATE: connection, transaction state, authorisation, catalogue, rollback, syntax and names,
resources, object state, operator intervention."""

DENIED = 1142
"""MariaDB's error for a statement that the account may not send."""

NOT_GRANTED = ("42501", DENIED, 1143)
"""What the servers say of a table, or a column of it, on which the account lacks a privilege."""

NAMES_ONLY = frozenset({1044, 1045, 1049, 1054, 1091, DENIED, 1146, 1205, 1213, 1969, 2002, 2003, 2006, 2013})
"""MariaDB's errors about access, unknown databases, columns and tables, locks, timeouts and lost connections."""


def keep_values_out(engine: sa.Engine) -> None:
    """Make every error that this engine raises free of values, its cause too.

    SQLite's messages name tables and columns only and stay as they are.
    """
    sa.event.listen(engine, "handle_error", _strip)


def is_denied(error: sa.exc.SQLAlchemyError) -> bool:
    """Return whether a statement failed because the account lacks a privilege on a table or column."""
    original = getattr(error, "orig", None)
    number = original.args[0] if isinstance(original, Exception) and original.args else None
    return number in NOT_GRANTED or getattr(original, "sqlstate", None) in NOT_GRANTED


def _strip(context: sa.engine.ExceptionContext) -> None:
    original = context.original_exception
    text = _safe_text(original)
    if text is None:
        return
    # Both objects are in the traceback, and neither may keep the server's words.
    original.args = (text,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(original).__name__}) {text}",)


def _safe_text(error: BaseException) -> str | None:
    """Return a text without values, or None where the error's own is one."""
    module = type(error).__module__.partition(".")[0]
    if module == "psycopg":
        return _postgres(error)
    if module == "pymysql":
        return _mariadb(error)
    return None


def _postgres(error: BaseException) -> str | None:
    state = getattr(error, "sqlstate", None)
    if state is None or state.startswith(SPEAKS_OF_NAMES):
        return None
    diag = getattr(error, "diag", None)
    names = (f"{what} {name}" for what in ("table", "column", "constraint") if (name := _name(diag, what)))
    return ", ".join([f"SQLSTATE {state}", *names])


def _name(diag: object, what: str) -> str | None:
    name: str | None = getattr(diag, f"{what}_name", None)
    return name


def _mariadb(error: BaseException) -> str | None:
    number = error.args[0] if error.args else None
    return None if number in NAMES_ONLY or not isinstance(number, int) else f"MariaDB error {number}"
