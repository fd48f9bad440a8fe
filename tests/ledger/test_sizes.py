"""What earlier runs left behind, for the guards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from include.retention.errors import LedgerError
from include.retention.ledger.chain import entries
from include.retention.ledger.runs import RunRow, finish_run
from include.retention.ledger.sizes import (
    accept_extract,
    previous_sizes,
    quiet_purposes,
    record_activity,
    record_sizes,
)
from include.retention.terms import Mode, RunOutcome
from tests.ledger.world import AT, later

Begin = Callable[..., RunRow]


def ran(conn: sa.Connection, begin: Begin, run_id: str, hours: int, outcome: RunOutcome, **fields: object) -> None:
    begin(run_id, **fields)
    finish_run(conn, run_id, outcome, later(hours=hours))


def test_case_G11_the_baseline_is_the_last_run_that_was_meant_and_succeeded(conn: sa.Connection, begin: Begin) -> None:
    assert previous_sizes(conn, "sales") == {}
    runs = [
        ("first", RunOutcome.DONE, Mode.ENFORCE, {"order": 100, "lead": 7}),
        ("second", RunOutcome.NOTHING_DUE, Mode.ENFORCE, {"order": 90}),
        ("failed", RunOutcome.FAILED, Mode.ENFORCE, {"order": 3}),
        ("dry", RunOutcome.DRY_RUN_DONE, Mode.DRY_RUN, {"order": 2}),
    ]
    for number, (name, outcome, mode, sizes) in enumerate(runs):
        ran(conn, begin, name, number, outcome, mode=mode)
        record_sizes(conn, name, "sales", sizes)
    begin("now")
    record_sizes(conn, "now", "sales", {"order": 1})
    assert previous_sizes(conn, "sales") == {"order": 90, "lead": 7}
    assert previous_sizes(conn, "finance") == {}


def test_sizes_are_noted_again_by_a_retry(conn: sa.Connection, begin: Begin) -> None:
    ran(conn, begin, "run", 1, RunOutcome.DONE)
    record_sizes(conn, "run", "sales", {"order": 100, "lead": 7})
    record_sizes(conn, "run", "finance", {"invoice": 5})
    record_sizes(conn, "run", "sales", {"order": 90})
    assert previous_sizes(conn, "sales") == {"order": 90}
    assert previous_sizes(conn, "finance") == {"invoice": 5}
    record_sizes(conn, "run", "sales", {})
    assert previous_sizes(conn, "sales") == {}


def test_a_human_accepts_that_rows_are_gone_and_the_ledger_says_who(conn: sa.Connection, begin: Begin) -> None:
    ran(conn, begin, "run", 1, RunOutcome.DONE)
    record_sizes(conn, "run", "sales", {"order": 100, "lead": 7})
    accept_extract(conn, "sales", "lead", by="7", at=AT)
    assert previous_sizes(conn, "sales") == {"order": 100}
    (told,) = entries(conn, kind="extract_accepted")
    assert told.body == {"system": "sales", "table": "lead", "rows_before": 7, "by": "7"}
    with pytest.raises(LedgerError, match=r"sales\.lead"):
        accept_extract(conn, "sales", "lead", by="7", at=AT)
    with pytest.raises(LedgerError, match="Name who"):
        accept_extract(conn, "sales", "order", by=" ", at=AT)


def test_case_G10_a_rule_that_expires_nothing_run_after_run_is_noticed(conn: sa.Connection, begin: Begin) -> None:
    assert quiet_purposes(conn) == {}
    weeks = [{"LOG": 4, "MEETINGS": 0}, {"LOG": 0, "MEETINGS": 0}, {"LOG": 0, "MEETINGS": 3}, {"LOG": 0, "MEETINGS": 0}]
    for week, expired in enumerate(weeks):
        ran(conn, begin, f"week {week}", week, RunOutcome.DONE)
        record_activity(conn, f"week {week}", {"LOG": 99})
        record_activity(conn, f"week {week}", expired)
    ran(conn, begin, "failed", 9, RunOutcome.FAILED)
    record_activity(conn, "failed", {"LOG": 5})
    assert quiet_purposes(conn) == {"LOG": 3, "MEETINGS": 1}
    assert quiet_purposes(conn, 2) == {"LOG": 3}
    assert quiet_purposes(conn, 4) == {}
