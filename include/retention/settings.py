"""Where Gallring finds its policy, its working directory and its control database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.retention.errors import ConfigurationError, Problem
from include.retention.limits import Limits, read_limits, whole_number

PROJECT = Path(__file__).resolve().parents[2]
MAX_BUCKETS = 1024
"""Airflow maps a task over at most 1,024 values unless told otherwise (``max_map_length``)."""

PAIR = 2
_URL = re.compile(r"(?!file:|local:|memory:)[a-z][a-z0-9+.-]*://[^@?#:]+")
"""Without user, password, port or options. The three are no stores: the first two are directories, and each task is a
process of its own, with another memory."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The surroundings of a run.

    Attributes:
        var: working directory; what Gallring writes outside the control database is below it, unless set otherwise.
        staging: place of the runs' short-lived frames: an absolute path, or the URL of an object store.
        reports: directory of the reports.
        policy: directory with ``retention_schedule.yaml`` and ``data_map/``.
        control_url: SQLAlchemy URL of the control database.
        buckets: how many parts classification is divided into.
        batch_rows: rows that the ledger says were begun, and measured, together.
        limits: what an act keeps to, for the sake of those who use the systems besides.
        first_run_approved: the guard "first run" is answered by configuration (the quick start does this).
        approvers: id and name of each of Airflow's users who may answer for a plan; none: whoever may edit the DAG.
        mail_to: addresses of those who are told when a run fails or waits.
        code: root of the code whose digest goes into the ledger.
    """

    var: Path
    staging: str
    reports: Path
    policy: Path
    control_url: str
    buckets: int
    batch_rows: int
    limits: Limits
    first_run_approved: bool
    approvers: tuple[tuple[str, str], ...]
    mail_to: tuple[str, ...]
    code: Path

    @property
    def previews(self) -> Path:
        """Return the directory of the command line's own frames, which no other machine reads."""
        return self.var / "staging"

    @property
    def directories(self) -> tuple[Path, ...]:
        """Return the directories of this machine's file system that a run writes to."""
        return (self.var, self.reports, *([] if is_url(self.staging) else [Path(self.staging)]))


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from the environment.

    Raises:
        ConfigurationError: names each setting that can't be used, and what it takes.
    """
    var = Path(environ.get("GALLRING_VAR", PROJECT / "var")).resolve()
    problems: list[Problem] = []
    buckets = whole_number(environ, "GALLRING_BUCKETS", 4, MAX_BUCKETS, problems)
    batch_rows = whole_number(environ, "GALLRING_BATCH_ROWS", 20_000, 1_000_000, problems)
    limits = read_limits(environ, problems)
    staging = _staging(environ.get("GALLRING_STAGING", ""), var, problems)
    reports = environ.get("GALLRING_REPORTS", "")
    if is_url(reports):
        problems.append(_misplaced("GALLRING_REPORTS", "isn't a directory.", "Mount a directory that all share."))
    first_run = environ.get("GALLRING_FIRST_RUN", "").strip()
    if first_run not in {"", "approved"}:
        what, remedy = (
            "is neither empty nor `approved`.",
            "Leave it out, and a human is asked before the first run acts.",
        )
        problems.append(Problem("environment", "GALLRING_FIRST_RUN", what, remedy, "BAD_VALUE"))
    approvers = _approvers(environ, problems)
    mail_to = _addresses(environ, "GALLRING_MAIL_TO", problems)
    if problems:
        raise ConfigurationError(problems)
    return Settings(
        var=var,
        staging=staging,
        reports=Path(reports or var / "reports").resolve(),
        policy=policy_directory(environ),
        control_url=environ.get("GALLRING_CONTROL_URL", f"sqlite:///{var / 'control' / 'control.db'}"),
        buckets=buckets,
        batch_rows=batch_rows,
        limits=limits,
        first_run_approved=first_run == "approved",
        approvers=approvers,
        mail_to=mail_to,
        code=PROJECT / "include" / "retention",
    )


def policy_directory(environ: Mapping[str, str]) -> Path:
    """Return the directory of the policy, whether or not the other settings can be used."""
    return Path(environ.get("GALLRING_POLICY", PROJECT / "include" / "policy")).resolve()


def is_url(place: str) -> bool:
    """Return whether a place is on an object store, rather than a directory."""
    return "://" in place


def _staging(place: str, var: Path, problems: list[Problem]) -> str:
    place = place.removeprefix("file://") if place.startswith("file:///") else place
    if not is_url(place):
        return str(Path(place or var / "staging").resolve())
    if not _URL.fullmatch(place):
        what = "isn't the plain URL of a place on an object store. It isn't shown, for it may hold a password."
        remedy = "Give s3://bucket/prefix alone; credentials and options go where the store's client reads them."
        problems.append(_misplaced("GALLRING_STAGING", what, remedy))
    return place.rstrip("/")


def _approvers(environ: Mapping[str, str], problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    """Read ``id:name,id:name``. A spelling that names nobody would leave every question without an answer."""
    parts = [part.strip() for part in environ.get("GALLRING_APPROVERS", "").split(",") if part.strip()]
    pairs = [tuple(side.strip() for side in part.split(":")) for part in parts]
    wrong = [place for place, pair in enumerate(pairs, 1) if len(pair) != PAIR or not all(pair)]
    if wrong:
        what = f"isn't id:name, separated by commas; look at number {', '.join(map(str, wrong))}."
        remedy = "Give the ids of Airflow's users with a name each, such as 7:dpo,12:lawyer."
        problems.append(Problem("environment", "GALLRING_APPROVERS", what, remedy, "BAD_VALUE"))
        return ()
    return tuple((user, name) for user, name in pairs)


def _addresses(environ: Mapping[str, str], name: str, problems: list[Problem]) -> tuple[str, ...]:
    """Read addresses separated by commas. The problem tells which isn't one by its place, never by its text."""
    text = environ.get(name, "").strip()
    if not text:
        return ()
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - few set it, and DAGs are read often

    found = [part.strip() for part in text.split(",")]
    wrong = []
    for place, address in enumerate(found, 1):
        try:
            validate_email(address, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            wrong.append(str(place))
    if wrong:
        what = f"holds something that isn't an e-mail address: number {', '.join(wrong)}."
        remedy = "Give addresses separated by commas, such as dpo@example.com,it@example.com."
        problems.append(Problem("environment", name, what, remedy, "BAD_VALUE"))
    return tuple(found)


def _misplaced(name: str, what: str, remedy: str) -> Problem:
    return Problem("environment", name, what, remedy, "BAD_PLACE")
