"""An Airflow of several processes on this machine: one set of them for the control, and two Celery workers.

Each has a home and a working directory of its own, as on machines of their own. What they share is what the how-to
page says: Airflow's database, the broker, the control database, the staging on an object store, and the reports.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from include.local.api import DAG, Api, connect, ensure_pool
from include.local.environment import HOST, QUIET, airflow_settings
from include.local.keeper import members, tell
from include.local.lock import alone
from include.local.processes import Child, airflow, check, free_port, running

T = TypeVar("T")
WORKERS = ("worker-1", "worker-2")
PATIENCE = 240.0
"""Seconds that anything may take on a busy machine."""


@dataclass(frozen=True)
class Cluster:
    """A running Airflow.

    Attributes:
        api: the way to its server.
        metadata: its database.
        core: its processes without the workers.
        workers: the workers by name.
    """

    api: Api
    metadata: sa.Engine
    core: list[Child]
    workers: Mapping[str, Child]

    def begin(self) -> str:
        """Unpause the DAG, so that last Sunday's run begins by itself; return its id."""
        self.api.call("PATCH", f"/dags/{DAG}?update_mask=is_paused", {"is_paused": False})

        def scheduled() -> str | None:
            runs = self.api.call("GET", f"/dags/{DAG}/dagRuns")["dag_runs"]
            return runs[0]["dag_run_id"] if runs else None

        return self.wait("last Sunday's run", scheduled)

    def tasks(self, run: str) -> list[dict[str, Any]]:
        """Return the run's task instances."""
        return list(self.api.call("GET", f"/dags/{DAG}/dagRuns/{run}/taskInstances?limit=200")["task_instances"])

    def end(self, run: str) -> str:
        """Wait for a run's end; return its state. The minute before a task is tried again passes at once."""

        def ended() -> str | None:
            with self.metadata.begin() as connection:
                connection.exec_driver_sql(
                    "UPDATE task_instance SET end_date = end_date - interval '1 minute' "
                    "WHERE state = 'up_for_retry' AND end_date > now() - interval '1 minute'"
                )
            state = str(self.api.call("GET", f"/dags/{DAG}/dagRuns/{run}")["state"])
            return state if state in {"success", "failed"} else None

        return self.wait("the run's end", ended)

    def approve(self, run: str) -> None:
        """Answer the question, where it is asked."""
        asked = [task["state"] for task in self.tasks(run) if task["task_id"] == "ask_for_approval"]
        if asked == ["awaiting_input"]:
            place = f"/dags/{DAG}/dagRuns/{run}/taskInstances/ask_for_approval/-1/hitlDetails"
            self.api.call("PATCH", place, {"chosen_options": ["Approve"], "params_input": {}})

    def kill_worker_of(self, pid: int) -> str:
        """End a worker and everything it started as a power cut would; return its name."""
        session = os.getsid(pid)
        (name,) = [name for name, child in self.workers.items() if child.process.pid == session]
        while members(session):
            tell(session, signal.SIGKILL)
            self.workers[name].process.poll()
        return name

    def wait(self, what: str, ask: Callable[[], T | None]) -> T:
        """Ask until there is an answer."""
        until = time.monotonic() + PATIENCE
        while (answer := ask()) is None:
            check(self.core)
            logs = [str(child.log) for child in (*self.core, *self.workers.values())]
            assert time.monotonic() < until, f"waited for {what} in vain; see {logs}"
            time.sleep(0.3)
        return answer


@contextmanager
def cluster(home: Path, metadata: sa.URL, broker: str, shared: Mapping[str, str]) -> Iterator[Cluster]:
    """Run Airflow.

    Args:
        home: empty folder for everything that is written.
        metadata: address of Airflow's database, empty.
        broker: address of Redis.
        shared: Gallring's settings that all processes have in common.
    """
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("GALLRING_VAR", str(home / "core"))  # where Airflow's secrets and passwords are made
        port = free_port(0)
        common = settings(port, metadata, broker) | shared
        environ = machine(home / "core", common)
        lock = stack.enter_context(alone(home / "core"))
        migrated = subprocess.run(airflow("db", "migrate"), env=environ, capture_output=True, text=True, check=False)
        assert migrated.returncode == 0, migrated.stderr[-2000:]
        commands = {
            "api-server": airflow("api-server", "--host", HOST, "--port", str(port)),
            "scheduler": airflow("scheduler", "--skip-serve-logs"),
            "dag-processor": airflow("dag-processor"),
        }
        core = stack.enter_context(running(commands, environ, home / "logs", lock))
        workers = {}
        for name in WORKERS:
            own = machine(home / name, common)
            command = airflow("celery", "worker", "--concurrency", "2", "--celery-hostname", f"{name}@%h")
            command += ["--skip-serve-logs", "--pid", str(home / name / "worker.pid")]
            (workers[name],) = stack.enter_context(running({name: command}, own, home / "logs", lock))
        api = connect(port, core, PATIENCE)
        ensure_pool(api)
        engine = sa.create_engine(metadata)
        stack.callback(engine.dispose)
        made = Cluster(api, engine, core, workers)
        made.wait("the DAG", lambda: known(api))
        yield made


def known(api: Api) -> bool | None:
    """Return whether Airflow has read the DAG."""
    try:
        return bool(api.call("GET", f"/dags/{DAG}"))
    except urllib.error.HTTPError:
        return None


def settings(port: int, metadata: sa.URL, broker: str) -> dict[str, str]:
    """Return Airflow's settings, as the how-to page has them."""
    database = metadata.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    return airflow_settings(port) | QUIET | {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": database.replace("psycopg2", "psycopg_async"),
        "AIRFLOW__CELERY__BROKER_URL": broker,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
        "AIRFLOW__CELERY__SYNC_PARALLELISM": "1",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    }  # fmt: skip


def machine(home: Path, common: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of one machine's processes, with folders of its own."""
    home.mkdir(parents=True, exist_ok=True)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "GALLRING_"))}
    return {**plain, **common, "AIRFLOW_HOME": str(home / "airflow"), "GALLRING_VAR": str(home / "var")}
