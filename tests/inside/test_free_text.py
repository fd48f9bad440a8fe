"""What is recognised in a free text, what isn't, and that redacting twice changes nothing."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.retention.free_text import redacted

NAMES = ("Anna-Karin", "Öberg von Bo")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Skriv till anna.o+x@exempel.se.", "Skriv till [e-post]."),
        ("<anna@xn--exmpel-cua.se>", "<[e-post]>"),
        ("mail: åsa@exämpel.se, tack", "mail: [e-post], tack"),
        ("Ring 070-123 45 67 efter tre", "Ring [telefon] efter tre"),
        ("tel +46 8 123 456 00.", "tel [telefon]."),
        ("Call +44 20 7946 0958 now", "Call [telefon] now"),
        ("pnr 811218-9876 gäller", "pnr [personnummer] gäller"),
        ("19811218-9876", "[personnummer]"),
        ("8112189876", "[personnummer]"),
        ("811218+9876", "[personnummer]"),
        ("samordning 811278-9873!", "samordning [personnummer]!"),
        ("från 192.0.2.7.", "från [ip]."),
        ("via 2001:db8::7 i går", "via [ip] i går"),
        ("betala till SE45 5000 0000 0583 9825 7466 tack", "betala till [iban] tack"),
        ("DE89370400440532013000", "[iban]"),
        ("Anna-Karin ringde, Öbergs son", "[namn]-[namn] ringde, [namn] son"),
        ("ÖBERG vill bo kvar, sa Bo", "[namn] vill bo kvar, sa [namn]"),
        (unicodedata.normalize("NFD", "Öberg"), "[namn]"),
    ],
)
def test_what_is_recognised(text: str, left: str) -> None:
    assert redacted(text, NAMES) == left


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mötet är 2024-05-17 kl 10:20:30, rum 12",
        "ordernummer 20240517 och artikel 4711-12",
        "std::vector och x::y, 10::z",
        "version 1.2.3",
        "811218-9877 har fel kontrollsiffra",
        "SE45 5000 0000 0583 9825 7467",
        "Annandagen i Öbergsköping",
        "@home klockan 5",
        "redan [e-post] och [namn]",
        "1 234 567,50 kr",
    ],
)
def test_what_stays(text: str) -> None:
    assert redacted(text, NAMES) == text


def test_a_name_that_is_a_placeholders_word_isnt_replaced_for_ever() -> None:
    assert redacted("Namn ringde", ["Namn", "Ip"]) == "[namn] ringde"


def test_initials_and_empty_names_replace_nothing() -> None:
    assert redacted("A. och B. kom", ["A", "B.", "", "12"]) == "A. och B. kom"


PIECES = st.sampled_from([
    "a@b.se", "0701234567", "811218-9876", "192.0.2.7", "::1", "SE4550000000058398257466", "Anna", "Bo", "s", " ", "-",
    ".", "[", "]", "[namn]", "[ip]", "e-post", "@", "1", "+", ":", "\n", "å", "0",
])  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redacted(text, NAMES)
    assert redacted(once, NAMES) == once
    assert redacted(once) == once
    assert "a@b.se" not in once


@pytest.mark.parametrize("text", ["a" * 60_000 + "@", "1" * 60_000, "f:" * 30_000, "SE45" * 15_000, "1.2.3." * 10_000])
def test_a_long_text_takes_no_long_time(text: str) -> None:
    began = time.process_time()
    redacted(text, NAMES)
    assert time.process_time() - began < 2
