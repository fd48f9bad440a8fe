"""One sample for all tests of this folder."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date

import pytest
import sqlalchemy as sa

from include.sample import Sample, create
from include.sample.database import connect

AS_OF = date(2026, 11, 22)
SUBJECTS = 1500


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A sample in three SQLite files."""
    return create(tmp_path_factory.mktemp("sample"), subjects=SUBJECTS, as_of=AS_OF, seed=11)


@pytest.fixture(scope="session")
def engines(sample: Sample) -> Iterator[Mapping[str, sa.Engine]]:
    """Engines on the sample's databases."""
    found = {system: connect(url) for system, url in sample.urls.items()}
    yield found
    for engine in found.values():
        engine.dispose()


@pytest.fixture(scope="session")
def expected(sample: Sample) -> list[dict[str, str]]:
    """The lines of expected.csv."""
    with sample.expected.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
