"""Nobody who has objected to direct marketing is left on a marketing list (Article 21(3) GDPR).

Whoever put the address there: a row that came after the plan counts too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import sqlalchemy as sa

from include.retention.conditions import holds
from include.retention.data_map.model import Table
from include.retention.extract import CHUNK_ROWS
from include.retention.facts import json_keys
from include.retention.identifiers import Normaliser, hash_identifiers
from include.retention.keys import Key
from include.retention.objections import ALL
from include.retention.terms import IdentifierKind, SubjectKind
from include.retention.validate.asked import Asked, flag, labelled


@dataclass(frozen=True, slots=True)
class OnList:
    """What was found on a marketing list: how many personal rows there are, and the keys of those that mustn't be."""

    examined: int
    keys: list[str]


def find_suppressed(
    connection: sa.Connection, asked: Asked, entries: pd.DataFrame, normaliser: Normaliser, key: Key
) -> OnList:
    """Look for suppressed addresses on a marketing list, a chunk of rows at a time.

    Where no suppression concerns the list no address is read.

    Args:
        connection: to the source.
        asked: what is asked of the table.
        entries: suppressions in force: ``address_ref``, ``kind``, ``channel``.
        normaliser: how identifiers are normalised today.
        key: for keyed hashes.
    """
    personal = holds(asked.target, asked.table.personal_when)
    wanted = list(_wanted(asked.table, entries))
    if not wanted:
        statement = sa.select(sa.func.count()).select_from(asked.target).where(personal)
        return OnList(connection.execute(statement).scalar_one(), [])
    addresses = [sa.type_coerce(asked.target.c[column], sa.types.NullType()) for _, column, _ in wanted]
    asks = [*labelled(asked.key_values, "k"), *labelled(addresses, "a"), flag(personal).label("personal")]
    found, examined, width = list[str](), 0, len(asked.table.key)
    for rows in connection.execute(sa.select(*asks), execution_options={"yield_per": CHUNK_ROWS}).partitions():
        columns = list(zip(*rows, strict=True))
        mine = np.array(columns[-1], dtype=bool)
        listed = np.zeros(len(mine), dtype=bool)
        for (kind, _, refs), values in zip(wanted, columns[width:-1], strict=True):
            listed |= hash_identifiers(values, kind, normaliser, key).refs.isin(refs).to_numpy(dtype=bool)
        examined += int(mine.sum())
        found += json_keys(columns[:width])[listed & mine].tolist()
    return OnList(examined, found)


def _wanted(table: Table, entries: pd.DataFrame) -> Iterator[tuple[IdentifierKind, str, Collection[str]]]:
    """Yield kind and column of each address of a person in the table that a suppression concerns, and its hashes."""
    for role in table.subjects.values():
        if role.kind is SubjectKind.PERSON:
            for kind, column in role.identifiers.items():
                concern = entries["channel"].isin(_channels(table, column)) & (entries["kind"] == kind.value)
                if concern.any():
                    yield kind, column, set(entries["address_ref"][concern])


def _channels(table: Table, column: str) -> list[str]:
    """Return the channels of a suppression that concern an address: those that end its column group."""
    group = table.groups.get(table.columns[column].group or "")
    return [ALL] if group is None or group.channel is None else [ALL, group.channel]
