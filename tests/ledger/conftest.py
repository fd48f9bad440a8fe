"""A control database for each test, on every kind of server that may hold one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from include.retention.ledger.runs import RunRow, create_run
from include.retention.ledger.store import open_control
from tests.ledger.world import RUN


@pytest.fixture(params=["sqlite", "postgres"])
def control_url(request: pytest.FixtureRequest) -> sa.URL:
    """Address of an empty database for a ledger."""
    url: sa.URL = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def control(control_url: sa.URL) -> Iterator[sa.Engine]:
    """An empty control database."""
    engine = open_control(control_url)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(control: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that may write."""
    with control.begin() as connection:
        yield connection


@pytest.fixture
def begin(conn: sa.Connection) -> Callable[..., RunRow]:
    """Begin a run, with the given fields instead of the usual ones."""

    def begun(run_id: str = RUN.run_id, **fields: object) -> RunRow:
        return create_run(conn, replace(RUN, run_id=run_id, dag_run_id=run_id, **fields))

    return begun
