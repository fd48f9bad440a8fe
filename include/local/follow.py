"""Follows the run of ``make run`` until it has ended, or stands still for too long."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from include.local.api import DAG, Api
from include.local.environment import LocalError, passwords
from include.local.processes import Child, check
from include.local.progress import Display, Steps

POLL_SECONDS = 0.7
PAUSED_SECONDS = 30.0
"""Nothing is going on, and the DAG is paused: nothing will."""
STILL_SECONDS = 900.0
"""Longer than any step of the sample takes on a slow machine. A human's answer may take as long as it takes."""
ENDED = frozenset({"success", "failed"})
LEFT = "What was done is in the ledger; the next make run closes this run and measures what is left."


class StandstillError(LocalError):
    """The run doesn't go on."""


@dataclass(slots=True)
class Patience:
    """How long a run has stood still, and whether that is too long.

    Attributes:
        since: when it last moved, on a clock that measures how long.
        seen: its state then, and that of its tasks.
    """

    since: float
    seen: object = None

    def look(self, run: dict[str, Any], steps: Steps, *, paused: bool, now: float) -> None:
        """Look at the run once more.

        Raises:
            StandstillError: it has stood still for too long, and no human is asked.
        """
        seen = (run["state"], [(task["task_id"], task["map_index"], task["state"]) for task in steps.instances])
        if seen != self.seen or steps.waiting():
            self.seen, self.since = seen, now
        elif paused and not steps.now() and now - self.since > PAUSED_SECONDS:
            raise StandstillError(f"The DAG {DAG} was paused meanwhile, so its run doesn't go on. {LEFT}")
        elif now - self.since > STILL_SECONDS:
            raise StandstillError(f"No step has begun or ended for {STILL_SECONDS / 60:.0f} minutes. {LEFT}")


def follow(api: Api, run_id: str, display: Display, children: Sequence[Child], console: Console) -> dict[str, Any]:
    """Show the run until it has ended, and return it with its failed tasks.

    Raises:
        StandstillError: it doesn't go on.
        ProcessEndedError: one of Airflow's processes ended.
    """
    steps, asked, patience = Steps(), False, Patience(time.monotonic())
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
        patience.look(run, steps, paused=api.call("GET", f"/dags/{DAG}")["is_paused"], now=time.monotonic())
        time.sleep(POLL_SECONDS)
