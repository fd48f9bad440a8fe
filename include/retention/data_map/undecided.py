"""Guesses of a draft that nobody has decided on: a map that holds any can be tried, and never acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.retention.data_map.context import Mapped
from include.retention.errors import Problem
from include.retention.policy.document import Json, KeyPath

GUESS = "guess"
"""The key that marks a line of a draft; whoever has decided on the line removes it."""


def undecided(mapped: Mapping[str, Mapped]) -> Iterator[Problem]:
    """Yield a problem for each table with guesses, and for a file that has one of its own."""
    for system in mapped.values():
        document = system.document
        if document.text(GUESS):
            yield document.problem((GUESS,), "UNDECIDED", "waits for a person.", _remedy())
        for name in document.keys("tables"):
            path: KeyPath = ("tables", name)
            count = count_guesses(document.at(path))
            if count:
                what = f"has {count} {'guess' if count == 1 else 'guesses'} that nobody has decided on."
                yield document.problem(path, "UNDECIDED", what, _remedy())


def _remedy() -> str:
    return f"Look at each, correct it where it is wrong, and remove its {GUESS}."


def count_guesses(content: Json) -> int:
    """Return how many guesses a table holds: its own, its events' and its columns'."""
    if not isinstance(content, dict):
        return 0
    columns, events = content.get("columns"), content.get("events")
    parts = [*(columns.values() if isinstance(columns, dict) else ()), *(events if isinstance(events, list) else ())]
    return bool(content.get(GUESS)) + sum(count_guesses(each) for each in parts)
