"""A YAML file of the policy, read so that every mistake can be shown at its line.

YAML surprises people who aren't programmers: ``no`` becomes false, ``2025-12-31`` a date object, ``0701`` an octal
number, and the second of two equal keys silently wins. Here ``true`` and ``false`` are the only truth values, dates
stay text until the schema asks for one, a number with a leading zero stays text, and a repeated key is a mistake.
Anchors, aliases and tags are refused: a rule is read where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from include.retention.errors import Problem
from include.retention.settings import PROJECT

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One file, as plain data.

    Attributes:
        file: as problems name it: relative to the project where it lies in it.
        data: the content; an empty mapping where the file can't be read.
        lines: key path -> line, counted from 1.
        origins: key path of a list whose broken items were left out -> the place that each remaining item had.
        files: key path -> the file that this part was read from, where it isn't ``file``.
    """

    file: str
    data: dict[str, Json]
    lines: Mapping[KeyPath, int]
    origins: Mapping[KeyPath, tuple[int, ...]] = field(default_factory=dict)
    files: Mapping[KeyPath, str] = field(default_factory=dict)

    def problem(self, path: KeyPath, code: str, what: str, remedy: str) -> Problem:
        """Return a problem at a key path, with the nearest line that is known."""
        path = self.in_file(path)
        nearest = next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)
        file = next((self.files[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.files), self.file)
        return Problem(file, key_text(path), what, remedy, code, line=nearest)

    def keys(self, *path: str | int) -> tuple[str, ...]:
        """Return the keys written at a path, also those whose content is broken: they are declared all the same."""
        found = self.at(path)
        return tuple(found) if isinstance(found, dict) else ()

    def text(self, *path: str | int) -> str | None:
        """Return the text written at a path, or None."""
        found = self.at(path)
        return found if isinstance(found, str) else None

    def at(self, path: KeyPath) -> Json:
        """Return what is written at a path of mappings, or None."""
        found: Json = self.data
        for step in path:
            found = found.get(str(step)) if isinstance(found, dict) else None
        return found

    def in_file(self, path: KeyPath) -> KeyPath:
        """Return the key path as the file has it, broken items of lists counted."""
        result: KeyPath = ()
        for step in path:
            origin = self.origins.get(result)
            result += (origin[step] if origin is not None and isinstance(step, int) else step,)
        return result


def key_text(path: KeyPath) -> str:
    """Return a key path as people write it: ``purposes.DELIVERY.ends_at_once[0].event``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".") or "(whole file)"


def shown(path: Path) -> str:
    """Return the path relative to the project, or as given where it lies outside."""
    resolved = path.resolve()
    return resolved.relative_to(PROJECT).as_posix() if resolved.is_relative_to(PROJECT) else path.as_posix()


def read_document(path: Path) -> tuple[Document, tuple[Problem, ...]]:
    """Read one YAML file. The document is empty where nothing of it could be read."""
    file = shown(path)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        return _unreadable(file, None, f"can't be read: {error.strerror}.", "Put the file there, readable.")
    except UnicodeDecodeError:
        return _unreadable(file, None, "isn't UTF-8.", "Save it as UTF-8.")
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        return _unreadable(file, line, f"isn't YAML: {error.problem}.", "Check indentation, quotes and colons there.")
    except yaml.YAMLError:
        return _unreadable(file, None, "isn't YAML: it holds a control character.", "Remove it.")
    if not isinstance(node, yaml.MappingNode):
        return _unreadable(file, 1, "doesn't hold keys with values.", "Start from the example in the policy's README.")
    reader = _Reader(file)
    data = reader.value(node, ())
    assert isinstance(data, dict)  # noqa: S101 - a mapping node becomes a dict
    return Document(file, data, reader.lines), tuple(reader.problems)


def _unreadable(file: str, line: int | None, what: str, remedy: str) -> tuple[Document, tuple[Problem, ...]]:
    problem = Problem(file, key_text(()), what, remedy, "UNREADABLE", line=line)
    return Document(file, {}, {}), (problem,)


class _Loader(yaml.CSafeLoader):
    """Knows null, true, false and numbers; all else is text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own interface


def _resolve(tag: str, pattern: str, first: Iterable[str]) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


_resolve("null", "~|null|Null|NULL|", ["~", "n", "N", ""])
_resolve("bool", "true|True|TRUE|false|False|FALSE", "tTfF")
_resolve("int", "[-+]?(?:0|[1-9][0-9]*)", "-+0123456789")
_resolve("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+", "-+0123456789")


class _Reader:
    """Turns nodes into plain data and keeps the lines. The state is what a recursion has to carry along."""

    def __init__(self, file: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self._file = file
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: KeyPath) -> Json:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._problem(path, "ALIAS", "repeats another place by an alias (*).", "Write it out: a rule stands alone.")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, place)) for place, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _pairs(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Json]]:
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            place = (*path, key)
            if not isinstance(key_node, yaml.ScalarNode) or key == "<<":
                self._problem(path, "KEY", "has a key that isn't a plain word.", "Write it out, without << or ?.")
            elif key in first_lines:
                what = f"stands twice, on lines {first_lines[key]} and {line}."
                self._problem(place, "DUPLICATE_KEY", what, "Keep one: there is exactly one rule for one thing.", line)
            else:
                first_lines[key] = line
                self.lines[place] = line
                yield key, self.value(value_node, place)

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Json:
        kind, text = node.tag.removeprefix("tag:yaml.org,2002:"), str(node.value)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
        if kind != "str":
            self._problem(path, "TAG", "has a YAML tag (!).", "Remove the tag; the schema says what a value is.")
        return text

    def _problem(self, path: KeyPath, code: str, what: str, remedy: str, line: int | None = None) -> None:
        self.problems.append(Problem(self._file, key_text(path), what, remedy, code, line=line or self.lines.get(path)))
