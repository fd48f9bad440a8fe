"""What the DAG promises before it runs: its weeks, its limits, its words for the operator."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from include.retention import airflow_adapter as adapter
from include.retention import errors
from tests.places import ROOT, SYSTEMS


def test_a_week_ends_on_sunday_at_two_local_time_whatever_the_clocks_do(dag: Any) -> None:
    from airflow.sdk.definitions.timetables.interval import CronDataIntervalTimetable

    assert isinstance(dag.timetable, CronDataIntervalTimetable)
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = coerce_to_core_timetable(dag.timetable)
    from airflow.sdk import timezone

    last, ends = None, []
    restriction = TimeRestriction(earliest=timezone.datetime(2026, 3, 8), latest=None, catchup=True)
    for _ in range(5):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        last = info.data_interval
        ends.append(last.end.astimezone(adapter.ZONE))
    assert [end.strftime("%a %d %b %H:%M %Z") for end in ends] == [
        "Sun 15 Mar 02:00 CET",
        "Sun 22 Mar 02:00 CET",
        "Sun 29 Mar 03:00 CEST",  # 02:00 doesn't exist on that night
        "Sun 05 Apr 02:00 CEST",
        "Sun 12 Apr 02:00 CEST",
    ]


def test_it_never_catches_up_by_itself_and_runs_one_at_a_time(dag: Any) -> None:
    assert not dag.catchup
    assert dag.max_active_runs == 1


def test_only_the_act_destroys_and_it_is_alone(dag: Any) -> None:
    """``max_active_runs`` doesn't bind backfills: the pool does, and the lock in the control database."""
    assert [task.task_id for task in dag.tasks if task.pool == adapter.POOL] == ["act"]


def test_every_task_tells_the_operator_what_it_does_and_what_to_do(dag: Any) -> None:
    assert "gallring" in dag.tags
    assert "operate.md" in dag.doc_md
    for task in dag.tasks:
        assert task.owner == "data-protection", task.task_id
        assert task.doc_md, f"{task.task_id} has no words for the operator"
        if task.task_id not in {"approval_needed", "ask_for_approval"}:
            assert "If it fails" in task.doc_md, task.task_id


def test_mapped_tasks_have_names(dag: Any) -> None:
    mapped = {task.task_id: task for task in dag.tasks if task.is_mapped}
    assert set(mapped) == {"extract", "discover", "classify", "act", "validate"}
    assert all(task.partial_kwargs["map_index_template"] for task in mapped.values())


def test_it_is_mapped_over_every_data_map(dag: Any) -> None:
    assert adapter.systems() == list(SYSTEMS)
    assert adapter.buckets() == [0, 1, 2, 3]


def test_the_outcome_is_the_only_leaf(dag: Any) -> None:
    """A run has the colour of its leaves, and this one fails if anything before it did."""
    assert [task.task_id for task in dag.leaves] == ["outcome"]
    assert dag.get_task("outcome").on_failure_callback, "a failure tells somebody"


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (errors.ConfigurationError([]), "fail"),
        (errors.GuardError("no"), "fail"),
        (errors.ApprovalError("no"), "fail"),
        (errors.ValidationError("no"), "fail"),
        (errors.LockError("busy"), "default"),
        (ConnectionError(), "default"),
    ],
)
def test_a_retry_is_for_what_may_pass(error: Exception, action: str) -> None:
    decision = adapter.retry_policy().evaluate(error, try_number=1, max_tries=3)
    assert decision.action.value == action


@pytest.mark.parametrize("step", ["extract", "discover", "confirm", "act", "validate", "report"])
def test_steps_that_talk_to_databases_are_tried_again(dag: Any, step: str) -> None:
    task = dag.get_task(step)
    kwargs = task.partial_kwargs if task.is_mapped else {"retries": task.retries, "retry_policy": task.retry_policy}
    assert kwargs["retries"] > 0
    assert kwargs["retry_policy"] is not None


def test_reading_the_file_is_cheap() -> None:
    """It is read again for every task: pandas takes a second, Great Expectations five."""
    script = (
        "import sys, dags.gallring\n"
        "heavy = {'pandas', 'pyarrow', 'great_expectations'} & set(sys.modules)\n"
        "raise SystemExit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


def test_the_question_shows_counts_and_the_digest_and_waits_less_than_a_week(dag: Any) -> None:
    ask = dag.get_task("ask_for_approval")
    assert ask.options == ["Approve", "Reject"]
    assert ask.defaults == ["Reject"]
    assert ask.response_timeout < timedelta(weeks=1)
    assert "digest" in ask.template_fields


def test_only_named_people_answer_where_people_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GALLRING_APPROVERS", raising=False)
    assert adapter.approvers() is None
    monkeypatch.setenv("GALLRING_APPROVERS", "7:Data protection officer, 12:Lawyer")
    assert adapter.approvers() == [{"id": "7", "name": "Data protection officer"}, {"id": "12", "name": "Lawyer"}]
