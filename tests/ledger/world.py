"""What the tests of the control database have in common."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from include.retention.keys import Key, KeyRing
from include.retention.ledger.runs import RunRow
from include.retention.terms import Mode

if TYPE_CHECKING:
    import pandas as pd  # The other processes of these tests start without it: it takes a second.

AT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
KEY = Key(bytes(range(32)))
OLD_KEY = Key(bytes(range(100, 132)))
RING = KeyRing(KEY, (OLD_KEY,))
DIGEST = "ab" * 32

RUN = RunRow(
    run_id="scheduled__2026-11-22T01:00:00+00:00",
    dag_run_id="scheduled__2026-11-22T01:00:00+00:00",
    run_type="scheduled",
    as_of=TODAY,
    time_zone="Europe/Stockholm",
    mode=Mode.ENFORCE,
    started_at=AT,
    schedule_version="2026-1",
    schedule_digest="0d" * 32,
    map_digests={"sales": "1e" * 32, "finance": "2f" * 32},
    code_digest="3a" * 32,
    key_id=KEY.key_id,
)


def later(**duration: float) -> datetime:
    """Return an instant after ``AT``."""
    return AT + timedelta(**duration)


def ref(number: int) -> str:
    """Return the reference of an invented record."""
    return KEY.mac("record", str(number))


def items(*numbers: int, **fields: object) -> pd.DataFrame:
    """Return plan items for invented records, as the plan gives them."""
    import pandas as pd

    from include.retention.dates import NO_DAY

    usual = {
        "system": "sales", "table": "order", "action": "DELETE", "groups": "[]", "reason": "EXPIRED",
        "purpose": "DELIVERY", "through": NO_DAY, "fingerprint": "4b" * 16, "batch": 1,
    }  # fmt: skip
    columns = ["record_ref", *usual]
    return pd.DataFrame([{"record_ref": ref(number), **usual, **fields} for number in numbers], columns=columns)


def start_worker(task: str, url: sa.URL, *arguments: object) -> subprocess.Popen[str]:
    """Start another process on the control database: see ``worker.py``."""
    address = url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.ledger.worker", task, address, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def finish_all(workers: list[subprocess.Popen[str]]) -> list[str]:
    """Wait for processes and return what each printed."""
    return [worker.communicate(timeout=120)[0].strip() for worker in workers]


def expect_line(worker: subprocess.Popen[str]) -> str:
    """Wait for the next line of a process."""
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def without_triggers(conn: sa.Connection) -> None:
    """Do what only the database's owner can: take the ledger's protection away."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
        conn.exec_driver_sql("ALTER TABLE ledger_head DISABLE TRIGGER USER")
        return
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for name in conn.exec_driver_sql(query).scalars().all():
        conn.exec_driver_sql(f"DROP TRIGGER {name}")
