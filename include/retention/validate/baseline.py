"""What must not change, counted once before a system's first batch.

The baseline holds counts, totals of marks and keyed hashes alone and lives in the run's staging, with the witnesses of
tables beside it. It says what of the source was there when the act began, so that what others added or removed
between plan and act isn't laid at the act's door.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa

from include.retention.column_types import Type
from include.retention.data_map.model import DataMap, ForeignKey
from include.retention.keys import Key
from include.retention.validate.asked import Asked, asked_of
from include.retention.validate.due_rows import KEY_DOMAIN, less_due, read_due
from include.retention.validate.marks import teach_marks
from include.retention.validate.references import Orphans, count_orphans
from include.retention.validate.rest import hash_rests
from include.retention.validate.stored_files import count_files
from include.retention.validate.tally import by_invariant, take_tally
from include.retention.validate.witness import take_witness


def baseline_name(system: str) -> str:
    """Return the name under which a system's baseline is kept in staging."""
    return f"baseline/{system}"


def witness_name(system: str, table: str) -> str:
    """Return the name under which a table's witness is kept in staging."""
    return f"baseline/{system}.{table}"


def take_baseline(  # noqa: PLR0913 - a source, what was decided on it, and the means to read it
    connection: sa.Connection,
    data_map: DataMap,
    references: Sequence[ForeignKey],
    due: Mapping[str, pd.DataFrame],
    *,
    types: Mapping[str, Mapping[str, Type]],
    keep: Callable[[str, pd.DataFrame], None],
    environ: Mapping[str, str],
    key: Key,
) -> dict[str, Any]:
    """Count a system before anything is changed in it.

    Args:
        connection: to the source, reading only, and one moment of it.
        data_map: the system's map.
        references: all foreign keys of the live database.
        due: per table of the map the records that were decided to be changed: ``key``, ``delete`` and
            ``erase:<group>`` (bool). `measure.measure` must get the same.
        types: column types by table, from `column_types.read_types`.
        keep: keeps the witness of a table.
        environ: the environment, for the file roots of the map.
        key: for keyed hashes.

    Returns:
        JSON: ``tables`` (per table of the map its ``rows``; ``top``, its highest key, where that is a number; of the
        rows that aren't due how many are ``kept``, the ``total`` of their marks and how many have something ``left``,
        by column group; ``sums`` and ``series``, totals over what stays, one mapping per invariant of the map, in its
        order; ``gone``, hashes of due keys that went before the act; whether there is a ``witness``), ``references``,
        ``files``, and ``rests``: see `rest.hash_rests`.
    """
    teach_marks(connection)
    acts = any(len(frame) for frame in due.values())
    tables, orphans = {}, Orphans()
    for name, table in data_map.tables.items():
        asked = asked_of(table, data_map.schema, types.get(name))
        mine = [each for each in references if each.child_table == name]
        tally = take_tally(connection, asked, references=mine)
        there = read_due(connection, asked, due[name])
        stays = less_due(tally, there)
        sums, series = by_invariant(asked, stays.amounts, key)
        counted = {"rows": tally.rows, "top": tally.top, "kept": stays.rows, "total": stays.total, "left": stays.left}
        gone = key.mac_many(KEY_DOMAIN, due[name]["key"][~there.there])
        tables[name] = {**counted, "sums": sums, "series": series, "gone": gone, "witness": _tells(asked, acts=acts)}
        if tables[name]["witness"]:
            keep(name, take_witness(connection, asked, there.names))
        orphans.update(tally.orphans)
    others = [each for each in references if each.child_table not in data_map.tables]
    return {
        "tables": tables,
        "references": orphans | count_orphans(connection, others, data_map.schema),
        "files": count_files(connection, data_map, environ),
        "rests": hash_rests(connection, data_map, due, key),
    }


def _tells(asked: Asked, *, acts: bool) -> bool:
    """Return whether a table needs a witness.

    Where the act sends nothing, what others do in a table of counted keys and flags is told well enough by the tally.
    """
    return acts or asked.counter is None or bool(asked.contents or asked.amounts)
