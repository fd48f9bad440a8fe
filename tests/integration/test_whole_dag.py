"""The DAG itself, run whole by Airflow on every kind of database: record by record, and without a trace of anybody.

Before it runs, every personal text has become a canary (see ``test_canary.py``); afterwards it is searched for in what
Airflow keeps: its metadata database with every XCom and rendered template, and its logs.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.retention import airflow_adapter as adapter
from tests.dags.conftest import read_dag
from tests.integration.conftest import BACKENDS, PLANTED
from tests.integration.harness import Iret, expectations, iret
from tests.integration.test_canary import Search, searching
from tests.integration.test_whole_run import assert_files, assert_rows
from tests.places import SYSTEMS


@pytest.fixture(params=BACKENDS)
def systems(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Iret]:
    """The planted cases, once on every kind of server."""
    with iret(request.param, tmp_path, PLANTED) as made:
        yield made


def approve(self: adapter.AskForApproval, context: Any) -> dict[str, Any]:
    """Answer yes at once, about the plan that the question shows: ``dag.test`` would wait for ever."""
    return {"digest": self.digest, "approved": True, "by": "dpo"}


def airflow_home() -> Path:
    return Path(os.environ["AIRFLOW_HOME"])


def test_the_dag_does_what_is_expected_and_airflow_learns_nobodys_name(
    synchronised: None,
    systems: Iret,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(adapter.AskForApproval, "execute", approve)
    gallring, search = systems.gallring, searching(systems)
    expected, before, files = expectations(systems.sample), systems.gallring.dump(), systems.files

    run = read_dag().test()

    assert str(run.state) == "success"
    states = {(each.task_id, each.map_index): str(each.state) for each in run.get_task_instances()}
    acted = {place for place, state in states.items() if place[0] == "act" and state == "success"}
    assert len(acted) == len(SYSTEMS)
    assert states["approve_automatically", -1] == "skipped"
    assert_rows(before, gallring.dump(), expected)
    assert_files(before, expected, files, systems.files)
    (approval,) = gallring.ledger(kind="approved")
    assert (approval.body["how"], approval.body["by"]) == ("human", "dpo")
    gallring.assert_chain_whole()
    assert_nobody_is_named(search, gallring.var, caplog.text, *capfd.readouterr())


def assert_nobody_is_named(search: Search, var: Path, *printed: str) -> None:
    assert list((airflow_home()).glob("*.db")), "Airflow's metadata database is where it is searched for"
    assert search.in_folder(airflow_home()) >= 2
    assert search.in_folder(var) >= 5
    for text in printed:
        search.in_text("what was printed or logged", text)
    assert search.seen > 1_000_000
