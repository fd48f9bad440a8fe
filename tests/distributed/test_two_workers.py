"""The weekly DAG on two Celery workers, one of which is killed in the middle of the act: as on one machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from include.local.holds import place_holds
from include.retention import clock
from include.retention.ledger.batches import batches_of
from include.retention.ledger.chain import Entry, entries, verify_chain
from include.retention.ledger.locks import find_lock, locks
from include.retention.ledger.store import make_control, reading
from include.retention.run_dates import file_safe
from include.retention.staging import PLAN, open_staging
from include.sample.generate import Sample, create
from tests import services
from tests.distributed.cluster import WORKERS, Cluster, cluster
from tests.integration.conftest import PLANTED
from tests.integration.harness import KEY, Gallring, connections, databases, dump, expectations
from tests.integration.test_whole_run import assert_files, assert_rows
from tests.places import SYSTEMS
from tests.stores import BUCKET, redis, s3

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


def last_sunday() -> date:
    """Return the day for which the DAG's last scheduled run decides."""
    local = clock.now().astimezone(ZoneInfo("Europe/Stockholm")) - timedelta(hours=2)
    return local.date() - timedelta(days=(local.weekday() + 1) % 7)


@contextmanager
def world(home: Path, day: date) -> Iterator[World]:
    """Give the sample systems in databases of their own, always the same."""
    with databases("postgres", SYSTEMS, home) as urls:
        yield World(create(home, subjects=PLANTED, as_of=day, seed=3, urls=urls), urls)


def run_on_one_machine(home: Path, world: World, day: date) -> None:
    """Run everything in this process, with SQLite and directories, as the tests of one machine do."""
    began = clock.now()
    with pytest.MonkeyPatch.context() as patch:
        gallring = Gallring(home, world.urls, patch)
        gallring.set_clock(began)
        for name, value in world.settings.items():
            patch.setenv(name, value)
        place_holds(world.sample.holds, os.environ)
        assert gallring.whole("single", as_of=day) == "DONE"


def test_a_worker_is_killed_in_the_middle_of_act_and_the_end_is_that_of_one_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = last_sunday()
    services.need(services.POSTGRES)
    with ExitStack() as stack:
        broker = stack.enter_context(redis(tmp_path))
        store = stack.enter_context(s3())
        for name, value in store.items():
            monkeypatch.setenv(name, value)
        metadata, control_url = (stack.enter_context(services.fresh_database(services.POSTGRES)) for _ in range(2))
        several, single = (stack.enter_context(world(tmp_path / name, day)) for name in ("several", "single"))
        before, files = dump(several.urls), several.files
        assert before == dump(single.urls)
        shared = several.settings | store | {
            "GALLRING_CONTROL_URL": control_url.render_as_string(hide_password=False),
            "GALLRING_STAGING": STAGING,
            "GALLRING_REPORTS": str(tmp_path / "reports"),
            "GALLRING_BUCKETS": "2",
        }  # fmt: skip
        place_holds(several.sample.holds, shared)
        control = make_control(control_url)
        stack.callback(control.dispose)

        with cluster(tmp_path / "airflow", metadata, broker, shared) as airflow:
            run = airflow.begin()
            run_id = file_safe(run)
            killed = kill_in_the_middle_of_act(airflow, run, control, several)
            assert airflow.end(run) == "success"
            tasks = airflow.tasks(run)

        run_on_one_machine(tmp_path / "single-var", single, day)
        after = dump(several.urls)
        assert after == dump(single.urls), "record by record as on one machine"
        assert several.files == single.files
        expected = expectations(several.sample)
        assert_rows(before, after, expected)
        assert_files(before, expected, files, several.files)

        assert_told_truly(control, run_id)
        assert max(task["try_number"] for task in tasks if task["task_id"] == "act") == 2, "one act was tried again"
        wrote = {name for name in WORKERS if list((tmp_path / "airflow" / name).rglob("task_id=*/**/*.log"))}
        assert wrote == set(WORKERS), "both workers had their share"
        assert killed in WORKERS
        assert (tmp_path / "reports" / "latest" / "report.json").samefile(tmp_path / "reports" / run_id / "report.json")
        report = json.loads((tmp_path / "reports" / run_id / "report.json").read_text("utf-8"))
        assert report["summary"]["outcome"] == "DONE"
        assert not open_staging(STAGING, run_id).root.exists(), "staging holds keys and must not outlive its run"
        for name in WORKERS:
            own = tmp_path / "airflow" / name / "var"
            assert not own.exists() or [path for path in own.rglob("*") if path.is_file()] == [], (
                "a worker keeps nothing"
            )


def assert_told_truly(control: sa.Engine, run_id: str) -> None:
    """The chain is whole, the lock of the killed worker was taken over, and each record was done once."""
    with reading(control) as connection:
        state = verify_chain(connection)
        planned = {each.batch: each.rows for each in batches_of(connection, run_id)}
        assert locks(connection) == ()
    assert state.ok, state.what
    verified = [entry.body for entry in told(control, run_id, "batch_verified")]
    assert len(verified) == len(planned) > 10
    assert {body["batch"]: body["done"] for body in verified} == planned
    started = [entry.body["batch"] for entry in told(control, run_id, "batch_started")]
    assert len(started) == len(planned) + 1, "the batch that was under way was begun twice, no other"
    (taken,) = told(control, run_id, "lock_taken_over")
    assert taken.body["run_before"] == run_id
    assert told(control, run_id, "not_done") == []
