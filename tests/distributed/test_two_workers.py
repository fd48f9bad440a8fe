"""The weekly DAG on two Celery workers, one of which is killed in the middle of the act: as on one machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import sqlalchemy as sa

from include.local.holds import place_holds
from include.retention import clock
from include.retention.ledger.chain import Entry, entries, verify_chain
from include.retention.ledger.locks import find_lock
from include.retention.ledger.store import make_control, reading
from include.retention.run_dates import file_safe
from include.retention.staging import PLAN, open_staging
from include.sample.generate import Sample, create
from tests import services
from tests.distributed.cluster import WORKERS, Cluster, cluster
from tests.distributed.stores import BUCKET, redis, s3
from tests.integration.conftest import PLANTED
from tests.integration.harness import KEY, Gallring, connections, databases, dump, expectations
from tests.integration.test_whole_run import assert_files, assert_rows
from tests.places import SYSTEMS

STAGING = f"s3://{BUCKET}/staging"


@dataclass(frozen=True)
class World:
    """The sample systems on PostgreSQL, and the settings with which any process finds them."""

    sample: Sample
    urls: Mapping[str, sa.URL]

    @property
    def files(self) -> set[str]:
        root = self.sample.id_copies
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}

    @property
    def settings(self) -> dict[str, str]:
        return {
            "GALLRING_KEY": KEY,
            "GALLRING_BATCH_ROWS": "10",
            "GALLRING_FILES_ID_COPIES": str(self.sample.id_copies),
            **connections(self.urls),
        }


def kill_in_the_middle_of_act(airflow: Cluster, run: str, control: sa.Engine, world: World) -> str:
    """Kill the worker that acts, while its second batch in a system is under way; return its name.

    A row of that batch is locked meanwhile, as somebody who works in the system would: so it can't be over too soon.
    """
    run_id = file_safe(run)
    airflow.wait("the plan", lambda: told(control, run_id, "planned") or None)
    items = open_staging(STAGING, run_id).phase(PLAN).read("items")
    system = items.groupby("system")["batch"].nunique().idxmax()
    second = items[items["system"] == system].sort_values("batch").drop_duplicates("batch").iloc[1]
    engine = sa.create_engine(world.urls[system])
    try:
        with engine.begin() as connection:
            table = sa.Table(second["table"], sa.MetaData(), autoload_with=connection)
            key = zip(table.primary_key.columns, json.loads(second["key"]), strict=True)
            row = sa.select(table).where(*(column == value for column, value in key)).with_for_update()
            assert connection.execute(row).one_or_none() is not None

            def under_way() -> int | None:
                airflow.approve(run)
                started = {entry.body["batch"] for entry in told(control, run_id, "batch_started")}
                with reading(control) as reads:
                    lock = find_lock(reads, system)
                return lock.holder.pid if second["batch"] in started and lock else None

            pid = airflow.wait("the act", under_way)
            assert told(control, run_id, "batch_verified"), "something was done before"
            return airflow.kill_worker_of(pid)
    finally:
        engine.dispose()


def told(control: sa.Engine, run_id: str, kind: str) -> list[Entry]:
    """Return what the ledger says of one kind."""
    with reading(control) as connection:
        return list(entries(connection, run_id, kind))


def test_a_worker_is_killed_in_the_middle_and_the_end_is_that_of_one_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = clock.now().astimezone(ZoneInfo("Europe/Stockholm")).date()
    services.need(services.POSTGRES)
    with ExitStack() as stack:
        store = stack.enter_context(s3())
        for name, value in store.items():
            monkeypatch.setenv(name, value)
        broker = stack.enter_context(redis(tmp_path))
        metadata, control_url = (stack.enter_context(services.fresh_database(services.POSTGRES)) for _ in range(2))
        worlds = []
        for name in ("several", "single"):
            urls = stack.enter_context(databases("postgres", SYSTEMS, tmp_path))
            sample = create(tmp_path / name, subjects=PLANTED, as_of=today, seed=3, urls=urls)
            worlds.append(World(sample, urls))
        several, single = worlds
        before, files = dump(several.urls), several.files
        assert before == dump(single.urls)
        shared = several.settings | store | {
            "GALLRING_CONTROL_URL": control_url.render_as_string(hide_password=False),
            "GALLRING_STAGING": STAGING,
            "GALLRING_REPORTS": str(tmp_path / "shared" / "reports"),
            "GALLRING_BUCKETS": "2",
        }
        place_holds(several.sample.holds, shared)
        control = make_control(control_url)
        stack.callback(control.dispose)
        airflow = stack.enter_context(cluster(tmp_path / "airflow", metadata, broker, shared))

        run = airflow.trigger()
        victim = kill_in_the_middle_of_act(airflow, run, control, several)
        airflow.wait("the end of the run", lambda: airflow.state(run) if airflow.state(run) in {"success", "failed"} else None)

        for task in airflow.tasks(run):
            print(task["task_id"], task["map_index"], task["state"], task["try_number"], task["duration"], task["hostname"])
        assert airflow.state(run) == "success"
