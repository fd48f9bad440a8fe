"""The HMAC key: where it comes from, what it makes, and how it is replaced."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from decimal import Decimal

import pytest

from include.retention.errors import ConfigurationError
from include.retention.keys import (
    DEMO_KEY,
    KEY_VARIABLE,
    OLD_KEYS_VARIABLE,
    RECORD,
    Key,
    KeyRing,
    generate_key,
    identifier_domain,
    is_default,
    load_key,
    load_ring,
    record_text,
    record_texts,
    require_own_key,
)
from include.retention.terms import IdentifierKind, Mode
from tests.ledger.world import KEY, OLD_KEY


def test_a_reference_is_stable_keyed_and_separate_by_domain() -> None:
    assert KEY.mac("identifier.email", "anna@example.com") == "91ea1b46580ef0db32f92494bd0d237c"
    refs = {
        KEY.mac("identifier.email", "1"), KEY.mac("identifier.phone", "1"), KEY.mac("record", "1"),
        OLD_KEY.mac("record", "1"), KEY.mac("record", "2"),
    }  # fmt: skip
    assert len(refs) == 5
    assert all(len(each) == 32 and set(each) <= set("0123456789abcdef") for each in refs)


def test_no_domain_reaches_into_another() -> None:
    assert KEY.mac("a", "b.c") != KEY.mac("a.b", "c")
    for domain in ("", "With space", "a\0b", "Åsa"):
        with pytest.raises(ValueError, match="plain lower-case word"):
            KEY.mac(domain, "x")


@pytest.mark.parametrize("length", [32, 63, 64, 65, 200])
def test_many_references_are_those_one_by_one(length: int) -> None:
    key, texts = Key(bytes(range(length))), ["", "a", "åäö", "a", "x" * 1000]
    assert key.mac_many("record", texts) == [key.mac("record", text) for text in texts]
    assert key.mac_many("record", iter(texts)) == key.mac_many("record", texts)


def test_many_records_have_the_names_that_each_has() -> None:
    keys = ["[1]", "[-7]", "[70]", '["K1"]', '["1"]', '["å","b"]', "[1,2]", '["[1]"]', "[0]"]
    assert record_texts("sales", 'or"der', keys) == [record_text("sales", 'or"der', json.loads(key)) for key in keys]


def test_the_key_id_says_nothing_of_the_key_and_nothing_shows_the_key() -> None:
    assert len(KEY.key_id) == 8
    assert KEY.key_id != OLD_KEY.key_id
    assert KEY.key_id not in {hashlib.sha256(KEY.secret).hexdigest()[:8], KEY.secret.hex()[:8]}
    for shown in (repr(KEY), str(KEY), repr(KeyRing(KEY, (OLD_KEY,)))):
        assert KEY.secret.hex() not in shown
        assert repr(KEY.secret) not in shown


def test_a_generated_key_is_usable_and_new() -> None:
    first, second = generate_key(), generate_key()
    assert first != second
    assert load_key({KEY_VARIABLE: first}).secret == bytes.fromhex(first)
    assert load_key({KEY_VARIABLE: f" {first.upper()}\n"}).secret == bytes.fromhex(first)


def test_the_command_prints_one_key() -> None:
    command = [sys.executable, "-m", "include.retention.keys"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert load_key({KEY_VARIABLE: printed}).key_id


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "KEY_MISSING"),
        ("  ", "KEY_MISSING"),
        ("correct horse battery staple", "KEY_NOT_HEX"),
        ("abc", "KEY_NOT_HEX"),
        ("0f" * 31, "KEY_SHORT"),
        ("00" * 32, "KEY_WEAK"),
        ("0f1e" * 20, "KEY_WEAK"),
    ],
)
def test_an_unusable_key_is_refused_without_repeating_it(text: str | None, code: str) -> None:
    environ = {} if text is None else {KEY_VARIABLE: text}
    with pytest.raises(ConfigurationError) as caught:
        load_key(environ)
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == (code, KEY_VARIABLE)
    assert problem.remedy
    assert not (text or "").strip() or text.strip() not in str(caught.value)  # type: ignore[union-attr]


def test_every_unusable_key_of_a_ring_is_told_at_once() -> None:
    environ = {KEY_VARIABLE: "nonsense", OLD_KEYS_VARIABLE: f"{generate_key()}, 00, {'11' * 32}"}
    with pytest.raises(ConfigurationError) as caught:
        load_ring(environ)
    named = {(problem.key, problem.code) for problem in caught.value.problems}
    assert named == {
        (KEY_VARIABLE, "KEY_NOT_HEX"),
        (f"{OLD_KEYS_VARIABLE}[1]", "KEY_SHORT"),
        (f"{OLD_KEYS_VARIABLE}[2]", "KEY_WEAK"),
    }


def test_a_ring_holds_the_current_key_and_the_former_ones() -> None:
    ring = load_ring({KEY_VARIABLE: KEY.secret.hex(), OLD_KEYS_VARIABLE: OLD_KEY.secret.hex()})
    assert ring == KeyRing(KEY, (OLD_KEY,))
    assert ring.key_ids == {KEY.key_id, OLD_KEY.key_id}
    assert load_ring({KEY_VARIABLE: KEY.secret.hex()}) == KeyRing(KEY)
    with pytest.raises(ConfigurationError, match="KEY_TWICE"):
        load_ring({KEY_VARIABLE: KEY.secret.hex(), OLD_KEYS_VARIABLE: KEY.secret.hex()})


def test_the_demonstration_key_is_refused_only_where_something_may_be_destroyed() -> None:
    demo = load_ring({KEY_VARIABLE: DEMO_KEY})
    assert is_default(demo.current)
    assert not is_default(KEY)
    require_own_key(demo, Mode.DRY_RUN)
    require_own_key(KeyRing(KEY), Mode.ENFORCE)
    with pytest.raises(ConfigurationError, match="KEY_DEFAULT"):
        require_own_key(demo, Mode.ENFORCE)


def test_former_references_are_recognised_among_plain_texts() -> None:
    ring = KeyRing(KEY, (OLD_KEY,))
    domain = identifier_domain(IdentifierKind.EMAIL)
    old = OLD_KEY.mac(domain, "anna@example.com")
    stored = {OLD_KEY.key_id: {old, OLD_KEY.mac(domain, "gone@example.com")}, KEY.key_id: {"irrelevant"}}
    texts = ["bo@example.com", "anna@example.com", "anna@example.com"]
    assert ring.recognise(domain, texts, stored) == {old: KEY.mac(domain, "anna@example.com")}
    assert ring.recognise("record", texts, stored) == {}
    assert KeyRing(KEY).recognise(domain, texts, stored) == {}
    assert ring.recognise(domain, texts, {OLD_KEY.key_id: set()}) == {}


def test_a_record_has_one_spelling_whatever_the_driver_gives() -> None:
    text = record_text("sales", "order", ("17", "A"))
    assert text == record_text("sales", "order", (17, "A")) == record_text("sales", "order", (Decimal("17.0"), "A"))
    assert record_text("sales", "order", (Decimal(1000),)) == record_text("sales", "order", (1000,))
    assert record_text("sales", "order", (b"\x0f",)) == record_text("sales", "order", ("0f",))
    assert record_text("a", "b", ("c", "d")) != record_text("a", "b", ("c,d",))
    assert record_text("a", "b.c", ("d",)) != record_text("a.b", "c", ("d",))
    assert KEY.mac(RECORD, text) != KEY.mac(RECORD, record_text("sales", "orders", ("17", "A")))
    for part in (None, 1.5, True):
        with pytest.raises(TypeError, match="record key"):
            record_text("sales", "order", (part,))
