"""The weekly gallring: what runs when, and in which order. What is due and what is done about it is in the package.

Every task's text below is its page in Airflow's own user interface.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, Param, TriggerRule, dag, task

from include.retention import airflow_adapter as adapter

RETRY = {
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "retry_policy": adapter.retry_policy(),
}
"""For steps where a lost connection or somebody's lock goes away; a refusal is never tried again."""

WAIT_FOR_TURN = RETRY | {"retries": 10, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": False}
"""For the act: another run, on another Airflow or just killed, may still hold the system."""

DOC = """
### Gallring

Deletes or anonymises the personal data that no purpose needs any more, once a week, in every mapped system.

`begin → extract → resolve → classify → plan → (approval) → confirm → act → validate → report → outcome`

| you want to | do |
|---|---|
| look without touching | trigger with **dry_run** |
| decide for another day | trigger with **as_of** (a day to come only with dry_run) |
| catch up on missed weeks | Trigger → Backfill; an old date never makes more due than today does |
| stop destroying at once | `gallring stop` on the command line, or set the pool `gallring_destroy` to 0 slots |
| stop it for a while | pause the DAG |
| answer a plan | Browse → Required Actions → Approve or Reject |
| understand a record | `gallring explain SYSTEM.TABLE KEY` on the command line |

**A failed run is safe to clear and run again**: what is done is measured, never remembered. The report is written
for failed and refused runs too; it is under **Gallring** in the menu. The operator's how-to is
`include/docs/how-to/operate.md`.
"""

QUESTION = """
{% set plan = ti.xcom_pull(task_ids='plan') or {} -%}
{% set records = 'record is' if plan.get('due') == 1 else 'records are' -%}
**{{ plan.get('due', 0) }} {{ records }} due as of {{ plan.get('as_of', '') }}.** A guard asks for a human's decision:

{% for text in plan.get('guards', []) -%}
- {{ text }}
{% endfor %}
| table | would be deleted | would be anonymised |
|---|---|---|
{% for table, due in plan.get('tables', {}).items() -%}
| {{ table }} | {{ due.get('delete', 0) }} | {{ due.get('anonymise', 0) }} |
{% endfor %}
Plan `{{ plan.get('digest', '') }}`. Approving lets this run anonymise and delete exactly this plan: what is no longer
due when it acts is left alone, and nothing is added. Rejecting ends the run as failed, with its report, and changes
nothing. Look first with `gallring plan --as-of {{ plan.get('as_of', '') }}`, and for single records
`gallring explain SYSTEM.TABLE KEY --as-of {{ plan.get('as_of', '') }}`.
"""


def step(kind: Callable[..., Any] = task, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a task whose text in the user interface is its docstring; mapped tasks would lose it."""

    def decorate(function: Callable[..., Any]) -> Any:
        return kind(doc_md=inspect.cleandoc(function.__doc__ or ""), **options)(function)

    return decorate


ASK_DOC = """
Wait for a human, because a guard asks for one. Answer under **Required Actions**.

No answer for six days counts as *Reject*. Marking this task as successful is no approval: the next task fails.
"""


@step(**RETRY)
def begin() -> dict[str, Any]:
    """Load policy and data maps, look at key, clock and disk, open the run in the ledger.

    **If it fails**: `ConfigurationError` lists every mistake with file, key and remedy: mend them and clear this
    task. `GuardError` refuses the date, the clock or the disk: the how-to says what each guard means.
    """
    from include.retention import pipeline

    return pipeline.begin(adapter.run_request())


@step(map_index_template="{{ task.op_kwargs['system'] }}", **RETRY)
def extract(system: str) -> dict[str, Any]:
    """Read keys, identifiers (as keyed hashes) and dates from one system. No name, no address leaves it.

    **If it fails**: the database is down or the connection is wrong: mend it and clear this task. An undeclared
    column or table closes that table alone; the run goes on and ends as failed, with a report that says so.
    """
    from include.retention import pipeline

    return pipeline.extract(adapter.run_id(), system)


@step(map_index_template="{{ task.op_kwargs['system'] }}", **RETRY)
def discover(system: str) -> dict[str, Any]:
    """Sample what one system's map doesn't call personal: what looks personal all the same is told in the report.

    Values are judged in memory and go nowhere. What is found, or can't be looked at, stops nothing: it waits for
    somebody to declare the column or to answer for it.

    **If it fails**: nothing has been changed, and the rest goes on. Clear it.
    """
    from include.retention import pipeline

    return pipeline.discover(adapter.run_id(), system)


@step()
def resolve() -> dict[str, Any]:
    """Find out which records are about the same person, by exact links only.

    **If it fails**: nothing has been changed. Clear it; if it fails again, clear `extract`.
    """
    from include.retention import pipeline

    return pipeline.resolve(adapter.run_id())


@step(map_index_template="part {{ task.op_kwargs['bucket'] }}")
def classify(bucket: int) -> dict[str, Any]:
    """Decide on one part of the records: retain, anonymise, delete or refer to a human.

    **If it fails**: nothing has been changed. Clear it.
    """
    from include.retention import pipeline

    return pipeline.classify(adapter.run_id(), bucket)


@step()
def plan() -> dict[str, Any]:
    """Put all that is due in order, seal it with a digest and hold it against the guards.

    Guards that refuse have done so before; those here ask for a human, and the how-to says what each means.

    **If it fails**: nothing has been changed. Clear it. If it says that the policy has changed since the run began,
    clear `begin`.
    """
    from include.retention import pipeline

    return pipeline.plan(adapter.run_id())


@step(task.branch)
def approval_needed(plan: dict[str, Any]) -> str | None:
    """Ask a human only where a guard says so; a dry run goes straight to its report."""
    if adapter.is_dry_run():
        return None
    return "ask_for_approval" if plan["needs_approval"] else "approve_automatically"


@step()
def approve_automatically() -> dict[str, Any]:
    """Write into the ledger that the plan lies inside every guard, or how configuration answered.

    **If it fails**: clear it. Nothing has been changed.
    """
    from include.retention import pipeline

    return pipeline.approve_automatically(adapter.run_id())


def ask_for_approval() -> adapter.AskForApproval:
    """Return the question to a human."""
    return adapter.AskForApproval(
        task_id="ask_for_approval",
        subject="Gallring: may {{ (ti.xcom_pull(task_ids='plan') or {}).get('due', 0) }} records be destroyed?",
        body=QUESTION,
        digest="{{ (ti.xcom_pull(task_ids='plan') or {}).get('digest', '') }}",
        defaults=adapter.REJECT,
        response_timeout=timedelta(days=6),
        assigned_users=adapter.approvers(),
        notifiers=[
            adapter.Tell(
                subject="Gallring waits for your decision",
                text="Run {{ run_id }} waits under Required Actions. Unanswered for six days it counts as rejected.",
            )
        ],
        doc_md=ASK_DOC,
    )


@step()
def record_answer(answer: object) -> dict[str, Any]:
    """Write the answer into the ledger, with who gave it and the digest of the plan that was shown.

    **If it fails**: the plan was rejected (the run ends as failed, with its report), the question was never
    answered, or the plan was made anew after the answer: clear `ask_for_approval` and answer again.
    """
    from include.retention import pipeline

    given = adapter.read_answer(answer)
    return pipeline.record_answer(adapter.run_id(), given.digest, given.approved, given.by)


@step(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, **RETRY)
def confirm() -> dict[str, Any]:
    """Look at the sources again: what is no longer due since the plan was made is left out and counted.

    **If it fails**: nothing has been changed. Clear it.
    """
    from include.retention import pipeline

    return pipeline.confirm(adapter.run_id())


@step(pool=adapter.POOL, map_index_template="{{ task.op_kwargs['system'] }}", **WAIT_FOR_TURN)
def act(system: str) -> dict[str, Any]:
    """Anonymise and delete in one system what the approved plan says and what is still due: **this destroys**.

    It reads the approval from the ledger itself, works in small transactions and checks each row again inside.

    **If it fails**: clear it; it measures what remains and goes on from there. `ApprovalError` means that no
    human or guard approved exactly this plan. `ActError` means that something couldn't be removed (a locked
    file, a refused delete): remove the obstacle first. `LockError` is tried again for ten minutes by itself: another
    run holds the system.

    **If it stays scheduled**: the pool `gallring_destroy` has no free slot, or was never created.
    """
    from include.retention import pipeline

    return pipeline.act(adapter.run_id(), system)


@step(
    map_index_template="{{ task.op_kwargs['system'] }}",
    trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
    **RETRY,
)
def validate(system: str) -> dict[str, Any]:
    """Measure one system afresh and judge it with Great Expectations. It runs after a failed act, too.

    **If it fails**: read the report: it names the check, the table and the count. A check that failed is no
    reason to try again; it is a reason to look.
    """
    from include.retention import pipeline

    return pipeline.validate(adapter.run_id(), system)


@step(trigger_rule=TriggerRule.ALL_DONE, **RETRY)
def report() -> dict[str, Any]:
    """Write the DPO's report from the ledger, for failed and refused runs too.

    **If it fails**: clear it. It reads the ledger alone and changes nothing.
    """
    from include.retention import pipeline

    return pipeline.report(adapter.run_id(), adapter.failed_tasks())


@step(
    trigger_rule=TriggerRule.ALL_DONE,
    on_failure_callback=adapter.Tell(
        subject="Gallring failed",
        text="Run {{ run_id }} of {{ dag.dag_id }} failed. Its report, under Gallring in Airflow's menu, says what was "
        "done and what was not. If `begin` failed, nothing was done; then its log may be all there is.",
    ),
)
def outcome() -> dict[str, Any]:
    """Close the run and make its colour honest: it fails if anything before it failed.

    **If it fails**: that is the news, not the fault. Look at the red task before it and at the report.
    """
    from include.retention import pipeline

    failed = adapter.failed_tasks()
    return adapter.honest(pipeline.finish(adapter.run_id(), failed), failed)


@dag(
    dag_id="gallring",
    description="Delete or anonymise personal data that no purpose needs any more",
    schedule=CronDataIntervalTimetable("0 2 * * 0", timezone=adapter.TIME_ZONE),
    start_date=datetime(2024, 1, 7, tzinfo=adapter.ZONE),
    catchup=False,
    max_active_runs=1,
    params={
        "dry_run": Param(
            default=False, type="boolean", title="Dry run", description="Decide and report; change nothing."
        ),
        "as_of": Param(
            default=None,
            type=["null", "string"],
            format="date",
            title="Decide for this day",
            description="YYYY-MM-DD; empty means today. A day to come needs a dry run.",
        ),
    },
    default_args={"owner": "data-protection", "retries": 0},
    doc_md=DOC,
    tags=["gdpr", "gallring"],
    render_template_as_native_obj=False,
)
def gallring() -> None:
    """Lay out the run."""
    # The run's id goes from task to task by Airflow's own context, not by XCom: an XCom would make `begin` a direct
    # upstream of every task, and its success would satisfy "at least one success" where nothing was confirmed.
    systems = adapter.systems()
    begun = begin()
    extracted = extract.expand(system=systems)
    discovered = discover.expand(system=systems)
    classified = classify.expand(bucket=adapter.buckets())
    planned = plan()
    automatic = approve_automatically()
    asked = ask_for_approval()
    answered = record_answer(asked.output)
    confirmed = confirm()
    acted = act.expand(system=systems)
    validated = validate.expand(system=systems)

    begun >> extracted >> resolve() >> classified >> planned
    begun >> discovered
    approval_needed(planned) >> [automatic, asked]
    [automatic, answered] >> confirmed >> acted >> validated
    confirmed >> validated  # so that validation follows a failed act, but never a plan that wasn't confirmed
    [extracted, discovered, classified, acted, validated] >> report() >> outcome()


gallring()
