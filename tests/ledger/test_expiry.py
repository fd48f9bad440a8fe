"""Gallring's own storage limitation: evidence goes when its time is out, and the chain still holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention.ledger.batches import Batch, batches_of, plan_batches
from include.retention.ledger.chain import append, entries, verify_chain
from include.retention.ledger.expiry import expire_evidence
from include.retention.ledger.holds import Subject, holds_in_force, place_hold, release_hold
from include.retention.ledger.items import items_of, plan_items
from include.retention.ledger.referrals import open_referrals, refer
from include.retention.ledger.runs import RunRow, find_run, finish_run
from include.retention.ledger.sizes import record_activity, record_sizes
from include.retention.ledger.stops import place_stop, release_stop, stop_in_force
from include.retention.ledger.suppressions import close_suppressions, suppress, suppressions_in_force
from include.retention.terms import IdentifierKind, RunOutcome
from tests.ledger.world import AT, KEY, items, later, ref

NOW = later(days=2_000)


def grow(conn: sa.Connection, *days: int) -> list[str]:
    return [append(conn, None, "counted", {}, later(days=day)).hash for day in days]


def test_entries_older_than_the_period_go_and_the_chain_still_verifies(conn: sa.Connection) -> None:
    hashes = grow(conn, 0, 1, 2, 3)
    assert expire_evidence(conn, later(days=2), NOW) == {"ledger_entry": 2}
    assert [entry.seq for entry in entries(conn)] == [3, 4, 5]
    state = verify_chain(conn, {1: hashes[0], 4: hashes[3]})
    assert (state.ok, state.entries, state.floor, state.head_seq) == (True, 3, 2, 5)
    (told,) = entries(conn, kind="evidence_expired")
    assert told.body == {"through_seq": 2, "through_hash": hashes[1], "entries": 2, "rows": {}}


def test_it_can_be_done_again_and_again_and_to_the_last_entry(conn: sa.Connection) -> None:
    grow(conn, 0, 1, 2)
    for day in (1, 2, 3):
        assert expire_evidence(conn, later(days=day), later(days=1_000 + day)) == {"ledger_entry": 1}
        assert verify_chain(conn).ok
    assert expire_evidence(conn, later(days=3), NOW) == {}
    assert expire_evidence(conn, later(days=1_900), NOW) == {"ledger_entry": 3}
    state = verify_chain(conn)
    assert (state.ok, state.entries) == (True, 1)
    grow(conn, 2_001)
    assert verify_chain(conn).ok


def test_an_entry_behind_a_younger_one_stays(conn: sa.Connection) -> None:
    grow(conn, 5, 0, 0)
    assert expire_evidence(conn, later(days=3), NOW) == {}
    assert len(list(entries(conn))) == 3


def test_a_stop_in_force_is_never_culled_nor_is_what_follows_it(conn: sa.Connection) -> None:
    said = {"by": "Operations", "reason": "Fault in the till"}
    grow(conn, 0, 1)
    place_stop(conn, **said, at=later(days=2))
    grow(conn, 3)
    stop = stop_in_force(conn)
    assert expire_evidence(conn, later(days=1_900), NOW) == {"ledger_entry": 2}
    assert expire_evidence(conn, later(days=1_900), NOW) == {}
    assert stop is not None
    assert stop_in_force(conn) == stop
    assert [entry.kind for entry in entries(conn)] == ["stop_placed", "counted", "evidence_expired"]
    assert verify_chain(conn).ok

    release_stop(conn, **said, at=NOW)
    assert expire_evidence(conn, later(days=1_900), NOW) == {"ledger_entry": 2}, (
        "a stop that ended is evidence like any"
    )
    assert stop_in_force(conn) is None
    assert verify_chain(conn).ok


def test_a_stop_placed_again_keeps_what_follows_it_alone(conn: sa.Connection) -> None:
    said = {"by": "Operations", "reason": "Fault in the till"}
    place_stop(conn, **said, at=AT)
    release_stop(conn, **said, at=later(days=1))
    place_stop(conn, **said, at=later(days=2))
    assert expire_evidence(conn, later(days=1_900), NOW) == {"ledger_entry": 2}
    stop = stop_in_force(conn)
    assert stop is not None
    assert stop.at == later(days=2)


def test_nothing_to_expire_leaves_no_entry(conn: sa.Connection) -> None:
    assert expire_evidence(conn, AT, NOW) == {}
    assert not list(entries(conn))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger_entry WHERE seq = 3",
        "UPDATE ledger_head SET floor_seq = 1",
        "UPDATE ledger_head SET floor_seq = 3, floor_hash = (SELECT hash FROM ledger_entry WHERE seq = 3), seq = 9",
    ],
)
def test_the_database_still_refuses_to_delete_what_has_not_expired(conn: sa.Connection, statement: str) -> None:
    grow(conn, 0, 1, 2, 3)
    expire_evidence(conn, later(days=2), NOW)
    with pytest.raises(sa.exc.DBAPIError, match="ledger"), conn.begin_nested():
        conn.exec_driver_sql(statement)


def test_a_floor_moved_behind_the_ledgers_back_shows(conn: sa.Connection) -> None:
    grow(conn, 0, 1, 2, 3)
    append(conn, None, "evidence_expired", {"through_seq": 1, "through_hash": "x"}, NOW)
    conn.exec_driver_sql(
        "UPDATE ledger_head SET floor_seq = 2, floor_hash = (SELECT hash FROM ledger_entry WHERE seq = 2)"
    )
    conn.exec_driver_sql("DELETE FROM ledger_entry WHERE seq <= 2")
    assert not verify_chain(conn).ok


def test_what_is_in_force_stays_and_what_was_closed_goes(conn: sa.Connection, begin: Callable[..., RunRow]) -> None:
    for name in ("ended", "crashed"):
        begin(name)
        plan_batches(conn, name, [Batch(name, 1, "sales", "order", "DELETE", 1)], AT)
        plan_items(conn, name, items(1), AT)
        record_sizes(conn, name, "sales", {"order": 1})
        record_activity(conn, name, {"LOG": 1})
    finish_run(conn, "ended", RunOutcome.DONE, later(days=1))
    _holds(conn)
    _suppressions(conn)
    _referrals(conn)
    deleted = expire_evidence(conn, later(days=10), NOW)
    assert deleted.pop("ledger_entry") > 0
    assert deleted == {
        "plan_item": 1, "batch": 1, "extract_size": 1, "purpose_activity": 1, "run": 1, "legal_hold": 1,
        "suppression": 1, "referral": 1,
    }  # fmt: skip
    assert find_run(conn, "ended") is None
    assert find_run(conn, "crashed") is not None
    assert len(batches_of(conn, "crashed")) == len(items_of(conn, "crashed")) == 1
    assert len(holds_in_force(conn)) == len(suppressions_in_force(conn)) == len(open_referrals(conn)) == 1
    (told,) = entries(conn, kind="evidence_expired")
    assert told.body["rows"] == deleted
    assert verify_chain(conn).ok


def test_rows_that_go_without_an_entry_are_accounted_for_too(conn: sa.Connection) -> None:
    _referrals(conn)
    grow(conn, 1_500)
    assert expire_evidence(conn, later(days=10), NOW) == {"referral": 1}
    (told,) = entries(conn, kind="records_expired")
    assert told.body == {"rows": {"referral": 1}}


def _holds(conn: sa.Connection) -> None:
    fields = {"owner": "Counsel", "reason": "Dispute", "review_on": date(2027, 1, 1), "at": AT}
    for value in ("a", "b"):
        held = place_hold(conn, KEY, Subject(IdentifierKind.CUSTOMER_NUMBER, value), **fields)  # type: ignore[arg-type]
    release_hold(conn, held, later(days=1), by="Counsel", reason="Settled")


def _suppressions(conn: sa.Connection) -> None:
    rows = [(KEY.mac("identifier.email", text), "email", "all", AT) for text in ("a", "b")]
    frame = pd.DataFrame(rows, columns=["address_ref", "kind", "channel", "since"])
    suppress(conn, frame, key_id=KEY.key_id, at=AT)
    close_suppressions(conn, frame[:1], at=later(days=1))


def _referrals(conn: sa.Connection) -> None:
    rows = [(ref(number), "sales", "order", "contact", "UNKNOWN_DATE") for number in (1, 2)]
    frame = pd.DataFrame(rows, columns=["record_ref", "system", "table", "group", "reason"])
    refer(conn, frame, AT.date())
    refer(conn, frame[1:], later(days=1).date())
