"""One database a session and a server, so that property tests can run many examples on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from tests import services


@pytest.fixture(scope="session", params=["sqlite", "postgresql", "mariadb"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """Give a writing engine to a database of the session's own."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            path: Path = tmp_path_factory.mktemp("methods") / "methods.db"
            url = sa.URL.create("sqlite", database=str(path))
        else:
            service = services.POSTGRES if request.param == "postgresql" else services.MARIADB
            url = stack.enter_context(services.fresh_database(service))
        made = engine_at(url, writes=True)
        stack.callback(made.dispose)
        yield made
