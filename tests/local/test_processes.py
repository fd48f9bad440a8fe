"""Processes are ended with everything they started, and their end doesn't go unseen."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.local.keeper import tell
from include.local.lock import ActiveError, Lock, alone
from include.local.processes import ProcessEndedError, check, free_port, running, stop
from tests.places import ROOT

FAMILY = """
import os, signal, subprocess, sys, time
code = "import os, signal, time; os.setpgid(0, 0); {child}; time.sleep(60)"  # as each task of Airflow does
child = subprocess.Popen([sys.executable, "-c", code])
print(child.pid, flush=True)
{parent}
time.sleep(60)
"""
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STARTER = """
import os, sys, time
from pathlib import Path
from include.local.keeper import tell
from include.local.lock import alone
from include.local.processes import running
directory, code = Path(sys.argv[1]), sys.argv[2]
with alone(directory) as lock, running({"family": [sys.executable, "-c", code]}, os.environ, directory, lock) as family:
    print(family[0].process.pid, flush=True)
    time.sleep(60)
"""
"""What `make run` is to Airflow."""
STUBBORN = "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Lock]:
    """The lock of a directory of the test's own."""
    with alone(tmp_path) as lock:
        yield lock


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of a directory and runs a family in it; its keeper's pid is on its output."""
    code = FAMILY.format(child=STUBBORN, parent=STUBBORN)
    command = [sys.executable, "-c", STARTER, str(tmp_path), code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def grandchild(log: Path) -> int:
    """The pid that the family's parent printed."""
    until = time.monotonic() + 20
    while not (log.exists() and log.read_text(encoding="utf-8")) and time.monotonic() < until:
        time.sleep(0.05)
    return int(log.read_text(encoding="utf-8"))


def ends(pid: int) -> bool:
    """Whether a process ends within a few seconds."""
    until = time.monotonic() + 5
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


@pytest.mark.parametrize("stubborn", [False, True])
def test_children_of_children_end_too(tmp_path: Path, lock: Lock, stubborn: bool) -> None:
    code = FAMILY.format(child=STUBBORN if stubborn else "pass", parent=STUBBORN if stubborn else "pass")
    with running({"family": [sys.executable, "-c", code]}, os.environ, tmp_path, lock) as children:
        pid = grandchild(tmp_path / "family.log")
        assert alive(pid)
        if stubborn:
            time.sleep(0.3)
            stop(children, grace=0.4)
    assert ends(pid)


def test_nothing_is_left_when_the_block_fails(tmp_path: Path, lock: Lock) -> None:
    with (
        pytest.raises(RuntimeError, match="boom"),
        running({"one": SLEEP}, os.environ, tmp_path, lock) as children,
    ):
        raise RuntimeError("boom")
    assert children[0].process.poll() is not None


def test_nothing_is_left_when_a_later_one_cannot_start(tmp_path: Path, lock: Lock) -> None:
    commands = {"one": SLEEP, "no/such/directory": SLEEP}
    with pytest.raises(FileNotFoundError), running(commands, os.environ, tmp_path, lock):
        pass
    assert len(lock.sessions) == 1
    assert not alive(lock.sessions[0])


def test_a_process_that_ends_by_itself_is_told_with_its_log(tmp_path: Path, lock: Lock) -> None:
    with running({"one": [sys.executable, "-c", "raise SystemExit(3)"]}, os.environ, tmp_path, lock) as children:
        children[0].process.wait(10)
        with pytest.raises(ProcessEndedError, match=r"one ended by itself \(3\).*one\.log"):
            check(children)


def test_nothing_survives_the_kill_of_whoever_started_it(tmp_path: Path, starter: subprocess.Popen[str]) -> None:
    pid = grandchild(tmp_path / "family.log")
    assert alive(pid)
    starter.kill()
    assert ends(pid)
    with alone(tmp_path):
        pass


def test_only_one_at_a_time_works_in_a_directory(tmp_path: Path, starter: subprocess.Popen[str]) -> None:
    grandchild(tmp_path / "family.log")
    with pytest.raises(ActiveError, match=rf"Another make run, .* is active \(pid {starter.pid}\)"), alone(tmp_path):
        pass


def test_what_a_killed_start_left_behind_is_in_the_way(
    tmp_path: Path, starter: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.local.lock.WAIT_SECONDS", 0.5)
    pid = grandchild(tmp_path / "family.log")
    assert starter.stdout is not None
    keeper = int(starter.stdout.readline())
    # Stopped, it doesn't see that the starter is killed, and is killed itself before it could.
    os.kill(keeper, signal.SIGSTOP)
    starter.kill()
    starter.wait()
    os.kill(keeper, signal.SIGKILL)
    try:
        assert ends(keeper)
        with pytest.raises(ActiveError, match=rf"was killed, .* still alive.*pkill -KILL -s {keeper}"), alone(tmp_path):
            pass
        assert alive(pid)
    finally:
        tell(keeper, signal.SIGKILL)
    assert ends(pid)
    with alone(tmp_path):
        pass


def test_a_taken_port_is_not_given() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port
