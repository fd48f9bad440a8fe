"""What tells of a person inside a free text, replaced: addresses, numbers, and names that the caller knows.

Recognition belongs to well-kept libraries (phonenumbers, python-stdnum, the standard library's ipaddress); what is ours
is where in a text they are asked. A text from which these are gone **is still personal data**: what it tells can single
a person out ("the blind organist in Visby"), and names that nobody told of stay. So this is never anonymisation by
itself. It is a step before the text is erased whole.

Replacing is repeated until nothing is found, outside of what was replaced before. So it is a projection:
redacting twice changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from phonenumbers import PhoneNumberMatcher
from stdnum import iban, luhn

Span = tuple[int, int]

REGION = "SE"
"""Where a telephone number without a country code is from."""
SHORT_NAME = 3
"""Letters up to which a name counts with a capital only: "Bo" is a name, "bo" a word."""
FEWEST_DIGITS = 5
"""A telephone number has more."""
SHORTEST_IBAN = 15

_LOCAL, _LABEL = r"[\w.!#$%&'*+/=?^`{|}~-]", r"[\w-]"
_EMAIL = re.compile(rf"(?<!{_LOCAL}){_LOCAL}+@{_LABEL}+(?:\.{_LABEL}+)+")
_IBAN = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}", re.ASCII)
_IDENTITY = re.compile(r"(?<!\d)(?:\d\d)?(\d\d)(\d\d)(\d\d) ?[-+\u2013]? ?(\d{4})(?!\d)", re.ASCII)
_ADDRESS = re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]{3,}(?![\w:])", re.ASCII)
_PLACEHOLDER = re.compile(r"(\[(?:e-post|iban|personnummer|ip|telefon|namn)\])")


def redacted(text: str, names: Iterable[str] = ()) -> str:
    """Return a text with a word such as ``[e-post]`` for each thing recognised; the same text where nothing is.

    Args:
        text: the free text.
        names: names of the person that the text concerns, as they stand in the record. Each word of them counts.
    """
    finders: list[tuple[str, Callable[[str], Iterable[Span]]]] = [
        *_FINDERS,
        ("[namn]", partial(_names, _pattern(names))),
    ]
    while True:
        before = text
        for word, find in finders:
            text = _replaced(text, word, find)
        if text == before:
            return text


def _replaced(text: str, word: str, find: Callable[[str], Iterable[Span]]) -> str:
    """Return a text with what is found between earlier replacements replaced."""
    parts = _PLACEHOLDER.split(text)
    parts[::2] = [_without(part, word, find(part)) for part in parts[::2]]
    return "".join(parts)


def _without(text: str, word: str, spans: Iterable[Span]) -> str:
    kept, place = [], 0
    for start, end in spans:
        kept += [text[place:start], word]
        place = end
    return "".join([*kept, text[place:]])


def _emails(text: str) -> Iterator[Span]:
    return (found.span() for found in _EMAIL.finditer(text)) if "@" in text else iter(())


def _ibans(text: str) -> Iterator[Span]:
    for found in _IBAN.finditer(text):
        start, longest = found.span()
        # The words that follow may look like a part of it.
        for end in range(longest, start + SHORTEST_IBAN - 1, -1):
            if not text[end : end + 1].isalnum() and text[end - 1].isalnum() and iban.is_valid(text[start:end]):
                yield start, end
                break


def _identity_numbers(text: str) -> Iterator[Span]:
    """Find personnummer and samordningsnummer, of any century."""
    for found in _IDENTITY.finditer(text):
        year, month, day, number = found.groups()
        born = int(day) - 60 if int(day) > 60 else int(day)  # noqa: PLR2004 - 18 a § folkbokföringslagen
        if 1 <= int(month) <= 12 and 1 <= born <= 31 and luhn.is_valid(year + month + day + number):  # noqa: PLR2004
            yield found.span()


def _ip_addresses(text: str) -> Iterator[Span]:
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(".")
        if (address.count(".") == 3 or address.count(":") > 1) and any(map(str.isalnum, address)):  # noqa: PLR2004
            try:
                ipaddress.ip_address(address)
            except ValueError:
                continue
            yield found.start(), found.start() + len(address)


def _phones(text: str) -> Iterator[Span]:
    if sum(map(str.isdigit, text)) < FEWEST_DIGITS:
        return iter(())
    return ((found.start, found.end) for found in PhoneNumberMatcher(text, REGION))


def _names(pattern: re.Pattern[str] | None, text: str) -> Iterator[Span]:
    return iter(()) if pattern is None else (found.span() for found in pattern.finditer(text))


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds any word of the names, also in the genitive, or None where there is none."""
    words = {word for name in names for word in re.findall(r"[^\W\d_]{2,}", unicodedata.normalize("NFC", name))}
    spelt = {form for word in words for written in _written(word) for form in _forms(written)}
    if not spelt:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(spelt, key=lambda each: (-len(each), each)))})s?(?!\w)")


def _written(word: str) -> Sequence[str]:
    if len(word) > SHORT_NAME:
        return [word]
    return [word.capitalize(), word.upper()]


def _forms(word: str) -> Iterator[str]:
    """Yield patterns for a word, composed and decomposed; a long one whatever its capitals are."""
    for form in ("NFC", "NFD"):
        escaped = re.escape(unicodedata.normalize(form, word))
        yield f"(?i:{escaped})" if len(word) > SHORT_NAME else escaped


_FINDERS: tuple[tuple[str, Callable[[str], Iterable[Span]]], ...] = (
    ("[e-post]", _emails),
    ("[iban]", _ibans),
    ("[personnummer]", _identity_numbers),
    ("[ip]", _ip_addresses),
    ("[telefon]", _phones),
)
