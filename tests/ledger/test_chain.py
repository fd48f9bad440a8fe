"""The ledger: append-only, hash-chained, and honest about whoever tampered with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention.errors import LedgerError
from include.retention.ledger.chain import GENESIS, append, entries, verify_chain
from include.retention.ledger.store import reading
from tests.ledger.world import AT, expect_line, finish_all, later, start_worker, without_triggers

RUN_ID = "manual__2026-11-23T01:02:03+00:00"


def fill(conn: sa.Connection, count: int = 6) -> list[str]:
    """Append some entries; return their hashes."""
    return [append(conn, RUN_ID, "counted", {"number": number}, later(hours=number)).hash for number in range(count)]


def test_entries_are_chained_and_read_back_as_written(conn: sa.Connection) -> None:
    body = {"tables": [{"table": "order", "due": 3}], "share": 0.25, "none": None, "yes": True, "text": "Åsa ‘x’ \n"}
    first = append(conn, RUN_ID, "planned", body, AT)
    second = append(conn, None, "hold_placed", {}, AT.astimezone(timezone(timedelta(hours=1))))
    assert (first.seq, first.prev_hash, second.seq, second.prev_hash) == (1, GENESIS, 2, first.hash)
    assert list(entries(conn)) == [first, second]
    assert list(entries(conn, RUN_ID)) == [first]
    assert list(entries(conn, kind="hold_placed")) == [second]
    assert list(entries(conn, RUN_ID, "hold_placed")) == []
    assert first.body == body
    assert second.at == AT


def test_the_hash_can_be_recomputed_by_anyone_from_the_documented_recipe(conn: sa.Connection) -> None:
    entry = append(conn, RUN_ID, "planned", {"b": "å", "a": [1, {"z": 1.5}]}, AT)
    fields = {
        "seq": 1,
        "run_id": RUN_ID,
        "at": "2026-11-22T01:00:00.000000+00:00",
        "kind": "planned",
        "body": entry.body,
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert entry.hash == hashlib.sha256((GENESIS + text).encode()).hexdigest()


def test_an_untouched_chain_verifies(conn: sa.Connection) -> None:
    empty = verify_chain(conn)
    assert (empty.ok, empty.entries, empty.head) == (True, 0, GENESIS)
    hashes = fill(conn)
    state = verify_chain(conn, dict(enumerate(hashes, start=1)))
    assert (state.ok, state.entries, state.head, state.head_seq, state.broken_at) == (True, 6, hashes[-1], 6, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET body = '{}' WHERE seq = 2",
        "UPDATE ledger_entry SET seq = 99 WHERE seq = 6",
        "DELETE FROM ledger_entry WHERE seq = 6",
        "DELETE FROM ledger_entry",
        "DELETE FROM ledger_head",
        "UPDATE ledger_head SET seq = 5",
        "UPDATE ledger_head SET seq = 7",
        "UPDATE ledger_head SET hash = 'x'",
        "UPDATE ledger_head SET floor_seq = 3",
        "UPDATE ledger_head SET id = 2",
        "INSERT INTO ledger_head VALUES (2, 0, 'x', 0, 'x')",
        "INSERT INTO ledger_entry VALUES (8, NULL, 'at', 'kind', '{}', 'x', 'y')",
        "INSERT INTO ledger_entry VALUES (7, NULL, 'at', 'kind', '{}', 'not the head', 'y')",
    ],
)
def test_the_database_itself_refuses_to_rewrite_the_ledger(conn: sa.Connection, statement: str) -> None:
    fill(conn)
    with pytest.raises(sa.exc.DBAPIError, match="ledger"), conn.begin_nested():
        conn.exec_driver_sql(statement)
    assert verify_chain(conn).ok


def test_sqlite_cannot_replace_an_entry_past_the_triggers(sqlite_url: sa.URL) -> None:
    from include.retention.ledger.store import make_control

    control = make_control(sqlite_url)
    with control.begin() as conn:
        fill(conn)
    for statement in (
        "INSERT OR REPLACE INTO ledger_entry VALUES (2, NULL, 'at', 'kind', '{}', 'x', 'y')",
        "INSERT OR REPLACE INTO ledger_head VALUES (1, 0, 'x', 0, 'x')",
        "UPDATE OR REPLACE ledger_entry SET seq = 2 WHERE seq = 3",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="ledger"), control.begin() as conn:
            conn.exec_driver_sql(statement)


def test_postgresql_cannot_truncate_the_ledger(postgres_url: sa.URL) -> None:
    from include.retention.ledger.store import make_control

    control = make_control(postgres_url)
    for table in ("ledger_entry", "ledger_head"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), control.begin() as conn:
            conn.exec_driver_sql(f"TRUNCATE {table}")


@pytest.mark.parametrize(
    ("statements", "broken_at", "what"),
    [
        (["UPDATE ledger_entry SET body = '{\"number\":7}' WHERE seq = 3"], 3, "changed"),
        (["UPDATE ledger_entry SET at = '2026-11-22T01:00:00.000001+00:00' WHERE seq = 1"], 1, "changed"),
        (["UPDATE ledger_entry SET kind = 'approved' WHERE seq = 6"], 6, "changed"),
        (["UPDATE ledger_entry SET run_id = NULL WHERE seq = 2"], 2, "changed"),
        (["DELETE FROM ledger_entry WHERE seq = 3"], 3, "missing"),
        (["DELETE FROM ledger_entry WHERE seq = 1"], 1, "missing"),
        (["DELETE FROM ledger_entry WHERE seq = 6"], 6, "cut off"),
        (["DELETE FROM ledger_entry"], 1, "cut off"),
        (["DELETE FROM ledger_head"], 1, "missing"),
        (["UPDATE ledger_head SET seq = 5"], 7, "head"),
        (
            [
                "UPDATE ledger_entry SET seq = 99 WHERE seq = 3",
                "UPDATE ledger_entry SET seq = 3 WHERE seq = 4",
                "UPDATE ledger_entry SET seq = 4 WHERE seq = 99",
            ],
            3,
            "exchanged",
        ),
        (
            [
                "UPDATE ledger_head SET floor_seq = 2, floor_hash = (SELECT hash FROM ledger_entry WHERE seq = 2)",
                "DELETE FROM ledger_entry WHERE seq <= 2",
            ],
            7,
            "accounts",
        ),
        (["UPDATE ledger_head SET floor_seq = 2"], 3, "below"),
    ],
)
def test_case_J15_tampering_by_the_databases_owner_shows(
    conn: sa.Connection, statements: list[str], broken_at: int, what: str
) -> None:
    fill(conn)
    without_triggers(conn)
    for statement in statements:
        conn.exec_driver_sql(statement)
    state = verify_chain(conn)
    assert not state.ok
    assert state.broken_at == broken_at
    assert what in state.what


def test_a_ledger_rewritten_whole_contradicts_the_heads_that_reports_printed(conn: sa.Connection) -> None:
    hashes = fill(conn)
    printed = {4: hashes[3]}
    without_triggers(conn)
    conn.exec_driver_sql("DELETE FROM ledger_entry")
    conn.exec_driver_sql(f"UPDATE ledger_head SET seq = 0, hash = '{GENESIS}'")
    fill(conn, 3)
    assert verify_chain(conn).ok
    cut = verify_chain(conn, printed)
    assert (cut.ok, cut.broken_at) == (False, 4)
    assert "report" in cut.what
    append(conn, RUN_ID, "counted", {"number": 17}, AT)
    rewritten = verify_chain(conn, printed)
    assert (rewritten.ok, rewritten.broken_at) == (False, 4)
    assert "rewritten" in rewritten.what


def test_a_refused_body_leaves_no_trace(conn: sa.Connection) -> None:
    for body in ({"by": "anna@example.com"}, {"day": AT}, {"n": np.int64(3)}, {"nan": float("nan")}, {1: "x"}):
        with pytest.raises(LedgerError):
            append(conn, RUN_ID, "planned", body, AT)  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match="run id"):
        append(conn, "run-for-811228-9874", "planned", {}, AT)
    with pytest.raises(LedgerError, match="time zone"):
        append(conn, RUN_ID, "planned", {}, AT.replace(tzinfo=None))
    assert verify_chain(conn).entries == 0


@pytest.mark.parametrize(
    "value", [AT, np.int64(3), pd.Timestamp(AT), {1, 2}, b"x", float("inf"), 1e300, "\ud800", object()]
)
def test_only_plain_json_gets_in_and_the_error_names_the_place(conn: sa.Connection, value: object) -> None:
    with pytest.raises(LedgerError, match=r"planned\.tables\[1\]\.due"):
        append(conn, None, "planned", {"tables": [{}, {"due": value}]}, AT)  # type: ignore[dict-item]


def test_an_entry_and_the_change_it_tells_of_commit_together(control: sa.Engine) -> None:
    with control.connect() as conn:
        append(conn, None, "counted", {}, AT)  # and the change beside it fails
    with reading(control) as conn:
        assert verify_chain(conn) == replace(verify_chain(conn), entries=0, head=GENESIS)


def test_processes_that_append_at_once_make_one_chain(control: sa.Engine, control_url: sa.URL) -> None:
    workers = [start_worker("append", control_url, name, 40) for name in "abcd"]
    assert [expect_line(worker) for worker in workers] == ["ready"] * 4
    printed = [line for told in finish_all(workers) for line in told.split()]
    assert sorted(map(int, printed)) == list(range(1, 161))
    with reading(control) as conn:
        assert verify_chain(conn).entries == 160
        counted = [(entry.body["worker"], entry.body["number"]) for entry in entries(conn)]
    for name in "abcd":
        assert [number for worker, number in counted if worker == name] == list(range(40))


@pytest.mark.parametrize("after", [1, 3, 11, 26])
def test_a_process_killed_while_it_appends_leaves_the_chain_whole(
    control: sa.Engine, control_url: sa.URL, after: int
) -> None:
    worker = start_worker("append", control_url, "killed", 100_000)
    assert expect_line(worker) == "ready"
    assert worker.stdin is not None
    worker.stdin.write("go\n")
    worker.stdin.flush()
    told = [int(expect_line(worker)) for _ in range(after)]
    worker.kill()
    rest, _ = worker.communicate(timeout=60)
    told += [int(line) for line in rest.split("\n")[:-1]]
    with control.begin() as conn:
        state = verify_chain(conn)
        assert state.ok, state.what
        assert told == list(range(1, len(told) + 1))
        assert state.entries in {len(told), len(told) + 1}  # the last one may have been committed and not yet told
        append(conn, None, "counted", {"number": 0}, AT)
    with reading(control) as conn:
        assert verify_chain(conn).ok


def test_a_process_killed_before_it_commits_leaves_nothing_and_blocks_nobody(
    control: sa.Engine, control_url: sa.URL
) -> None:
    worker = start_worker("hang", control_url)
    assert expect_line(worker) == "appended"
    with reading(control) as conn:
        assert verify_chain(conn).entries == 0  # a reader neither waits for a writer nor sees half of it
    worker.kill()
    worker.communicate(timeout=60)
    with control.begin() as conn:
        assert append(conn, None, "counted", {}, AT).seq == 1
        assert verify_chain(conn).ok


def test_verification_costs_the_entry_not_the_ledger(control: sa.Engine) -> None:
    import tracemalloc

    with control.begin() as conn:
        for number in range(600):
            append(conn, RUN_ID, "counted", {"number": number, "text": "x" * 10_000}, AT)
    with reading(control) as conn:
        tracemalloc.start()
        assert verify_chain(conn).entries == 600
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 4_000_000  # the bodies alone are 6 MB


def test_time_is_stored_in_utc_and_read_back_aware(conn: sa.Connection, later_zone: Callable[[], datetime]) -> None:
    entry = append(conn, None, "counted", {}, later_zone())
    assert entry.at.utcoffset() == timedelta(0)
    assert next(iter(entries(conn))).at == later_zone()


@pytest.fixture
def later_zone() -> Callable[[], datetime]:
    """Return an instant told in another zone."""
    return lambda: datetime(2026, 7, 1, 0, 15, tzinfo=timezone(timedelta(hours=2)))
