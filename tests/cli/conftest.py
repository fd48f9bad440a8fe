"""The command line, called beside the sample systems."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from include.retention.cli.main import app
from tests.integration.conftest import PLANTED, small
from tests.integration.harness import Iret, iret

__all__ = ["small"]

Call = Callable[..., Result]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iret]:
    """The planted cases on SQLite, for tests that change nothing."""
    with iret("sqlite", tmp_path_factory.mktemp("company"), PLANTED) as systems:
        yield systems


@pytest.fixture(scope="session")
def call() -> Call:
    """Call ``gallring`` with arguments, and let no error of Python's own pass."""

    def invoke(*arguments: str, answer: str | None = None) -> Result:
        # 80 columns, as a terminal has: a table must not be cut there.
        done = CliRunner(env={"COLUMNS": "80"}).invoke(app, list(arguments), input=answer)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return invoke


def document(done: Result) -> Any:
    """Return the one JSON document that is all of standard output."""
    return json.loads(done.stdout)


def everything(systems: Iret) -> dict[str, str]:
    """Return a digest of every file of the systems and of Gallring: databases, copies, staging, reports."""
    roots = (systems.sample.folder, systems.gallring.var)
    files = [path for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
