"""Airflow's own database for the DAG tests, the DAG as Airflow reads it, and a pipeline that only takes notes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import include.retention
from tests.places import ROOT


class NotingPipeline(ModuleType):
    """Stands for ``include.retention.pipeline``: notes each call, answers as told, raises as told.

    Attributes:
        calls: name and arguments of each call, in order; the run's own id appears as ``RUN``.
        answers: what a step returns, by name.
        faults: an exception by step, or by (step, last argument as text).
    """

    def __init__(self) -> None:
        super().__init__("include.retention.pipeline")
        self.calls: list[tuple[Any, ...]] = []
        self.run_id = ""
        self.answers: dict[str, dict[str, Any]] = {
            "plan": {"digest": "d1", "needs_approval": False, "due": 3, "guards": []},
        }
        self.faults: dict[Any, BaseException] = {}

    def __getattr__(self, step: str) -> Callable[..., dict[str, Any]]:
        if step.startswith("_"):
            raise AttributeError(step)

        def call(*arguments: Any) -> dict[str, Any]:
            if step == "begin":
                self.run_id = arguments[0].run_id
            self.calls.append((step, *("RUN" if argument == self.run_id else argument for argument in arguments)))
            if (fault := self.faults.get((step, str(arguments[-1])), self.faults.get(step))) is not None:
                raise fault
            return self.answers.get(step, {"count": 1})

        return call

    def steps(self) -> list[str]:
        """Names of the steps called, in order, repeats left out; `discover` waits for nothing but `begin`."""
        return [step for step in dict.fromkeys(call[0] for call in self.calls) if step != "discover"]


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> NotingPipeline:
    """A pipeline that only takes notes, in place of the real one."""
    noting = NotingPipeline()
    monkeypatch.setitem(sys.modules, "include.retention.pipeline", noting)
    monkeypatch.setattr(include.retention, "pipeline", noting, raising=False)
    return noting


def read_dag() -> Any:
    """Return the DAG as Airflow reads it from the folder."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(ROOT / "dags")
    assert bag.import_errors == {}
    return bag.dags["gallring"]


@pytest.fixture
def dag(synchronised: None, policy_with_three_systems: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The DAG, read anew for each test: ``dag.test`` leaves a run's parameters behind in the object."""
    monkeypatch.setenv("GALLRING_POLICY", str(policy_with_three_systems))
    # ``dag.test`` sleeps a second each time a failure moves on by one task.
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.02)))
    return read_dag()
