"""What a check needs to know about a table besides the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from include.retention.data_map.model import Column, DataMap, Group, Table
from include.retention.data_map.relations import Tables, wholes
from include.retention.errors import Problem
from include.retention.policy.document import Document, KeyPath
from include.retention.policy.model import Purpose, Schedule
from include.retention.terms import Scope


@dataclass(frozen=True, slots=True)
class Mapped:
    """A map and the file it was read from."""

    data_map: DataMap
    document: Document

    def tables(self) -> Iterator[TableContext]:
        """Yield each table where it stands."""
        for table in self.data_map.tables.values():
            yield TableContext(table, self.data_map.tables, self.document)


@dataclass(frozen=True, slots=True)
class TableContext:
    """A table, the tables beside it, and the file."""

    table: Table
    tables: Tables
    document: Document

    @property
    def path(self) -> KeyPath:
        """Return the table's place in the file."""
        return ("tables", self.table.name)

    def problem(self, path: KeyPath, code: str, what: str, remedy: str) -> Problem:
        """Return a problem at a key path below the table."""
        return self.document.problem((*self.path, *path), code, what, remedy)

    def personal_parts(self) -> Iterator[tuple[KeyPath, Column]]:
        """Yield everything personal of the table with its place below it: columns, and paths in JSON documents."""
        for name, column in self.table.columns.items():
            places: list[KeyPath] = [] if column.group is None else [("columns", name)]
            places += [("columns", name, "json", path.text) for path in column.paths]
            yield from zip(places, column.personal_parts(), strict=True)

    def declared(self, *path: str | int) -> tuple[str, ...]:
        """Return the keys written below the table, also those whose content is broken."""
        return self.document.keys(*self.path, *path)

    def declared_roles(self, name: str) -> set[str]:
        """Return the roles written for a table's rows, inherited ones too."""
        chain = (name, *wholes(self.tables, name))
        return {role for each in chain for role in self.document.keys("tables", each, "subjects")}


@dataclass(frozen=True, slots=True)
class GroupContext:
    """A column group, its table, and the schedule."""

    group: Group
    at: TableContext
    schedule: Schedule

    def problem(self, path: KeyPath, code: str, what: str, remedy: str) -> Problem:
        """Return a problem at a key path below the group."""
        return self.at.problem(("groups", self.group.name, *path), code, what, remedy)

    @property
    def whole(self) -> bool:
        """Return whether the schedule knows all of its purposes: of an unknown one nothing more can be said."""
        return all(use.purpose in self.schedule.purposes for use in self.group.purposes)

    def purposes(self) -> Iterator[tuple[KeyPath, PurposeInUse]]:
        """Yield each purpose that the schedule knows, with its place below the group."""
        for number, use in enumerate(self.group.purposes):
            purpose = self.schedule.purposes.get(use.purpose)
            if purpose is not None:
                yield ("purposes", number), PurposeInUse(purpose, use.scope)


@dataclass(frozen=True, slots=True)
class PurposeInUse:
    """A purpose with the scope that a column group gives it."""

    purpose: Purpose
    scope: Scope
