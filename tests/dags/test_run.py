"""The DAG, run whole with a pipeline that takes notes: who runs after whom, and what a failure stops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from include.retention import airflow_adapter as adapter
from include.retention import errors
from include.retention.terms import Mode
from tests.dags.conftest import NotingPipeline
from tests.places import SYSTEMS

CHANGING = {"confirm", "act", "validate"}
ANSWER = {"digest": "d1", "approved": True, "by": "dpo"}


RUN = "RUN"
"""Stands for the run's own id in what the pipeline noted."""


class Run:
    """A finished DAG run."""

    def __init__(self, run: Any) -> None:
        self.state = str(run.state)
        self.tasks = {(ti.task_id, ti.map_index): str(ti.state) for ti in run.get_task_instances()}

    def task(self, name: str) -> set[str]:
        """States of a task's instances."""
        return {state for (task, _), state in self.tasks.items() if task == name}


def run(dag: Any, **conf: Any) -> Run:
    return Run(dag.test(run_conf=conf or None))


def answer(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    """Answer the question at once: ``dag.test`` would wait for ever."""
    monkeypatch.setattr(adapter.AskForApproval, "execute", lambda _self, context: value)


def test_all_steps_run_in_order_inside_the_guards(dag: Any, pipeline: NotingPipeline) -> None:
    done = run(dag)
    assert done.state == "success"
    assert pipeline.steps() == [
        "begin", "extract", "resolve", "classify", "plan", "approve_automatically", "confirm", "act", "validate",
        "report", "finish",
    ]  # fmt: skip
    for step, over in (
        ("extract", SYSTEMS),
        ("discover", SYSTEMS),
        ("classify", range(4)),
        ("act", SYSTEMS),
        ("validate", SYSTEMS),
    ):
        assert sorted(call for call in pipeline.calls if call[0] == step) == [(step, RUN, key) for key in over]
    assert pipeline.calls[-2:] == [("report", RUN, []), ("finish", RUN, [])]
    assert done.task("ask_for_approval") == done.task("record_answer") == {"skipped"}


def test_an_approved_plan_is_carried_out(dag: Any, pipeline: NotingPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.answers["plan"]["needs_approval"] = True
    answer(monkeypatch, ANSWER)
    assert run(dag).state == "success"
    assert ("record_answer", RUN, "d1", True, "dpo") in pipeline.calls
    assert "approve_automatically" not in pipeline.steps()
    assert pipeline.steps().index("record_answer") < pipeline.steps().index("act")


def test_the_question_says_what_it_is_about(
    dag: Any, pipeline: NotingPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.answers["plan"] = {
        "digest": "d1", "needs_approval": True, "due": 5, "as_of": "2026-11-22",
        "guards": ["Much is due.", "So it is."],
        "tables": {"sales.lead": {"delete": 3, "anonymise": 0}, "finance.debtor": {"delete": 0, "anonymise": 2}},
    }  # fmt: skip
    asked: list[str] = []

    def execute(self: adapter.AskForApproval, context: Any) -> Any:
        asked.extend([self.subject, self.body])
        return ANSWER

    monkeypatch.setattr(adapter.AskForApproval, "execute", execute)
    assert run(dag).state == "success"
    subject, body = asked
    assert subject == "Gallring: may 5 records be destroyed?"
    assert "**5 records are due as of 2026-11-22.**" in body
    assert "- Much is due.\n- So it is.\n" in body
    assert "|---|---|---|\n| sales.lead | 3 | 0 |\n| finance.debtor | 0 | 2 |\n" in body
    assert "`gallring plan --as-of 2026-11-22`" in body
    assert "`gallring explain SYSTEM.TABLE KEY --as-of 2026-11-22`" in body
    assert "`d1`" in body


def test_a_rejected_plan_changes_nothing_and_the_run_fails_with_its_report(
    dag: Any, pipeline: NotingPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.answers["plan"]["needs_approval"] = True
    pipeline.faults["record_answer"] = errors.ApprovalError("rejected")
    answer(monkeypatch, ANSWER | {"approved": False})
    done = run(dag)
    assert done.state == "failed"
    assert ("record_answer", RUN, "d1", False, "dpo") in pipeline.calls, "the refusal reaches the ledger"
    assert CHANGING.isdisjoint(pipeline.steps())
    assert "report" in pipeline.steps()


@pytest.mark.parametrize("value", [None, "Approve", {"chosen_options": ["Approve"]}, {**ANSWER, "approved": "yes"}])
def test_a_question_marked_as_successful_by_hand_is_no_approval(
    dag: Any, pipeline: NotingPipeline, monkeypatch: pytest.MonkeyPatch, value: Any
) -> None:
    pipeline.answers["plan"]["needs_approval"] = True
    answer(monkeypatch, value)
    done = run(dag)
    assert done.state == "failed"
    assert done.task("record_answer") == {"failed"}
    assert (CHANGING | {"record_answer", "approve_automatically"}).isdisjoint(pipeline.steps())
    assert "report" in pipeline.steps()


def test_a_guard_that_refuses_ends_the_run_as_failed_with_its_report(dag: Any, pipeline: NotingPipeline) -> None:
    pipeline.faults["plan"] = errors.GuardError("refused")
    done = run(dag)
    assert done.state == "failed"
    assert CHANGING.isdisjoint(pipeline.steps())
    stopped = [
        "act",
        "approval_needed",
        "approve_automatically",
        "ask_for_approval",
        "confirm",
        "plan",
        "record_answer",
    ]
    assert pipeline.calls[-2:] == [("report", RUN, [*stopped, "validate"]), ("finish", RUN, [*stopped, "validate"])]


def test_a_run_that_could_not_begin_does_nothing_at_all(dag: Any, pipeline: NotingPipeline) -> None:
    pipeline.faults["begin"] = errors.GuardError("key")
    done = run(dag)
    assert done.state == "failed"
    assert pipeline.steps() == ["begin", "report", "finish"], "the ledger may know why it was refused"


def test_a_failed_extract_stops_everything_but_the_report(dag: Any, pipeline: NotingPipeline) -> None:
    pipeline.faults["extract", "sales"] = errors.ConnectionSettingError("down")
    done = run(dag)
    assert done.state == "failed"
    assert pipeline.steps() == ["begin", "extract", "report", "finish"]
    assert {call[2] for call in pipeline.calls if call[0] == "discover"} == set(SYSTEMS)


def test_a_failed_act_is_still_measured_in_every_system(dag: Any, pipeline: NotingPipeline) -> None:
    pipeline.faults["act", "finance"] = errors.ApprovalError("not approved")
    done = run(dag)
    assert done.state == "failed"
    assert {call[2] for call in pipeline.calls if call[0] == "validate"} == set(SYSTEMS)
    assert pipeline.calls[-1] == ("finish", RUN, ["act"])


def test_a_failed_validation_fails_the_run_after_its_report(dag: Any, pipeline: NotingPipeline) -> None:
    pipeline.faults["validate", "sales"] = errors.ValidationError("overdue")
    done = run(dag)
    assert done.state == "failed"
    assert done.task("report") == {"success"}
    assert done.task("outcome") == {"failed"}
    assert pipeline.calls[-1] == ("finish", RUN, ["validate"]), "the ledger is told, too"


def test_an_honest_outcome_is_failed_even_where_the_ledger_saw_no_fault(dag: Any, pipeline: NotingPipeline) -> None:
    pipeline.faults["report"] = errors.ConfigurationError([])
    done = run(dag)
    assert done.task("outcome") == {"failed"}
    assert done.state == "failed"


def test_a_dry_run_reports_and_changes_nothing(dag: Any, pipeline: NotingPipeline) -> None:
    pipeline.answers["plan"]["needs_approval"] = True
    done = run(dag, dry_run=True, as_of="2099-01-01")
    assert done.state == "success"
    assert pipeline.steps() == ["begin", "extract", "resolve", "classify", "plan", "report", "finish"]
    request = pipeline.calls[0][1]
    assert (str(request.as_of), request.mode) == ("2099-01-01", Mode.DRY_RUN)


def test_a_day_to_come_is_refused_where_the_run_would_act(dag: Any, pipeline: NotingPipeline) -> None:
    done = run(dag, as_of="2099-01-01")
    assert done.state == "failed"
    assert pipeline.steps() == ["report", "finish"]


def test_a_manual_run_without_a_logical_date_decides_for_today(dag: Any, pipeline: NotingPipeline) -> None:
    run(dag)
    request = pipeline.calls[0][1]
    assert request.run_type == "manual"
    assert request.as_of == adapter.clock.now().astimezone(adapter.ZONE).date()


@pytest.mark.parametrize("conf", [{"dry_run": "maybe"}, {"as_of": "last Sunday"}, {"as_of": 20260101}])
def test_senseless_parameters_are_refused(dag: Any, pipeline: NotingPipeline, conf: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dag.test(run_conf=conf)
    assert pipeline.calls == []


def test_xcom_holds_counts_and_references_only(dag: Any, pipeline: NotingPipeline) -> None:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    done = dag.test()
    with create_session() as session:
        values = [row.value for row in session.query(XComModel).filter_by(run_id=done.run_id)]
    assert values
    assert max(len(json.dumps(value)) for value in values) < 1000
