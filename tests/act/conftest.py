"""Databases for the tests of the act: one of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at


@pytest.fixture
def engine(any_database_url: sa.URL) -> Iterator[sa.Engine]:
    """Give a writing engine to an empty database, once on every kind of server."""
    made = engine_at(any_database_url, writes=True)
    yield made
    made.dispose()
