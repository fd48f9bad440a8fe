"""JSON documents, taken apart into paths and the values below them.

A path is told in ledger and report, so only what names a field may stand in it (see ``detect/fields.py``). Any other
key is data, is judged like any value, and stands as ``*``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from include.retention.detect.fields import Fields

ANY = "*"
"""Stands for a key that isn't a name but data itself, and for the places of a list."""
_PLAIN = re.compile(r"[\w-]+")

Place = tuple[str, str]
"""A path as it may be told, and as it is. The second never leaves this package's memory."""


def documents(values: Iterable[object]) -> list[Any] | None:
    """Return the values as JSON documents, or None where they aren't: some value isn't an object or a list."""
    found = []
    for value in values:
        if value is None or (isinstance(value, str) and value.strip() in {"", "null"}):
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


def values_by_path(found: Iterable[Any], fields: Fields) -> Mapping[str, list[list[object]]]:
    """Return what stands below each path that may be told, such as ``$.customer.email`` or ``$.lines[*].note``.

    Below a path with ``*`` for a key stand several lists: one for each key that isn't told, for a field among them may
    hold addresses throughout, and one of the keys themselves.
    """
    leaves: dict[Place, list[object]] = {}
    waiting: list[tuple[Place, list[Any]]] = [(("$", "$"), list(found))]
    while waiting:  # A loop, for a document may be nested deeper than a program may call itself.
        (told, real), values = waiting.pop()
        below: dict[Place, list[Any]] = {}
        for each in values:
            if isinstance(each, dict):
                for key, value in each.items():
                    name = _step(str(key)) if fields.tells(str(key)) else ANY
                    below.setdefault((f"{told}.{name}", f"{real}.{_step(str(key))}"), []).append(value)
                    if name == ANY:
                        leaves.setdefault((f"{told}.{ANY}", f"{real}.{ANY}"), []).append(str(key))
            elif isinstance(each, list):
                below.setdefault((f"{told}[{ANY}]", f"{real}[{ANY}]"), []).extend(each)
            else:
                leaves.setdefault((told, real), []).append(each)
        waiting += below.items()
    gathered: dict[str, list[list[object]]] = {}
    for (told, _), below_it in leaves.items():
        gathered.setdefault(told, []).append(below_it)
    return gathered


def _step(key: str) -> str:
    return key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False)
