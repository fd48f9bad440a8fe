"""The net that keeps direct identifiers out of the ledger: what it catches, and above all what it lets through."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.retention.errors import LedgerError
from include.retention.keys import Key
from include.retention.ledger.forbid import E_MAIL, IDENTITY_NUMBER, PHONE, identifier_in, refuse_identifiers

E_MAILS = [
    "anna@example.com", "ask Anna@Example.COM today", "anna%40example.com", "<anna@example.com>", "a@b",
    "åsa.öberg@räksmörgås.example", "mailto:anna+news@example.com", "anna\uff20example.com",
]  # fmt: skip
IDENTITY_NUMBERS = [
    "198112289874", "19811228-9874", "811228-9874", "8112289874", "811228+9874", "811228 9874", "19811228 9874",
    "701063-2391", "case 811228-9874, second time", "pnr:198112289874", "811228\u20139874", "８１１２２８-９８７４",
    "1981-12-28-9874", "key 198112289874.", "19811228-0000", "_198112289874_", "x811228-9874",
]  # fmt: skip
PHONES = [
    "+46701740605", "0046 70 174 06 05", "070-174 06 05", "+46 (0)70-1740605", "0701740605", "08-465 004 00",
    "ring 070 174 06 05 before noon", "(08) 465 004 00", "070/1740605", "+358 9 1234 5678", "070.174.06.05",
    "+46\u00a070\u00a0174\u00a006\u00a005",
]  # fmt: skip
HARMLESS = [
    "", "2026-11-23", "2026-11-23T01:02:03+00:00", "2026-11-23 01:02:03", "20261123", "2026", "2026-11",
    "manual__2026-11-23T01:02:03+00:00", "manual__2026-11-23T01:02:03.123456+00:00_aB3dE5",
    "scheduled__2026-11-22T01:00:00+00:00", "backfill__2024-03-01T00:00:00+01:00~2", "2026-11-23T010203Z",
    "asset_triggered__2026-11-23T01:02:03.000001Z", "2026-11-23 1200 rows", "from 2018-01-01 to 2025-12-31",
    "between 2026-01-01 and 2026-12-31", "2026-11-23/2026-11-30", "2026-W47",
    "sales.order", "finance.invoice_line", "id_copies", "MARKETING_FORMER", "P7Y", "[P3Y,P2M]", "EXPIRED",
    "0", "12", "1 234 567", "1000000", "0.25", "0.123456789", "38.5 %", "1.5e-07", "12345678", "-17", "3 of 200",
    "556016-0680", "5560160680", "202100-5489", "556703748501", "SE556016068001",
    "gallringsprotokoll.sv.html", "report.json", "6(1)(c)", "BFL 7:2, ML 22:77", "SFS 1999:1078", "Dnr 2026/1234",
    "case T 1234-26", "H12", "version 2026-1", "3.3.2", "1.24.1", "127.0.0.1", "10.0.12.34:5432", "port 5432",
    "Europe/Stockholm", "gallring-worker-0.example.internal", "9f86d081884c", "dispute over delivery",
    "hyrestvist, tingsrätten", "Åsa", "FI", "24/7", "70 % over 12 weeks", "12:30-13:45", "0001-0002", "+00:00", "00:00",
]  # fmt: skip


@pytest.mark.parametrize("text", E_MAILS)
def test_an_email_address_is_seen(text: str) -> None:
    assert identifier_in(text) == E_MAIL


@pytest.mark.parametrize("text", IDENTITY_NUMBERS)
def test_a_personal_identity_number_is_seen(text: str) -> None:
    assert identifier_in(text) == IDENTITY_NUMBER


@pytest.mark.parametrize("text", PHONES)
def test_a_telephone_number_is_seen(text: str) -> None:
    assert identifier_in(text) == PHONE


@pytest.mark.parametrize("text", HARMLESS)
def test_case_h09_what_a_ledger_holds_passes(text: str) -> None:
    assert identifier_in(text) is None


def test_keyed_references_digests_and_uuids_pass_whatever_their_digits() -> None:
    chance = random.Random(20261122)  # noqa: S311 - seeded and repeatable is the point
    key = Key(bytes(range(32)))
    for number in range(5_000):
        assert identifier_in(key.mac("record", str(number))) is None
        assert identifier_in(f"sha256:{chance.getrandbits(256):064x}") is None
        assert identifier_in(str(uuid.UUID(int=chance.getrandbits(128), version=4))) is None
    assert identifier_in("1981122898741981122898741981122898741234"[:32]) is None
    assert identifier_in("19811228-9874-4123-9123-198112289874") is None


@given(st.datetimes(timezones=st.just(UTC)), st.booleans())
def test_instants_and_days_pass(at: datetime, aware: bool) -> None:
    at = at if aware else at.replace(tzinfo=None)
    assert identifier_in(at.isoformat()) is None
    assert identifier_in(f"manual__{at.isoformat()}") is None
    assert identifier_in(at.date().isoformat()) is None
    assert identifier_in(f"{at.date()}..{min(at.date(), date.max - timedelta(days=7)) + timedelta(days=7)}") is None


@given(st.integers(min_value=0, max_value=99_999_999))
def test_counts_pass(count: int) -> None:
    refuse_identifiers({"rows": count, "text": f"{count} rows are due; at most 500 may be."}, "entry")


@pytest.mark.parametrize("number", range(0, 100_000_000, 1_234_567))
def test_a_short_key_id_of_digits_alone_is_no_telephone_number(number: int) -> None:
    refuse_identifiers({"key_id": f"{number:08}", "code_digest": f"{number:012}", "host": f"{number:012}"}, "entry")


def test_large_sums_pass_but_a_number_that_is_an_identity_number_to_the_last_digit_does_not() -> None:
    refuse_identifiers({"ore": 198112289875, "more": 10**15, "rows": 8112289874}, "entry")
    with pytest.raises(LedgerError, match="ore looks like a personal identity number"):
        refuse_identifiers({"ore": 198112289874}, "entry")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"tables": [{"table": "order"}, {"table": "anna@example.com"}]}, r"tables\[1\]\.table"),
        ({"limit": {"text": {"sv": "070-174 06 05"}}}, r"limit\.text\.sv"),
        ({"files": {"19811228-9874.pdf": "x"}}, r"files \(a key of it\)"),
        ({"anna@example.com": {"below": "070-174 06 05"}}, r"a key looks"),
        ({"ref": "811228-9874"}, r"ref looks"),
    ],
)
def test_case_h15_the_error_names_the_place_and_never_the_value(body: dict[str, object], where: str) -> None:
    with pytest.raises(LedgerError, match=where) as caught:
        refuse_identifiers(body, "ledger entry planned")
    for secret in ("anna", "070", "174", "811228", "9874", "example"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["copy_202611271234", "order_198112289874", "_20261127", "kund$202611271234", "a.b_202611271234"]
)
def test_names_of_a_schema_pass_where_they_are_told_as_such(name: str) -> None:
    refuse_identifiers({"tables": {name: {"rows": 1}}, "found": [{"table": name, "column": name}]}, "entry")
    refuse_identifiers({"unread": [f"{name}.*"]}, "entry")


@pytest.mark.parametrize("name", ["198112289874", "anna@example.com", "till 19811228-9874"])
def test_what_is_no_name_of_a_schema_is_refused_there_too(name: str) -> None:
    with pytest.raises(LedgerError):
        refuse_identifiers({"found": [{"table": name}]}, "entry")
    with pytest.raises(LedgerError):
        refuse_identifiers({"reason": "copy_198112289874"}, "entry")
