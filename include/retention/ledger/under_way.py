"""How far the acts under way have come, by the ledger's own account: for the page in Airflow's menu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from include.retention.ledger.batches import BatchState
from include.retention.ledger.runs import acting_runs
from include.retention.ledger.tables import batch

NO_RUN = ""
"""No run is called so."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """One system's part of a plan that is being carried out.

    Attributes:
        run_id: the run.
        system: the system.
        rows: records that the plan orders.
        measured: those of them whose batch was carried out and measured.
        since: when its first batch was begun, in UTC.
    """

    run_id: str
    system: str
    rows: int
    measured: int
    since: datetime

    def a_second(self, now: datetime) -> float:
        """Return how many records were measured a second until an instant."""
        return self.measured / max((now - self.since).total_seconds(), 1.0)

    def left(self, now: datetime) -> timedelta | None:
        """Return how long the rest will take at this rate; None where nothing is measured yet."""
        rate = self.a_second(now)
        return timedelta(seconds=(self.rows - self.measured) / rate) if rate else None


def acts_under_way(conn: sa.Connection) -> list[UnderWay]:
    """Return the systems in which a run that hasn't ended has begun batches and not measured all, by run and name."""
    found = []
    for run in acting_runs(conn, NO_RUN):
        verified = sa.case((batch.c.state == BatchState.VERIFIED.value, batch.c.rows), else_=0)
        query = (
            sa.select(
                batch.c.system, sa.func.sum(batch.c.rows), sa.func.sum(verified), sa.func.min(batch.c.started_at)
            )
            .where(batch.c.run_id == run.run_id)
            .group_by(batch.c.system)
            .order_by(batch.c.system)
        )  # fmt: skip
        for system, rows, measured, since in conn.execute(query):
            if since is not None and measured < rows:
                found.append(UnderWay(run.run_id, system, int(rows), int(measured), since))
    return found
