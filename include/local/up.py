"""``make up``: Airflow with its user interface over the sample systems, until Ctrl-C.

For a look, on this machine alone: the simple auth manager keeps its passwords in plain text.
"""

from __future__ import annotations

import time

from rich.console import Console

from include.local.api import connect, ensure_pool
from include.local.claim import claim
from include.local.environment import HOST, PORT, USERS, LocalError, local_environment, passwords, var
from include.local.lock import Lock, alone
from include.local.prepare import prepare
from include.local.processes import airflow, check, end_on_signals, free_port, running


def main() -> int:
    """Run Airflow until it is interrupted and return an exit code."""
    console = Console(highlight=False)
    end_on_signals()
    try:
        claim()
        with alone(var()) as lock:
            serve(console, lock)
    except LocalError as error:
        console.print(str(error), style="red", soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        console.print("Airflow has ended.")
    return 0


def serve(console: Console, lock: Lock) -> None:
    """Run Airflow until one of its processes ends, or we are interrupted."""
    port = free_port(PORT)
    environ = local_environment(port=port)
    commands = {
        "api-server": airflow("api-server", "--host", HOST, "--port", str(port)),
        "scheduler": airflow("scheduler", "--skip-serve-logs"),
        "dag-processor": airflow("dag-processor"),
        "triggerer": airflow("triggerer", "--skip-serve-logs"),
    }
    prepare(environ, lock)
    console.print("Starting Airflow ...")
    with running(commands, environ, var() / "airflow" / "processes", lock) as children:
        ensure_pool(connect(port, children))
        console.print(welcome(port))
        while True:
            check(children)
            time.sleep(1)


def welcome(port: int) -> str:
    """Return where Airflow is and who may log in."""
    users = "\n".join(f"  {user:8} {passwords()[user]}   ({role})" for user, role in USERS.items())
    return (
        f"Airflow: http://{HOST}:{port}\n{users}\n"
        "The DAG `gallring` is paused until you unpause it; the reports are under Gallring in the menu.\n"
        "For a look on this machine only: these passwords are kept in plain text. Ctrl-C ends it."
    )


if __name__ == "__main__":
    raise SystemExit(main())
