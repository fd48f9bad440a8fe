"""Whether a process is certainly gone: proof or no."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from include.retention.ledger import process
from include.retention.ledger.process import Holder, is_gone, this_process

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")


def holder_of(pid: int) -> Holder:
    stat = process._stat(pid)
    return replace(this_process(), pid=pid, started=stat[process._STARTED] if stat else "")


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def test_this_process_is_here() -> None:
    assert this_process() == this_process()
    assert this_process().pid == os.getpid()
    assert not is_gone(this_process())


def test_a_running_process_is_not_gone_and_an_ended_one_is() -> None:
    child = sleeper()
    holder = holder_of(child.pid)
    assert not is_gone(holder)
    child.kill()
    child.wait(timeout=60)
    assert is_gone(holder)


@needs_proc
def test_a_dead_process_that_nobody_has_collected_is_gone() -> None:
    child = sleeper()
    holder = holder_of(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process._stat(child.pid)[process._STATE] == "Z"
    assert is_gone(holder)
    child.wait(timeout=60)


@needs_proc
def test_a_later_process_with_the_same_number_is_another_one() -> None:
    assert is_gone(replace(this_process(), started="1"))


@needs_proc
def test_a_name_with_brackets_and_spaces_is_read_past() -> None:
    script = "import ctypes, time; ctypes.CDLL(None).prctl(15, b') Z 1 (x'); print(flush=True); time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    try:
        assert process._stat(child.pid)[process._STATE] in {"S", "R", "D"}
        assert not is_gone(holder_of(child.pid))
    finally:
        child.kill()
        child.communicate()


def test_somebody_elses_process_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    assert not is_gone(this_process())
    monkeypatch.setattr(process, "_stat", lambda _pid: [])
    assert not is_gone(this_process())


HERE = Holder("host", "machine", "boot", "pid:[1]", 2**22 + 1, "1")  # a process number that no Linux gives


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({}, True),
        ({"host": "another"}, False),
        ({"space": "pid:[2]"}, False),
        ({"boot": "before"}, True),
        ({"boot": "before", "machine": ""}, False),
        ({"boot": "before", "machine": "another"}, False),
        ({"boot": "before", "host": "another"}, False),
        ({"boot": ""}, False),
        ({"started": ""}, True),
    ],
)
def test_only_proof_from_this_machine_counts(change: dict[str, str], gone: bool) -> None:
    assert is_gone(replace(HERE, **change), replace(HERE, pid=1)) is gone


def test_without_a_machine_id_another_boot_proves_nothing() -> None:
    here = replace(HERE, machine="", boot="now")
    assert not is_gone(replace(HERE, machine="", boot="before"), here)
