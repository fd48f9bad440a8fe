"""Referrals: since when has a human been asked."""

from __future__ import annotations

from datetime import date

import pandas as pd
import sqlalchemy as sa

from include.retention.ledger.referrals import open_referrals, refer, referral_counts
from tests.ledger.world import TODAY, ref

NEXT_WEEK, LATER = date(2026, 11, 29), date(2026, 12, 6)


def referred(*rows: tuple[int, str, str, str]) -> pd.DataFrame:
    found = [(ref(number), "sales", table, group, reason) for number, table, group, reason in rows]
    return pd.DataFrame(found, columns=["record_ref", "system", "table", "group", "reason"])


ONE = (1, "order", "contact", "UNKNOWN_DATE")
TWO = (2, "lead", "contact", "NO_KNOWN_PURPOSE")


def test_a_referral_remembers_when_it_was_first_made(conn: sa.Connection) -> None:
    refer(conn, referred(ONE), TODAY)
    refer(conn, referred(ONE, TWO), NEXT_WEEK)
    found = open_referrals(conn).to_dict("records")
    assert [(row["record_ref"], row["first_seen"], row["last_seen"]) for row in found] == [
        (ref(1), TODAY, NEXT_WEEK),
        (ref(2), NEXT_WEEK, NEXT_WEEK),
    ]
    assert {key: found[0][key] for key in ("system", "table", "group", "reason")} == {
        "system": "sales", "table": "order", "group": "contact", "reason": "UNKNOWN_DATE",
    }  # fmt: skip


def test_what_is_no_longer_referred_is_closed_and_waits_anew_if_it_comes_back(conn: sa.Connection) -> None:
    refer(conn, referred(ONE, TWO), TODAY)
    refer(conn, referred(TWO), NEXT_WEEK)
    assert open_referrals(conn)["record_ref"].tolist() == [ref(2)]
    refer(conn, referred(ONE, TWO), LATER)
    first_seen = dict(open_referrals(conn)[["record_ref", "first_seen"]].itertuples(index=False))
    assert first_seen == {ref(1): LATER, ref(2): TODAY}


def test_another_reason_is_another_referral(conn: sa.Connection) -> None:
    refer(conn, referred(ONE), TODAY)
    refer(conn, referred((1, "order", "contact", "SENTINEL_DATE")), NEXT_WEEK)
    assert open_referrals(conn)[["reason", "first_seen"]].to_numpy().tolist() == [["SENTINEL_DATE", NEXT_WEEK]]


def test_a_table_that_was_not_looked_at_keeps_its_referrals(conn: sa.Connection) -> None:
    refer(conn, referred(ONE, TWO), TODAY)
    refer(conn, referred(), NEXT_WEEK, tables=[("sales", "order")])
    found = open_referrals(conn)
    assert found["table"].tolist() == ["lead"]
    assert found["last_seen"].tolist() == [TODAY]
    refer(conn, referred(), NEXT_WEEK)
    assert open_referrals(conn).empty


def test_a_retry_changes_nothing(conn: sa.Connection) -> None:
    for _ in range(2):
        refer(conn, referred(ONE, TWO, TWO), TODAY)
    assert len(open_referrals(conn)) == 2


def test_counts_say_how_much_waits_since_when(conn: sa.Connection) -> None:
    refer(conn, referred(ONE, (3, *ONE[1:])), TODAY)
    refer(conn, referred(ONE, (3, *ONE[1:]), (4, *ONE[1:]), TWO), NEXT_WEEK)
    found = referral_counts(conn)
    assert list(found.columns) == ["system", "table", "group", "reason", "first_seen", "records"]
    assert sorted(zip(found["table"], found["first_seen"], found["records"], strict=True)) == [
        ("lead", NEXT_WEEK, 1), ("order", TODAY, 2), ("order", NEXT_WEEK, 1),
    ]  # fmt: skip


def test_many_referrals_are_kept_and_closed_in_several_statements(conn: sa.Connection) -> None:
    many = referred(*[(number, *ONE[1:]) for number in range(2_500)])
    refer(conn, many, TODAY)
    refer(conn, many[:1_200], NEXT_WEEK)
    assert len(open_referrals(conn)) == 1_200
    assert set(open_referrals(conn)["last_seen"]) == {NEXT_WEEK}
