"""One piece of a batch: a transaction that looks once more and destroys, then a fresh look at what remains."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TypeVar

import sqlalchemy as sa
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from include.retention.batch import Batch, BatchResult, Manner, Recheck
from include.retention.column_types import Types
from include.retention.contention import passes
from include.retention.data_map.model import DataMap, FileRef, ForeignKey, Table, binding, emptied
from include.retention.errors import ActError
from include.retention.files import FileCounts
from include.retention.inside import columns_to_read, count_left, edit
from include.retention.methods import columns_of
from include.retention.row_files import RowFiles
from include.retention.statements import (
    MAX_BOUND,
    RecordKey,
    delete,
    empty,
    erase,
    fixed_days,
    free,
    key_condition,
    lock,
    remaining,
    sql_table,
)
from include.retention.terms import Verdict
from include.retention.trigger_copies import TriggerCopies

ATTEMPTS = 5
"""How often a transaction is tried while others hold its rows."""
LONGEST_PAUSE = 10.0
"""Seconds between two attempts, at most; random, so that two who wait for each other don't meet again."""

READ_ROWS = 2_000
"""Rows of a piece where whole documents are read: memory must hold a piece of them."""

T = TypeVar("T")


class KeyMismatchError(ActError):
    """A statement changed more rows than it had keys. It was rolled back."""


@dataclass(frozen=True, slots=True)
class Source:
    """A system that is acted on.

    Attributes:
        engine: from ``connections.engine_for(..., writes=True)``.
        data_map: the system's map.
        references: foreign keys of the live database, and the map's own parts.
        types: column types by table.
        environ: for file roots that are set by the environment.
    """

    engine: sa.Engine
    data_map: DataMap
    references: Sequence[ForeignKey]
    types: Mapping[str, Types]
    environ: Mapping[str, str]


def carry_out_piece(work: Work, recheck: Recheck, manner: Manner) -> tuple[BatchResult, float]:
    """Return what was measured, and the seconds that the transaction took in which it was done."""
    source, batch = work.source, work.batch
    files = RowFiles(source.data_map, work.table, source.types, work.files, source.environ)

    before: list[int] = []  # An attempt whose commit got lost leaves nothing for the next one to find.
    began = 0.0

    def change() -> tuple[list[bool], FileCounts]:
        nonlocal began
        began = manner.clock()
        return _change(work, recheck, files, before)

    still, counts = tried(change)
    seconds = manner.clock() - began
    left, spared, unread = tried(lambda: _measure(work, still))
    had_work = max(before)
    nothing_to_do = len(batch.keys) - had_work
    done = max(0, had_work - left - spared) + (nothing_to_do if batch.again else 0)
    return BatchResult(done, len(batch.keys) - left - done, left, counts, unread), seconds


def tried(transaction: Callable[[], T]) -> T:
    """Carry out a transaction, again after contention and lost connections, and return what it returns.

    Raises:
        SQLAlchemyError: the last error, where it didn't pass in ``ATTEMPTS`` attempts or wasn't of that kind.
    """
    pause = wait_random_exponential(multiplier=0.2, max=LONGEST_PAUSE)
    again = Retrying(retry=retry_if_exception(passes), stop=stop_after_attempt(ATTEMPTS), wait=pause, reraise=True)
    return again(transaction)


@dataclass(frozen=True, slots=True)
class Work:
    """A batch, or a piece of one, where it is carried out."""

    source: Source
    batch: Batch
    table: Table
    target: sa.Table

    @property
    def reads_inside(self) -> bool:
        """Return whether the batch erases anything inside a value: see ``inside.py``."""
        return self.batch.action is not Verdict.DELETE and bool(columns_to_read(self.table, self.batch.groups))

    @property
    def files(self) -> tuple[FileRef, ...]:
        """Return the columns of files that the batch erases."""
        whole_row = self.batch.action is Verdict.DELETE
        return tuple(ref for ref in self.table.files if whole_row or ref.group in self.batch.groups)

    @property
    def most_rows(self) -> int:
        """Return how many rows a piece may have: its statements bind their keys, or the paths of their files."""
        bound = MAX_BOUND // max(len(self.table.key), len(self.files))
        return min(bound, READ_ROWS) if self.reads_inside else bound

    def lock(self, connection: sa.Connection) -> int:
        """Lock the rows, and return in how many of them there is something to do."""
        batch = self.batch
        groups = () if batch.action is Verdict.DELETE or self.reads_inside else batch.groups
        flags = connection.scalars(lock(self.table, self.target, groups, batch.keys))
        found = sum(flags)
        return self.count(connection, batch.keys) if self.reads_inside else found

    def count(self, connection: sa.Connection, keys: Sequence[RecordKey]) -> int:
        """Return in how many rows there is something to do."""
        return self.count_unread(connection, keys)[0]

    def count_unread(self, connection: sa.Connection, keys: Sequence[RecordKey]) -> tuple[int, int]:
        """Return in how many rows there is something to do, and in how many of them a value can't be read."""
        if not keys:
            return 0, 0
        batch = self.batch
        if self.reads_inside:
            return count_left(connection, self.table, self.target, batch.groups, keys)
        left = connection.scalar(remaining(self.table, self.target, batch.action, batch.groups, keys))
        return left or 0, 0

    def require_at_most(self, rows: int, keys: Sequence[RecordKey]) -> None:
        """Let nothing be changed but what the keys name."""
        if not 0 <= rows <= len(keys):
            raise KeyMismatchError(
                f"{self.table.name}: {rows} rows for {len(keys)} keys, so ({', '.join(self.table.key)}) isn't its key. "
                "The transaction was rolled back. Correct the map."
            )


