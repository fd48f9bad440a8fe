"""The seam to Airflow: answers that are bound to what was shown, notices, connections."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Self

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from include.retention import airflow_adapter as adapter
from include.retention.connections import database_url
from include.retention.errors import ConnectionSettingError


class Instance:
    """A task instance that keeps what is pushed."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.kept[key] = value

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        return self.kept.get(key)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> adapter.AskForApproval:
    monkeypatch.setattr(adapter.HITLOperator, "execute", lambda _self, _context: None)
    return adapter.AskForApproval(task_id="ask", subject="?", digest="shown", defaults="Reject")


def answered(option: str, user: dict[str, str] | None) -> dict[str, Any]:
    return {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": datetime(2026, 7, 5, tzinfo=UTC),
        "responded_by_user": user,
    }


def test_an_answer_belongs_to_the_plan_that_was_shown(ask: adapter.AskForApproval) -> None:
    context = {"ti": Instance()}
    ask.execute(context=context)
    ask.digest = "made anew since"
    answer = ask.execute_complete(context, answered("Approve", {"id": "7", "name": "dpo"}))
    assert adapter.read_answer(answer) == adapter.Answer(digest="shown", approved=True, by="dpo")


@pytest.mark.parametrize(
    ("option", "user", "expected"),
    [
        ("Reject", {"id": "7", "name": "dpo"}, ("dpo", False)),
        ("Reject", None, ("timeout", False)),
        ("Approve", {"id": "7", "name": ""}, ("7", True)),
    ],
)
def test_who_answered_what(
    ask: adapter.AskForApproval, option: str, user: dict[str, str] | None, expected: tuple[str, bool]
) -> None:
    context = {"ti": Instance()}
    ask.execute(context=context)
    answer = adapter.read_answer(ask.execute_complete(context, answered(option, user)))
    assert (answer.by, answer.approved) == expected


@pytest.mark.parametrize(
    "value", [None, "", "Approve", [], {"digest": "d", "approved": 1, "by": "x"}, {"approved": True}]
)
def test_what_is_no_answer_is_refused(value: Any) -> None:
    with pytest.raises(AirflowFailException, match="no approval"):
        adapter.read_answer(value)


def test_a_notice_is_always_in_the_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GALLRING_MAIL_TO", raising=False)
    with caplog.at_level(logging.ERROR):
        adapter.Tell(subject="Gallring failed", text="Run r").notify({})
    assert "Gallring failed: Run r" in caplog.text


def test_a_notice_is_mailed_to_whoever_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []

    class Hook:
        def __init__(self, smtp_conn_id: str) -> None:
            self.connection = smtp_conn_id

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def send_email_smtp(self, **mail: Any) -> None:
            sent.append(mail | {"over": self.connection})

    monkeypatch.setattr("airflow.providers.smtp.hooks.smtp.SmtpHook", Hook)
    monkeypatch.setenv("GALLRING_MAIL_TO", "dpo@iret.example, it@iret.example")
    monkeypatch.setenv(adapter.MAIL_CONNECTION, "office_mail")
    adapter.Tell(subject="S", text="a <b>").notify({})
    assert sent == [
        {
            "to": ["dpo@iret.example", "it@iret.example"],
            "subject": "S",
            "html_content": "<p>a &lt;b&gt;</p>",
            "over": "office_mail",
        }
    ]


def test_a_mail_that_cannot_be_sent_hides_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(smtp_conn_id: str) -> None:
        raise ConnectionRefusedError("dpo@iret.example")

    monkeypatch.setattr("airflow.providers.smtp.hooks.smtp.SmtpHook", refuse)
    monkeypatch.setenv("GALLRING_MAIL_TO", "dpo@iret.example")
    adapter.Tell(subject="Gallring failed", text="Run r").notify({})
    assert "Gallring failed: Run r" in caplog.text
    assert "ConnectionRefusedError" in caplog.text
    assert "@iret" not in caplog.text


def test_a_connection_that_only_airflow_knows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import Connection

    known = Connection(conn_id="hr", conn_type="postgres", host="db", login="u", password="p", schema="hr", port=5433)
    monkeypatch.setattr(adapter.Connection, "get", lambda _id: known)
    url = database_url("hr", {})
    assert url.render_as_string(hide_password=False) == "postgresql+psycopg://u:p@db:5433/hr"


def test_a_connection_that_nobody_knows_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_id: str) -> None:
        raise AirflowNotFoundException("no")

    monkeypatch.setattr(adapter.Connection, "get", unknown)
    with pytest.raises(ConnectionSettingError, match="AIRFLOW_CONN_HR"):
        database_url("hr", {})
