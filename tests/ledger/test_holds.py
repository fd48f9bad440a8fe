"""Legal holds: never without somebody who answers and a day on which they are looked at again."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from include.retention.errors import HoldError
from include.retention.keys import RECORD, identifier_domain, record_text
from include.retention.ledger.chain import entries
from include.retention.ledger.holds import (
    Record,
    Subject,
    holds_in_force,
    place_hold,
    release_hold,
    released_holds,
)
from include.retention.terms import IdentifierKind
from tests.ledger.world import AT, KEY, later

PERSON = Subject(IdentifierKind.IDENTITY_NUMBER, "198112289874")
INVOICE = Record("finance", "invoice", (4711,))
USUAL = {"owner": "General counsel", "reason": "Dispute over delivery, case T 1234-26", "review_on": date(2027, 3, 1)}


def place(conn: sa.Connection, what: Subject | Record = PERSON, **fields: object) -> str:
    return place_hold(conn, KEY, what, **{**USUAL, "at": AT, **fields})  # type: ignore[arg-type]


def test_case_F01_a_hold_covers_a_subject_or_a_record_by_keyed_reference(conn: sa.Connection) -> None:
    place(conn)
    place(conn, INVOICE)
    subject, record = holds_in_force(conn).to_dict("records")
    assert subject["ref"] == KEY.mac(identifier_domain(IdentifierKind.IDENTITY_NUMBER), "198112289874")
    assert (subject["scope"], subject["identifier_kind"]) == ("subject", "identity_number")
    assert record["ref"] == KEY.mac(RECORD, record_text("finance", "invoice", ["4711"]))
    assert (record["scope"], record["system"], record["table"]) == ("record", "finance", "invoice")
    for hold in (subject, record):
        assert {name: hold[name] for name in USUAL} == USUAL
        assert (hold["placed_at"], hold["key_id"]) == (AT, KEY.key_id)


def test_frames_have_the_same_types_with_and_without_holds(conn: sa.Connection) -> None:
    empty = holds_in_force(conn)
    place(conn)
    assert holds_in_force(conn).dtypes.equals(empty.dtypes)


def test_the_ledger_tells_of_holds_without_saying_whom(conn: sa.Connection) -> None:
    hold_id = place(conn)
    release_hold(conn, hold_id, later(days=1), by="Counsel", reason="Settled")
    placed, released = entries(conn)
    body = {"hold_id": hold_id, "scope": "subject", "owner": USUAL["owner"], "reason": USUAL["reason"]}
    assert (placed.kind, placed.body) == ("hold_placed", {**body, "review_on": "2027-03-01"})
    freed = {**placed.body, "released_by": "Counsel", "release_reason": "Settled"}
    assert (released.kind, released.body, released.at) == ("hold_released", freed, later(days=1))


def test_a_released_hold_is_out_of_force_and_stays_released(conn: sa.Connection) -> None:
    first, second = place(conn), place(conn, INVOICE)
    release_hold(conn, first, later(days=1), by="Counsel", reason="Settled")
    assert holds_in_force(conn)["hold_id"].tolist() == [second]
    for unknown in (first, "H999999", "", "999999", "Hx"):
        with pytest.raises(HoldError, match="No hold"):
            release_hold(conn, unknown, later(days=2), by="Counsel", reason="Settled")


def test_a_released_hold_is_told_of_with_whom_it_covered_and_when_it_ended(conn: sa.Connection) -> None:
    empty = released_holds(conn)
    first, _ = place(conn), place(conn, INVOICE)
    assert released_holds(conn).empty
    release_hold(conn, first, later(days=1), by="Counsel", reason="Settled")
    (released,) = released_holds(conn).to_dict("records")
    assert released_holds(conn).dtypes.equals(empty.dtypes)
    assert (released["scope"], released["identifier_kind"]) == ("subject", "identity_number")
    assert released["ref"] == KEY.mac(identifier_domain(IdentifierKind.IDENTITY_NUMBER), "198112289874")
    assert (released["released_at"], released["key_id"]) == (later(days=1), KEY.key_id)


def test_a_hold_past_its_review_stays_in_force(conn: sa.Connection) -> None:
    place(conn, review_on=date(2026, 11, 23))
    assert holds_in_force(conn)["review_on"].tolist() == [date(2026, 11, 23)]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"owner": ""}, "no owner"),
        ({"owner": "  "}, "no owner"),
        ({"reason": "\n"}, "no reason"),
        ({"review_on": None}, "no review date"),
        ({"review_on": date(2026, 11, 22)}, "ahead"),
        ({"review_on": date(2020, 1, 1)}, "ahead"),
        ({"review_on": date(9999, 12, 31)}, "at most 5 years"),
        ({"owner": "x" * 121}, "longer than 120"),
        ({"reason": "x" * 501}, "longer than 500"),
        ({"owner": "dpo@example.com"}, "owner looks as if it held an e-mail address"),
        ({"reason": "Dispute with 811228-9874"}, "reason looks as if it held a personal identity number"),
        ({"reason": "She rang from 070-174 06 05"}, "reason looks as if it held a telephone number"),
        ({"what": Subject(IdentifierKind.EMAIL, " ")}, "covers nothing"),
        ({"what": Record("finance", "invoice", ())}, "covers nothing"),
        ({"what": Record("finance", "invoice", ("",))}, "covers nothing"),
    ],
)
def test_case_F04_a_hold_without_owner_reason_or_review_is_refused(
    conn: sa.Connection, fields: dict[str, object], says: str
) -> None:
    with pytest.raises(HoldError, match=says) as caught:
        place(conn, **fields)
    for secret in ("dpo@", "811228", "070-174"):
        assert secret not in str(caught.value)
    assert holds_in_force(conn).empty
    assert not list(entries(conn))
