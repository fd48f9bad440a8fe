"""``make run``: the weekly DAG once, by a real Airflow on this machine, and what came of it.

An API server, a scheduler and its workers are started on 127.0.0.1 and ended again. The run is a manual one, for
today. Exit code 0 only if the run and every check succeeded.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from include.local.api import DAG, Api, connect, ensure_pool, wait_for
from include.local.environment import PORT, local_environment, passwords, var
from include.local.prepare import NotPreparedError, prepare
from include.local.processes import Child, ProcessEndedError, airflow, check, end_on_signals, free_port, running
from include.local.progress import Display, Steps
from include.local.summary import show_summary

POLL_SECONDS = 0.7
ENDED = frozenset({"success", "failed"})


def main() -> int:
    """Run the DAG once and return an exit code."""
    console = Console(highlight=False)
    end_on_signals()
    port = free_port(PORT)
    environ = local_environment(port=port)
    # The quick start answers the guard "first run" by configuration; ledger and report say so.
    environ.setdefault("GALLRING_FIRST_RUN", "approved")
    # Only the run that was asked for: unpausing the DAG would otherwise start last Sunday's, too.
    environ["AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"] = "False"
    try:
        prepare(environ)
        run = run_once(environ, port, console)
    except (NotPreparedError, ProcessEndedError) as error:
        console.print(str(error), style="red")
        return 2
    except KeyboardInterrupt:
        console.print("Interrupted. What was done is in the ledger; the next run measures what is left.")
        return 130
    return show_summary(console, var() / "reports", run)


def run_once(environ: dict[str, str], port: int, console: Console) -> dict[str, Any]:
    """Start Airflow, let it run the DAG, end it, and return the finished run as Airflow's API tells of it."""
    commands = {
        "api-server": airflow("api-server", "--host", "127.0.0.1", "--port", str(port)),
        "dags": airflow("dags", "reserialize"),
        "scheduler": airflow("scheduler", "--skip-serve-logs"),
    }
    logs = var() / "airflow" / "processes"
    with Display(console) as display, running(commands, environ, logs, grace=3.0) as children:
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
    """Close runs that an interrupted Airflow left behind: they would be taken up before ours."""
    for state in ("running", "queued"):
        for run in api.call("GET", f"/dags/{DAG}/dagRuns?state={state}")["dag_runs"]:
            api.call("PATCH", f"/dags/{DAG}/dagRuns/{run['dag_run_id']}?update_mask=state", {"state": "failed"})


def pause(api: Api) -> None:
    """Pause the DAG, if the server still answers."""
    with contextlib.suppress(OSError):
        api.call("PATCH", f"/dags/{DAG}?update_mask=is_paused", {"is_paused": True})


def follow(api: Api, run_id: str, display: Display, children: Sequence[Child], console: Console) -> dict[str, Any]:
    """Show the run until it has ended, and return it with its failed tasks."""
    steps, asked = Steps(), False
    while True:
        check(children)
        run: dict[str, Any] = api.call("GET", f"/dags/{DAG}/dagRuns/{run_id}")
        steps.instances = api.call("GET", f"/dags/{DAG}/dagRuns/{run_id}/taskInstances?limit=200")["task_instances"]
        display.show(steps)
        if run["state"] in ENDED:
            return run | {"failed": [task for task in steps.instances if task["state"] == "failed"]}
        if steps.waiting() and not asked:
            asked = True
            address = f"http://127.0.0.1:{api.port}/dags/{DAG}/runs/{run_id}/tasks/ask_for_approval/required_actions"
            console.print(f"A guard asks for a human. Answer at {address}\n(user dpo, password {passwords()['dpo']})")
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
