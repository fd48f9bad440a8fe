"""The only place that reads a clock: this machine's, or a database server's. Everything else is told the time."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

_SERVER_CLOCKS = {
    "postgresql": "SELECT clock_timestamp() AT TIME ZONE 'UTC'",
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "mariadb": "SELECT UTC_TIMESTAMP(6)",
}


def now() -> datetime:
    """Return the present instant, timezone-aware, in UTC."""
    return datetime.now(tz=UTC)


def of_server(connection: sa.Connection) -> datetime | None:
    """Return the instant by a database server's own clock, aware, in UTC; None where it has none (SQLite)."""
    query = _SERVER_CLOCKS.get(connection.dialect.name)
    if query is None:
        return None
    at: datetime = connection.exec_driver_sql(query).scalar_one()
    return at.replace(tzinfo=UTC)
