"""Stands between us and a process: ends it with everything it started when we are gone, however we went.

``python -m include.local.keeper COMMAND ...``, as the leader of a session. Its standard input is a pipe to which nobody
writes: the kernel closes it with the process that holds the other end, after ``kill -9`` too. Everything the command
starts stays in the session; not so in its process group, for Airflow gives every task a group of its own.

Descriptors that it was given (the lock of the working directory) stay open in what it starts.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

LOOK_SECONDS = 0.1
KNOWS_SESSIONS = Path("/proc/self/stat").exists()
"""Linux. Elsewhere only the process group is reached: a task in a group of its own may live on."""


def main(command: list[str]) -> int:
    """Run a command until it ends or our parent does, end what is left of the session, and return an exit code."""
    # A request to terminate is for the command, which got it too; a handler, since it would inherit an ignored signal.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)
    while child.poll() is None and not select.select([sys.stdin], [], [], LOOK_SECONDS)[0]:
        pass
    end_session()
    code = child.wait()
    return code if code >= 0 else 128 - code


def end_session() -> None:
    """Kill everything in our session but ourselves; again, until nothing is left: somebody may just have forked."""
    while others := [pid for pid in members(os.getpid()) if pid != os.getpid()]:
        for pid in others:
            _kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    if not KNOWS_SESSIONS:
        os.killpg(0, signal.SIGKILL)


def members(session: int) -> list[int]:
    """Return the processes of a session that live; one that only waits to be collected doesn't."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, _group, its = file.read_bytes().rpartition(b")")[2].split()[:4]
            if int(its) == session and state not in {b"Z", b"X"}:
                found.append(int(file.parent.name))
    return found


def lives(session: int) -> bool:
    """Return whether any process of a session lives."""
    if KNOWS_SESSIONS:
        return bool(members(session))
    try:
        os.killpg(session, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def tell(session: int, number: signal.Signals) -> None:
    """Send a signal to every process of a session."""
    if not KNOWS_SESSIONS:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(session, number)
    for pid in members(session):
        _kill(pid, number)


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
