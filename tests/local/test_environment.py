"""The local surroundings: below the checkout, secret where secret, silent to the outside."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.local import environment, shell
from include.local.environment import local_environment, passwords, secret
from include.retention.connections import database_url


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of the test's own."""
    for name in [name for name in os.environ if name.startswith(("GALLRING_", "AIRFLOW_CONN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GALLRING_VAR", str(tmp_path / "var"))
    return tmp_path / "var"


def test_everything_airflow_writes_stays_below_the_working_directory(var: Path) -> None:
    settings = local_environment(environ={})
    for name in ("AIRFLOW_HOME", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"):
        assert Path(settings[name]).is_relative_to(var)
    assert str(var) in settings["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]


def test_nothing_listens_beyond_this_machine() -> None:
    settings = local_environment(port=9999, environ={})
    assert settings["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert settings["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:9999/execution/"


def test_telemetry_is_off_whatever_the_environment_says() -> None:
    settings = local_environment(environ={"AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "True"})
    assert settings["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert settings["SCARF_ANALYTICS"] == "false"


def test_bytecode_is_written() -> None:
    assert "PYTHONDONTWRITEBYTECODE" not in local_environment(environ={"PYTHONDONTWRITEBYTECODE": "1"})


def test_the_connections_lead_to_the_sample_systems(var: Path) -> None:
    settings = local_environment(environ={})
    for system in environment.SYSTEMS:
        assert database_url(f"gallring_{system}", settings).database == str(var / "sample" / f"{system}.db")


def test_what_the_environment_says_of_other_systems_is_not_passed_on(var: Path) -> None:
    own = {
        "AIRFLOW_CONN_GALLRING_SALES": "postgres://db/sales",
        "AIRFLOW_CONN_CRM": "postgres://db/crm",
        "AIRFLOW_CONFIG": "/srv/airflow.cfg",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": "postgresql+asyncpg://db/airflow",
        "GALLRING_CONTROL_URL": "postgresql+psycopg://db/gallring",
        "GALLRING_KEY": "ab" * 32,
        "GALLRING_OLD_KEYS": "cd" * 32,
        "GALLRING_POLICY": "/srv/policy",
    }
    settings = local_environment(environ=own)
    assert set(own.values()).isdisjoint(settings.values())
    assert settings["GALLRING_CONTROL_URL"] == f"sqlite:///{var / 'control' / 'control.db'}"


def test_what_leads_nowhere_is_passed_on() -> None:
    given = {"GALLRING_BUCKETS": "3", "GALLRING_FIRST_RUN": "ask", "PATH": "/bin"}
    assert local_environment(environ=given).items() >= given.items()


def test_secrets_are_made_once_and_for_their_owner_alone(var: Path) -> None:
    first = secret("gallring.key")
    assert secret("gallring.key") == first
    assert len(bytes.fromhex(first)) == 32
    file = var / "secrets" / "gallring.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len({secret(f"{name}.key") for name in "abcd"}) == 4


def test_two_processes_at_once_make_one_secret() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(_in_child, range(8)))
    assert len(made) == 1


def _in_child(_number: int) -> str:
    import subprocess
    import sys

    script = "from include.local.environment import secret; print(secret('shared.key'))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    return done.stdout


def test_each_demonstration_user_has_a_password(var: Path) -> None:
    assert set(passwords()) == set(environment.USERS)
    assert len(set(passwords().values())) == len(environment.USERS)
    assert passwords() == passwords()
    assert stat.S_IMODE(environment.password_file().stat().st_mode) == 0o600


def test_settings_for_a_shell_show_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.main() == 0
    shown = capsys.readouterr().out
    assert "export AIRFLOW_HOME=" in shown
    for name in ("gallring.key", "airflow_api.key", "airflow_jwt.key"):
        assert secret(name) not in shown
        assert name in shown


def test_a_command_knows_the_samples_only_where_there_are_any(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"GALLRING_VAR": str(var)})
    environment.use_local_defaults()
    assert "AIRFLOW_CONN_GALLRING_SALES" not in os.environ
    (var / "sample").mkdir(parents=True)
    environment.use_local_defaults()
    assert "sales.db" in os.environ["AIRFLOW_CONN_GALLRING_SALES"]
