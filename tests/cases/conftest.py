"""A control database for the cases that are about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from include.retention.ledger.store import make_control


@pytest.fixture(scope="session")
def _control_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    path = tmp_path_factory.mktemp("control") / "control.db"
    engine = make_control(sa.URL.create("sqlite", database=str(path)))
    yield engine
    engine.dispose()


@pytest.fixture
def control(_control_engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to an empty control database; what a case writes there is rolled back."""
    with _control_engine.connect() as connection:
        yield connection
