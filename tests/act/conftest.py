"""What the tests of the act share: a database of its own for every test, filled, and short pauses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention import one_batch
from include.retention.connections import engine_at
from tests.act import world


@pytest.fixture
def engine(any_database_url: sa.URL) -> Iterator[sa.Engine]:
    """Give a writing engine to an empty database, once on every kind of server."""
    made = engine_at(any_database_url, writes=True)
    yield made
    made.dispose()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Give the directory of the scanned documents."""
    directory = tmp_path / "copies"
    directory.mkdir()
    return directory


@pytest.fixture
def source(engine: sa.Engine, files: Path) -> sa.Engine:
    """Give a system full of personal data."""
    world.build(engine)
    world.fill(engine, files)
    return engine


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between attempts."""
    monkeypatch.setattr(one_batch, "LONGEST_PAUSE", 0.05)
