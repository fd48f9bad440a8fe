"""Names, addresses, telephones, e-mail and IP addresses that belong to nobody.

Telephone numbers are those that PTS, the Swedish regulator, keeps free for films and books; e-mail addresses end in
``.example`` (RFC 2606); IP addresses are the documentation ranges (RFC 5737, RFC 3849).
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

WORDS: Mapping[str, list[Any]] = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
NETWORKS = ("192.0.2", "198.51.100", "203.0.113")

LANDLINES = (("08", "465004"), ("031", "39006"), ("040", "62804"), ("0980", "3192"))
"""Area code and the digits before the last two."""
FIRST_MOBILE, MOBILES = 1740605, 95
"""070-1740605 to 070-1740699."""
KEPT_MOBILES = 40
"""The last of them are kept for planted cases: an objection made under a number concerns all who hold it."""


def address(rng: Random) -> tuple[str, str, str]:
    """Return street, postcode and town."""
    postcode, town = rng.choice(WORDS["towns"])
    return f"{rng.choice(WORDS['streets'])} {rng.randint(1, 120)}", postcode, town


def telephone(rng: Random) -> str:
    """Return a national number, digits only: many people share each of them."""
    if rng.random() < 0.8:
        return f"070{FIRST_MOBILE + rng.randrange(MOBILES - KEPT_MOBILES)}"
    area, start = rng.choice(LANDLINES)
    return f"{area}{start}{rng.randrange(100):02d}"


def kept_telephone(serial: int) -> str:
    """Return a mobile number that nobody but a planted case has."""
    if serial >= KEPT_MOBILES:
        raise ValueError("No mobile number left for planted cases")
    return f"070{FIRST_MOBILE + MOBILES - 1 - serial}"


def spell_telephone(number: str, form: int) -> str | None:
    """Write a national number in one of five forms that people type; no number gives None."""
    if not number:
        return None
    area = 2 if number.startswith("08") else 4 if number.startswith("0980") else 3
    inland, rest = number[:area], number[area:]
    return (
        f"{inland}-{rest[:3]} {rest[3:]}",
        f"+46{number[1:]}",
        f"0046 {inland[1:]} {rest[:3]} {rest[3:]}",
        f"+46 (0){inland[1:]}-{rest}",
        f"{inland}-{rest}",
    )[form % 5]


def plain(text: str) -> str:
    """Return a name as it looks in an address: lower case, without accents, spaces and hyphens."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in ascii_only.lower() if letter.isalnum())


def spell_email(email: str, form: int) -> str:
    """Write an address with capitals here and there, or as it is: systems keep what somebody typed."""
    local, _, domain = email.partition("@")
    return (email, email.title(), email.upper(), f"{local}@{domain.capitalize()}")[form % 4]


def ip_address(rng: Random) -> str:
    """Return an address of a documentation range, now and then of IPv6."""
    if rng.random() < 0.1:
        return f"2001:db8:{rng.randrange(1, 65536):x}::{rng.randrange(1, 65536):x}"
    return f"{rng.choice(NETWORKS)}.{rng.randrange(1, 255)}"
