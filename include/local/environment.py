"""The surroundings of the sample on this machine: paths, secrets and settings, all below the checkout's ``var/``."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
PORT = 8080
SYSTEMS = ("sales", "finance", "marketing")
USERS = {"admin": "admin", "dpo": "user", "viewer": "viewer"}
"""Demonstration users of Airflow's simple auth manager, and their roles."""

QUIET = {
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "SCARF_ANALYTICS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "OTEL_SDK_DISABLED": "true",
}
"""Telemetry of every dependency, off."""

KEY = "GALLRING_KEY"
FREE = frozenset({
    "GALLRING_APPROVERS", "GALLRING_BATCH_ROWS", "GALLRING_BUCKETS", "GALLRING_FIRST_RUN", "GALLRING_REQUIRE_SERVICES",
    "GALLRING_TEST_MARIADB_URL", "GALLRING_TEST_POSTGRES_URL", "GALLRING_TEST_SEED", "GALLRING_TEST_SUBJECTS",
})  # fmt: skip
"""Settings that anybody may give the sample, since they lead nowhere."""


class LocalError(RuntimeError):
    """Why `make run` and the like can't go on. The message says what to do."""


def var() -> Path:
    """Return the working directory."""
    return Path(os.environ.get("GALLRING_VAR", ROOT / "var")).resolve()


def local_environment(*, port: int = PORT, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of every local process: Airflow's settings, Gallring's, and the sample systems'.

    Of what ``environ`` sets for Gallring only the settings that lead nowhere are passed on, and of what it sets for
    Airflow nothing: another configuration, or another database's connection, must not come between. Secrets are made
    on first use.

    Args:
        port: of the API server, on 127.0.0.1.
        environ: the environment to start from.
    """
    inherited = {
        name: value
        for name, value in environ.items()
        if name in FREE or not (name.startswith(("GALLRING_", "AIRFLOW_")) or name == "PYTHONDONTWRITEBYTECODE")
    }
    free = {name: value for name, value in inherited.items() if name in FREE}
    return {**inherited, **gallring_settings(), **free, **airflow_settings(port), **QUIET}


def gallring_settings() -> dict[str, str]:
    """Return where Gallring finds its key and the sample systems."""
    return {**sample_settings(), KEY: secret(key_file().name)}


def sample_settings() -> dict[str, str]:
    """Return the sample's settings except for its key, which is made on first use. Nothing is written."""
    sample = var() / "sample"
    connections = {
        f"AIRFLOW_CONN_GALLRING_{system.upper()}": json.dumps(
            {"conn_type": "sqlite", "host": str(sample / f"{system}.db")}
        )
        for system in SYSTEMS
    }
    return {
        "GALLRING_VAR": str(var()),
        "GALLRING_CONTROL_URL": f"sqlite:///{var() / 'control' / 'control.db'}",
        "GALLRING_POLICY": str(ROOT / "include" / "policy"),
        "GALLRING_BUCKETS": "2",
        "GALLRING_FILES_ID_COPIES": str(sample / "files" / "id_copies"),
        **connections,
    }


def airflow_settings(port: int) -> dict[str, str]:
    """Return Airflow's settings: SQLite, LocalExecutor, everything on 127.0.0.1 and below ``var/airflow``."""
    home = var() / "airflow"
    server = f"http://{HOST}:{port}"
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{server}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(password_file()),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": server,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secret("airflow_api.key"),
        "AIRFLOW__API_AUTH__JWT_SECRET": secret("airflow_jwt.key"),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }


def passwords() -> dict[str, str]:
    """Return the demonstration users' passwords; Airflow's simple auth manager reads them from the same file."""
    content: dict[str, str] = json.loads(
        _kept(password_file(), lambda: json.dumps({user: secrets.token_urlsafe(9) for user in USERS}))
    )
    return content


def key_file() -> Path:
    """Return where the sample's key is kept."""
    return var() / "secrets" / "gallring.key"


def password_file() -> Path:
    """Return where the demonstration users' passwords are kept."""
    return var() / "secrets" / "airflow_passwords.json"


def secret(name: str) -> str:
    """Return a secret of this checkout, made on first use: 32 random bytes in hex, in a file of its owner's alone."""
    return _kept(var() / "secrets" / name, lambda: secrets.token_hex(32))


def use_local_defaults() -> None:
    """Let a command know the sample systems, where there are any. What the environment sets comes first."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if (var() / "sample").is_dir():
        for name, value in gallring_settings().items():
            os.environ.setdefault(name, value)


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Return a file's content; make the file first where it is missing, never in anybody else's sight."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make())
        # Of two processes at once the first wins: both then read the same secret.
        try:
            os.link(partial, path)
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return path.read_text(encoding="utf-8").strip()
