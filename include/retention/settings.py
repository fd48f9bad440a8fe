"""Where Gallring finds its policy, its working directory and its control database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.retention.errors import ConfigurationError, Problem

PROJECT = Path(__file__).resolve().parents[2]
MAX_BUCKETS = 1024
"""Airflow maps a task over at most 1,024 values unless told otherwise (``max_map_length``)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The surroundings of a run.

    Attributes:
        var: working directory; everything that Gallring writes outside the control database is below it.
        policy: directory with ``retention_schedule.yaml`` and ``data_map/``.
        control_url: SQLAlchemy URL of the control database.
        buckets: how many parts classification is divided into.
        batch_rows: rows in one destroying transaction.
        first_run_approved: the guard "first run" is answered by configuration (the quick start does this).
        code: root of the code whose digest goes into the ledger.
    """

    var: Path
    policy: Path
    control_url: str
    buckets: int
    batch_rows: int
    first_run_approved: bool
    code: Path

    @property
    def staging(self) -> Path:
        """Return the directory of the runs' short-lived frames."""
        return self.var / "staging"

    @property
    def reports(self) -> Path:
        """Return the directory of the reports."""
        return self.var / "reports"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from the environment.

    Raises:
        ConfigurationError: a number isn't a number or out of range.
    """
    var = Path(environ.get("GALLRING_VAR", PROJECT / "var")).resolve()
    problems: list[Problem] = []
    buckets = _count(environ, "GALLRING_BUCKETS", 4, MAX_BUCKETS, problems)
    batch_rows = _count(environ, "GALLRING_BATCH_ROWS", 500, 10_000, problems)
    if problems:
        raise ConfigurationError(problems)
    return Settings(
        var=var,
        policy=Path(environ.get("GALLRING_POLICY", PROJECT / "include" / "policy")).resolve(),
        control_url=environ.get("GALLRING_CONTROL_URL", f"sqlite:///{var / 'control' / 'control.db'}"),
        buckets=buckets,
        batch_rows=batch_rows,
        first_run_approved=environ.get("GALLRING_FIRST_RUN", "") == "approved",
        code=PROJECT / "include" / "retention",
    )


def _count(environ: Mapping[str, str], name: str, default: int, most: int, problems: list[Problem]) -> int:
    text = environ.get(name, str(default))
    if text.isdecimal() and 1 <= int(text) <= most:
        return int(text)
    problems.append(
        Problem("environment", name, "is not a usable number.", f"Give a whole number from 1 to {most}.", "BAD_NUMBER")
    )
    return default
