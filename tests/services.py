"""The database servers that some tests need, and the one rule for when they are missing.

Without a server its tests are skipped, so that ``make test`` works on any machine. Where
``GALLRING_REQUIRE_SERVICES=1`` is set (continuous integration), a missing server fails them instead: a green run
there has seen every server.

Every test gets a database of its own, created empty and dropped afterwards.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

REQUIRE = "GALLRING_REQUIRE_SERVICES"


@dataclass(frozen=True, slots=True)
class Service:
    """A database server.

    Attributes:
        name: for people.
        setting: environment variable that names another server than the default.
        default: administrator's address of the server.
        create: statement that makes an empty database.
        drop: statement that removes it, even with connections still open.
    """

    name: str
    setting: str
    default: str
    create: str
    drop: str

    @property
    def admin(self) -> sa.URL:
        """Return the administrator's address."""
        return sa.make_url(os.environ.get(self.setting, self.default))


POSTGRES = Service(
    name="PostgreSQL",
    setting="GALLRING_TEST_POSTGRES_URL",
    default="postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
    create="CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0",
    drop="DROP DATABASE IF EXISTS {name} WITH (FORCE)",
)
MARIADB = Service(
    name="MariaDB",
    setting="GALLRING_TEST_MARIADB_URL",
    default="mysql+pymysql://root@127.0.0.1:3306/?charset=utf8mb4",
    create="CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_swedish_ci",
    drop="DROP DATABASE IF EXISTS {name}",
)


@cache
def unreachable(service: Service) -> str | None:
    """Return why a server can't be used, or None. Asked once a session."""
    try:
        with socket.create_connection((service.admin.host or "127.0.0.1", service.admin.port or 0), timeout=2):
            pass
        _execute(service, "SELECT 1")
    except (OSError, sa.exc.SQLAlchemyError) as error:
        return f"{service.name} is not reachable ({type(error).__name__}); see {service.setting}"
    return None


def need(service: Service) -> None:
    """Skip the test without the server, or fail it where every server is required."""
    if (why := unreachable(service)) is None:
        return
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{why}, and {REQUIRE}=1")
    pytest.skip(why)


@contextmanager
def fresh_database(service: Service) -> Iterator[sa.URL]:
    """Give the address of an empty database of its own; drop it afterwards."""
    need(service)
    name = f"gallring_test_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    _execute(service, service.create.format(name=name))
    try:
        yield service.admin.set(database=name)
    finally:
        _execute(service, service.drop.format(name=name))


def _execute(service: Service, statement: str) -> None:
    engine = sa.create_engine(service.admin, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
