"""Identifiers that check out and belong to nobody, in the spellings and the disorder that real systems have."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date

import phonenumbers
import pytest
import sqlalchemy as sa
from stdnum import luhn
from stdnum.se import orgnr, personnummer

from include.sample import registers
from include.sample.outcomes import SYSTEM_OF, TABLES

IP_RANGES = [
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
DRAMA_NUMBERS = re.compile(r"\+46(70174060[5-9]|7017406[1-9]\d|8465004\d\d|3139006\d\d|4062804\d\d|9803192\d\d)")
FOUR_SPELLINGS = re.compile(r"(\d{12})|(\d{8}-\d{4})|(\d{6}-\d{4})|(\d{10})")
PHONE_COLUMNS = ("phone", "gift_phone")


def values(engines: Mapping[str, sa.Engine], *names: str) -> list[tuple[str, str]]:
    """Return table and value of every filled column of these names."""
    found = []
    for table in TABLES.values():
        for name in names:
            if name in table.c:
                with engines[SYSTEM_OF[table.name]].connect() as connection:
                    filled = sa.select(table.c[name]).where(table.c[name].is_not(None))
                    found += [(table.name, value) for value in connection.execute(filled).scalars()]
    return found


def twelve(text: str) -> str:
    digits = text.replace("-", "")
    return digits if len(digits) == 12 else f"19{digits}"


def test_identity_numbers_have_right_check_digits(engines: Mapping[str, sa.Engine]) -> None:
    found = values(engines, "pnr")
    assert len(found) > 1000
    for _, text in found:
        digits = twelve(text)[2:]
        assert luhn.is_valid(digits), text
        day = int(digits[4:6])
        assert 1 <= (day - 60 if day > 60 else day) <= 31
    ordinary = [twelve(text) for _, text in found if int(twelve(text)[6:8]) <= 31]
    assert all(personnummer.is_valid(f"{text[:8]}-{text[8:]}") for text in ordinary)
    assert len(ordinary) < len(found), "no samordningsnummer"


def test_identity_numbers_are_test_numbers(engines: Mapping[str, sa.Engine]) -> None:
    """Birth numbers that aren't given to anybody; the examples of the cases stand in the law's own texts."""
    for _, text in values(engines, "pnr"):
        number = twelve(text)
        if number not in {*registers.TAKEN, registers.PLACEHOLDER}:
            assert int(number[8:11]) in registers.TEST_SERIALS, text


def test_identity_numbers_come_in_four_spellings(engines: Mapping[str, sa.Engine]) -> None:
    forms = Counter()
    for _, text in values(engines, "pnr"):
        match = FOUR_SPELLINGS.fullmatch(text)
        assert match is not None, text
        forms[match.lastindex] += 1
    assert set(forms) == {1, 2, 3, 4}
    assert min(forms.values()) > 100


def test_one_placeholder_stands_on_many_rows(engines: Mapping[str, sa.Engine]) -> None:
    found = Counter(twelve(text) for _, text in values(engines, "pnr"))
    assert luhn.is_valid(registers.PLACEHOLDER[2:]), "a placeholder that looks like a person is the dangerous kind"
    assert found[registers.PLACEHOLDER] > 100


def test_every_person_has_another_number() -> None:
    numbers = {registers.personal_number(*registers.birth_of(serial)) for serial in range(0, 1_000_000, 7)}
    assert len(numbers) == len(range(0, 1_000_000, 7))
    day, birth_number = registers.birth_of(999_999)
    assert registers.FIRST_BIRTHDAY <= day <= registers.LAST_BIRTHDAY
    assert 100 < birth_number < 1000


def test_birthdays_say_the_century() -> None:
    """Ten digits without a sign are ambiguous only where a case wants it."""
    assert registers.FIRST_BIRTHDAY.year > date(2040, 1, 1).year - 100


def test_organisation_numbers_are_valid(engines: Mapping[str, sa.Engine]) -> None:
    found = values(engines, "orgno")
    forms = set()
    for _, text in found:
        digits = text.replace("-", "")
        digits = digits[2:] if len(digits) == 12 else digits
        if int(digits[2]) >= 2:
            assert orgnr.is_valid(digits), text
            assert digits.startswith(("5598", "5599")), text
            forms.add(len(text))
        else:
            assert luhn.is_valid(digits), "a sole trader's is a personnummer"
    assert forms == {10, 11, 12}


def test_no_more_companies_than_numbers() -> None:
    with pytest.raises(ValueError, match="companies"):
        registers.company_number(registers.COMPANIES)


def test_telephone_numbers_are_kept_free_by_the_regulator(engines: Mapping[str, sa.Engine]) -> None:
    found = [text for _, text in values(engines, *PHONE_COLUMNS)]
    assert len(found) > 1000
    for text in found:
        number = phonenumbers.format_number(phonenumbers.parse(text, "SE"), phonenumbers.PhoneNumberFormat.E164)
        assert DRAMA_NUMBERS.fullmatch(number), text
    beginnings = {re.sub(r"\d", "9", text)[:5] for text in found}
    assert len(beginnings) >= 5


def test_addresses_are_examples(engines: Mapping[str, sa.Engine]) -> None:
    found = [text for _, text in values(engines, "email", "contact_email")]
    assert len(found) > 3000
    assert all(re.fullmatch(r"[a-z0-9.]+@[a-z0-9.]+\.example", text.lower()) for text in found)
    assert any(text != text.lower() for text in found)


def test_ip_addresses_are_documentation(engines: Mapping[str, sa.Engine]) -> None:
    found = [text for _, text in values(engines, "ip", "last_login_ip")]
    assert len(found) > 500
    for text in found:
        address = ipaddress.ip_address(text)
        assert any(address in network for network in IP_RANGES), text
    assert any(":" in text for text in found)


def test_bank_accounts_belong_to_no_bank(engines: Mapping[str, sa.Engine]) -> None:
    assert all(text.startswith("0000-") for _, text in values(engines, "bank_account", "payer_account"))


def rows(engines: Mapping[str, sa.Engine], query: str, system: str = "sales") -> int:
    with engines[system].connect() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


@pytest.mark.parametrize(
    ("system", "query", "least"),
    [
        pytest.param("sales", "SELECT count(*) FROM customer WHERE deleted_at IS NOT NULL", 5, id="soft-deleted"),
        pytest.param("sales", "SELECT count(*) FROM contract WHERE ended_on < '1971-01-01'", 2, id="sentinel"),
        pytest.param(
            "sales", "SELECT count(*) FROM contract WHERE ended_on IS NULL AND status <> 'active'", 2, id="null"
        ),
        pytest.param("sales", "SELECT count(*) FROM contract WHERE ended_on < started_on", 1, id="contradiction"),
        pytest.param(
            "sales",
            "SELECT count(*) FROM (SELECT lower(email) FROM customer GROUP BY 1 HAVING count(*) > 1)",
            3,
            id="shared e-mail",
        ),
        pytest.param(
            "finance",
            "SELECT count(*) FROM invoice WHERE invoice_date NOT LIKE '____-__-__' OR invoice_date = '2018-02-30'",
            2,
            id="unreadable date",
        ),
        pytest.param("finance", "SELECT count(*) FROM payment WHERE invoice_id IS NULL", 3, id="orphan payment"),
        pytest.param(
            "sales",
            "SELECT count(*) FROM lead WHERE lead_id NOT IN (SELECT lead_id FROM dialogue_entry)",
            2,
            id="orphan lead",
        ),
        pytest.param("finance", "SELECT count(*) FROM invoice WHERE vat_scheme = 'oss'", 5, id="OSS"),
        pytest.param("sales", 'SELECT count(*) FROM "order" WHERE gift_name IS NOT NULL', 10, id="gift"),
        pytest.param("sales", "SELECT count(*) FROM company WHERE legal_form = 'EF'", 5, id="sole trader"),
    ],
)
def test_disorder_is_there(engines: Mapping[str, sa.Engine], system: str, query: str, least: int) -> None:
    assert rows(engines, query, system) >= least
