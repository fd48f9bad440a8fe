"""The rule for missing servers, and that a test's database is its own and goes away."""

from __future__ import annotations

import socket

import pytest
import sqlalchemy as sa

from tests import services


def closed_port() -> int:
    """Return a local port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def absent() -> services.Service:
    """A server that isn't there."""
    return services.Service(
        name="Nothing",
        setting="GALLRING_TEST_NOTHING_URL",
        default=f"postgresql+psycopg://postgres@127.0.0.1:{closed_port()}/postgres",
        create="",
        drop="",
    )


def test_a_missing_server_skips(absent: services.Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(services.REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="not reachable"):
        services.need(absent)


def test_a_missing_server_fails_where_every_server_is_required(
    absent: services.Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(services.REQUIRE, "1")
    with pytest.raises(pytest.fail.Exception, match=services.REQUIRE):
        services.need(absent)


@pytest.mark.parametrize("service", [services.POSTGRES, services.MARIADB], ids=lambda service: service.name)
def test_a_database_is_empty_and_dropped(service: services.Service) -> None:
    with services.fresh_database(service) as url:
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        assert sa.inspect(engine).get_table_names() == []
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE t (n INTEGER)"))
    with pytest.raises(sa.exc.OperationalError):
        engine.connect()


def test_every_kind_of_database_answers(any_database_url: sa.URL) -> None:
    engine = sa.create_engine(any_database_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
