"""Guesses accepted by the dozen: what a person has looked at and finds right loses its mark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from include.retention.data_map.undecided import GUESS, count_guesses
from include.retention.draft.write import GOES_WITH, NO_KEY, dumped, loaded

_CONFIDENCE = re.compile(r"(\d+) %")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a map's guesses.

    Attributes:
        accepted: guesses that were removed.
        left: guesses that still wait.
    """

    accepted: int
    left: int


def accept(text: str, tables: str, least: int) -> tuple[str, Accepted]:
    """Return a map's text without the guesses that are accepted, and how many there were.

    What a draft says of a whole table has no confidence of its own: it is accepted once all of its columns are, unless
    it says that the table has no key or asks whether its rows go with a person's record. What it asks of an event is a
    question, and only an answer removes it.

    Args:
        text: the map.
        tables: a pattern such as ``Play*``; upper and lower case differ.
        least: the lowest confidence, in percent, that is accepted.
    """
    content = loaded(text)
    before = _waiting(content)
    for name, table in (content.get("tables") or {}).items():
        if not fnmatchcase(name, tables):
            continue
        for column in _columns(table):
            if GUESS in column and _confidence(column[GUESS]) >= least:
                del column[GUESS]
        asks = any(each in str(table.get(GUESS)) for each in (NO_KEY, GOES_WITH))
        if not asks and not any(GUESS in column for column in _columns(table)):
            table.pop(GUESS, None)
    left = _waiting(content)
    return dumped(content), Accepted(before - left, left)


def _columns(table: Any) -> Iterator[Any]:  # noqa: ANN401 - mappings of ruamel's
    return (each for each in (table.get("columns") or {}).values() if isinstance(each, dict))


def _waiting(content: Any) -> int:  # noqa: ANN401 - as above
    return (GUESS in content) + sum(count_guesses(table) for table in (content.get("tables") or {}).values())


def _confidence(guess: object) -> int:
    found = _CONFIDENCE.match(str(guess))
    return int(found[1]) if found else 0
