"""Replacing the key: nothing that is held or suppressed may be overlooked on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention.errors import ConfigurationError, LedgerError
from include.retention.keys import RECORD, Key, KeyRing, identifier_domain, record_text
from include.retention.ledger.approvals import record_approval
from include.retention.ledger.chain import entries
from include.retention.ledger.holds import (
    Record,
    Subject,
    holds_in_force,
    place_hold,
    release_hold,
    released_holds,
)
from include.retention.ledger.items import ItemState, mark_items, plan_items
from include.retention.ledger.lost_key import GivenUp, give_up_key
from include.retention.ledger.recognise import watching
from include.retention.ledger.rekey import keys_in_use, rekey, require_known_keys, stored_refs
from include.retention.ledger.runs import RunRow, seal_plan
from include.retention.ledger.suppressions import close_suppressions, suppress, suppressions_in_force
from include.retention.terms import IdentifierKind
from tests.ledger.world import AT, DIGEST, KEY, OLD_KEY, RING, items, later

EMAIL = identifier_domain(IdentifierKind.EMAIL)
PLAIN = ["anna@example.com", "bo@example.com"]


def hold(conn: sa.Connection, key: Key, what: Subject | Record) -> str:
    return place_hold(conn, key, what, owner="Counsel", reason="Dispute", review_on=date(2027, 1, 1), at=AT)


def listed(conn: sa.Connection, key: Key, *addresses: str, channel: str = "all", days: int = 0) -> None:
    rows = [(key.mac(EMAIL, address), "email", channel, later(days=days)) for address in addresses]
    frame = pd.DataFrame(rows, columns=["address_ref", "kind", "channel", "since"])
    suppress(conn, frame, key_id=key.key_id, at=AT)


def move(conn: sa.Connection, kind: str, domain: str, texts: list[str]) -> int:
    found = RING.recognise(domain, texts, stored_refs(conn, kind))
    return rekey(conn, kind, found, KEY.key_id, later(days=1))


def test_what_an_extract_has_seen_again_moves_to_the_current_key(conn: sa.Connection) -> None:
    listed(conn, OLD_KEY, *PLAIN, "gone@example.com")
    hold(conn, OLD_KEY, Subject(IdentifierKind.EMAIL, PLAIN[0]))
    hold(conn, OLD_KEY, Record("finance", "invoice", (4711,)))
    hold(conn, OLD_KEY, Subject(IdentifierKind.PHONE, PLAIN[0]))
    assert move(conn, "email", EMAIL, PLAIN) == 3
    text = record_text("finance", "invoice", ("4711",))
    assert move(conn, RECORD, RECORD, [text, record_text("finance", "invoice", (1,))]) == 1
    assert move(conn, "email", EMAIL, PLAIN) == 0

    now = suppressions_in_force(conn)
    assert set(now.loc[now["key_id"] == KEY.key_id, "address_ref"]) == set(KEY.mac_many(EMAIL, PLAIN))
    assert now.loc[now["key_id"] == OLD_KEY.key_id, "address_ref"].tolist() == [OLD_KEY.mac(EMAIL, "gone@example.com")]
    by_scope = holds_in_force(conn).set_index(["scope", "identifier_kind"])["ref"].to_dict()
    assert by_scope["subject", "email"] == KEY.mac(EMAIL, PLAIN[0])
    assert by_scope["subject", "phone"] == OLD_KEY.mac("identifier.phone", PLAIN[0])
    assert KEY.mac(RECORD, text) in set(holds_in_force(conn)["ref"])
    told = [entry.body for entry in entries(conn, kind="rekeyed")]
    assert told == [
        {"kind": "email", "key_id": KEY.key_id, "holds": 1, "suppressions": 2},
        {"kind": "record", "key_id": KEY.key_id, "holds": 1, "suppressions": 0},
    ]


def test_a_released_hold_moves_too_and_keeps_no_former_key_in_use(conn: sa.Connection) -> None:
    for what in (Subject(IdentifierKind.EMAIL, PLAIN[0]), Record("finance", "invoice", (4711,))):
        release_hold(conn, hold(conn, OLD_KEY, what), AT, by="Counsel", reason="Settled")
    assert keys_in_use(conn).empty
    require_known_keys(conn, KeyRing(KEY))
    text = record_text("finance", "invoice", (4711,))
    assert move(conn, "email", EMAIL, PLAIN) == move(conn, RECORD, RECORD, [text]) == 1
    assert released_holds(conn)["ref"].tolist() == [KEY.mac(EMAIL, PLAIN[0]), KEY.mac(RECORD, text)]


def test_an_address_listed_under_both_keys_ends_as_one_entry_at_its_latest_objection(conn: sa.Connection) -> None:
    listed(conn, OLD_KEY, PLAIN[0], days=5)
    listed(conn, KEY, PLAIN[0])
    listed(conn, OLD_KEY, PLAIN[0], channel="email", days=1)
    assert move(conn, "email", EMAIL, PLAIN) == 2
    rows = suppressions_in_force(conn)
    assert set(rows["key_id"]) == {KEY.key_id}
    assert rows.set_index("channel")["since"].to_dict() == {"all": later(days=5), "email": later(days=1)}


def test_a_missing_key_is_refused_while_anything_in_force_needs_it(conn: sa.Connection) -> None:
    alone = KeyRing(KEY)
    require_known_keys(conn, alone)
    listed(conn, OLD_KEY, *PLAIN)
    hold_id = hold(conn, OLD_KEY, Subject(IdentifierKind.EMAIL, PLAIN[0]))
    listed(conn, KEY, "cecilia@example.com")
    require_known_keys(conn, watching(RING, conn))
    with pytest.raises(ConfigurationError, match=f"{OLD_KEY.key_id} isn't here, and 1 legal holds, 2 suppressions"):
        require_known_keys(conn, alone)
    release_hold(conn, hold_id, AT, by="Counsel", reason="Settled")
    with pytest.raises(ConfigurationError, match="GALLRING_OLD_KEYS"):
        require_known_keys(conn, alone)
    close_suppressions(conn, suppressions_in_force(conn), at=AT)
    require_known_keys(conn, alone)


def test_records_of_earlier_plans_are_told_by_the_key_of_their_run(
    conn: sa.Connection, begin: Callable[..., RunRow]
) -> None:
    begin("old", key_id=OLD_KEY.key_id)
    plan = items(1, 2)
    plan["record_ref"] = OLD_KEY.mac_many(RECORD, ["1", "2"])
    plan_items(conn, "old", plan, AT)
    seal_plan(conn, "old", DIGEST)
    record_approval(conn, "old", DIGEST, how="automatic", by="guards", at=AT)
    mark_items(conn, "old", plan["record_ref"].tolist()[:1], ItemState.DONE, AT)
    stored = stored_refs(conn, RECORD)
    assert stored == {OLD_KEY.key_id: frozenset(plan["record_ref"])}
    assert RING.recognise(RECORD, ["2", "3"], stored) == {OLD_KEY.mac(RECORD, "2"): KEY.mac(RECORD, "2")}
    (used,) = keys_in_use(conn).to_dict("records")
    assert used == {"key_id": OLD_KEY.key_id, "holds": 0, "suppressions": 0, "unfinished": 1, "done": 1}
    with pytest.raises(ConfigurationError, match="1 unfinished records"):
        require_known_keys(conn, KeyRing(KEY))


def test_an_empty_database_uses_no_key(conn: sa.Connection) -> None:
    assert keys_in_use(conn).empty
    assert stored_refs(conn, "email") == {}
    assert rekey(conn, "email", {}, KEY.key_id, AT) == 0
    assert not list(entries(conn))


def test_a_lost_key_is_given_up_once_its_holds_are_placed_again(
    conn: sa.Connection, begin: Callable[..., RunRow]
) -> None:
    alone = KeyRing(KEY)
    said = {"by": "DPO", "reason": "Breach 2026-3", "at": later(days=1)}
    run = begin(key_id=OLD_KEY.key_id)
    plan_items(conn, run.run_id, items(1, 2), AT)
    seal_plan(conn, run.run_id, DIGEST)
    record_approval(conn, run.run_id, DIGEST, how="human", by="dpo", at=AT)
    listed(conn, OLD_KEY, *PLAIN)
    listed(conn, KEY, PLAIN[0])
    held = hold(conn, OLD_KEY, Record("finance", "invoice", (4711,)))
    for ring, key_id, fields, told in [
        (alone, OLD_KEY.key_id, said, f"in force under it: {held}. Place each again"),
        (RING, OLD_KEY.key_id, said, "isn't lost"),
        (alone, "00000000", said, "Nothing is known under key 00000000"),
        (alone, OLD_KEY.key_id, said | {"reason": " "}, "what was done about the objections"),
    ]:
        with pytest.raises(LedgerError, match=told):
            give_up_key(conn, ring, key_id, **fields)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="2 suppressions and 2 unfinished"):
        require_known_keys(conn, alone)
    release_hold(conn, held, AT, by="Counsel", reason="Settled")
    assert give_up_key(conn, alone, OLD_KEY.key_id, **said) == GivenUp(2, 2)  # type: ignore[arg-type]
    require_known_keys(conn, alone)
    assert suppressions_in_force(conn)["address_ref"].tolist() == [KEY.mac(EMAIL, PLAIN[0])]
    (told,) = entries(conn, kind="key_lost")
    assert told.body == {
        "key_id": OLD_KEY.key_id, "suppressions": 2, "unfinished": 2, "by": "DPO", "reason": "Breach 2026-3",
    }  # fmt: skip
