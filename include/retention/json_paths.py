"""Paths into JSON documents, as a data map writes them: ``$.customer.email``, ``$.contacts[*].phone``.

A path is ``$`` and steps. ``.name`` or ``."any name"`` goes to a member, ``.*`` to every member of an object, for
objects that are kept by somebody's user name, and ``[*]`` to every element of an array. There is no ``[0]``: taking an
element out moves those behind it, so that the same path would erase another one next time.

Paths are followed as SQL/JSON follows them in its lax mode, because a document that once held one contact and now
holds a list of them must not keep its addresses: a name asked of an array is asked of each of its elements, and
``[*]`` of anything but an array is the thing itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

EACH = None
"""The step to every element of an array."""


class Members(Enum):
    """The step to every member of an object; a member may itself be called ``*``."""

    ALL = "*"


Name = str | Members
Step = Name | None

_STEP = re.compile(r'\.(?P<all>\*)|\.(?P<name>[\w-]+)|\.(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<each>\[\*\])')


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path that a column group decides over.

    Attributes:
        text: as written.
        steps: names of members, ``Members.ALL`` and ``EACH``.
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
            named = json.loads(found["quoted"]) if found["quoted"] else found["name"]
            steps.append(Members.ALL if found["all"] else named)
        except ValueError:
            return None
        place = found.end()
    return tuple(steps) or None


def covered(text: str, paths: Iterable[JsonPath]) -> bool:
    """Return whether what stands at a path goes with one of others: it is the same, or inside of it.

    What is said of every member holds for each; what is said of one doesn't hold for all. Where only the values of all
    members go, their names stay, and may tell of somebody.
    """
    names = _names(parse_path(text) or ())
    return bool(names) and any(_covers(path, names) for path in paths)


def _covers(path: JsonPath, names: Sequence[Name]) -> bool:
    own = _names(path.steps)
    if path.keep_key and own == names and own[-1] is Members.ALL:
        return False
    return len(own) <= len(names) and all(mine in {Members.ALL, name} for mine, name in zip(own, names, strict=False))


def _names(steps: Iterable[Step]) -> tuple[Name, ...]:
    return tuple(step for step in steps if step is not EACH)


def overlapping(paths: Iterable[JsonPath]) -> list[tuple[JsonPath, JsonPath]]:
    """Return the pairs of paths of which one reaches what the other does, or something inside it."""
    known = [(_names(path.steps), path) for path in paths]
    return [
        (one, other)
        for place, (names, one) in enumerate(known)
        for others, other in known[place + 1 :]
        if all(a == b or Members.ALL in {a, b} for a, b in zip(names, others, strict=False))
    ]
