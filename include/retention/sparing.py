"""How a run's act spares those who use its systems: the limits that are set, a stop, and the replicas."""

from __future__ import annotations

import os

import sqlalchemy as sa

from include.retention.batch import Manner
from include.retention.data_map.model import DataMap
from include.retention.ledger.stops import Stop, stop_in_force
from include.retention.ledger.store import reading
from include.retention.replication import lag_of
from include.retention.run import Run
from include.retention.throttle import Throttle


def stopped(run: Run) -> Stop | None:
    """Return who has stopped everything that destroys, if anybody has."""
    with reading(run.control) as connection:
        return stop_in_force(connection)


def manner_for(run: Run, data_map: DataMap, reader: sa.Engine) -> Manner:
    """Return how to go about a system.

    Raises:
        ConnectionSettingError: a replica is named that isn't one.
    """
    limits = run.settings.limits

    def stop() -> bool:
        return stopped(run) is not None

    throttle = Throttle(
        stop,
        pause=limits.pause,
        lag=lag_of(data_map, reader, limits, os.environ),
        max_lag_s=limits.max_lag_s or 0.0,
    )
    return Manner(limits.transaction_s, stop=stop, rest=throttle)
