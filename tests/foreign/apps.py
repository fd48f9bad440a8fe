"""Applications in environments of their own, below ``var/foreign``: Gallring's own never holds anything of theirs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.local.setup import find_uv, uv_environment
from tests.places import ROOT
from tests.services import REQUIRE

ENGINES = {"sqlite": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}


@dataclass(frozen=True)
class DjangoApp:
    """A Django application whose settings and scripts are in ``folder``.

    Attributes:
        settings: name of its settings module; ``SHOP_DATABASE`` tells it which database.
    """

    folder: Path
    settings: str

    def run(self, url: sa.URL, *arguments: str) -> str:
        """Run Python with the application's environment and database; return what it printed."""
        database = {"ENGINE": f"django.db.backends.{ENGINES[url.get_backend_name()]}", "NAME": url.database}
        if url.get_backend_name() != "sqlite":
            database |= {"USER": url.username, "PASSWORD": url.password or "", "HOST": url.host, "PORT": url.port}
        environment = {
            **os.environ, "DJANGO_SETTINGS_MODULE": self.settings, "SHOP_DATABASE": json.dumps(database),
            "PYTHONPATH": str(self.folder), "PYTHONWARNINGS": "ignore",
        }  # fmt: skip
        return _run([installed(self.folder), *arguments], self.folder, environment)

    def migrate(self, url: sa.URL) -> None:
        """Make the application's tables by its own migrations."""
        self.run(url, "-m", "django", "migrate", "--skip-checks", "-v0")


@dataclass(frozen=True)
class TrytonApp:
    """A Tryton server with some modules, whose scripts are in ``folder``.

    Attributes:
        modules: those that are activated, and what they depend on.
    """

    folder: Path
    modules: tuple[str, ...]

    def run(self, url: sa.URL, *arguments: str) -> str:
        """Run Python with the server's environment and database; return what it printed."""
        return _run([installed(self.folder), *arguments], self.folder, self._environment(url))

    def make(self, url: sa.URL, home: Path) -> None:
        """Make the server's tables by its own migrations.

        Args:
            url: an empty database.
            home: a directory for the administrator's password, which nobody uses.
        """
        if url.get_backend_name() == "sqlite":
            file = Path(str(url.database))
            file.touch()
            file.with_suffix(".sqlite").symlink_to(file)
        password = home / "administrator"
        password.write_text("never-used-by-anybody", "utf-8")
        admin = Path(installed(self.folder)).with_name("trytond-admin")
        command = [str(admin), "-d", self._name(url), "-u", *self.modules, "--activate-dependencies"]
        environment = {**self._environment(url), "TRYTONPASSFILE": str(password)}
        _run([*command, "--email", "admin@example.se"], self.folder, environment)

    @staticmethod
    def _name(url: sa.URL) -> str:
        return Path(str(url.database)).stem if url.get_backend_name() == "sqlite" else str(url.database)

    def _environment(self, url: sa.URL) -> dict[str, str]:
        """Return the server's settings. It finds a SQLite file by its folder, and its name with another ending."""
        if url.get_backend_name() == "sqlite":
            place = {
                "TRYTOND_DATABASE__URI": "sqlite://",
                "TRYTOND_DATABASE__PATH": str(Path(str(url.database)).parent),
            }
        else:
            server = url.set(drivername="postgresql", database="").render_as_string(hide_password=False)
            place = {"TRYTOND_DATABASE__URI": server}
        return {**os.environ, **place, "TRYTON_DATABASE": self._name(url), "PYTHONWARNINGS": "ignore"}


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def installed(folder: Path) -> str:
    """Return the interpreter of an application's environment, made from its lock where it isn't there yet.

    Where the registry can't be reached the test is skipped, or fails if every service is required.
    """
    lock, target = folder / "requirements.lock", ROOT / "var" / "foreign" / folder.name
    target.parent.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp, python = target / "lock.sha256", str(target / "bin" / "python")
    with _alone(target.with_suffix(".lock")):
        if stamp.exists() and stamp.read_text("utf-8") == wanted:
            return python
        environment = uv_environment()
        uv = find_uv(sys.executable, environment)
        for command in (
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, target],
            [uv, "pip", "install", "--quiet", "--require-hashes", "--python", python, "--requirements", lock],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
            if done.returncode:
                _unavailable(folder.name, done.stderr)
        stamp.write_text(wanted, "utf-8")
    return python


def _unavailable(name: str, why: str) -> None:
    message = f"{name} can't be installed: {why.strip()[-300:]}"
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
