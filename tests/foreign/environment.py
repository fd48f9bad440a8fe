"""An application's own environment: what its lock file pins, installed by uv once, never beside Gallring's packages."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.places import ROOT
from tests.services import REQUIRE

UNREACHABLE = ("error sending request", "Failed to fetch", "dns error")
"""What uv says when the package index isn't reachable. Anything else, such as a wrong hash, is a failure."""
ENGINES = {"sqlite": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment that holds exactly what the folder's ``requirements.lock`` pins.

    It is kept below ``var/``, by the lock file's content. Without a package index the test is skipped, or fails where
    services are required.
    """
    lock = folder / "requirements.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    home = ROOT / "var" / "foreign" / f"{folder.name}-{digest}"
    python, done = home / "bin" / "python", home / "complete"
    if not done.exists():
        shutil.rmtree(home, ignore_errors=True)
        _uv("venv", "--python", "3.11", str(home))
        _uv("pip", "install", "--python", str(python), "--require-hashes", "--no-deps", "-r", str(lock))
        done.touch()
    return python


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "uv"), "--quiet", *arguments], capture_output=True, text=True, check=False
    )
    if not done.returncode:
        return
    if any(text in done.stderr for text in UNREACHABLE) and os.environ.get(REQUIRE) != "1":
        pytest.skip("The package index isn't reachable, and the application isn't installed yet")
    pytest.fail(f"uv {arguments[0]}: {done.stderr}")


def django(folder: Path, url: sa.URL, *arguments: str) -> str:
    """Run an application's Python on a database, with the settings of its ``app``; return its output."""
    database = {
        "ENGINE": f"django.db.backends.{ENGINES[url.get_backend_name()]}",
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": url.host or "",
        "PORT": str(url.port or ""),
    }
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder / "app"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "DJANGO_SETTINGS_MODULE": "settings",
        "APP_DATABASE": json.dumps(database),
    }
    done = subprocess.run(
        [str(python_of(folder)), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout
