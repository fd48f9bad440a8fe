"""``gallring``: looks, explains and proves. It records holds and acceptances; it never destroys. Only Airflow acts.

Exit codes: 0 as it should be; 1 something is wrong with what was looked at; 2 the command, the policy or a setting
can't be used. Every command takes ``--json`` and then prints one JSON document and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from include.retention.errors import ConfigurationError, GallringError, Problem

app = typer.Typer(
    help="Storage limitation under the GDPR: look, explain and prove. Only Airflow acts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

WRONG, UNUSABLE = 1, 2
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def told(as_json: bool) -> Iterator[None]:  # noqa: FBT001 - one flag of every command
    """Turn the package's errors into text or JSON, and into the exit code."""
    try:
        yield
    except ConfigurationError as error:
        if as_json:
            show_json({"error": "ConfigurationError", "problems": [problem_body(each) for each in error.problems]})
        else:
            err.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(UNUSABLE) from None
    except GallringError as error:
        if as_json:
            show_json({"error": type(error).__name__, "text": str(error)})
        else:
            err.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(UNUSABLE) from None


def show_json(content: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Print one JSON document."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n")


def problem_body(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON."""
    return {
        "file": problem.file,
        "key": problem.key,
        "what": problem.what,
        "remedy": problem.remedy,
        "code": problem.code,
        "table": problem.table,
    }


def _register() -> None:
    """Load the commands; each module adds its own."""
    from include.retention.cli import evidence, holds, look, why  # noqa: F401, PLC0415 - they register themselves


_register()
