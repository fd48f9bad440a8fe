"""How far an act has come, in the task's log: records, rate, time left."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from include.retention.batch import Batch

EVERY = 5.0
"""Seconds between two lines, at least: a log is read by people."""
_MINUTE = 60

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ActProgress:
    """Tells, a transaction at a time, how far one system's act has come. Counts alone; no key and no value.

    Attributes:
        system: short name of the system.
        total: records in all batches.
        clock: seconds that only go forward.
        say: where a line goes.
    """

    system: str
    total: int
    clock: Callable[[], float] = time.monotonic
    say: Callable[[str], None] = log.info
    seen: int = 0
    began: float = field(init=False)
    told: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin to measure."""
        self.began = self.told = self.clock()

    def __call__(self, _batch: Batch, rows: int) -> None:
        """Count rows, carried out or not; tell when it is time, and at the end."""
        self.seen += rows
        now = self.clock()
        if now - self.told < EVERY and self.seen < self.total:
            return
        self.told = now
        rate = self.seen / max(now - self.began, 1e-3)
        left = (self.total - self.seen) / rate
        time_left = f"{left:.0f} s" if left < _MINUTE else f"{left / _MINUTE:.0f} min"
        rest = f", about {time_left} left" if self.seen < self.total else ""
        self.say(f"{self.system}: {self.seen:,} of {self.total:,} records, {rate:,.0f} a second{rest}")
