"""Databases for the tests of what is erased inside values: one of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at


@pytest.fixture
def engine(any_database_url: sa.URL) -> Iterator[sa.Engine]:
    """Give a writing engine to an empty database, once on every kind of server."""
    made = engine_at(any_database_url, writes=True)
    yield made
    made.dispose()


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """Give a writing engine to an empty SQLite database."""
    made = engine_at(sa.URL.create("sqlite", database=str(tmp_path / "own.db")), writes=True)
    yield made
    made.dispose()
