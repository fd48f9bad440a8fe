"""What is known of a table's records between extraction and decision: keys, hashes, days and flags, nothing else.

The facts frame of a table has one row per record:

=====================  =======  ==========================================================================
column                 dtype    meaning
=====================  =======  ==========================================================================
``key``                str      the record's key as a JSON array: its name in this run's staging
``ref:<columns>``      str      JSON array of a reference's values, None where any of them is null
``id:<role>:<kind>``   str      keyed hash of an identifier, None where it identifies nobody
``ambiguous:<role>``   bool     an identity number that two people may carry
``ev<i>:day``          int32    local day of emission i, ``NO_DAY`` where unknown
``ev<i>:begin``        int32    local day on which the episode began, ``NO_DAY`` where it has none
``ev<i>:first/last``   int64    first and last instant, microseconds UTC
``ev<i>:state``        int8     ``ABSENT``, ``KNOWN``, ``OPEN``, or ``UNKNOWN``
``ev<i>:problem``      int8     index into ``REFER_CODES``, 0 where there is none
``ev<i>:channel``      str      marketing channel, None for all
``ev<i>:fallback``     int32    local day of the fallback, ``NO_DAY`` where there is none
``left:<group>``       bool     the group still holds something that its methods would erase
``unread:<group>``     bool     only where the group erases something inside a value: one of them can't be read
``redact:<group>``     bool     likewise: something in a free text would be replaced, which leaves it personal
``personal``           bool     the row is inside the table's ``personal_when``
``fingerprint``        str      keyed hash of everything above but the flags ``left``, ``unread`` and ``redact``, and
                                of what ``empties`` lets go
=====================  =======  ==========================================================================
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

ABSENT, KNOWN, OPEN, UNKNOWN = range(4)
_encode = json.JSONEncoder(ensure_ascii=False).encode


def reference_name(columns: Sequence[str]) -> str:
    """Return the name of the facts column that holds a reference's values."""
    return "ref:" + ",".join(columns)


def json_keys(columns: Sequence[Sequence[Any]]) -> pd.Series:
    """Return each row's values as a JSON array, None where any of them is null.

    Whole numbers stay numbers; everything else that a key may hold (text, UUID, date) becomes text.
    """
    if len(columns) == 1 and all(type(value) is int for value in columns[0]):
        return pd.Series([f"[{value}]" for value in columns[0]], dtype=object)
    rows = zip(*columns, strict=True)
    return pd.Series([json_key(row) for row in rows], dtype=object)


def json_key(row: Sequence[Any]) -> str | None:
    """Return one key as a JSON array, or None where any part is null."""
    if any(value is None for value in row):
        return None
    return _encode([value if isinstance(value, int) else _text(value) for value in row])


def _text(value: object) -> str:
    """Return a part of a key as text: bytes as hexadecimal digits, as they are bound again."""
    return bytes(value).hex() if isinstance(value, (bytes, bytearray, memoryview)) else str(value)
