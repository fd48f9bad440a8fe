"""Accounts of a server for one test: made without any right, dropped afterwards with all that was granted to them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.pool import NullPool


def execute(url: sa.URL, *statements: str) -> None:
    """Send statements as the administrator, each in a transaction of its own."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))


@contextmanager
def account(*urls: sa.URL, kind: str = "account") -> Iterator[str]:
    """Give the name of an account, or of a role to be granted, that has no right in these databases of a server."""
    url = urls[0]
    name = f"gallring_{kind}_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    postgres = url.get_backend_name() == "postgresql"
    full = name if postgres or kind == "role" else f"{name}@'%'"
    made = "" if kind == "role" else " LOGIN PASSWORD 'p'" if postgres else " IDENTIFIED BY 'p'"
    what = "ROLE" if postgres or kind == "role" else "USER"
    execute(url, f"CREATE {what} {full}{made}")
    try:
        yield name
    finally:
        for each in urls if postgres else ():
            execute(each, f"DROP OWNED BY {name}")
        execute(url, f"DROP {what} {full}")


def as_account(url: sa.URL, name: str) -> sa.URL:
    """Return the database's address for an account."""
    return url.set(username=name, password="p")
