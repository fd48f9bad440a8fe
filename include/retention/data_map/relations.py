"""How the tables of a map hang together: wholes and parts, roles, and where an event reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.retention.data_map.model import Emission, SubjectRole, Table
from include.retention.terms import SubjectKind

Tables = Mapping[str, Table]


def wholes(tables: Tables, name: str) -> Iterator[str]:
    """Yield the tables that a table's rows are parts of, then those tables' wholes, and so on, each once."""
    seen = [name]
    for each in seen:
        links = tables[each].wholes if each in tables else ()
        fresh = [whole for whole in dict.fromkeys(link.table for link in links) if whole not in seen]
        seen += fresh
        yield from fresh


def roles_of(tables: Tables, name: str) -> Mapping[str, SubjectRole]:
    """Return the subject roles of a table's rows: inherited ones, and its own, which go first."""
    roles: dict[str, SubjectRole] = {}
    for each in (name, *wholes(tables, name)):
        if each in tables:
            for role, subject in tables[each].subjects.items():
                roles.setdefault(role, subject)
    return roles


def company_roles(tables: Tables, name: str) -> frozenset[str]:
    """Return the subject roles of a table's rows that are companies, inherited ones too."""
    return frozenset(role for role, subject in roles_of(tables, name).items() if subject.kind is SubjectKind.COMPANY)


def emissions_of(tables: Tables, event: str) -> Iterator[tuple[str, Emission]]:
    """Yield each rule by which rows tell of an event, with its table."""
    for name, table in tables.items():
        for emission in table.emissions:
            if emission.event == event:
                yield name, emission


def reached(tables: Tables, event: str, *, dated: bool = False) -> frozenset[str]:
    """Return the tables whose records an event can concern: its own, those it keeps, and the parts of both.

    Args:
        tables: of one map.
        event: its name.
        dated: leave out where the event only goes on, and has no day.
    """
    told = [(name, each) for name, each in emissions_of(tables, event) if each.date is not None or not dated]
    direct = {name for name, _ in told} | {link.table for _, emission in told for link in emission.keeps}
    return frozenset(name for name in tables if name in direct or direct.intersection(wholes(tables, name)))


def kept(tables: Tables, event: str) -> frozenset[str]:
    """Return the tables of other records that an event also concerns."""
    return frozenset(link.table for _, emission in emissions_of(tables, event) for link in emission.keeps)


def told_of(tables: Tables, event: str) -> frozenset[str]:
    """Return the tables whose rows are what the event is about: those that tell of it, and their parts.

    A part that tells of events itself is a document of its own (a reminder beside its invoice), unlike an invoice's
    line.
    """
    direct = {name for name, _ in emissions_of(tables, event)}
    plain_parts = {name for name, table in tables.items() if not table.emissions}
    return frozenset(direct | {name for name in plain_parts if direct.intersection(wholes(tables, name))})
