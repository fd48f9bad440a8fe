"""A control database for each test, on every kind of server that may hold one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
import sqlalchemy as sa

from include.retention.ledger.runs import RunRow, create_run
from include.retention.ledger.store import make_control
from tests import services
from tests.ledger.world import RUN


@pytest.fixture(params=["sqlite", "postgres"])
def control_url(request: pytest.FixtureRequest) -> sa.URL:
    """Address of an empty database for a ledger."""
    url: sa.URL = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def control(control_url: sa.URL) -> Iterator[sa.Engine]:
    """An empty control database."""
    engine = make_control(control_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A control database in which nothing is ever committed."""
    with ExitStack() as stack:
        if request.param == "postgres":
            url = stack.enter_context(services.fresh_database(services.POSTGRES))
        else:
            url = sa.URL.create("sqlite", database=str(tmp_path_factory.mktemp("control") / "control.db"))
        yield make_control(url)


@pytest.fixture
def conn(shared: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that may write; what it wrote is rolled back. Much quicker than a database for each test."""
    with shared.connect() as connection:
        yield connection


@pytest.fixture
def begin(conn: sa.Connection) -> Callable[..., RunRow]:
    """Begin a run, with the given fields instead of the usual ones."""

    def begun(run_id: str = RUN.run_id, **fields: object) -> RunRow:
        return create_run(conn, replace(RUN, run_id=run_id, dag_run_id=run_id, **fields))

    return begun
