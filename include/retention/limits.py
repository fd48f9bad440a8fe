"""How an act spares those who use a system besides: how long it may wait for others, and keep them waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from include.retention.errors import Problem

HOUR = 3600
"""Seconds."""
DAY = 24 * HOUR
"""Seconds."""


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


def read_timeouts(environ: Mapping[str, str], problems: list[Problem]) -> Timeouts:
    """Read how long the sessions that destroy may wait; a setting that can't be used goes to ``problems``."""
    lock = whole_number(environ, "GALLRING_LOCK_TIMEOUT_S", 10, HOUR, problems)
    statement = whole_number(environ, "GALLRING_STATEMENT_TIMEOUT_S", 300, DAY, problems)
    if statement <= lock:
        # A wait for somebody else's lock would end as a slow statement, which isn't tried again.
        what, remedy = "isn't longer than GALLRING_LOCK_TIMEOUT_S.", f"Give more than {lock}, or shorten that."
        problems.append(Problem("environment", "GALLRING_STATEMENT_TIMEOUT_S", what, remedy, "BAD_NUMBER"))
    return Timeouts(lock, statement)


def whole_number(environ: Mapping[str, str], name: str, default: int, most: int, problems: list[Problem]) -> int:
    """Read a whole number from 1 to ``most``; one that can't be used goes to ``problems``."""
    text = environ.get(name, str(default))
    if text.isdecimal() and 1 <= int(text) <= most:
        return int(text)
    problems.append(
        Problem("environment", name, "is not a usable number.", f"Give a whole number from 1 to {most}.", "BAD_NUMBER")
    )
    return default
