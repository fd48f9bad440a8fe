"""Waits between two transactions of an act: to leave others the database, and until its replicas have caught up."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from include.retention.errors import StopError

STEP = 1.0
"""Seconds after which a wait asks again."""
LONGEST_WAIT = 600.0
"""Seconds without a moment in which all replicas are near enough, after which an act ends: one of them has failed."""

Lag = Callable[[], float]
"""Seconds that the farthest replica is behind; infinite where one doesn't follow, or can't be asked."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Throttle:
    """Rests between two transactions; a stop ends every wait within a second.

    Attributes:
        stop: whether somebody has stopped the act.
        pause: how long to rest, as a share of the time worked.
        lag: asks how far the replicas are behind; None where nobody wants to know.
        max_lag_s: seconds that they may be behind.
        clock: seconds that only go forward.
        sleep: waits for some seconds.
        say: where a line goes.
    """

    stop: Callable[[], bool]
    pause: float = 0.0
    lag: Lag | None = None
    max_lag_s: float = 0.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    say: Callable[[str], None] = log.info

    def __call__(self, worked: float) -> None:
        """Rest after a transaction that took so many seconds.

        Raises:
            StopError: the replicas didn't catch up.
        """
        until = self.clock() + self.pause * worked
        while (left := until - self.clock()) > 0:
            self.sleep(min(left, STEP))
            if left > STEP and self.stop():
                return
        if self.lag is not None:
            self._wait_for_replicas(self.lag)

    def _wait_for_replicas(self, lag: Lag) -> None:
        began, told = self.clock(), False
        while (behind := lag()) > self.max_lag_s and not self.stop():
            if self.clock() - began >= LONGEST_WAIT:
                raise StopError(
                    f"replicas were more than {self.max_lag_s:g} s behind, or couldn't be asked, for "
                    f"{LONGEST_WAIT / 60:.0f} minutes (GALLRING_MAX_LAG_S)"
                )
            if not told:
                how = f"is {behind:.0f} s behind" if math.isfinite(behind) else "doesn't follow, or can't be asked"
                self.say(f"waiting: a replica {how}, and may be {self.max_lag_s:g} s")
                told = True
            self.sleep(STEP)
