"""A former key in the ring: what is held or suppressed under it is matched, without a trace of plain text."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention.errors import ConfigurationError
from include.retention.identifiers import Normaliser, hash_identifiers
from include.retention.keys import RECORD, KeyRing, identifier_domain, record_text
from include.retention.ledger.holds import Record, Subject, holds_in_force, place_hold
from include.retention.ledger.recognise import (
    found_by,
    merged,
    translated_holds,
    translated_records,
    translated_suppressions,
    watching,
)
from include.retention.ledger.rekey import require_known_keys
from include.retention.ledger.suppressions import suppress, suppressions_in_force
from include.retention.terms import IdentifierKind
from tests.ledger.world import AT, KEY, OLD_KEY, RING, TODAY, later

EMAIL = identifier_domain(IdentifierKind.EMAIL)
INVOICE = record_text("finance", "invoice", (4711,))


@pytest.fixture
def stored(conn: sa.Connection) -> sa.Connection:
    """A hold on a person, a hold on a record and a suppression, all under the former key."""
    fields = {"owner": "Counsel", "reason": "Dispute", "review_on": date(2027, 1, 1), "at": AT}
    place_hold(conn, OLD_KEY, Subject(IdentifierKind.EMAIL, "anna@example.com"), **fields)  # type: ignore[arg-type]
    place_hold(conn, OLD_KEY, Record("finance", "invoice", (4711,)), **fields)  # type: ignore[arg-type]
    listed(conn, OLD_KEY, "anna@example.com", days=3)
    return conn


def listed(conn: sa.Connection, key: object, address: str, days: int) -> None:
    row = (key.mac(EMAIL, address), "email", "all", later(days=days))  # type: ignore[attr-defined]
    frame = pd.DataFrame([row], columns=["address_ref", "kind", "channel", "since"])
    suppress(conn, frame, key_id=key.key_id, at=AT)  # type: ignore[attr-defined]


def test_without_former_keys_nothing_is_watched(conn: sa.Connection) -> None:
    assert watching(KeyRing(KEY), conn) == KeyRing(KEY)
    assert watching(RING, conn) == RING
    assert found_by(RING) == {}


def test_a_watching_key_makes_the_same_references_and_notes_what_they_stood_for(stored: sa.Connection) -> None:
    ring = watching(RING, stored)
    assert ring.current.key_id == KEY.key_id
    assert ring.current.mac(EMAIL, "bo@example.com") == KEY.mac(EMAIL, "bo@example.com")
    assert ring.current.mac_many("fingerprint", ["x"]) == KEY.mac_many("fingerprint", ["x"])
    assert found_by(ring) == {}
    assert ring.current.mac_many(RECORD, [INVOICE, "x"]) == KEY.mac_many(RECORD, [INVOICE, "x"])
    ring.current.mac(EMAIL, "anna@example.com")
    assert found_by(ring) == {
        EMAIL: {OLD_KEY.mac(EMAIL, "anna@example.com"): KEY.mac(EMAIL, "anna@example.com")},
        RECORD: {OLD_KEY.mac(RECORD, INVOICE): KEY.mac(RECORD, INVOICE)},
    }
    assert json.loads(json.dumps(found_by(ring))) == found_by(ring)
    for secret in ("anna", KEY.secret.hex(), OLD_KEY.secret.hex(), repr(OLD_KEY.secret)):
        assert secret not in repr(ring)


def test_an_extract_that_hashes_with_it_lets_holds_and_suppressions_match(stored: sa.Connection) -> None:
    ring = watching(RING, stored)
    hashed = hash_identifiers(
        ["Anna@Example.com", None, "bo@example.com"], IdentifierKind.EMAIL, Normaliser(TODAY, (), ()), ring.current
    )
    ring.current.mac(RECORD, INVOICE)
    found = merged([{}, json.loads(json.dumps(found_by(ring)))])
    anna = hashed.refs[0]
    holds = translated_holds(holds_in_force(stored), found)
    assert holds["ref"].tolist() == [anna, KEY.mac(RECORD, INVOICE)]
    assert translated_suppressions(suppressions_in_force(stored), found)["address_ref"].tolist() == [anna]
    assert translated_records([OLD_KEY.mac(RECORD, INVOICE), "other"], found) == [KEY.mac(RECORD, INVOICE), "other"]


def test_what_is_not_recognised_stays_as_it_is(stored: sa.Connection) -> None:
    assert translated_holds(holds_in_force(stored), {}).equals(holds_in_force(stored))
    assert translated_suppressions(suppressions_in_force(stored), {}).equals(suppressions_in_force(stored))
    assert translated_holds(holds_in_force(stored)[:0], {}).empty
    assert translated_suppressions(suppressions_in_force(stored)[:0], {}).empty


def test_an_address_listed_under_both_keys_comes_once_at_its_latest_objection(stored: sa.Connection) -> None:
    listed(stored, KEY, "anna@example.com", days=1)
    ring = watching(RING, stored)
    ring.current.mac(EMAIL, "anna@example.com")
    both = translated_suppressions(suppressions_in_force(stored), found_by(ring))
    assert both[["address_ref", "since"]].to_numpy().tolist() == [[KEY.mac(EMAIL, "anna@example.com"), later(days=3)]]


def test_a_ring_that_does_not_watch_is_refused_where_that_would_overlook_something(stored: sa.Connection) -> None:
    require_known_keys(stored, watching(RING, stored))
    with pytest.raises(ConfigurationError, match="isn't watched for here"):
        require_known_keys(stored, RING)
