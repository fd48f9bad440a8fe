"""Step 6, act: carry out one system's part of an approved plan, batch by batch, and measure what became of it.

For each batch: the ledger says that it starts; one transaction after the other locks some of its rows, asks whether
each is still due, deletes the files that they name, and erases or deletes them, and a fresh look counts what remains;
the ledger says what was measured. Nothing is done because it was sent. After a crash the same batches are given again:
every statement is idempotent, and what is measured is what is true.

What fails is not done, and never stops silently:

- Contention and lost connections (deadlock, lock timeout, restart) are tried again, a few times, with pauses.
- A statement that takes longer than it may has failed for good: it would take as long again.
- Any other failure means that something believed about the table is wrong: a trigger, a permission, a constraint, a
  missing disk. The transaction is rolled back, its batch is not done, and nothing more is done in that table, nor
  deleted from the tables that it refers to, directly or not: their rows would lose what still points at them. Other
  tables go on.
- When the database can't be reached any more, nothing further is tried.
- A statement that changes more rows than it has keys is rolled back, and ends the act at once: the key in the map
  isn't one, and nothing can be trusted.
- When the ledger can't be written, the act ends at once: nothing is done without a record of it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from include.retention.batch import ActResult, Batch, BatchResult, Journal, Manner, NotDone, Progress, Recheck
from include.retention.column_types import Types, read_types
from include.retention.contention import error_name, lost_connection, out_of_time
from include.retention.data_map.model import DataMap, ForeignKey, declared_references
from include.retention.errors import ActError, StopError
from include.retention.files import NO_FILES
from include.retention.one_batch import KeyMismatchError, Source, tried
from include.retention.pace import Pace
from include.retention.pieces import STOPPED, carry_out
from include.retention.polymorphic_sql import typed_references
from include.retention.terms import Verdict

CLOSED = "the table has closed since the plan was made: it doesn't match its map any more"

__all__ = ["ActResult", "Batch", "BatchResult", "Journal", "KeyMismatchError", "NotDone", "act_on_system"]


def act_on_system(  # noqa: PLR0913 - the caller names each
    engine: sa.Engine,
    data_map: DataMap,
    references: Iterable[ForeignKey],
    batches: Iterable[Batch],
    *,
    recheck: Recheck,
    journal: Journal,
    progress: Progress = lambda _batch, _rows: None,
    manner: Manner = Manner(),  # noqa: B008 - frozen
    closed: Collection[str] = (),
    environ: Mapping[str, str] | None = None,
) -> ActResult:
    """Carry out a system's batches in their order, and return what was measured.

    Args:
        engine: from ``connections.engine_for(..., writes=True)``.
        data_map: the system's map.
        references: all foreign keys of the live database, read just now.
        batches: children before parents; read one at a time.
        recheck: the last look at each row, inside the transaction that destroys it.
        journal: the ledger.
        progress: told after each transaction.
        manner: how to spare those who use the system besides.
        closed: tables that have closed since the plan was made: nothing is done there.
        environ: for file roots that are set by the environment; None means the process's own.

    Raises:
        KeyMismatchError: the key of a table isn't one.
        LedgerError: the journal couldn't be written.
        SQLAlchemyError: the database can't be read at all. Nothing was begun.
    """
    types = tried(lambda: _types(engine, data_map))
    ties = typed_references((*references, *declared_references(data_map.tables)), data_map.tables, types)
    source = Source(engine, data_map, ties, types, os.environ if environ is None else environ)
    acting = _Acting(source, recheck, journal, progress, manner, frozenset(closed))
    for batch in batches:
        acting.take(batch)
    return acting.finish()


def _types(engine: sa.Engine, data_map: DataMap) -> dict[str, Types]:
    with engine.connect() as connection:
        return read_types(connection, data_map)


@dataclass(slots=True)
class _Acting:
    """How far one system's act has come.

    Attributes:
        ended: why nothing further is tried, or an empty text.
        failed: tables in which something failed, for good.
        skipped: rows that weren't tried, by table and reason.
        paces: the size of the transactions, by what they do.
        committed: rows of the batch at hand that were carried out.
        worked: seconds that the transaction before took.
    """

    source: Source
    recheck: Recheck
    journal: Journal
    progress: Progress
    manner: Manner
    closed: frozenset[str]
    ended: str = ""
    failed: set[str] = field(default_factory=set)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    measured: list[BatchResult] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)
    paces: dict[tuple[str, Verdict, tuple[str, ...]], Pace] = field(default_factory=dict)
    committed: int = 0
    worked: float = 0.0

    def take(self, batch: Batch) -> None:
        """Carry out a batch, unless something that failed before forbids it, and tell of all its rows."""
        self.committed = 0
        if not self.ended:
            self._pause()
        try:
            self._take(batch)
        finally:
            if self.committed < len(batch.keys):
                self.progress(batch, len(batch.keys) - self.committed)

    def _pause(self) -> None:
        """Rest from the transaction before, and ask whether to go on."""
        try:
            if self.worked:
                self.manner.rest(self.worked)
        except StopError as error:
            self.ended = str(error)
        if not self.ended and self.manner.stop():
            self.ended = STOPPED

    def _take(self, batch: Batch) -> None:
        why = self._forbidden(batch)
        if why:
            self.skipped[batch.table, why] += len(batch.keys)
            return
        self.journal.started(batch)
        pace = self.paces.setdefault((batch.table, batch.action, batch.groups), Pace(self.manner.transaction_s))

        def told(rows: int) -> None:
            self.committed += rows
            self.progress(batch, rows)

        try:
            result, self.worked = carry_out(self.source, batch, self.recheck, self.manner, pace, told)
        except KeyMismatchError as error:
            self._say_broken_off(batch, str(error))
            raise
        except StopError as error:
            self.ended = str(error)
            self._say_broken_off(batch, self.ended)
            return
        except (ActError, sa.exc.SQLAlchemyError) as error:
            self._fail(batch, error)
            return
        self.journal.verified(batch, result)
        self.measured.append(result)
        if result.remaining:
            self._say_not_done(batch.table, _why_remaining(batch, result), result.remaining)

    def finish(self) -> ActResult:
        """Tell the journal what was skipped, once a table and reason, and return everything."""
        for (table, why), count in self.skipped.items():
            self._say_not_done(table, why, count)
        return ActResult(
            batches=len(self.measured),
            done=sum(each.done for each in self.measured),
            drift=sum(each.drift for each in self.measured),
            remaining=sum(each.remaining for each in self.measured),
            files=sum((each.files for each in self.measured), NO_FILES),
            not_done=tuple(self.not_done),
        )

    def _forbidden(self, batch: Batch) -> str:
        if self.ended:
            return self.ended
        if batch.table in self.closed:
            return CLOSED
        if batch.table in self.failed:
            return "an earlier batch of the table failed"
        below = sorted(
            table for table in self.failed | self.closed if batch.table in _referred_to(self.source.references, table)
        )
        if not below or batch.action is not Verdict.DELETE:
            return ""
        return f"{below[0]}, which refers to it, {'has closed' if below[0] in self.closed else 'failed'}"

    def _fail(self, batch: Batch, error: ActError | sa.exc.SQLAlchemyError) -> None:
        self.failed.add(batch.table)
        if lost_connection(error):
            self.ended = "the database couldn't be reached any more"
        self._say_broken_off(batch, _why_failed(error))

    def _say_broken_off(self, batch: Batch, why: str) -> None:
        """Say that a batch isn't done, nor any row of it: what was committed counts when the whole is measured."""
        if self.committed:
            why += f" (in the middle of a batch, {self.committed} rows of which were carried out before)"
        self._say_not_done(batch.table, why, len(batch.keys))

    def _say_not_done(self, table: str, what: str, count: int) -> None:
        self.not_done.append(NotDone(table, what, count))
        self.journal.not_done(self.source.data_map.system, table, what, count)


def _referred_to(references: Iterable[ForeignKey], table: str) -> set[str]:
    """Return the tables that a table refers to, directly or through others."""
    up: dict[str, set[str]] = {}
    for each in references:
        up.setdefault(each.child_table, set()).add(each.parent_table)
    found: set[str] = set()
    waiting = {table}
    while waiting:
        waiting = set().union(*(up.get(name, set()) for name in waiting)) - found
        found |= waiting
    return found - {table}


def _why_failed(error: ActError | sa.exc.SQLAlchemyError) -> str:
    if isinstance(error, ActError):
        return str(error)
    if out_of_time(error):
        return f"a statement took longer than GALLRING_STATEMENT_TIMEOUT_S, or was cancelled: {error_name(error)}"
    return error_name(error)


def _why_remaining(batch: Batch, result: BatchResult) -> str:
    if result.files.refused:
        return "rows whose files couldn't be deleted, or that others still refer to"
    if batch.action is Verdict.DELETE:
        return "rows that others still refer to, or that came back"
    if result.unread:
        return "values that can't be read, such as broken JSON documents, so that nothing can be erased inside them"
    return "values that didn't stay erased, or that others refer to"
