"""JSON documents, taken apart into paths and the values below them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from include.retention.detect.values import known_names, look_at
from include.retention.identifiers import Normaliser

ANY = "*"
"""Stands for a key that isn't a name but data itself, and for the places of a list."""
_PARTS = re.compile(r"[\W\d_]+")
MOST_KEYS = 50
"""An object with more keys than a form has fields is a list by another name: its keys are data."""


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
    by_path: dict[str, list[object]] = {}
    for document in found:
        for path, value in _leaves("$", document, normaliser):
            by_path.setdefault(path, []).append(value)
    return by_path


def _leaves(path: str, value: object, normaliser: Normaliser) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        names = [str(name) for name in value]
        hidden = len(names) > MOST_KEYS
        for name, below in value.items():
            told = ANY if hidden or is_data(str(name), normaliser) else str(name)
            yield from _leaves(f"{path}.{told}", below, normaliser)
        data = [name for name in names if hidden or is_data(name, normaliser)]
        yield from ((f"{path}.{ANY}", name) for name in data)
    elif isinstance(value, list):
        for below in value:
            yield from _leaves(f"{path}[{ANY}]", below, normaliser)
    else:
        yield path, value


def is_data(name: str, normaliser: Normaliser) -> bool:
    """Return whether a key is itself data: an address, somebody's name or number, or nothing that names a field."""
    if len(name.split()) != 1 or "@" in name or not any(character.isalpha() for character in name):
        return True
    return bool(look_at([name], normaliser) or any(part in known_names() for part in _PARTS.split(name.casefold())))
