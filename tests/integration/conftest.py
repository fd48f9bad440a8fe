"""The sample company's systems, on every kind of database or on SQLite alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.harness import Iret, iret

BACKENDS = ("sqlite", "postgres", "mariadb")
PLANTED = 1
"""The planted cases alone: about 140 people and 700 rows, with every rule and every verdict among them."""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Iret]:
    """The planted cases on SQLite."""
    with iret("sqlite", tmp_path, PLANTED) as systems:
        yield systems


@pytest.fixture(params=BACKENDS)
def everywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Iret]:
    """The planted cases and some everyday life, once on every kind of server."""
    with iret(request.param, tmp_path, 350) as systems:
        yield systems
