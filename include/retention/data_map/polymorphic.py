"""References that lead to several tables: ``"party.party,12"`` in one column, or a type beside an id.

No foreign key of the database describes them, so the map does, under a name of its own. What follows a reference
follows one arm of it, the rows that lead to one table, and an arm stands where a column's name stands otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ARROW = " -> "


@dataclass(frozen=True, slots=True)
class TypeNames:
    """The table that says what the numbers in a type column stand for, such as Django's content types.

    Attributes:
        table: name of the table, in the same map.
        key: its column that the type column refers to.
        by: its columns that make the name, joined by dots.
    """

    table: str
    key: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Polymorphic:
    """A reference that leads to several tables.

    Attributes:
        name: as the map calls it.
        column: holds the id, or the type and the id with ``separator`` between them.
        type: the column with the type, or None where it stands before the separator.
        separator: what stands between type and id, or None.
        names: where the types' names are looked up, or None where they stand in the row.
        to: type -> table of the map whose key the id is.
        elsewhere: types that lead out of the map -> why that does no harm.
        binds: a row that is referred to stays while the row that refers to it does.
    """

    name: str
    column: str
    type: str | None
    separator: str | None
    names: TypeNames | None
    to: Mapping[str, str]
    elsewhere: Mapping[str, str]
    binds: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns in which the reference stands."""
        return (self.column,) if self.type is None else (self.type, self.column)

    def arms(self) -> dict[str, Arm]:
        """Return its arms by their names, one for each table that it leads to."""
        found = {}
        for table in dict.fromkeys(self.to.values()):
            types = tuple(each for each, to in self.to.items() if to == table)
            name = arm_name(self.name, table)
            found[name] = Arm(name, self.column, self.type, self.separator, self.names, types, table, self.binds)
        return found


@dataclass(frozen=True, slots=True)
class Arm:
    """The rows of a polymorphic reference that lead to one table: see `Polymorphic`.

    Attributes:
        types: the types that stand for the table.
        number: the table's key is a whole number; None where the live types aren't known.
        text: the id stands in a text; likewise.
        plain: the type column is a text that compares with texts; likewise.
    """

    name: str
    column: str
    type: str | None
    separator: str | None
    names: TypeNames | None
    types: tuple[str, ...]
    table: str
    binds: bool
    number: bool | None = None
    text: bool | None = None
    plain: bool | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns in which it stands."""
        return (self.column,) if self.type is None else (self.type, self.column)


def arm_name(reference: str, table: str) -> str:
    """Return the name of an arm. No column is called so: the map's own names hold no arrow."""
    return f"{reference}{_ARROW}{table}"


def reference_of(arm: str) -> str:
    """Return the name of the reference that an arm's name belongs to, or an empty text."""
    return arm.partition(_ARROW)[0] if _ARROW in arm else ""
