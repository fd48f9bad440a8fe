"""The only module of the package that knows Airflow: contexts, answers, connections, notices.

DAG and plugin files use it; nothing here decides anything about data.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import BaseNotifier, Connection, ExceptionRetryPolicy, RetryAction, RetryRule, get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from include.retention import clock, errors
from include.retention.run_dates import decision_day, file_safe, require_known
from include.retention.settings import load_settings
from include.retention.terms import Mode

if TYPE_CHECKING:
    from include.retention.run import RunRequest

log = logging.getLogger(__name__)

TIME_ZONE = "Europe/Stockholm"
ZONE = ZoneInfo(TIME_ZONE)
POOL = "gallring_destroy"
"""One slot: ``max_active_runs`` doesn't bind backfills, so the destroying task itself must be alone."""
APPROVE, REJECT = "Approve", "Reject"
MAIL_CONNECTION = "GALLRING_MAIL_CONNECTION"

USELESS_TO_RETRY = (
    errors.ConfigurationError,
    errors.GuardError,
    errors.ApprovalError,
    errors.StopError,
    errors.ConnectionSettingError,
    errors.ValidationError,
    errors.LedgerError,
)
"""Errors that say the same the second time: somebody has to change something first."""


def retry_policy() -> ExceptionRetryPolicy:
    """Return the policy that tries again after a lost connection or a lock, and never after a refusal."""
    return ExceptionRetryPolicy(
        rules=[
            RetryRule(exception=f"{kind.__module__}.{kind.__qualname__}", action=RetryAction.FAIL)
            for kind in USELESS_TO_RETRY
        ]
    )


def systems() -> list[str]:
    """Return the names of the mapped systems: one data map file each. Cheap, for it is asked at every parse."""
    return sorted(path.stem for path in (load_settings(os.environ).policy / "data_map").glob("*.yaml"))


def buckets() -> list[int]:
    """Return the numbers of the parts that classification is divided into."""
    return list(range(load_settings(os.environ).buckets))


def run_id() -> str:
    """Return this run's id as the package knows it: Airflow's own, safe as a file name."""
    return file_safe(get_current_context()["dag_run"].run_id)


def is_dry_run() -> bool:
    """Return whether this run changes nothing."""
    return bool(get_current_context()["params"]["dry_run"])


def run_request() -> RunRequest:
    """Return what this DAG run asks of the pipeline.

    Raises:
        GuardError: its day is in the future or not its to choose, see `decision_day`; or its configuration has a key
            that means nothing, such as a misspelt ``dryrun``.
    """
    from include.retention.run import RunRequest  # noqa: PLC0415  (pandas takes a second, and a DAG is parsed often)

    context = get_current_context()
    dag_run = context["dag_run"]
    require_known(dag_run.conf or {})
    requested = context["params"]["as_of"]
    # An enum on the worker, whose own text is "DagRunType.MANUAL".
    run_type = str(getattr(dag_run.run_type, "value", dag_run.run_type))
    day = decision_day(
        run_type=run_type,
        interval_end=context.get("data_interval_end"),
        requested=date.fromisoformat(requested) if requested else None,
        now=clock.now(),
        zone=ZONE,
        dry_run=is_dry_run(),
    )
    mode = Mode.DRY_RUN if is_dry_run() else Mode.ENFORCE
    return RunRequest(run_id=run_id(), dag_run_id=dag_run.run_id, run_type=run_type, mode=mode, as_of=day)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a human answered to a plan.

    Attributes:
        digest: the digest of the plan that was shown, not of the one that is there now.
        approved: whether the answer was yes.
        by: user name of whoever answered; ``timeout`` where nobody did.
    """

    digest: str
    approved: bool
    by: str


class AskForApproval(HITLOperator):
    """Airflow's human-in-the-loop question about one plan, which keeps the digest of the plan it showed.

    ``ApprovalOperator`` isn't used because its "Reject" leaves no answer behind: who refused, and what, has to
    reach the ledger just as an approval does.
    """

    template_fields = (*HITLOperator.template_fields, "digest")
    _SHOWN = "digest_shown"

    def __init__(self, *, digest: str, **kwargs: Any) -> None:  # noqa: ANN401  (Airflow's own arguments)
        """Ask about the plan with this digest (a template)."""
        super().__init__(options=[APPROVE, REJECT], **kwargs)
        self.digest = digest

    def execute(self, context: Any) -> None:  # noqa: ANN401
        """Ask, and keep the digest that the question showed: a plan made anew must not inherit the answer."""
        context["ti"].xcom_push(key=self._SHOWN, value=self.digest)
        super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        """Return the answer with the digest it belongs to."""
        given = super().execute_complete(context, event)
        user = given["responded_by_user"] or {}
        digest = context["ti"].xcom_pull(task_ids=self.task_id, key=self._SHOWN)
        answer = Answer(
            digest=str(digest),
            approved=given["chosen_options"] == [APPROVE],
            by=str(user.get("name") or user.get("id") or "timeout"),
        )
        return asdict(answer)


def read_answer(value: object) -> Answer:
    """Return the human's answer from XCom.

    Raises:
        AirflowFailException: there is none. Somebody marked the question as successful by hand: no approval.
    """
    if (
        isinstance(value, Mapping)
        and isinstance(value.get("digest"), str)
        and isinstance(value.get("approved"), bool)
        and isinstance(value.get("by"), str)
    ):
        return Answer(digest=value["digest"], approved=value["approved"], by=value["by"])
    raise AirflowFailException(
        "Nobody answered the question: marking the task as successful is no approval. "
        "Clear ask_for_approval and answer it under Required Actions."
    )


def approvers() -> list[dict[str, str]] | None:
    """Return the users who may answer, from ``GALLRING_APPROVERS``; None means any editor."""
    return [{"id": user, "name": name} for user, name in load_settings(os.environ).approvers] or None


def failed_tasks() -> list[str]:
    """Return the names of this run's failed tasks, sorted."""
    context = get_current_context()
    done = context["ti"].get_task_breadcrumbs(context["dag"].dag_id, context["dag_run"].run_id)
    return sorted({task["task_id"] for task in done if task["state"] in {"failed", "upstream_failed"}})


