"""Percona's pt-archiver on the benchmark's visits: what MariaDB's operators use to purge in small transactions.

It deletes and no more: nothing is decided, proved or accounted for.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

import sqlalchemy as sa

from tests.benchmarks.crm import DUE_VISIT

COMMAND = "pt-archiver"


def available() -> bool:
    """Return whether it is installed (Debian: ``percona-toolkit``)."""
    return shutil.which(COMMAND) is not None


def purge(url: sa.URL, transaction_rows: int, *, bulk: bool) -> float:
    """Return the seconds that it takes to delete the visits that are due.

    Args:
        url: the database.
        transaction_rows: rows in one transaction.
        bulk: delete each transaction's rows in one statement (``--bulk-delete``) instead of row by row.
    """
    source = f"h={url.host},P={url.port},u={url.username},D={url.database},t=visit"
    source += f",p={url.password}" if url.password else ""
    command = [COMMAND, "--source", source, "--purge", "--where", f"seen_on < '{DUE_VISIT}'", "--no-check-charset"]
    command += ["--limit", str(transaction_rows)]
    command += ["--bulk-delete", "--commit-each"] if bulk else ["--txn-size", str(transaction_rows)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - began
