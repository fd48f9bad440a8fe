"""How an act spares those who use a system besides: how long it may wait for others, and keep them waiting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from include.retention.errors import Problem

HOUR = 3600
"""Seconds."""
DAY = 24 * HOUR
"""Seconds."""
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_REPLICA = re.compile(r"(?P<system>[^:,\s]+):(?P<connection>[^:,\s]+)")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """What a session of a database waits for, at most. SQLite knows the first alone.

    Attributes:
        lock: seconds that a statement waits for somebody else's lock before it fails. What its transaction has locked
            by then stays locked for so long.
        statement: seconds that a statement may take; None: as long as it takes.
    """

    lock: int = 60
    statement: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What an act keeps to.

    Attributes:
        timeouts: of the sessions that destroy.
        transaction_s: seconds that a destroying transaction should take.
        pause: how long to rest after each, as a share of the time that it took.
        max_lag_s: seconds that a replica may be behind before the act waits for it; None: nobody asks.
        replicas: system and connection id of each replica on MariaDB, which must be asked itself.
    """

    timeouts: Timeouts
    transaction_s: float
    pause: float
    max_lag_s: float | None
    replicas: tuple[tuple[str, str], ...]


def read_limits(environ: Mapping[str, str], problems: list[Problem]) -> Limits:
    """Read the limits from the environment; a setting that can't be used goes to ``problems``."""
    lag = "GALLRING_MAX_LAG_S"
    return Limits(
        timeouts=_timeouts(environ, problems),
        transaction_s=_number(environ, "GALLRING_TRANSACTION_S", 1, (0.05, 60), problems),
        pause=_number(environ, "GALLRING_ACT_PAUSE", 0, (0, 100), problems),
        max_lag_s=_number(environ, lag, 10, (0.1, DAY), problems) if environ.get(lag) else None,
        replicas=_replicas(environ, problems),
    )


def whole_number(environ: Mapping[str, str], name: str, default: int, most: int, problems: list[Problem]) -> int:
    """Read a whole number from 1 to ``most``; one that can't be used goes to ``problems``."""
    text = environ.get(name, str(default))
    if text.isdecimal() and 1 <= int(text) <= most:
        return int(text)
    problems.append(_no_number(name, f"Give a whole number from 1 to {most}."))
    return default


def _timeouts(environ: Mapping[str, str], problems: list[Problem]) -> Timeouts:
    lock = whole_number(environ, "GALLRING_LOCK_TIMEOUT_S", 10, HOUR, problems)
    statement = whole_number(environ, "GALLRING_STATEMENT_TIMEOUT_S", 300, DAY, problems)
    if statement <= lock:
        # A wait for somebody else's lock would end as a slow statement, which isn't tried again.
        what, remedy = "isn't longer than GALLRING_LOCK_TIMEOUT_S.", f"Give more than {lock}, or shorten that."
        problems.append(Problem("environment", "GALLRING_STATEMENT_TIMEOUT_S", what, remedy, "BAD_NUMBER"))
    return Timeouts(lock, statement)


def _number(
    environ: Mapping[str, str], name: str, default: float, bounds: tuple[float, float], problems: list[Problem]
) -> float:
    """Read a number, with decimals or without."""
    text, (least, most) = environ.get(name, str(default)), bounds
    if _NUMBER.fullmatch(text) and least <= float(text) <= most:
        return float(text)
    problems.append(_no_number(name, f"Give a number from {least:g} to {most:g}."))
    return default


def _no_number(name: str, remedy: str) -> Problem:
    return Problem("environment", name, "is not a usable number.", remedy, "BAD_NUMBER")


def _replicas(environ: Mapping[str, str], problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    """Read ``system:connection,system:connection``."""
    name = "GALLRING_REPLICAS"
    parts = [part.strip() for part in environ.get(name, "").split(",") if part.strip()]
    found = [_REPLICA.fullmatch(part) for part in parts]
    if not all(found):
        what, remedy = "isn't system:connection, separated by commas.", "Give such as finance:finance_replica_1."
        problems.append(Problem("environment", name, what, remedy, "BAD_VALUE"))
    if parts and not environ.get("GALLRING_MAX_LAG_S"):
        what, remedy = "names replicas that nobody asks.", "Set GALLRING_MAX_LAG_S too, or leave it out."
        problems.append(Problem("environment", name, what, remedy, "BAD_VALUE"))
    return tuple((each["system"], each["connection"]) for each in found if each)
