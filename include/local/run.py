"""``make run``: the weekly DAG once, by a real Airflow on this machine, and what came of it.

An API server, a scheduler and its workers are started on 127.0.0.1 and ended again. The run is a manual one, for
today. Exit code 0 only if the run and every check succeeded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from include.local.api import DAG, Api, connect, ensure_pool, wait_for
from include.local.claim import claim
from include.local.environment import PORT, LocalError, local_environment, var
from include.local.follow import follow
from include.local.lock import Lock, alone
from include.local.prepare import prepare
from include.local.processes import Child, ProcessEndedError, airflow, end_on_signals, free_port, running
from include.local.progress import Display
from include.local.summary import show_summary


def main() -> int:
    """Run the DAG once and return an exit code."""
    console = Console(highlight=False)
    end_on_signals()
    try:
        claim()
        with alone(var()) as lock:
            run = run_once(console, lock)
    except LocalError as error:
        console.print(str(error), style="red", soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        console.print("Interrupted. What was done is in the ledger; the next run measures what is left.")
        return 130
    return show_summary(console, var() / "reports", run)


def run_once(console: Console, lock: Lock) -> dict[str, Any]:
    """Start Airflow, let it run the DAG, end it, and return the finished run as Airflow's API tells of it."""
    port = free_port(PORT)
    environ = local_environment(port=port)
    # The quick start answers the guard "first run" by configuration; ledger and report say so.
    environ.setdefault("GALLRING_FIRST_RUN", "approved")
    # Only the run that was asked for: unpausing the DAG would otherwise start last Sunday's, too.
    environ["AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"] = "False"
    prepare(environ, lock)
    commands = {
        "api-server": airflow("api-server", "--host", "127.0.0.1", "--port", str(port)),
        "dags": airflow("dags", "reserialize"),
        "scheduler": airflow("scheduler", "--skip-serve-logs"),
    }
    logs = var() / "airflow" / "processes"
    with Display(console) as display, running(commands, environ, logs, lock, grace=3.0) as children:
        display.say("starting Airflow")
        servers = [child for child in children if child.name != "dags"]
        api = connect(port, servers)
        ensure_pool(api)
        read_dags(children)
        close_interrupted(api)
        api.call("PATCH", f"/dags/{DAG}?update_mask=is_paused", {"is_paused": False})
        try:
            started = api.call("POST", f"/dags/{DAG}/dagRuns", {"logical_date": None, "conf": {}})
            return follow(api, started["dag_run_id"], display, servers, console)
        finally:
            # Or the next `make up` would begin last Sunday's run without being asked.
            pause(api)


def read_dags(children: Sequence[Child]) -> None:
    """Wait until the DAG file is in Airflow's database.

    Raises:
        ProcessEndedError: it couldn't be read.
    """
    reader = next(child for child in children if child.name == "dags")
    others = [child for child in children if child is not reader]
    if wait_for("the DAG", reader.process.poll, others, seconds=120):
        raise ProcessEndedError(f"Airflow could not read the DAG; see {reader.log}")


def close_interrupted(api: Api) -> None:
    """Close runs that an interrupted Airflow left behind: they would be taken up before ours.

    None of them is alive: we hold the lock, which every process of theirs kept.
    """
    for state in ("running", "queued"):
        for run in api.call("GET", f"/dags/{DAG}/dagRuns?state={state}")["dag_runs"]:
            api.call("PATCH", f"/dags/{DAG}/dagRuns/{run['dag_run_id']}?update_mask=state", {"state": "failed"})


def pause(api: Api) -> None:
    """Pause the DAG, if the server still answers."""
    with contextlib.suppress(OSError):
        api.call("PATCH", f"/dags/{DAG}?update_mask=is_paused", {"is_paused": True})


if __name__ == "__main__":
    raise SystemExit(main())
