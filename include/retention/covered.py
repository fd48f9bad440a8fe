"""How many records a legal hold would cover: a hold on nobody protects nobody, however it looks.

Only identifiers and keys are read, and compared as a run compares them. What is counted are the records that carry the
identifier or the key themselves; what belongs to them (a person's other records, a record's parts) is for the run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from include.retention.column_types import Types, read_types
from include.retention.data_map.model import DataMap, Table
from include.retention.errors import ConnectionSettingError
from include.retention.extract import Extractor
from include.retention.identifiers import Normaliser
from include.retention.key_spelling import spelt
from include.retention.keys import Key, identifier_domain, record_text
from include.retention.ledger.holds import Record, Subject
from include.retention.policy.load import Policy
from include.retention.reading import named, system_engine
from include.retention.terms import IdentifierKind


@dataclass(frozen=True, slots=True)
class Covered:
    """What was found.

    Attributes:
        what: what was looked for, a record's key as a run spells it.
        records: ``system.table`` -> how many of its records carry the identifier or the key; those with any.
        unread: system -> why it couldn't be looked at.
    """

    what: Subject | Record
    records: Mapping[str, int]
    unread: Mapping[str, str]


def records_covered(policy: Policy, normaliser: Normaliser, key: Key, what: Subject | Record) -> Covered:
    """Look for a person, a company or a record in the live systems; for a record in its own system alone."""
    records: dict[str, int] = {}
    unread: dict[str, str] = {}
    wanted = what
    for system, data_map in policy.maps.items():
        tables = _where(data_map, what)
        if not tables:
            continue
        try:
            wanted, found = _look(policy, data_map, tables, normaliser, key, what)
        except ConnectionSettingError as error:
            unread[system] = str(error)
        except sa.exc.SQLAlchemyError as error:
            unread[system] = f"{' '.join(error.__notes__)} {getattr(error, 'orig', None) or error}"
        else:
            records |= {f"{system}.{name}": count for name, count in found.items() if count}
        if system in unread:
            wanted = _as_read(what, data_map, {})
    return Covered(wanted, records, unread)


def _look(  # noqa: PLR0913, PLR0917 - what reading one system needs
    policy: Policy,
    data_map: DataMap,
    tables: Sequence[Table],
    normaliser: Normaliser,
    key: Key,
    what: Subject | Record,
) -> tuple[Subject | Record, dict[str, int]]:
    engine = system_engine(data_map)
    try:
        with named(data_map), engine.connect() as connection:
            known = read_types(connection, data_map)
            wanted = _as_read(what, data_map, known)
            types = {table.name: known.get(table.name, {}) for table in tables}
            extractor = Extractor(data_map, policy.schedule, normaliser, key, (), types)
            return wanted, {table.name: _count(extractor, connection, table, wanted) for table in tables}
    finally:
        engine.dispose()


def _as_read(what: Subject | Record, data_map: DataMap, types: Mapping[str, Types]) -> Subject | Record:
    """Return a record by its key as extraction spells it."""
    if isinstance(what, Subject):
        return what
    return replace(what, key=spelt(data_map.tables[what.table].key, what.key, types.get(what.table)))


def _where(data_map: DataMap, what: Subject | Record) -> list[Table]:
    """Return the tables in which a hold's object may stand."""
    if isinstance(what, Record):
        return [data_map.tables[what.table]] if data_map.system == what.system else []
    kinds = {what.kind}
    if what.kind is IdentifierKind.IDENTITY_NUMBER:
        kinds.add(IdentifierKind.ORGANISATION_NUMBER)  # A sole trader's is the owner's identity number.
    return [
        table
        for table in data_map.tables.values()
        if any(kinds & set(role.identifiers) for role in table.subjects.values())
    ]


def _count(extractor: Extractor, connection: sa.Connection, table: Table, what: Subject | Record) -> int:
    if isinstance(what, Record):
        wanted = record_text(what.system, what.table, what.key)
        return sum(
            record_text(what.system, what.table, json.loads(text)) == wanted
            for keys in extractor.read_all_keys(connection, table)
            for text in keys.dropna()
        )
    ref = extractor.key.mac(identifier_domain(what.kind), what.value)
    columns = [f"id:{role}:{what.kind}" for role in table.subjects]
    return sum(
        int(frame[[name for name in columns if name in frame]].eq(ref).any(axis=1).sum())
        for frame in extractor.read_identifiers(connection, table)
    )
