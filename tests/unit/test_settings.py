"""Where a run writes: by default below one directory, or on places that several machines share."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.retention.errors import ConfigurationError
from include.retention.limits import Timeouts
from include.retention.settings import load_settings


def test_by_default_everything_is_below_the_working_directory(tmp_path: Path) -> None:
    settings = load_settings({"GALLRING_VAR": str(tmp_path)})
    assert settings.staging == str(tmp_path / "staging")
    assert settings.reports == tmp_path / "reports"
    assert settings.directories == (tmp_path, tmp_path / "reports", tmp_path / "staging")


def test_places_that_machines_share(tmp_path: Path) -> None:
    environ = {
        "GALLRING_VAR": str(tmp_path),
        "GALLRING_STAGING": "s3://bucket/staging/",
        "GALLRING_REPORTS": "/srv/reports",
    }
    settings = load_settings(environ)
    assert settings.staging == "s3://bucket/staging"
    assert settings.reports == Path("/srv/reports")
    assert settings.directories == (tmp_path, Path("/srv/reports"))
    assert settings.previews == tmp_path / "staging"


@pytest.mark.parametrize("written", ["/srv/staging", "file:///srv/staging", "/srv/x/../staging/"])
def test_a_directory_may_be_written_as_a_url(written: str) -> None:
    assert load_settings({"GALLRING_STAGING": written}).staging == "/srv/staging"


@pytest.mark.parametrize(
    "place",
    [
        "s3://AKIA:hush-hush@bucket/staging",
        "s3://bucket/staging?secret=hush-hush",
        "s3://bucket/staging#hush-hush",
        "S3://bucket",
        "s3://",
        "file://relative/staging",
        "memory://staging",
        "simplecache::s3://bucket",
    ],
)
def test_a_place_with_a_secret_or_that_is_none_is_refused_without_being_shown(place: str) -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_STAGING: isn't the plain URL.*BAD_PLACE") as caught:
        load_settings({"GALLRING_STAGING": place})
    assert "hush" not in str(caught.value)


def test_reports_need_a_directory() -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_REPORTS: isn't a directory. Mount"):
        load_settings({"GALLRING_REPORTS": "s3://bucket/reports"})


@pytest.mark.parametrize("written", ["dpo", "7=dpo", "7:", ":dpo", "7:dpo:x", "7:dpo,12"])
def test_approvers_that_name_nobody_are_refused(written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_APPROVERS: isn't id:name.*such as 7:dpo.*BAD_VALUE"):
        load_settings({"GALLRING_APPROVERS": written})


def test_approvers_are_ids_with_names() -> None:
    found = load_settings({"GALLRING_APPROVERS": " 7:Data protection officer, anna:Anna ,"}).approvers
    assert found == (("7", "Data protection officer"), ("anna", "Anna"))


def test_mail_goes_to_addresses_alone_and_what_is_none_is_not_shown() -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_MAIL_TO: .*: number 2\. Give.*BAD_VALUE") as caught:
        load_settings({"GALLRING_MAIL_TO": "dpo@iret.example,anna.svensson"})
    assert "svensson" not in str(caught.value)
    assert load_settings({"GALLRING_MAIL_TO": "dpo@iret.example"}).mail_to == ("dpo@iret.example",)


@pytest.mark.parametrize("written", ["yes", "1", "Approved"])
def test_the_first_run_is_approved_by_that_word_alone(written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_FIRST_RUN: is neither empty nor `approved`"):
        load_settings({"GALLRING_FIRST_RUN": written})
    assert load_settings({"GALLRING_FIRST_RUN": "approved"}).first_run_approved


def test_every_setting_that_cannot_be_used_is_told_at_once() -> None:
    wrong = {
        "GALLRING_BUCKETS": "none",
        "GALLRING_FIRST_RUN": "yes",
        "GALLRING_APPROVERS": "dpo",
        "GALLRING_MAIL_TO": "x",
    }
    with pytest.raises(ConfigurationError) as caught:
        load_settings(wrong)
    assert {problem.key for problem in caught.value.problems} == set(wrong)


def test_how_long_a_destroying_session_waits() -> None:
    assert load_settings({}).limits.timeouts == Timeouts(lock=10, statement=300)
    environ = {"GALLRING_LOCK_TIMEOUT_S": "3", "GALLRING_STATEMENT_TIMEOUT_S": "40"}
    assert load_settings(environ).limits.timeouts == Timeouts(lock=3, statement=40)


@pytest.mark.parametrize("written", ["0", "-1", "1.5", "90000", "soon"])
def test_a_timeout_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_LOCK_TIMEOUT_S: is not a usable number.*BAD_NUMBER"):
        load_settings({"GALLRING_LOCK_TIMEOUT_S": written})


def test_a_wait_for_a_lock_must_end_before_the_statement_does() -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_STATEMENT_TIMEOUT_S: isn't longer than.*more than 60"):
        load_settings({"GALLRING_LOCK_TIMEOUT_S": "60", "GALLRING_STATEMENT_TIMEOUT_S": "60"})


def test_what_an_act_keeps_to_unless_told_otherwise() -> None:
    limits = load_settings({}).limits
    assert (limits.transaction_s, limits.pause, limits.max_lag_s, limits.replicas) == (1.0, 0.0, None, ())


def test_what_an_act_keeps_to_may_be_set() -> None:
    environ = {
        "GALLRING_TRANSACTION_S": "0.25",
        "GALLRING_ACT_PAUSE": "1.5",
        "GALLRING_MAX_LAG_S": "5",
        "GALLRING_REPLICAS": "finance:finance_2, finance:finance_3",
    }
    limits = load_settings(environ).limits
    assert (limits.transaction_s, limits.pause, limits.max_lag_s) == (0.25, 1.5, 5.0)
    assert limits.replicas == (("finance", "finance_2"), ("finance", "finance_3"))


@pytest.mark.parametrize("name", ["GALLRING_TRANSACTION_S", "GALLRING_ACT_PAUSE", "GALLRING_MAX_LAG_S"])
@pytest.mark.parametrize("written", ["-1", "1e9", "nan", "90001", "0,5", "٣"])
def test_a_limit_that_is_no_number_is_refused(name: str, written: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name}: is not a usable number\. Give a number.*BAD_NUMBER"):
        load_settings({name: written})


@pytest.mark.parametrize("written", ["finance", "finance:", ":replica", "finance:a:b", "finance:a b"])
def test_a_replica_needs_its_system_and_a_connection(written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_REPLICAS: isn't system:connection.*BAD_VALUE"):
        load_settings({"GALLRING_REPLICAS": written, "GALLRING_MAX_LAG_S": "5"})


def test_replicas_that_nobody_asks_are_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_REPLICAS: names replicas that nobody asks"):
        load_settings({"GALLRING_REPLICAS": "finance:a"})
