"""Fixtures for every test.

Airflow reads its settings when it is first imported, so they are set here, before any test module is.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import services
from tests.places import ROOT, SYSTEMS


def _isolate_airflow() -> None:
    """Give Airflow a home of its own that disappears with the test run: never the checkout's, never the user's."""
    home = Path(tempfile.mkdtemp(prefix="gallring-airflow-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ.update(
        {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "True",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "SCARF_ANALYTICS": "false",
            "DO_NOT_TRACK": "1",
        }
    )
    for name in [name for name in os.environ if name.startswith("AIRFLOW_CONN_")]:
        del os.environ[name]


_isolate_airflow()

SLOW = (
    "tests/distributed/",
    "tests/integration/",
    "tests/foreign/",
    "tests/second_schema/",
    "tests/chinook/",
    "tests/property/",
    "tests/dags/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that no worker is left alone with them at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW))


@pytest.fixture
def postgres_url() -> Iterator[sa.URL]:
    """Address of an empty PostgreSQL database of the test's own."""
    with services.fresh_database(services.POSTGRES) as url:
        yield url


@pytest.fixture
def mariadb_url() -> Iterator[sa.URL]:
    """Address of an empty MariaDB database of the test's own."""
    with services.fresh_database(services.MARIADB) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> sa.URL:
    """Address of a SQLite file of the test's own, not yet made."""
    return sa.URL.create("sqlite", database=str(tmp_path / "test.db"))


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def any_database_url(request: pytest.FixtureRequest) -> sa.URL:
    """Address of an empty database, once on every kind of server that Gallring works on."""
    url: sa.URL = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["postgres", "mariadb"])
def server_url(request: pytest.FixtureRequest) -> sa.URL:
    """Address of an empty database, once on every server: for what SQLite doesn't have."""
    url: sa.URL = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's metadata database in the test run's own AIRFLOW_HOME."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture(scope="session")
def policy_with_three_systems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy folder in which only the names of the data maps matter."""
    maps = tmp_path_factory.mktemp("policy") / "data_map"
    maps.mkdir()
    for system in SYSTEMS:
        (maps / f"{system}.yaml").touch()
    return maps.parent


@pytest.fixture(scope="session")
def synchronised(airflow_database: None, policy_with_three_systems: Path) -> None:
    """The DAG in Airflow's database, so that it can run."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALLRING_POLICY", str(policy_with_three_systems))
        DagBundlesManager().sync_bundles_to_db()
        sync_bag_to_db(DagBag(ROOT / "dags"), "dags-folder", None)
