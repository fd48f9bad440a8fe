"""SQLite, PostgreSQL and MariaDB get the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.sample import create, reset
from include.sample.database import connect
from include.sample.schema import SYSTEMS
from tests import services
from tests.sample.conftest import AS_OF

SERVERS = [pytest.param(service, id=service.name) for service in (services.POSTGRES, services.MARIADB)]


@pytest.fixture
def urls(request: pytest.FixtureRequest) -> Iterator[Mapping[str, sa.URL]]:
    """Addresses of three empty databases of the test's own."""
    with ExitStack() as stack:
        yield {system: stack.enter_context(services.fresh_database(request.param)) for system in SYSTEMS}


def plain(value: object) -> object:
    """Return a value as any of the three drivers would have given it."""
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, (Decimal, float)):
        return round(Decimal(str(value)), 2)
    return value


def content(urls: Mapping[str, sa.URL]) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for system, url in urls.items():
        engine = connect(url)
        with engine.connect() as connection:
            for table in SYSTEMS[system].sorted_tables:
                chosen = connection.execute(sa.select(table).order_by(*table.primary_key))
                found[table.name] = [tuple(plain(value) for value in row) for row in chosen]
        engine.dispose()
    return found


@pytest.mark.parametrize("urls", SERVERS, indirect=True)
def test_servers_hold_the_same_rows_as_sqlite(urls: Mapping[str, sa.URL], tmp_path: Path) -> None:
    embedded = create(tmp_path / "embedded", subjects=200, as_of=AS_OF, seed=4)
    served = create(tmp_path / "served", subjects=200, as_of=AS_OF, seed=4, urls=urls)
    assert content(served.urls) == content(embedded.urls)
    assert served.expected.read_bytes() == embedded.expected.read_bytes()
    again = create(tmp_path / "served", subjects=200, as_of=AS_OF, seed=4, urls=urls)
    assert again.rows == served.rows


def check_reset(urls: Mapping[str, sa.URL]) -> None:
    engine = connect(urls["sales"])
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE somebody_elses (number INTEGER)")
        connection.exec_driver_sql("INSERT INTO somebody_elses VALUES (7)")
    reset(urls)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT number FROM somebody_elses").scalars().all() == [7]
        assert connection.exec_driver_sql("SELECT count(*) FROM customer").scalar() == 0
    engine.dispose()


@pytest.mark.parametrize("urls", SERVERS, indirect=True)
def test_reset_takes_its_own_tables_alone(urls: Mapping[str, sa.URL], tmp_path: Path) -> None:
    create(tmp_path, subjects=1, as_of=AS_OF, urls=urls)
    check_reset(urls)


def test_reset_takes_its_own_tables_alone_in_sqlite(tmp_path: Path) -> None:
    check_reset(create(tmp_path, subjects=1, as_of=AS_OF).urls)


@pytest.mark.parametrize("urls", SERVERS, indirect=True)
def test_a_foreign_key_is_enforced(urls: Mapping[str, sa.URL]) -> None:
    reset(urls)
    check_foreign_key(urls["sales"])


def test_a_foreign_key_is_enforced_in_sqlite(tmp_path: Path) -> None:
    check_foreign_key(create(tmp_path, subjects=1, as_of=AS_OF).urls["sales"])


def check_foreign_key(url: sa.URL) -> None:
    engine = connect(url)
    orphan = sa.insert(SYSTEMS["sales"].tables["note"]).values(note_id=-1, customer_id=-1)
    with engine.begin() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(orphan)
    engine.dispose()
