"""Paths into JSON documents, as a data map writes them: ``$.customer.email``, ``$.contacts[*].phone``.

A path is ``$`` and steps. ``.name`` or ``."any name"`` goes to a member, ``[*]`` to every element of an array. There
is no ``[0]``: taking an element out moves those behind it, so that the same path would erase another one next time.

Paths are followed as SQL/JSON follows them in its lax mode, because a document that once held one contact and now
holds a list of them must not keep its addresses: a name asked of an array is asked of each of its elements, and
``[*]`` of anything but an array is the thing itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

EACH = None
"""The step to every element of an array."""

Step = str | None

_STEP = re.compile(r'\.(?P<name>[\w-]+)|\.(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<each>\[\*\])')


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path that a column group decides over.

    Attributes:
        text: as written.
        steps: names of members, and ``EACH``.
        category: name of a data category.
        group: the column group that decides over it.
        keep_key: the value becomes null and its key stays, for documents under a schema that needs the key.
    """

    text: str
    steps: tuple[Step, ...]
    category: str
    group: str
    keep_key: bool = False


def parse_path(text: str) -> tuple[Step, ...] | None:
    """Return a path's steps, or None where the text isn't a path, or is the whole document."""
    if not text.startswith("$"):
        return None
    steps: list[Step] = []
    place = 1
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None:
            return None
        try:
            steps.append(json.loads(found["quoted"]) if found["quoted"] else found["name"])
        except ValueError:
            return None
        place = found.end()
    return tuple(steps) or None


def covered(text: str, paths: Iterable[JsonPath]) -> bool:
    """Return whether what stands at a path goes with one of others: it is the same, or inside of it."""
    names = _names(parse_path(text) or ())
    return bool(names) and any(names[: len(_names(path.steps))] == _names(path.steps) for path in paths)


def _names(steps: Iterable[Step]) -> tuple[str, ...]:
    return tuple(step for step in steps if step is not EACH)


def overlapping(paths: Iterable[JsonPath]) -> list[tuple[JsonPath, JsonPath]]:
    """Return the pairs of paths of which one reaches what the other does, or something inside it."""
    known = [(_names(path.steps), path) for path in paths]
    return [
        (one, other)
        for place, (names, one) in enumerate(known)
        for others, other in known[place + 1 :]
        if names[: len(others)] == others[: len(names)]
    ]
