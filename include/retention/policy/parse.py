"""From plain data to a pydantic model, with every mistake of the file collected.

Pydantic reports all mistakes of shape at once, but gives no model then, so that mistakes of meaning would only show
after the first ones are mended. Here what is broken is left out or stood in for, just far enough for the checks of
meaning to see the rest too. A model that was mended like this is never used for anything else: the caller gets the
problems with it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from include.retention.errors import Problem
from include.retention.policy.document import Document, Json, KeyPath, key_text
from include.retention.policy.wording import describe, known_words

MAX_ROUNDS = 20
"""Mending one mistake can bring out another underneath; after so many rounds the rest must wait."""


class Border(BaseModel):
    """What comes in from YAML: frozen, and no key that isn't known."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


Model = TypeVar("Model", bound=Border)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Model]):
    """What could be read of a file.

    Attributes:
        model: None where too little of the file is right.
        document: the file, whose key paths now follow the mended model.
        problems: mistakes of shape.
        mended: key paths, as text, that were left out or stood in for.
    """

    model: Model | None
    document: Document
    problems: tuple[Problem, ...]
    mended: frozenset[str]

    def without_echoes(self, problems: Iterator[Problem]) -> tuple[Problem, ...]:
        """Return the problems that aren't just echoes of what was left out."""
        return tuple(each for each in problems if not any(_within(each.key, place) for place in self.mended))


@dataclass(frozen=True, slots=True)
class Mendable:
    """What may be left out of a file, or stood in for, so that the rest can be checked.

    Attributes:
        collections: keys that hold any number of entries; a broken entry is left out.
        optional: keys that are left out whole where something in them is broken.
        stand_ins: key -> harmless value for a required key that is missing or broken.
    """

    collections: frozenset[str]
    optional: frozenset[str]
    stand_ins: Mapping[str, Json]


def parse(document: Document, model: type[Model], mendable: Mendable) -> Parsed[Model]:
    """Read a document as a model, the border model of the whole file."""
    mending = _Mending(copy.deepcopy(document.data), {}, set())
    problems: dict[tuple[str, str], Problem] = {}
    for _ in range(MAX_ROUNDS):
        try:
            read = model.model_validate_json(json.dumps(mending.data), strict=True)
        except ValidationError as error:
            now = replace(document, origins=mending.frozen_origins())
            broken = []
            for each in error.errors(include_url=False, include_context=True):
                path = _path(mending.data, each["loc"], missing=each["type"] == "missing")
                problem = now.problem(path, *describe(each, path, known_words(model)))
                problems.setdefault((problem.key, problem.code), problem)
                broken.append((path, each["type"]))
            mending.mend(broken, mendable)
        else:
            now = replace(document, origins=mending.frozen_origins())
            return Parsed(read, now, tuple(problems.values()), frozenset(mending.mended))
    return Parsed(None, document, tuple(problems.values()), frozenset(mending.mended))


@dataclass(slots=True)
class _Mending:
    """Data on its way to being readable."""

    data: dict[str, Json]
    origins: dict[KeyPath, list[int]]
    mended: set[str]

    def frozen_origins(self) -> dict[KeyPath, tuple[int, ...]]:
        """Return the places that remaining items of lists had."""
        return {path: tuple(places) for path, places in self.origins.items()}

    def mend(self, broken: list[tuple[KeyPath, str]], mendable: Mendable) -> None:
        """Stand in for required keys, leave out all else; later items of a list go first, so that places hold."""
        leave_out = set()
        for path, kind in broken:
            part = path if kind == "extra_forbidden" else _part(path, mendable)
            if kind != "extra_forbidden" and _is_required(part, mendable):
                self._set(part, copy.deepcopy(mendable.stand_ins[str(part[-1])]))
            else:
                leave_out.add(part)
        for path in sorted(leave_out, key=_order, reverse=True):
            self._remove(path)

    def _set(self, path: KeyPath, value: Json) -> None:
        holder = _at(self.data, path[:-1])
        if isinstance(holder, dict):
            self.mended.add(key_text(self.in_file(path)))
            holder[str(path[-1])] = value

    def _remove(self, path: KeyPath) -> None:
        holder, last = _at(self.data, path[:-1]), path[-1] if path else ""
        if isinstance(holder, dict) and last in holder:
            self.mended.add(key_text(self.in_file(path)))
            del holder[str(last)]
        elif isinstance(holder, list) and isinstance(last, int) and last < len(holder):
            in_file = self.in_file(path)
            self.mended.add(key_text(in_file))
            self.origins.setdefault(in_file[:-1], list(range(len(holder)))).pop(last)
            holder.pop(last)

    def in_file(self, path: KeyPath) -> KeyPath:
        """Return the key path as the file has it."""
        return Document("", {}, {}, self.frozen_origins()).in_file(path)


def _path(data: Json, location: tuple[int | str, ...], *, missing: bool) -> KeyPath:
    """Return pydantic's location as a key path: without the tags of unions and the like."""
    path: KeyPath = ()
    found = data
    for step in location:
        if isinstance(found, dict) and step in found:
            found = found[str(step)]
        elif isinstance(found, list) and isinstance(step, int):
            found = found[step]
        elif not (missing and step == location[-1]):
            continue
        path += (step,)
    return path


def _at(data: Json, path: KeyPath) -> Json:
    for step in path:
        if isinstance(data, dict):
            data = data.get(str(step))
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def _part(path: KeyPath, mendable: Mendable) -> KeyPath:
    """Return the smallest part around a mistake that can go, or be stood in for."""
    for length in range(len(path), 0, -1):
        is_entry = length > 1 and path[length - 2] in mendable.collections
        if is_entry or path[length - 1] in mendable.optional or _is_required(path[:length], mendable):
            return path[:length]
    return path[:1]


def _is_required(path: KeyPath, mendable: Mendable) -> bool:
    is_entry = len(path) > 1 and path[-2] in mendable.collections
    return bool(path) and path[-1] in mendable.stand_ins and not is_entry


def _order(path: KeyPath) -> tuple[tuple[bool, str], ...]:
    return tuple((isinstance(step, int), f"{step:09}" if isinstance(step, int) else step) for step in path)


def _within(key: str, place: str) -> bool:
    return key == place or key.startswith((f"{place}.", f"{place}["))
