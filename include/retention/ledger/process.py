"""Which process this is, and whether another one lives.

"Gone" and "alive" are proof: the operating system itself says so, about a process of this machine, in this process
namespace, told apart from a later one with the same number by the moment it started. About any other nobody here knows.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_STATE, _STARTED = 0, 19
"""Places in ``/proc/<pid>/stat`` after the command's name: state, and start in clock ticks since boot (proc(5))."""

_DEAD = {"Z", "X", "x"}


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, so that it can be told from every other.

    Attributes:
        host: name of the machine, for people.
        machine: the machine's own id; empty where it has none (most containers).
        boot: id of the machine's present boot; empty where the system doesn't say.
        space: the namespace that process numbers count in.
        pid: process number.
        started: when it started, in the system's own clock ticks; empty where the system doesn't say.
    """

    host: str
    machine: str
    boot: str
    space: str
    pid: int
    started: str


def this_process() -> Holder:
    """Return the process that asks."""
    pid = os.getpid()
    stat = _stat(pid)
    return Holder(
        host=socket.gethostname(),
        machine=_read("/etc/machine-id"),
        boot=_read("/proc/sys/kernel/random/boot_id"),
        space=_link("/proc/self/ns/pid"),
        pid=pid,
        started=stat[_STARTED] if stat else "",
    )


class Life(Enum):
    """What is known of a process."""

    GONE = "gone"
    ALIVE = "alive"
    UNKNOWN = "unknown"
    """It isn't one of this machine and process namespace, so this machine can't tell."""


def life_of(holder: Holder, here: Holder | None = None) -> Life:
    """Say whether a process lives, as far as this machine can prove it.

    Args:
        holder: the process in question.
        here: where the question is asked; this process unless a test says otherwise.
    """
    here = here or this_process()
    if holder.host != here.host:
        return Life.UNKNOWN
    if holder.boot != here.boot:
        # Another boot of the same machine ended every process. Without the machine's id it may be another machine.
        ended = holder.boot and here.boot and holder.machine and holder.machine == here.machine
        return Life.GONE if ended else Life.UNKNOWN
    if holder.space != here.space:
        return Life.UNKNOWN
    return Life.GONE if _is_dead(holder) else Life.ALIVE


def _is_dead(holder: Holder) -> bool:
    """Say whether a process of this machine and namespace is dead, or its number another's by now."""
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # It exists, and is somebody else's. Its start still tells whether it is the one.
    stat = _stat(holder.pid)
    if not stat:
        return False
    return stat[_STATE] in _DEAD or bool(holder.started and stat[_STARTED] != holder.started)


def _stat(pid: int) -> list[str]:
    """Return what the system says of a process, after its name (which may hold anything); empty where it says none."""
    return _read(f"/proc/{pid}/stat").rpartition(") ")[2].split()


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
