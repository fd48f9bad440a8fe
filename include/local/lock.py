"""One `make run`, `make up` or `make fresh` at a time: the lock of the working directory.

The kernel holds the lock as long as any process lives that has the file open. Airflow's processes inherit it, so
whoever gets it knows that nothing of an earlier start is left, even where that was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.local.environment import LocalError
from include.local.keeper import KNOWS_SESSIONS, lives, members

NAME = "local.lock"
WAIT_SECONDS = 5.0
"""For what an owner leaves behind: its processes end a moment after it."""


class ActiveError(LocalError):
    """Another start, or what a killed one left, still works in the directory."""


@dataclass(slots=True)
class Lock:
    """The lock, once it is ours.

    Attributes:
        descriptor: the open file's; a process that keeps it open keeps the lock.
        sessions: of the processes that we have started, for whoever finds the lock taken.
    """

    descriptor: int
    sessions: list[int] = field(default_factory=list)

    def note(self, session: int | None = None) -> None:
        """Write down who we are and, where one is given, what we have started."""
        self.sessions += [session] if session is not None else []
        content = json.dumps({"pid": os.getpid(), "sessions": self.sessions}).encode()
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, content, 0)


@contextlib.contextmanager
def alone(directory: Path) -> Iterator[Lock]:
    """Hold the lock of a working directory.

    Raises:
        ActiveError: somebody else holds it.
    """
    path = directory / NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, path)
        lock = Lock(descriptor)
        lock.note()
        yield lock
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _owner(path)
            if _alive(owner["pid"]):
                raise ActiveError(
                    f"Another make run, make up or make fresh is active (pid {owner['pid']}). "
                    "Wait until it has ended, or end it with Ctrl-C where it was started."
                ) from None
            if time.monotonic() > until:
                raise ActiveError(_left_behind(owner)) from None
            time.sleep(0.1)
        else:
            return


def _owner(path: Path) -> dict[str, Any]:
    """Return what the owner wrote; nobody, where it is just about to."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {"pid": 0, "sessions": []}
    return content


def _left_behind(owner: dict[str, Any]) -> str:
    sessions = ",".join(str(session) for session in owner["sessions"] if lives(session))
    remedy = f"end them with `pkill -KILL -s {sessions}`" if sessions else "end them"
    return (
        f"An earlier make run, make up or make fresh (pid {owner['pid']}) was killed, and processes that it had "
        f"started are still alive. Wait until they have ended, or {remedy}; then try again."
    )


def _alive(pid: int) -> bool:
    """Return whether a process lives: one that only waits to be collected doesn't."""
    try:
        session = os.getsid(pid)
    except ProcessLookupError:
        return False
    return pid in members(session) if KNOWS_SESSIONS else pid > 0
