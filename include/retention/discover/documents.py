"""JSON documents, taken apart into paths and the values below them.

A path is told in ledger and report, so only what is a field may stand in it: a key that many objects of the same place
have. Where objects are kept by somebody's name or number, the keys differ from one to the next; those are data, are
judged like any value, and stand as ``*``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from include.retention.detect.values import known_names, look_at
from include.retention.identifiers import Normaliser

ANY = "*"
"""Stands for a key that isn't a name but data itself, and for the places of a list."""
MOST_KEYS = 50
"""An object with more keys than a form has fields is a list by another name: its keys are data."""
LEAST_OBJECTS, LEAST_SHARE = 2, 0.1
"""A field is a key of at least so many objects of its place, and of this share of them, where there are several."""
SHORTEST_NAME = 5
"""Letters of a name that is sought inside a longer word, as user names are made: ``asvensson``."""
_PARTS = re.compile(r"[\W\d_]+|(?<=[a-zåäö])(?=[A-ZÅÄÖ])")


def documents(values: Iterable[object]) -> list[Any] | None:
    """Return the values as JSON documents, or None where they aren't: some value isn't an object or a list."""
    found = []
    for value in values:
        if value is None or value == "":
            continue
        document = _document(value)
        if not isinstance(document, (dict, list)):
            return None
        found.append(document)
    return found or None


def _document(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def values_by_path(found: Iterable[Any], normaliser: Normaliser) -> Mapping[str, list[object]]:
    """Return what stands below each path, such as ``$.customer.email`` or ``$.lines[*].note``."""
    leaves: dict[str, list[object]] = {}
    waiting: list[tuple[str, list[Any]]] = [("$", list(found))]
    while waiting:  # A loop, for a document may be nested deeper than a program may call itself.
        path, values = waiting.pop()
        objects = [value for value in values if isinstance(value, dict)]
        fields = _fields(objects, normaliser)
        below: dict[str, list[Any]] = {}
        for each in objects:
            for key, value in each.items():
                name = str(key)
                told = name if name in fields else ANY
                below.setdefault(f"{path}.{told}", []).append(value)
                if told == ANY:
                    leaves.setdefault(f"{path}.{ANY}", []).append(name)
        for each in values:
            if isinstance(each, list):
                below.setdefault(f"{path}[{ANY}]", []).extend(each)
            elif not isinstance(each, dict):
                leaves.setdefault(path, []).append(each)
        waiting += below.items()
    return leaves


def _fields(objects: Sequence[Mapping[Any, Any]], normaliser: Normaliser) -> frozenset[str]:
    """Return the keys of objects of one place that name fields."""
    if any(len(each) > MOST_KEYS for each in objects):
        return frozenset()
    counted = Counter(str(key) for each in objects for key in each)
    least = max(min(LEAST_OBJECTS, len(objects)), LEAST_SHARE * len(objects))
    return frozenset(key for key, count in counted.items() if count >= least and not is_data(key, normaliser))


def is_data(name: str, normaliser: Normaliser) -> bool:
    """Return whether a key is itself data: an address, somebody's name or number, or nothing that names a field."""
    if len(name.split()) != 1 or "@" in name or not any(character.isalpha() for character in name):
        return True
    return bool(look_at([name], normaliser)) or any(_holds_name(part.casefold()) for part in _PARTS.split(name))


def _holds_name(word: str) -> bool:
    """Return whether a word is somebody's name, or one with an initial before or behind it."""
    shorter = [part for part in (word[1:], word[:-1]) if len(part) >= SHORTEST_NAME]
    return any(part in known_names() for part in (word, *shorter))
