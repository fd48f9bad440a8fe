"""Removes a lock that a dead process left on another machine: ``python -m include.retention.ledger.unlock SYSTEM``."""

from __future__ import annotations

import argparse
import os
import sys

from include.retention import clock
from include.retention.errors import GallringError
from include.retention.ledger.locks import break_lock
from include.retention.ledger.store import open_control
from include.retention.settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Break a lock and say whose it was; 0 if it was broken, 1 if not."""
    parser = argparse.ArgumentParser(prog="unlock", description=__doc__)
    parser.add_argument("system", help="the system, such as finance")
    parser.add_argument("--by", required=True, help="your user id; the ledger keeps it")
    parser.add_argument("--reason", required=True, help="how you know that the process is gone")
    given = parser.parse_args(arguments)
    try:
        engine = open_control(load_settings(os.environ).control_url)
        with engine.begin() as conn:
            lock = break_lock(conn, given.system, by=given.by, reason=given.reason, at=clock.now())
    except GallringError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's errors go to standard error
        return 1
    where = f"process {lock.holder.pid} on {lock.holder.host}"
    print(f"{given.system} is free. It was held by run {lock.run_id}, {where}.")  # noqa: T201 - a command's answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
