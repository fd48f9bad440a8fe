"""The act in a process of its own, which may be killed: ``python -m tests.integration.worker RUN NOW [STEP [SIGNAL]]``.

With a STEP it kills itself there, as hard as a power cut would, or sends itself another signal: steps are counted
before and after every statement and every commit, in the systems and in the control database. Without one it says at
the end how many there were.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from include.retention import clock, pipeline
from tests.places import SYSTEMS

READY = "ready"


def count_steps(last: int, number: signal.Signals) -> Callable[[], int]:
    """Send this process a signal at its n-th step; return how to ask how many there have been."""
    passed = 0

    def step(*_args: Any) -> None:
        nonlocal passed
        passed += 1
        if passed == last:
            os.kill(os.getpid(), number)

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        sa.event.listen(sa.Engine, name, step)
    return lambda: passed


def main(run_id: str, now: str, step: str = "0", number: str = "SIGKILL") -> None:
    """Carry out a confirmed plan in every system."""
    clock.now = lambda: datetime.fromisoformat(now)
    steps = count_steps(int(step), signal.Signals[number])
    print(READY, flush=True)  # noqa: T201 - the parent waits for it
    for system in SYSTEMS:
        pipeline.act(run_id, system)
    print(steps(), flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
