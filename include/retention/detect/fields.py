"""Which keys of a JSON document may be told: those made of words that fields are called by.

Objects may be kept by somebody's user name, and no rule of number tells one from a field: a clerk may have touched
every row. So a key is told only where its words are known: from the vocabulary, from common English words, from the
live schema's own names, or because a person has named it in the data map. Any other key is data.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from include.retention.detect.names import vocabulary
from include.retention.detect.values import known_names

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHORTEST_HALF = 3
"""Letters of each of two words that are written together: ``kundadress``."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What is known to name a field.

    Attributes:
        named: keys that somebody has written into the data map, as they are.
        schema: names of the live schema's tables and columns, in small letters.
        words: the words of those names that are nobody's name.
    """

    named: frozenset[str]
    schema: frozenset[str]
    words: frozenset[str]

    def tells(self, key: str) -> bool:
        """Return whether a key names a field, and so may stand in a path."""
        if key in self.named or key.casefold() in self.schema:
            return True
        plain = _plain(key)
        words = _WORD.findall(plain)
        if not words or re.search(r"[^A-Za-z_ -]", plain):
            return False  # With a digit in it, it may be somebody's number.
        return self._knows("".join(words)) or all(self._knows(word) for word in words)

    def _knows(self, word: str) -> bool:
        small = word.lower()
        return any(form in _known() or form in self.words for form in _forms(small)) or any(
            small[:place] in _known() and small[place:] in _known()
            for place in range(_SHORTEST_HALF, len(small) - _SHORTEST_HALF + 1)
        )


def fields_of(schema: Iterable[str], named: Iterable[str] = ()) -> Fields:
    """Return what is known to name a field.

    Args:
        schema: names of the live schema's tables and columns.
        named: keys of documents that the data map names.
    """
    names = frozenset(name.casefold() for name in schema)
    words = {word.lower() for name in names for word in _WORD.findall(_plain(name))}
    return Fields(frozenset(named), names, frozenset(words - known_names()))


@cache
def _known() -> frozenset[str]:
    """Return the words that fields are called by, whatever the schema."""
    words = vocabulary()
    return frozenset({*words.strong, *words.weak, *words.events, *words.people, *words.fields, *_common()})


def _common() -> frozenset[str]:
    """Return common English words that are nobody's name, from Faker's list."""
    from faker.providers.lorem.en_US import Provider  # noqa: PLC0415 - with the names, only where documents are read

    return frozenset(word.casefold() for word in Provider.word_list) - known_names()


def _forms(word: str) -> Iterator[str]:
    yield word
    if word.endswith("s"):
        yield word[:-1]


def _plain(name: str) -> str:
    """Return a name without accents; what has no plain letter stays, and is no word."""
    return "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