def _change(work: Work, recheck: Recheck, files: RowFiles, before: list[int]) -> tuple[list[bool], FileCounts]:
    """Return which rows were still due, in the order of the keys, and what became of their files."""
    batch, table = work.batch, work.table
    with work.source.engine.begin() as connection:
        _require_transaction(connection)
        before.append(work.lock(connection))
        work.require_at_most(before[-1], batch.keys)
        still = list(recheck(connection, batch))
        if len(still) != len(batch.keys):
            raise ActError(f"{batch.system}.{batch.table}: the last look answered for other rows than the batch's.")
        going, counts = files.delete(connection, list(compress(batch.keys, still)))
        copies = TriggerCopies(work.source.data_map, table, work.source.types)
        known = copies.there(connection, going)
        if going and batch.action is Verdict.DELETE:
            _delete(work, connection, going, copies.tables)
        elif going:
            _erase(work, connection, going)
        copies.remove_new(connection, going, known)
    return still, counts


def _erase(work: Work, connection: sa.Connection, keys: Sequence[RecordKey]) -> None:
    """Erase column groups: first inside values, which may need to know what is erased whole."""
    table, target, groups = work.table, work.target, work.batch.groups
    whole = list(dict.fromkeys(name for group in groups for name in columns_of(table, group)))
    if work.reads_inside:
        fixed = fixed_days(table, target, [*whole, *columns_to_read(table, groups)])
        rows, readable = edit(connection, table, target, groups, keys, fixed)
        work.require_at_most(rows, keys)
        keys = readable
    if whole and keys:
        statement = erase(table, target, groups, keys, work.source.references)
        work.require_at_most(connection.execute(statement).rowcount, keys)


def _delete(work: Work, connection: sa.Connection, keys: Sequence[RecordKey], written: Collection[str]) -> None:
    """Delete rows; where they refer to each other, those that none refers to first, until none is left to free.

    MariaDB lets no statement read a table to which its own triggers write: such references are looked at before it.
    """
    name, tables = work.table.name, work.source.data_map.tables
    references = binding(work.source.references, tables)
    _empty(work, connection, keys, references)
    if written:
        keys = [tuple(row) for row in connection.execute(free(work.table, work.target, keys, references))]
    others = [each for each in references if each.child_table not in written]
    statement = delete(work.table, work.target, keys, others)
    inside = any(each.child_table == each.parent_table == name for each in references)
    total = deleted = connection.execute(statement).rowcount
    work.require_at_most(total, keys)
    while inside and deleted:
        _empty(work, connection, keys, references)
        deleted = connection.execute(statement).rowcount
        total += deleted
        work.require_at_most(total, keys)


def _empty(work: Work, connection: sa.Connection, keys: Sequence[RecordKey], references: Sequence[ForeignKey]) -> None:
    """Set the references to NULL that the map lets go, where the rows that they refer to are free to go."""
    tables, schema, types = work.source.data_map.tables, work.source.data_map.schema, work.source.types
    loose = [(each, emptied(each, tables)) for each in work.source.references if each.parent_table == work.table.name]
    loose = [(each, columns) for each, columns in loose if columns]
    if not loose:
        return
    rows = [tuple(row) for row in connection.execute(free(work.table, work.target, keys, references))]
    for each, columns in loose if rows else ():
        child = tables[each.child_table]
        target = work.target if child is work.table else sql_table(child, schema, types.get(child.name))
        gone = key_condition(work.target, work.table.key, rows)
        connection.execute(empty(each, columns, (child, target), work.target, gone))


def _measure(work: Work, still: Sequence[bool]) -> tuple[int, int, int]:
    """Count, in a transaction of its own, what is left of the rows that were due and of those that weren't.

    The last number is how many of the former have a value that can't be read.
    """
    due = list(compress(work.batch.keys, still))
    spared = list(compress(work.batch.keys, (not each for each in still)))
    with work.source.engine.begin() as connection:
        left, unread = work.count_unread(connection, due)
        return left, work.count(connection, spared), unread


def _require_transaction(connection: sa.Connection) -> None:
    # Python's own SQLite driver begins no transaction for a SELECT: what was just checked could change at once.
    if not getattr(connection.connection.dbapi_connection, "in_transaction", True):
        raise ActError("SQLite is not in a transaction: use connections.engine_for(..., writes=True).")
