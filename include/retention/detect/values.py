"""What sampled values look like. They are judged in memory; only counts leave this module."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from stdnum import iban, luhn

from include.retention.detect.chance import beyond_chance
from include.retention.identifiers import Normaliser
from include.retention.terms import IdentifierKind

NAME_WORDS = 4
FREE_TEXT_WORDS = 8
LOCALES = ("sv_SE", "en_US", "en_GB", "fi_FI", "no_NO", "da_DK", "de_DE")
"""Countries whose common names are known."""

_WORD = re.compile(r"[^\W\d_][\w'.-]*")
_CARD = range(13, 20)
_IDENTITY_NUMBER = re.compile(r"(\d\d)?\d{6}[-+ ]?\d{4}")
_ORGANISATION_NUMBER = re.compile(r"\d{6}-\d{4}")
_CHECKED = {
    "identity_number": _IDENTITY_NUMBER,
    "organisation_number": _ORGANISATION_NUMBER,
    "payment": re.compile(r"[A-Za-z]{2}[\w -]{10,40}|\d[\d -]{11,25}"),
}
"""What only a check digit tells from other numbers, by category: the shape that such numbers share."""
_PHONE = re.compile(r"\+[\d ()/.-]{6,24}|[0(](?=.*\D)[\d ()/.-]{6,24}")
"""A telephone number begins with a plus or a nought and is written in parts: else any number could be one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How many sampled values look like a category.

    Attributes:
        category: the data category.
        hits: values that look like it.
        examined: values that weren't empty.
    """

    category: str
    hits: int
    examined: int

    @property
    def share(self) -> float:
        """Return the share of values that look like it, 0 to 1."""
        return self.hits / self.examined if self.examined else 0.0


def look_at(values: Iterable[object], normaliser: Normaliser) -> tuple[Seen, ...]:
    """Return what the values look like, the likeliest first; nothing where all are empty.

    Args:
        values: of one column.
        normaliser: reads identifiers as a run does.
    """
    texts = [text for text in (_text(value) for value in values) if text]
    hits = {
        category: sum(1 for text in texts if looks(text))
        for category, looks in _detectors(normaliser).items()
        if category not in _CHECKED or _beyond_chance(texts, _CHECKED[category], looks)
    }
    found = [Seen(category, count, len(texts)) for category, count in hits.items() if count]
    return tuple(sorted(found, key=lambda each: -each.hits))


def _beyond_chance(texts: Iterable[str], shape: re.Pattern[str], looks: Callable[[str], bool]) -> bool:
    """Return whether so many numbers of a shape pass their check that it can't be chance: order numbers don't."""
    shaped = {text for text in texts if shape.fullmatch(text)}
    return beyond_chance(sum(1 for text in shaped if looks(text)), len(shaped))


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, (bytes, bytearray, memoryview, bool)) else str(value).strip()


def _detectors(normaliser: Normaliser) -> Mapping[str, Callable[[str], bool]]:
    """Return the detectors by category, the most exact first: on a tie the first one counts."""

    def identifies(kind: IdentifierKind) -> Callable[[str], bool]:
        return lambda text: normaliser.normalise(kind, text).text is not None

    email, phone = identifies(IdentifierKind.EMAIL), identifies(IdentifierKind.PHONE)
    identity, organisation = identifies(IdentifierKind.IDENTITY_NUMBER), identifies(IdentifierKind.ORGANISATION_NUMBER)
    return {
        "email": lambda text: "@" in text and email(text),
        "identity_number": lambda text: bool(_IDENTITY_NUMBER.fullmatch(text)) and identity(text),
        "organisation_number": lambda text: bool(_ORGANISATION_NUMBER.fullmatch(text)) and organisation(text),
        "ip_address": _is_ip_address,
        "payment": _is_account,
        "phone": lambda text: bool(_PHONE.fullmatch(text)) and phone(text),
        "name": _is_name,
        "free_text": lambda text: len(text.split()) >= FREE_TEXT_WORDS,
    }


def _is_ip_address(text: str) -> bool:
    if "." not in text and ":" not in text:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_account(text: str) -> bool:
    plain = text.replace(" ", "").replace("-", "")
    if plain[:2].isalpha():
        return bool(iban.is_valid(plain))
    return plain.isdecimal() and len(plain) in _CARD and bool(luhn.is_valid(plain))


def _is_name(text: str) -> bool:
    words = text.split()
    if len(words) > NAME_WORDS or not all(_WORD.fullmatch(word) for word in words):
        return False
    return any(word.casefold() in known_names() for word in words)


@cache
def known_names() -> frozenset[str]:
    """Return common first and last names in small letters, from Faker's lists of what people are called."""
    from faker import Faker  # noqa: PLC0415 - half a second, only where names are looked for

    found: set[str] = set()
    for locale in LOCALES:
        for provider in Faker(locale).providers:
            for kind in ("first_names", "last_names"):
                found.update(str(name).casefold() for name in getattr(provider, kind, ()))
    return frozenset(found)
