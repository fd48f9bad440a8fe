"""People held together by the identifiers in their rows: which of these can be given up without parting anybody.

Pure: nodes, values and what each would go with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple


class Unit(NamedTuple):
    """What goes or stays as one: a column group of a record, or (group "") what of a deleted row isn't in any group."""

    number: bool
    """It holds an identity number, and is the first to go where another will do."""
    system: str
    table: str
    key: str
    group: str


class Edge(NamedTuple):
    """An identifier in a row: it ties the row's node to everybody else who carries the same value."""

    node: int
    value: str
    address: bool
    """It is an e-mail address: it joins no two people who are known by other identifiers."""
    unit: Unit | None
    """What the identifier would go with, or None where it stays."""


def kept_units(edges: Sequence[Edge], important: AbstractSet[int]) -> list[Unit]:
    """Return the units that have to stay so that the important nodes are no further apart than before.

    What can be given up is: all of it if that does no harm, or else half of it, and then what can be of the other half.
    What holds an identity number comes first.
    """
    whole = _parts(edges, important)

    def given_up(units: list[Unit], gone: AbstractSet[Unit]) -> AbstractSet[Unit]:
        tried = gone | set(units)
        if _parts([edge for edge in edges if edge.unit not in tried], important) == whole:
            return tried
        if len(units) == 1:
            return gone
        half = len(units) // 2
        return given_up(units[half:], given_up(units[:half], gone))

    units = sorted({edge.unit for edge in edges if edge.unit is not None}, key=lambda unit: (not unit.number, unit))
    gone = given_up(units, frozenset()) if units else frozenset()
    return [unit for unit in units if unit not in gone]


def _parts(edges: Iterable[Edge], important: AbstractSet[int]) -> int:
    """Return into how many parts the important nodes fall, by the same rules as `identity.link`."""
    above: dict[int | str, int | str] = {}

    def top(place: int | str) -> int | str:
        while (higher := above.get(place, place)) != place:
            above[place] = above.get(higher, higher)
            place = higher
        return place

    addresses: dict[str, list[int]] = {}
    for edge in edges:
        if edge.address:
            addresses.setdefault(edge.value, []).append(edge.node)
        else:
            above[top(edge.node)] = top(edge.value)
    identified = {top(place) for place in list(above)}
    owners = {value: {top(node) for node in nodes} for value, nodes in addresses.items()}
    for value, nodes in addresses.items():
        if len(owners[value] & identified) <= 1:
            for node in nodes:
                above[top(node)] = top(value)
    return len({top(node) for node in important})
