"""A record's key as a run spells it: a timestamp can be typed in many ways, and a keyed reference knows one.

``2025-06-04 02:24:00+00``, as psql shows it, ``2025-06-04T02:24:00Z`` and ``2025-06-04 04:24:00+02`` are one instant,
which extraction writes as ``2025-06-04 02:24:00+00:00``. A timestamp without zone is never taken for one with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from include.retention.column_types import Types

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*")


def spelt(columns: Sequence[str], parts: Sequence[object], types: Types | None) -> tuple[object, ...]:
    """Return the parts of a typed key as extraction writes them.

    Args:
        columns: of the key, in the order of the data map.
        parts: their values.
        types: of the table's columns; None where they can't be read: then what looks like a timestamp is one.
    """
    return tuple(
        instant_text(str(part)) if types is None or isinstance(types.get(name), sa.DateTime) else part
        for name, part in zip(columns, parts, strict=True)
    )


def instant_text(text: str) -> str:
    """Return a timestamp as it is read from a database, in UTC where it has a zone; another text as it is."""
    if not _TIMESTAMP.fullmatch(text):
        return text
    try:
        found = datetime.fromisoformat(text)
        return str(found if found.tzinfo is None else found.astimezone(UTC))
    except (ValueError, OverflowError):
        return text
