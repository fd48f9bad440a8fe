"""A batch, piece by piece, each as large as its transaction should be long: see ``pace.py``.

Only the batch is known to the ledger, so a batch that ends in its middle was begun and never measured; it is carried
out again from its beginning, which finds nothing to do in the pieces that were committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from include.retention.batch import Batch, BatchResult, Manner, Recheck
from include.retention.errors import ActError, StopError
from include.retention.one_batch import Source, Work, carry_out_piece
from include.retention.pace import Pace
from include.retention.statements import sql_table

STOPPED = "destroying was stopped by somebody (gallring stop)"


def carry_out(  # noqa: PLR0913, PLR0917 - the batch, its place, and how to go about it
    source: Source, batch: Batch, recheck: Recheck, manner: Manner, pace: Pace, told: Callable[[int], None]
) -> tuple[BatchResult, float]:
    """Carry out a batch in pieces, each in a transaction of its own, and measure each afterwards.

    Contention is tried again, a few times.

    Args:
        source: the system.
        batch: the batch.
        recheck: the last look.
        manner: says when to stop, and rests.
        pace: the size of the pieces; it learns from each.
        told: hears how many rows each piece had, once it is committed and measured.

    Returns:
        What was measured, and the seconds that the last transaction took: nobody has rested after it yet.

    Raises:
        StopError: the act was stopped between two pieces.
        ActError: the map and the plan disagree, or a file root isn't there. Nothing was changed.
        KeyMismatchError: a statement changed more rows than it had keys.
        SQLAlchemyError: the database refused; the transaction was rolled back.
    """
    table = source.data_map.tables.get(batch.table)
    if table is None:
        raise ActError(f"{batch.system}.{batch.table} isn't in the data map. Nothing was changed.")
    target = sql_table(table, source.data_map.schema, source.types.get(table.name))
    total, place, seconds = BatchResult(0, 0, 0), 0, 0.0
    while place < len(batch.keys):
        if place:
            manner.rest(seconds)
            if manner.stop():
                raise StopError(STOPPED)
        work = Work(source, batch, table, target)
        end = place + min(pace.rows, work.most_rows)
        result, seconds = carry_out_piece(replace(work, batch=_piece(batch, place, end)), recheck, manner)
        rows = sum((result.done, result.drift, result.remaining))
        pace.took(rows, seconds)
        total, place = total + result, end
        told(rows)
    return total, seconds


def _piece(batch: Batch, place: int, end: int) -> Batch:
    return replace(
        batch,
        keys=batch.keys[place:end],
        record_refs=batch.record_refs[place:end],
        fingerprints=batch.fingerprints[place:end],
    )
