"""Another process, for tests that need a real one: ``python -m tests.ledger.worker TASK URL ...``."""

from __future__ import annotations

import sys
import time

from include.retention.errors import LockError
from include.retention.ledger.chain import append
from include.retention.ledger.locks import acquire
from include.retention.ledger.process import this_process
from include.retention.ledger.store import make_control
from tests.ledger.world import AT


def main() -> None:
    """Do one task on the control database."""
    task, url, *arguments = sys.argv[1:]
    {"append": append_some, "hang": hang_in_append, "open": open_only, "lock": lock, "hold": hold_lock}[task](
        url, *arguments
    )


def tell(text: object) -> None:
    """Say a line at once: the test waits for it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def append_some(url: str, name: str, count: str) -> None:
    """Append entries, each in a transaction of its own; say so after each commit."""
    engine = make_control(url)
    tell("ready")
    sys.stdin.readline()
    for number in range(int(count)):
        with engine.begin() as conn:
            entry = append(conn, None, "counted", {"worker": name, "number": number}, AT)
        tell(entry.seq)


def hang_in_append(url: str) -> None:
    """Append an entry and never commit."""
    engine = make_control(url)
    with engine.begin() as conn:
        append(conn, None, "never_committed", {}, AT)
        tell("appended")
        time.sleep(600)


def open_only(url: str) -> None:
    """Open the control database at the same moment as others."""
    tell("ready")
    sys.stdin.readline()
    make_control(url).dispose()
    tell("open")


def lock(url: str, run_id: str) -> None:
    """Try for the lock once; stay alive until told to go."""
    engine = make_control(url)
    tell("ready")
    sys.stdin.readline()
    try:
        with engine.begin() as conn:
            acquire(conn, "sales", run_id, this_process(), AT)
        tell("won")
    except LockError:
        tell("lost")
    sys.stdin.readline()


def hold_lock(url: str, run_id: str) -> None:
    """Take the lock and hold it until killed."""
    engine = make_control(url)
    with engine.begin() as conn:
        acquire(conn, "sales", run_id, this_process(), AT)
    tell("held")
    time.sleep(600)


if __name__ == "__main__":
    main()
