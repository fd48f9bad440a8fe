"""Airflow's processes on this machine: started together, watched, and ended with all their children."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from include.local.environment import HOST, LocalError
from include.local.keeper import lives, tell
from include.local.lock import Lock

GRACE_SECONDS = 15.0


class ProcessEndedError(LocalError):
    """One of Airflow's processes has ended, or couldn't be started. The message names its log."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process that we started, in a session of its own; its keeper leads it."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def airflow(*arguments: str) -> list[str]:
    """Return the command line of an Airflow command in this environment."""
    return [sys.executable, "-m", "airflow", *arguments]


def end_on_signals() -> None:
    """Let Ctrl-C and a request to terminate end us in order, even where the shell has us ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))


def free_port(preferred: int) -> int:
    """Return the preferred port of 127.0.0.1 if it is free, otherwise any that is."""
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            free: int = probe.getsockname()[1]
            return free
    raise ProcessEndedError(f"No port of {HOST} is free.")


@contextlib.contextmanager
def running(
    commands: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    logs: Path,
    lock: Lock,
    grace: float = GRACE_SECONDS,
) -> Iterator[list[Child]]:
    """Run commands side by side, and end them and whatever they started when the block is left, however it is left.

    Where we are killed, their keepers end them.

    Args:
        commands: name -> command line.
        environ: the environment of all of them.
        logs: directory for ``<name>.log``.
        lock: that they keep while they live.
        grace: seconds to end in; whoever takes longer is made to.
    """
    logs.mkdir(parents=True, exist_ok=True)
    children: list[Child] = []
    try:
        for name, command in commands.items():
            log = logs / f"{name}.log"
            with log.open("wb") as output:
                children.append(Child(name, start(command, environ, lock, output), log))
        yield children
    finally:
        stop(children, grace)


def check(children: Sequence[Child]) -> None:
    """Raise if one of the processes has ended.

    Raises:
        ProcessEndedError: names it and its log.
    """
    for child in children:
        if child.process.poll() is not None:
            raise ProcessEndedError(f"Airflow's {child.name} ended by itself ({child.process.returncode}): {child.log}")


def stop(children: Sequence[Child], grace: float = GRACE_SECONDS) -> None:
    """End processes with everything in their sessions: asked first, made to after ``grace`` seconds.

    All are asked, since Airflow's scheduler leaves workers behind when only it is asked.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        for child in children:
            tell(child.process.pid, number)
        until = time.monotonic() + grace
        while time.monotonic() < until and any(_lives(child) for child in children):
            time.sleep(0.1)
        if not any(_lives(child) for child in children):
            return


def start(
    command: Sequence[str], environ: Mapping[str, str], lock: Lock, output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command that keeps the lock while it lives, and ends with us, however we end.

    A session of its own: Ctrl-C in the terminal then reaches us alone, and we end each session in order.

    Args:
        command: command line.
        environ: its environment.
        lock: of the working directory.
        output: where it writes; ours if left out.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "include.local.keeper", *command], env=dict(environ), stdin=subprocess.PIPE,
        stdout=output, stderr=output, start_new_session=True, pass_fds=[lock.descriptor],
    )  # fmt: skip
    lock.note(process.pid)
    return process


def _lives(child: Child) -> bool:
    child.process.poll()  # so that a dead leader doesn't stay a zombie
    return lives(child.process.pid)
