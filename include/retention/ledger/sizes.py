"""What earlier runs left behind, for the guards: how many rows a table had, and when a rule last expired anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from include.retention.errors import LedgerError
from include.retention.ledger.chain import append, serialise
from include.retention.ledger.runs import SUCCESSES
from include.retention.ledger.tables import extract_size, purpose_activity, run
from include.retention.terms import Mode

_SUCCESSFUL = sa.and_(run.c.mode == Mode.ENFORCE.value, run.c.outcome.in_([end.value for end in SUCCESSES]))


def record_sizes(conn: sa.Connection, run_id: str, system: str, sizes: Mapping[str, int]) -> None:
    """Note how many rows each table of a system has, in place of what the run noted before."""
    mine = (extract_size.c.run_id == run_id) & (extract_size.c.system == system)
    conn.execute(extract_size.delete().where(mine))
    rows = [{"run_id": run_id, "system": system, "table_name": table, "rows": count} for table, count in sizes.items()]
    if rows:
        conn.execute(extract_size.insert(), rows)


def previous_sizes(conn: sa.Connection, system: str) -> dict[str, int]:
    """Return the rows of each table of a system after the latest enforce run that succeeded and counted it."""
    query = (
        sa.select(extract_size.c.table_name, extract_size.c.rows)
        .join(run, run.c.run_id == extract_size.c.run_id)
        .where(_SUCCESSFUL, extract_size.c.system == system)
        .order_by(run.c.finished_at)
    )
    return {row.table_name: row.rows for row in conn.execute(query)}


def accept_extract(conn: sa.Connection, system: str, table: str, *, by: str, at: datetime) -> None:
    """Forget how many rows a table had, because a human says that they are rightly gone (``extract_accepted``).

    Raises:
        LedgerError: nobody is named, or nothing is known of the table.
    """
    serialise(conn)
    before = previous_sizes(conn, system).get(table)
    if before is None or not by.strip():
        unknown = (
            f"{system}.{table}: no earlier size is known, so no guard compares with it. There is nothing to accept."
        )
        message = unknown if before is None else "Name who accepts the extract."
        raise LedgerError(message)
    conn.execute(extract_size.delete().where(extract_size.c.system == system, extract_size.c.table_name == table))
    append(conn, None, "extract_accepted", {"system": system, "table": table, "rows_before": before, "by": by}, at)


def record_activity(conn: sa.Connection, run_id: str, expired: Mapping[str, int]) -> None:
    """Note how many column groups each purpose let expire, zeroes too, in place of what the run noted before."""
    conn.execute(purpose_activity.delete().where(purpose_activity.c.run_id == run_id))
    rows = [{"run_id": run_id, "purpose": purpose, "expired": count} for purpose, count in expired.items()]
    if rows:
        conn.execute(purpose_activity.insert(), rows)


def quiet_purposes(conn: sa.Connection, at_least: int = 1) -> dict[str, int]:
    """Return for how many successful enforce runs in a row a purpose has let nothing expire.

    Args:
        conn: any connection.
        at_least: leaves out purposes that have been quiet for fewer runs.
    """
    query = (
        sa.select(purpose_activity.c.purpose, purpose_activity.c.expired)
        .join(run, run.c.run_id == purpose_activity.c.run_id)
        .where(_SUCCESSFUL)
        .order_by(run.c.finished_at)
    )
    quiet: dict[str, int] = {}
    for purpose, expired in conn.execute(query):
        quiet[purpose] = 0 if expired else quiet.get(purpose, 0) + 1
    return {purpose: runs for purpose, runs in sorted(quiet.items()) if runs >= at_least}
