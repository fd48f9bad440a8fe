"""``gallring``: looks, explains and proves. It records holds and acceptances; it never destroys. Only Airflow acts.

Exit codes: 0 as it should be; 1 something is wrong with what was looked at; 2 the command, the policy or a setting
can't be used. Every command takes ``--json`` and then prints one JSON document and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.markup import escape

from include.retention.data_map.model import Table
from include.retention.errors import ConfigurationError, GallringError, Problem
from include.retention.policy.load import Policy

app = typer.Typer(
    help="Storage limitation under the GDPR: look, explain and prove. Only Airflow acts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

WRONG, UNUSABLE = 1, 2
COMMAND_LINE = "command line"
"""Stands for the file where an argument or an option is what is wrong."""
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
            asked = all(each.file == COMMAND_LINE for each in error.problems)
            text = "\n".join(f"{p.key}: {p.what} {p.remedy}" for p in error.problems) if asked else str(error)
            err.print(f"[red]{escape(text)}[/red]")
        raise typer.Exit(UNUSABLE) from None
    except GallringError as error:
        raise _unusable(type(error).__name__, str(error), as_json=as_json) from None
    except sa.exc.SQLAlchemyError as error:
        # Neither the statement nor its values: what the driver says, and where that was.
        where = getattr(error, "__notes__", ["The control database can't be used. Look at GALLRING_CONTROL_URL."])
        text = f"{' '.join(where)} {type(error).__name__}: {getattr(error, 'orig', None) or error}"
        raise _unusable(type(error).__name__, text, as_json=as_json) from None
    except OSError as error:
        text = f"{error.filename}: {error.strerror}. Look at GALLRING_VAR and GALLRING_POLICY, and who owns what."
        raise _unusable(type(error).__name__, text, as_json=as_json) from None


def _unusable(kind: str, text: str, *, as_json: bool) -> typer.Exit:
    if as_json:
        show_json({"error": kind, "text": text})
    else:
        err.print(f"[red]{escape(text)}[/red]")
    return typer.Exit(UNUSABLE)


def counted(count: int, what: str) -> str:
    """Return a count with its noun."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def command_line(key: str, what: str, remedy: str, code: str) -> ConfigurationError:
    """Return the error for an argument or option that can't be used."""
    return ConfigurationError([Problem(COMMAND_LINE, key, what, remedy, code)])


def typed_day(key: str, text: str) -> date:
    """Return the day that an option names.

    Raises:
        ConfigurationError: the calendar has none of that name, or it is written otherwise.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day of the calendar, in no zone
    except ValueError:
        raise command_line(key, f"{text} is no day.", "Write it as 2026-03-01.", "DAY") from None


def mapped_table(policy: Policy, key: str, table: str) -> Table:
    """Return the table that ``SYSTEM.TABLE`` names.

    Raises:
        ConfigurationError: the data maps have none of that name.
    """
    system, _, name = table.partition(".")
    data_map = policy.maps.get(system)
    if data_map is None or name not in data_map.tables:
        what = f"{table} isn't a mapped table."
        raise command_line(key, what, "Give SYSTEM.TABLE as in the data maps.", "TABLE")
    return data_map.tables[name]


def record_key(table: Table, key: str, text: str) -> tuple[str, ...]:
    """Return the parts of a record's key, typed as ``12,3`` or as a JSON list.

    Raises:
        ConfigurationError: it can't be read, or has another number of parts than the table's key.
    """
    try:
        parts = json.loads(text) if text.startswith("[") else [part.strip() for part in text.split(",")]
    except ValueError:
        parts = []
    plain = all(isinstance(part, (str, int)) and not isinstance(part, bool) for part in parts)
    if not plain or len(parts) != len(table.key):
        what = f"isn't a key of {table.name}, which is ({', '.join(table.key)})."
        raise command_line(key, what, "Give its values as 12,3 or as a JSON list.", "RECORD_KEY")
    return tuple(str(part) for part in parts)


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


def show_notices(notices: Iterable[Problem]) -> None:
    """Print what is to be known and refuses nothing."""
    for notice in notices:
        out.print(f"[yellow]notice[/yellow]  {escape(str(notice))}")


def _register() -> None:
    """Load the commands; each module adds its own."""
    from include.retention.cli import (  # noqa: F401, PLC0415 - they register themselves
        check,
        discovery,
        drafting,
        evidence,
        holds,
        look,
        referred,
        stopping,
        why,
    )


_register()
