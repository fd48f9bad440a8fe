"""Whether a process lives: proof, or nobody knows."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from include.retention.ledger import process
from include.retention.ledger.process import Holder, Life, life_of, this_process

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")


def holder_of(pid: int) -> Holder:
    stat = process._stat(pid)
    return replace(this_process(), pid=pid, started=stat[process._STARTED] if stat else "")


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def test_this_process_is_here() -> None:
    assert this_process() == this_process()
    assert this_process().pid == os.getpid()
    assert life_of(this_process()) is Life.ALIVE


def test_a_running_process_is_not_gone_and_an_ended_one_is() -> None:
    child = sleeper()
    holder = holder_of(child.pid)
    assert life_of(holder) is Life.ALIVE
    child.kill()
    child.wait(timeout=60)
    assert life_of(holder) is Life.GONE


@needs_proc
def test_a_dead_process_that_nobody_has_collected_is_gone() -> None:
    child = sleeper()
    holder = holder_of(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process._stat(child.pid)[process._STATE] == "Z"
    assert life_of(holder) is Life.GONE
    child.wait(timeout=60)


@needs_proc
def test_a_later_process_with_the_same_number_is_another_one() -> None:
    assert life_of(replace(this_process(), started="1")) is Life.GONE


@needs_proc
def test_a_name_with_brackets_and_spaces_is_read_past() -> None:
    script = "import ctypes, time; ctypes.CDLL(None).prctl(15, b') Z 1 (x'); print(flush=True); time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    try:
        assert process._stat(child.pid)[process._STATE] in {"S", "R", "D"}
        assert life_of(holder_of(child.pid)) is Life.ALIVE
    finally:
        child.kill()
        child.communicate()


def test_somebody_elses_process_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    assert life_of(this_process()) is Life.ALIVE
    monkeypatch.setattr(process, "_stat", lambda _pid: [])
    assert life_of(this_process()) is Life.ALIVE


HERE = Holder("host", "machine", "boot", "pid:[1]", 2**22 + 1, "1")  # a process number that no Linux gives


@pytest.mark.parametrize(
    ("change", "life"),
    [
        ({}, Life.GONE),
        ({"host": "another"}, Life.UNKNOWN),
        ({"space": "pid:[2]"}, Life.UNKNOWN),
        ({"boot": "before"}, Life.GONE),
        ({"boot": "before", "machine": ""}, Life.UNKNOWN),
        ({"boot": "before", "machine": "another"}, Life.UNKNOWN),
        ({"boot": "before", "host": "another"}, Life.UNKNOWN),
        ({"boot": ""}, Life.UNKNOWN),
        ({"started": ""}, Life.GONE),
    ],
)
def test_only_proof_from_this_machine_counts(change: dict[str, str], life: Life) -> None:
    assert life_of(replace(HERE, **change), replace(HERE, pid=1)) is life


def test_without_a_machine_id_another_boot_proves_nothing() -> None:
    here = replace(HERE, machine="", boot="now")
    assert life_of(replace(HERE, machine="", boot="before"), here) is Life.UNKNOWN
