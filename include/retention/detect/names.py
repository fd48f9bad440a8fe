"""What a column's name tells of what it holds, in English and Swedish."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

WHOLE, PART, WEAK = 90, 75, 60
"""Confidence in percent: the word is the whole name, a part of it, or only suspicious beside other personal columns."""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LONGEST = 4


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words, each with what it stands for.

    Attributes:
        strong: word -> data category.
        weak: word -> data category, in a table that is about people.
        people: words in the names of tables that are about people.
        technical: tables of migration tools and the like.
        events: word -> event of the schedule.
        fields: words that the keys of documents are made of.
    """

    strong: Mapping[str, str]
    weak: Mapping[str, str]
    people: frozenset[str]
    technical: frozenset[str]
    events: Mapping[str, str]
    fields: frozenset[str]


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary that comes with the package."""
    text = files("include.retention.detect").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    return Vocabulary(
        strong=_by_word(content["strong"]),
        weak=_by_word(content["weak"]),
        people=frozenset(content["people"]),
        technical=frozenset(content["technical"]),
        events=_by_word(content["events"]),
        fields=frozenset(content["fields"]),
    )


def category_of(name: str, *, of_people: bool) -> tuple[str, int] | None:
    """Return the data category that a column's name speaks of and the confidence in percent, or None.

    Args:
        name: the column's.
        of_people: the table is about people, so that weak words count.
    """
    words = vocabulary()
    found = _first(name, words.strong)
    if found is not None:
        category, whole = found
        return category, WHOLE if whole else PART
    found = _first(name, words.weak) if of_people else None
    return None if found is None else (found[0], WEAK)


def event_of(name: str) -> str | None:
    """Return the event that a date column's name speaks of, or None."""
    found = _first(name, vocabulary().events)
    return None if found is None else found[0]


def is_about_people(table: str) -> bool:
    """Return whether a table's name speaks of people."""
    return not vocabulary().people.isdisjoint(_runs(table))


def is_technical(table: str) -> bool:
    """Return whether a table is a migration tool's own or the like."""
    return table.casefold() in vocabulary().technical


def _by_word(content: Mapping[str, list[str]]) -> dict[str, str]:
    return {word: category for category, words in content.items() for word in words}


def _first(name: str, words: Mapping[str, str]) -> tuple[str, bool] | None:
    """Return what the longest known word in a name stands for, and whether it is the whole name."""
    runs = sorted(_runs(name), key=len, reverse=True)
    known = next((run for run in runs if run in words), None)
    return None if known is None else (words[known], known == runs[0])


def _runs(name: str) -> Iterator[str]:
    """Yield every run of neighbouring parts of a name, written together in small letters without accents."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    parts = [part.lower() for part in _PARTS.findall(plain)]
    for first in range(len(parts)):
        for last in range(first + 1, min(first + _LONGEST, len(parts)) + 1):
            yield "".join(parts[first:last])