def honest(result: dict[str, Any], failed: Sequence[str]) -> dict[str, Any]:
    """Return the result of the run's last task, unless a task before it failed.

    A run has the colour of its last task, and that one runs whatever happened before.

    Raises:
        AirflowFailException: names the failed tasks.
    """
    if failed:
        raise AirflowFailException(f"The run failed: {', '.join(failed)}. See its report, or the log of the first.")
    return result


def connection_fields(connection_id: str) -> dict[str, Any] | None:
    """Return an Airflow connection's fields, or None where Airflow knows none of that id."""
    try:
        connection = Connection.get(connection_id)
    except AirflowNotFoundException:
        return None
    return {
        "conn_type": connection.conn_type,
        "login": connection.login,
        "password": connection.password,
        "host": connection.host,
        "port": connection.port,
        "schema": connection.schema,
        "extra": connection.extra,
    }


class Tell(BaseNotifier):
    """Tell somebody: always in the log, and by mail where ``GALLRING_MAIL_TO`` names who.

    The mail goes through the Airflow connection ``GALLRING_MAIL_CONNECTION`` (``smtp_default`` unless set). It holds
    the names of run and DAG, never a value and never an exception's text.
    """

    template_fields: Sequence[str] = ("subject", "text")

    def __init__(self, subject: str, text: str) -> None:
        """Tell this subject and text; both are templates."""
        super().__init__()
        self.subject = subject
        self.text = text

    def notify(self, context: Any) -> None:  # noqa: ANN401, ARG002  (rendered before)
        """Tell. A mail that can't be sent is itself told in the log and never hides what it was about."""
        log.error("%s: %s", self.subject, self.text)
        try:
            recipients = load_settings(os.environ).mail_to
            if recipients:
                self._mail(recipients)
        except Exception as error:  # noqa: BLE001  (a mail server's fault must not hide the run's)
            log.error("The notice could not be mailed (%s)", type(error).__name__)  # noqa: TRY400  (texts hold addresses)

    def _mail(self, recipients: Sequence[str]) -> None:
        from airflow.providers.smtp.hooks.smtp import SmtpHook  # noqa: PLC0415  (only where mail is set up)

        with SmtpHook(smtp_conn_id=os.environ.get(MAIL_CONNECTION, "smtp_default")) as hook:
            hook.send_email_smtp(to=list(recipients), subject=self.subject, html_content=f"<p>{escape(self.text)}</p>")
