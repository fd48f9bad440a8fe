"""What act is given, what it measures and whom it tells: the shapes between the plan, the act and the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import sqlalchemy as sa

from include.retention.files import NO_FILES, FileCounts
from include.retention.terms import Verdict


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one table with one action: what the ledger says was begun and measured. Batches come children first.

    They are carried out in pieces, each a batch of its own with the same id, small enough for one transaction.

    Attributes:
        batch_id: as the ledger knows it.
        system: short name of the system.
        table: name of the table.
        action: DELETE or ANONYMISE.
        groups: column groups to erase; a deletion takes all of them, whatever stands here.
        keys: values of the key columns, in the map's order, as read from the source or from JSON.
        record_refs: keyed references of the rows, in the order of ``keys``.
        fingerprints: the facts that the decision rests on, in the order of ``keys``.
        again: the batch was started before and never measured: what is gone already is its own work.
    """

    batch_id: str
    system: str
    table: str
    action: Verdict
    groups: tuple[str, ...]
    keys: list[tuple[Any, ...]] = field(repr=False)
    record_refs: list[str] = field(repr=False)
    fingerprints: list[str] = field(repr=False)
    again: bool = False


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What was measured in the source after a batch; ``done + drift + remaining`` are the batch's rows.

    Attributes:
        done: rows that were there and are gone, or had something in the groups and have nothing left.
        drift: rows that aren't due any more (a new hold, changed facts) and were left alone, and rows in which there
            was nothing to do: somebody else was there first. A batch that is taken up again counts those as done.
        remaining: rows that should be done and aren't.
        files: what became of the files that the rows name.
        unread: rows of ``remaining`` with a value that can't be read, in which nothing can be erased.
    """

    done: int
    drift: int
    remaining: int
    files: FileCounts = NO_FILES
    unread: int = 0

    def __add__(self, other: BatchResult) -> BatchResult:
        return BatchResult(
            self.done + other.done,
            self.drift + other.drift,
            self.remaining + other.remaining,
            self.files + other.files,
            self.unread + other.unread,
        )


@dataclass(frozen=True, slots=True)
class NotDone:
    """Rows of a table that the plan orders and that weren't carried out.

    Attributes:
        table: name of the table.
        what: why, without any value of a source.
        count: rows.
    """

    table: str
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class ActResult:
    """One system's part of the plan, carried out as far as it could be.

    Attributes:
        batches: batches that were measured.
        done: see `BatchResult`, over all batches.
        drift: as above.
        remaining: as above.
        files: as above.
        not_done: everything else that the plan orders: the run fails if there is any.
    """

    batches: int = 0
    done: int = 0
    drift: int = 0
    remaining: int = 0
    files: FileCounts = NO_FILES
    not_done: tuple[NotDone, ...] = ()


class Journal(Protocol):
    """The ledger, as far as act speaks to it. Each call returns when it is written for good."""

    def started(self, batch: Batch) -> None:
        """Say that a batch is about to be sent to the source."""

    def verified(self, batch: Batch, result: BatchResult) -> None:
        """Say what was measured after a batch."""

    def not_done(self, system: str, table: str, what: str, count: int) -> None:
        """Say that rows of a table weren't carried out, and why."""


Recheck = Callable[[sa.Connection, Batch], Sequence[bool]]
"""Asked inside the transaction of each piece of a batch, with its rows locked: which rows, in the order of ``keys``,
may go? False for a row whose facts have changed since the plan, that is under a hold now, or that isn't there."""

Progress = Callable[[Batch, int], None]
"""Told how many more rows of a batch have been dealt with, carried out or not."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How an act spares those who use the system besides.

    Attributes:
        transaction_s: seconds that a transaction should take.
        stop: asked before each transaction; once true, the rest is not done.
        rest: called between two transactions with the seconds that the first took; may wait, or raise `StopError`.
        clock: seconds that only go forward.
    """

    transaction_s: float = 1.0
    stop: Callable[[], bool] = lambda: False
    rest: Callable[[float], None] = lambda _worked: None
    clock: Callable[[], float] = time.monotonic
