"""From what a scenario says about column groups to the verdict on each row.

A scenario says, by hand, of every column group whether it is kept, due or for a human. What follows for the whole row
needs no calendar: it is worked out here, from the foreign keys of the sample's own DDL.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from include.sample.schema import SYSTEMS

KEEP = "RETAIN"
REFER = "REFER"
DUE = "due"
"""Expired: the row's verdict says whether that means ANONYMISE or DELETE."""
IMPERSONAL = "impersonal"
"""The row holds no personal data: a legal person's, for example."""
ANONYMISE, DELETE = "ANONYMISE", "DELETE"

GROUPS: Mapping[str, tuple[str, ...]] = {
    "company": ("master", "identity"),
    "representative": ("contact", "profile"),
    "customer": ("identity", "master", "profile", "payment", "network"),
    "lead": ("contact", "profile", "identity"),
    "dialogue_entry": ("text",),
    "meeting": ("booking",),
    "contract": ("core",),
    "order": ("reference", "shipping", "gift"),
    "delivery": ("receipt",),
    "support_case": ("text",),
    "credit_check": ("report", "decision"),
    "id_document": ("copy",),
    "note": ("body",),
    "web_login": ("log",),
    "privacy_request": ("key", "message"),
    "debtor": ("identity", "billing"),
    "invoice": ("voucher",),
    "invoice_line": ("voucher",),
    "credit_note": ("voucher",),
    "payment": ("voucher",),
    "reminder": ("letter",),
    "claim": ("file",),
    "subscriber": ("email", "phone", "profile"),
    "business_contact": ("contact",),
    "consent_event": ("key", "proof"),
    "engagement": ("network", "behaviour"),
    "send": (),
    "membership": (),
}
"""Table -> its column groups; a table without any follows the row it is a part of."""

WHOLES: Mapping[str, tuple[str, str]] = {
    "send": ("subscriber", "subscriber_id"),
    "membership": ("subscriber", "subscriber_id"),
}

TABLES = {table.name: table for metadata in SYSTEMS.values() for table in metadata.tables.values()}
SYSTEM_OF = {name: system for system, metadata in SYSTEMS.items() for name in metadata.tables}
KEYS = {name: tuple(column.name for column in table.primary_key) for name, table in TABLES.items()}
REFERENCES = {
    name: tuple(
        (key.parent.name, key.column.table.name)
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.column.table.name in GROUPS
    )
    for name, table in TABLES.items()
}
"""Table -> its references to tables with personal data: (column, table that it points at by its key)."""


@dataclass(slots=True)
class Row:
    """A row of a sample system, with what is expected of its column groups.

    Attributes:
        values: every column of the table.
        outcomes: column group -> KEEP, DUE or REFER; empty for rows that follow their whole or hold nothing personal.
        case: id in the catalogue of cases, or empty.
    """

    table: str
    values: dict[str, object]
    outcomes: dict[str, str]
    case: str

    @property
    def key(self) -> tuple[object, ...]:
        """Return the primary key."""
        return tuple(self.values[column] for column in KEYS[self.table])

    def expired(self) -> bool:
        """Return whether every group of the row is due."""
        return bool(self.outcomes) and all(outcome == DUE for outcome in self.outcomes.values())


def staying(rows: Sequence[Row]) -> set[int]:
    """Return the positions of the rows that stay.

    A row goes when all its groups are due, unless a row that stays refers to it; a row without groups goes with the
    row it is a part of. ``rows`` must hold everything that refers to anything in it.
    """
    position = {(row.table, row.key): index for index, row in enumerate(rows)}
    whole_of = {
        index: position[(WHOLES[row.table][0], (row.values[WHOLES[row.table][1]],))]
        for index, row in enumerate(rows)
        if row.table in WHOLES
    }
    stay = {index for index, row in enumerate(rows) if index not in whole_of and not row.expired()}
    while True:
        kept_by_reference = {
            position[(target, (value,))]
            for index in stay
            for column, target in REFERENCES[rows[index].table]
            if (value := rows[index].values[column]) is not None
        }
        with_their_whole = {index for index, whole in whole_of.items() if whole in stay}
        if kept_by_reference | with_their_whole <= stay:
            return stay
        stay |= kept_by_reference | with_their_whole


def _as_json(key: tuple[object, ...]) -> str:
    if len(key) == 1 and isinstance(key[0], int):
        return f"[{key[0]}]"
    return json.dumps(key, ensure_ascii=False)


def expected(rows: Sequence[Row]) -> Iterable[tuple[str, str, str, str, str, str]]:
    """Yield system, table, key as JSON, group, verdict and case, one line per row and group."""
    stay = staying(rows) if any(row.expired() for row in rows) else None
    for index, row in enumerate(rows):
        key = _as_json(row.key)
        goes = stay is not None and index not in stay
        system = SYSTEM_OF[row.table]
        if not row.outcomes:
            yield system, row.table, key, "", DELETE if goes else KEEP, row.case
        for group, outcome in row.outcomes.items():
            verdict = outcome if outcome != DUE else DELETE if goes else ANONYMISE
            yield system, row.table, key, group, verdict, row.case
