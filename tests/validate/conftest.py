"""The shop of ``world.py``, planned, counted and acted upon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from tests.validate.world import World, make_world


@pytest.fixture
def planned(sqlite_url: sa.URL, tmp_path: Path) -> Iterator[World]:
    """Give the shop with a plan: nothing counted, nothing done."""
    engine = engine_at(sqlite_url, writes=True)
    yield make_world(engine, tmp_path / "copies")
    engine.dispose()


@pytest.fixture
def done(planned: World) -> World:
    """Give the shop after a faultless act."""
    planned.take_baseline()
    planned.act()
    return planned


@pytest.fixture
def anywhere(any_database_url: sa.URL, tmp_path: Path) -> Iterator[World]:
    """Give the shop with a plan, once on every kind of server."""
    engine = engine_at(any_database_url, writes=True)
    yield make_world(engine, tmp_path / "copies")
    engine.dispose()


@pytest.fixture
def idle(sqlite_url: sa.URL, tmp_path: Path) -> Iterator[World]:
    """Give the shop in a week in which nothing is due and nobody has objected."""
    engine = engine_at(sqlite_url, writes=True)
    world = make_world(engine, tmp_path / "copies")
    flags = [(name, column) for name, frame in world.before.items() for column in frame if _says_due(column)]
    for name, column in flags:
        world.before[name][column] = False
    world.items = world.items.iloc[:0]
    world.suppressed = []
    yield world
    engine.dispose()


def _says_due(column: str) -> bool:
    return column == "delete" or column.startswith("erase:")
