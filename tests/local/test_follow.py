"""A run that doesn't go on is told, and one that waits for a human is waited for."""

from __future__ import annotations

from typing import Any, cast

import pytest
from rich.console import Console

from include.local import follow as following
from include.local.api import Api
from include.local.follow import PAUSED_SECONDS, STILL_SECONDS, Patience, StandstillError, follow
from include.local.progress import Display, Steps

QUEUED = {"state": "queued"}


def task(state: str | None) -> dict[str, Any]:
    return {"task_id": "act", "map_index": -1, "state": state, "rendered_map_index": None}


def look_for(seconds: float, states: list[str | None], *, paused: bool) -> None:
    """Look every ten seconds; the task's states follow each other."""
    patience = Patience(0.0)
    for number in range(int(seconds / 10) + 1):
        steps = Steps([task(states[number % len(states)])])
        patience.look(QUEUED, steps, paused=paused, now=10.0 * number)


def test_a_paused_dag_is_told_soon() -> None:
    look_for(PAUSED_SECONDS, [None], paused=True)
    with pytest.raises(StandstillError, match="paused meanwhile"):
        look_for(PAUSED_SECONDS + 10, [None], paused=True)


def test_a_task_that_runs_while_the_dag_is_paused_may_end() -> None:
    look_for(STILL_SECONDS, ["running"], paused=True)


def test_a_run_that_stands_still_is_told_in_the_end() -> None:
    look_for(STILL_SECONDS, ["running"], paused=False)
    with pytest.raises(StandstillError, match="for 15 minutes"):
        look_for(STILL_SECONDS + 10, ["running"], paused=False)


def test_a_run_that_moves_is_not_hurried() -> None:
    look_for(10 * STILL_SECONDS, ["running", "queued"], paused=False)


def test_a_human_may_take_as_long_as_it_takes() -> None:
    look_for(100 * STILL_SECONDS, ["awaiting_input"], paused=False)


class Paused:
    """An API whose DAG somebody has paused: the run stays queued."""

    port = 0

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Answer as Airflow does."""
        if path.endswith("limit=200"):
            return {"task_instances": []}
        return QUEUED if "dagRuns" in path else {"is_paused": True}


def test_following_a_paused_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAUSED_SECONDS", 0.05)
    monkeypatch.setattr(following, "POLL_SECONDS", 0.02)
    console = Console(quiet=True)
    with Display(console) as display, pytest.raises(StandstillError, match="next make run closes"):
        follow(cast("Api", Paused()), "run-1", display, [], console)
