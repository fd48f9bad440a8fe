"""Processes are ended with everything they started, and their end doesn't go unseen."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from include.local.processes import ProcessEndedError, check, free_port, running, stop

FAMILY = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal, time; {child}; time.sleep(60)"])
print(child.pid, flush=True)
{parent}
time.sleep(60)
"""
STUBBORN = "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def grandchild(log: Path) -> int:
    """The pid that the family's parent printed."""
    until = time.monotonic() + 10
    while not (text := log.read_text(encoding="utf-8")) and time.monotonic() < until:
        time.sleep(0.05)
    return int(text)


@pytest.mark.parametrize("stubborn", [False, True])
def test_children_of_children_end_too(tmp_path: Path, stubborn: bool) -> None:
    code = FAMILY.format(child=STUBBORN if stubborn else "pass", parent=STUBBORN if stubborn else "pass")
    with running({"family": [sys.executable, "-c", code]}, os.environ, tmp_path) as children:
        pid = grandchild(tmp_path / "family.log")
        assert alive(pid)
        if stubborn:
            time.sleep(0.3)
            stop(children, grace=0.4)
    until = time.monotonic() + 5
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(pid)


def test_nothing_is_left_when_the_block_fails(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="boom"),
        running({"one": [sys.executable, "-c", "import time; time.sleep(60)"]}, os.environ, tmp_path) as children,
    ):
        raise RuntimeError("boom")
    assert children[0].process.poll() is not None


def test_nothing_is_left_when_a_later_one_cannot_start(tmp_path: Path) -> None:
    commands = {"one": [sys.executable, "-c", "import time; time.sleep(60)"], "two": ["/no/such/command"]}
    with pytest.raises(FileNotFoundError), running(commands, os.environ, tmp_path):
        pass
    assert "no/such" not in os.popen("ps -eo args").read()  # noqa: S605, S607


def test_a_process_that_ends_by_itself_is_told_with_its_log(tmp_path: Path) -> None:
    with running({"one": [sys.executable, "-c", "raise SystemExit(3)"]}, os.environ, tmp_path) as children:
        children[0].process.wait(10)
        with pytest.raises(ProcessEndedError, match=r"one ended by itself \(3\).*one\.log"):
            check(children)


def test_a_taken_port_is_not_given() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port
