"""Erasing parts of a JSON document in its own text, so that the rest stays byte for byte.

Whoever parses a document and writes it again changes it: white space, the order and the doubles of keys, ``1.50`` and
escapes. So the text is cut, not rewritten. The standard library's decoder tells where each value ends; only the
objects and arrays on the way of a path are walked through here. A member goes with one comma and the white space
that its place had, so that the result is the same whatever was erased before it, and erasing twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from json import JSONDecoder

from include.retention.errors import ActError
from include.retention.json_paths import EACH, JsonPath, Members

_SPACE = re.compile(r"[ \t\n\r]*")


class UnreadableJsonError(ActError):
    """A text isn't JSON. The error says nothing of the text."""


@dataclass(slots=True)
class _Node:
    """Where paths lead from one value.

    Attributes:
        members: name -> where they lead from that member.
        all: where they lead from every member.
        each: where they lead from each element.
        remove: the value goes with its key.
        clear: the value becomes null.
        asked: its names were asked of an array already, and aren't asked of an array in it.
    """

    members: dict[str, _Node] = field(default_factory=dict)
    all: _Node | None = None
    each: _Node | None = None
    remove: bool = False
    clear: bool = False
    asked: bool = False

    @property
    def into(self) -> bool:
        """Return whether they lead to members."""
        return bool(self.members) or self.all is not None


def without(text: str, paths: Iterable[JsonPath]) -> str:
    """Return a document without what the paths lead to; the same text where they lead to nothing.

    Args:
        text: the document. A blank text holds nothing, and stays.
        paths: what to erase; a path that isn't there is no mistake.

    Raises:
        UnreadableJsonError: the text isn't JSON, or is nested too deeply to be read.
    """
    if not text.strip():
        return text
    edited = _edited(text, _tree(paths))
    if edited is None:
        # Outside of the handler: the decoder's own errors hold the document.
        message = "A text isn't JSON, so what its paths lead to can't be erased."
        raise UnreadableJsonError(message)
    return edited


def _edited(text: str, root: _Node) -> str | None:
    editor = _Editor(text)
    try:
        start = editor.after_space(0)
        found, end = editor.value(start, [root])
        if editor.after_space(end) != len(text):
            return None
    except (ValueError, IndexError, RecursionError):
        return None
    return text[:start] + ("null" if found is None else found) + text[end:]


def _tree(paths: Iterable[JsonPath]) -> _Node:
    root = _Node()
    for path in (each for each in paths if each.steps):
        node = root
        for step in path.steps:
            if step is EACH:
                node.each = node.each or _Node()
                node = node.each
            elif isinstance(step, Members):
                node.all = node.all or _Node()
                node = node.all
            else:
                node = node.members.setdefault(step, _Node())
        node.clear |= path.keep_key
        node.remove |= not path.keep_key
    return root


def _no_constant(_name: str) -> None:
    raise ValueError  # NaN and Infinity aren't JSON.


@dataclass(slots=True)
class _Member:
    """A member or an element: the white space before it, its text (None where it goes), and that after it."""

    before: str
    text: str | None
    after: str


class _Editor:
    """Walks through one document."""

    def __init__(self, text: str) -> None:
        """Keep the text. Numbers are read as texts: they may have more digits than Python converts."""
        self.text = text
        self.decoder = JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant, strict=False)

    def after_space(self, place: int) -> int:
        """Return where white space ends."""
        found = _SPACE.match(self.text, place)
        return place if found is None else found.end()

    def value(self, start: int, nodes: Sequence[_Node]) -> tuple[str | None, int]:
        """Return a value as it shall be (None: it goes) and where it ends."""
        opening = self.text[start]
        nodes = list(nodes) if opening == "[" else _themselves(nodes)
        touched = any(node.remove or node.clear for node in nodes)
        inside = [node for node in nodes if (node.into if opening == "{" else node.into or node.each)]
        if touched or opening not in "{[" or not inside:
            _, end = self.decoder.raw_decode(self.text, start)
            if any(node.remove for node in nodes):
                return None, end
            return ("null" if touched else self.text[start:end]), end
        return self.container(start, inside)

    def container(self, start: int, nodes: Sequence[_Node]) -> tuple[str, int]:
        """Return an object or an array as it shall be, and where it ends."""
        text, is_object = self.text, self.text[start] == "{"
        closing = "}" if is_object else "]"
        members: list[_Member] = []
        place = self.after_space(start + 1)
        if text[place] == closing:
            return text[start : place + 1], place + 1
        before = text[start + 1 : place]
        while True:
            kept, end = self.member(place, nodes) if is_object else self.value(place, _of_elements(nodes))
            following = self.after_space(end)
            members.append(_Member(before, kept, text[end:following]))
            if text[following] == closing:
                return text[start] + _joined(members) + closing, following + 1
            if text[following] != ",":
                raise ValueError
            place = self.after_space(following + 1)
            before = text[following + 1 : place]

    def member(self, start: int, nodes: Sequence[_Node]) -> tuple[str | None, int]:
        """Return a member of an object, key and value, as it shall be, and where it ends."""
        if self.text[start] != '"':
            raise ValueError
        name, end = self.decoder.raw_decode(self.text, start)
        colon = self.after_space(end)
        if self.text[colon] != ":":
            raise ValueError
        place = self.after_space(colon + 1)
        leading = [node.members[name] for node in nodes if name in node.members]
        leading += [node.all for node in nodes if node.all is not None]
        found, end = self.value(place, leading)
        return (None if found is None else self.text[start:place] + found), end


def _themselves(nodes: Iterable[_Node]) -> list[_Node]:
    """Return the nodes, and those that ``[*]`` leads to: the thing itself where it is no array."""
    found: list[_Node] = []
    for node in nodes:
        each: _Node | None = node
        while each is not None:
            found.append(each)
            each = each.each
    return found


def _of_elements(nodes: Iterable[_Node]) -> list[_Node]:
    """Return where paths lead from an array's element: by ``[*]``, or by a name asked of the array."""
    by_each = [node.each for node in nodes if node.each is not None]
    return by_each + [_Node(node.members, node.all, asked=True) for node in nodes if node.into and not node.asked]


def _joined(members: Sequence[_Member]) -> str:
    """Return what stays, between the first's white space and the last's: each removal takes one comma."""
    kept = [place for place, member in enumerate(members) if member.text is not None]
    parts = [members[0].before]
    for number, place in enumerate(kept):
        if number:
            earlier = kept[number - 1]
            parts += [members[earlier].after, ",", members[earlier + 1].before]
        parts.append(members[place].text or "")
    return "".join([*parts, members[-1].after])
