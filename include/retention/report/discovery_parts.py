"""Part 2 of the report, as records: what looks personal and no data map declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from include.retention.data_map.model import OutOfScope


@dataclass(frozen=True, slots=True)
class LooksPersonal:
    """A column whose sampled values look personal.

    Attributes:
        path: the place in a JSON document, or an empty text.
        category: the data category that they look like.
        where: ``not_personal``, ``left_alone`` or ``unknown``: what the map says of the column.
        acknowledged: somebody has answered for it.
        reason: their answer, from the data map as it is now; empty where there is none.
    """

    table: str
    column: str
    path: str
    category: str
    hits: int
    examined: int
    where: str
    acknowledged: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What discovery saw of one system.

    Attributes:
        columns: how many were sampled, or None where discovery didn't run or broke off.
        unread: columns that the account may not read, as ``table.column``.
        error: what stopped it, the kind of error alone; empty where nothing did.
        left_alone: tables without personal data that the map leaves alone -> why.
        out_of_scope: tables with personal data that are left to somebody else.
    """

    system: str
    columns: int | None
    unread: tuple[str, ...]
    error: str
    found: tuple[LooksPersonal, ...]
    left_alone: Mapping[str, str]
    out_of_scope: Mapping[str, OutOfScope]
