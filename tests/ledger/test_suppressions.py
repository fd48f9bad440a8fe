"""The suppression list: complete, minimal, and with its history."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention.errors import LedgerError
from include.retention.ledger.suppressions import (
    close_suppressions,
    history_of,
    suppress,
    suppression_counts,
    suppressions_in_force,
)
from include.retention.ledger.tables import suppression
from tests.ledger.world import AT, KEY, later

ANNA, BO = KEY.mac("identifier.email", "anna"), KEY.mac("identifier.phone", "bo")


def entries(*rows: tuple[str, str, str, datetime]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["address_ref", "kind", "channel", "since"])


def add(conn: sa.Connection, *rows: tuple[str, str, str, datetime], at: datetime = AT) -> int:
    return suppress(conn, entries(*rows), key_id=KEY.key_id, at=at)


def test_case_E01_an_objection_puts_the_address_on_the_list(conn: sa.Connection) -> None:
    assert suppressions_in_force(conn).empty
    assert add(conn, (ANNA, "email", "all", AT), (BO, "phone", "sms", later(days=-3))) == 2
    assert suppressions_in_force(conn).to_dict("records") == [
        {"address_ref": ANNA, "kind": "email", "channel": "all", "since": AT, "key_id": KEY.key_id},
        {"address_ref": BO, "kind": "phone", "channel": "sms", "since": later(days=-3), "key_id": KEY.key_id},
    ]
    assert suppression_counts(conn) == {"all": 1, "sms": 1}


def test_case_E07_channels_are_apart(conn: sa.Connection) -> None:
    add(conn, (BO, "phone", "sms", AT), (BO, "phone", "phone", AT))
    close_suppressions(conn, entries((BO, "phone", "sms", AT)), at=later(days=1))
    assert suppression_counts(conn) == {"phone": 1}


def test_who_is_on_the_list_stays_on_it_once_at_the_latest_objection(conn: sa.Connection) -> None:
    add(conn, (ANNA, "email", "all", AT))
    assert add(conn, (ANNA, "email", "all", later(days=-9))) == 0
    assert suppressions_in_force(conn)["since"].tolist() == [AT]
    assert add(conn, (ANNA, "email", "all", later(days=9)), (ANNA, "email", "all", later(days=5))) == 0
    assert suppressions_in_force(conn)["since"].tolist() == [later(days=9)]
    assert add(conn, (BO, "phone", "all", AT), (BO, "phone", "all", later(days=2))) == 1
    assert suppressions_in_force(conn)["since"].tolist() == [later(days=9), later(days=2)]


def test_case_E05_a_new_consent_closes_the_entry_and_keeps_the_history(conn: sa.Connection) -> None:
    add(conn, (ANNA, "email", "all", AT))
    gone = entries((ANNA, "email", "all", AT), (BO, "phone", "all", AT))
    assert close_suppressions(conn, gone, at=later(days=30)) == 1
    assert close_suppressions(conn, gone, at=later(days=31)) == 0
    assert suppressions_in_force(conn).empty
    assert add(conn, (ANNA, "email", "all", later(days=60)), at=later(days=60)) == 1
    history = history_of(conn, [ANNA])
    assert history["since"].tolist() == [AT, later(days=60)]
    assert history["closed_at"].tolist()[0] == later(days=30)
    assert pd.isna(history["closed_at"].tolist()[1])


def test_what_comes_out_can_go_in_again(conn: sa.Connection) -> None:
    add(conn, (ANNA, "email", "all", AT), (BO, "phone", "sms", AT))
    assert suppress(conn, suppressions_in_force(conn), key_id="another1", at=later(days=7)) == 0
    assert set(suppressions_in_force(conn)["key_id"]) == {KEY.key_id}
    assert close_suppressions(conn, suppressions_in_force(conn), at=later(days=8)) == 2
    assert suppress(conn, suppressions_in_force(conn), key_id=KEY.key_id, at=AT) == 0
    assert close_suppressions(conn, suppressions_in_force(conn), at=AT) == 0


def test_case_E09_the_list_holds_a_keyed_reference_kind_channel_and_dates_and_no_more() -> None:
    assert {column.name for column in suppression.columns} == {
        "number", "address_ref", "key_id", "kind", "channel", "since", "recorded_at", "closed_at",
    }  # fmt: skip


def test_the_database_itself_keeps_an_address_from_being_listed_twice(conn: sa.Connection) -> None:
    add(conn, (ANNA, "email", "all", AT))
    row = {"address_ref": ANNA, "kind": "email", "channel": "all", "since": AT, "key_id": "k", "recorded_at": AT}
    with pytest.raises(sa.exc.IntegrityError):
        conn.execute(suppression.insert().values(**row))


def test_a_frame_without_a_column_says_which(conn: sa.Connection) -> None:
    with pytest.raises(LedgerError, match="no column channel"):
        suppress(conn, entries().drop(columns="channel"), key_id=KEY.key_id, at=AT)


def test_many_entries_are_closed_in_several_statements(conn: sa.Connection) -> None:
    refs = KEY.mac_many("identifier.email", map(str, range(2_500)))
    many = entries(*[(ref, "email", "all", AT) for ref in refs])
    assert suppress(conn, many, key_id=KEY.key_id, at=AT) == 2_500
    assert close_suppressions(conn, many, at=AT) == 2_500
    assert len(history_of(conn, refs)) == 2_500
