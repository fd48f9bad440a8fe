"""What must not change, counted once before a system's first batch.

The baseline holds counts and keyed hashes alone and lives in the run's staging. It says what of the source was there
when the act began, so that what others added or removed between plan and act isn't laid at the act's door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import sqlalchemy as sa

from include.retention.data_map.model import DataMap, ForeignKey
from include.retention.keys import Key
from include.retention.validate.references import count_orphans
from include.retention.validate.rest import hash_rests
from include.retention.validate.scan import KEY_DOMAIN, scan
from include.retention.validate.stored_files import count_files


def baseline_name(system: str) -> str:
    """Return the name under which a system's baseline is kept in staging."""
    return f"baseline/{system}"


def take_baseline(  # noqa: PLR0913 - a source, what was decided on it, and the means to read it
    connection: sa.Connection,
    data_map: DataMap,
    references: Iterable[ForeignKey],
    before: Mapping[str, pd.DataFrame],
    *,
    environ: Mapping[str, str],
    key: Key,
) -> dict[str, Any]:
    """Count a system before anything is changed in it.

    Args:
        connection: to the source, reading only.
        data_map: the system's map.
        references: all foreign keys of the live database.
        before: per table the records that were decided, with ``key``, ``delete`` and ``erase:<group>`` (bool).
            `measure.measure` must get the same.
        environ: the environment, for the file roots of the map.
        key: for keyed hashes.

    Returns:
        JSON: ``tables`` (per table of ``before`` its ``rows``; ``arrived``, hashes of keys that came after the
        decision; ``gone``, hashes of keys that went before the act; ``sums`` and ``series``, totals over the rows
        that stay, one mapping per invariant of the map, in its order), ``references``, ``files``, and ``rests``: see
        `rest.hash_rests`.
    """
    tables = {}
    for name, frame in before.items():
        found = scan(connection, data_map.tables[name], data_map.schema, before=frame, key=key, arrived=None)
        gone = key.mac_many(KEY_DOMAIN, frame["key"][~found.seen])
        content = {"rows": found.rows, "arrived": found.arrived, "gone": gone}
        tables[name] = {**content, "sums": found.sums, "series": found.series}
    return {
        "tables": tables,
        "references": count_orphans(connection, references, data_map.schema),
        "files": count_files(connection, data_map, environ),
        "rests": hash_rests(connection, data_map, before, key),
    }
