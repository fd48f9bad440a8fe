"""The tables of the control database, as the code uses them.

``migrations/`` creates them; a test holds the two together. Instants are UTC, stored as ISO 8601 text of fixed width:
it sorts as time does, reads the same on every database and is what the ledger's hashes cover.
References are HMACs under the key whose ``key_id`` stands beside them, or in the run they belong to.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from include.retention.errors import LedgerError


def utc_text(at: datetime) -> str:
    """Return an instant as ISO 8601 text in UTC with microseconds, 32 characters.

    Raises:
        LedgerError: the datetime has no time zone, so it isn't an instant.
    """
    if at.tzinfo is None:
        message = "an instant needs a time zone: give an aware datetime"
        raise LedgerError(message)
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class UtcInstant(TypeDecorator[datetime]):
    """An aware datetime, stored as ``utc_text``."""

    impl = sa.String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: sa.Dialect) -> str | None:
        """Write an instant."""
        return None if value is None else utc_text(value)

    def process_result_value(self, value: Any | None, _dialect: sa.Dialect) -> datetime | None:  # noqa: ANN401 - as SQLAlchemy declares it
        """Read an instant."""
        return None if value is None else datetime.fromisoformat(value)


metadata = sa.MetaData()

ledger_entry = sa.Table(
    "ledger_entry",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run_id", sa.String(300)),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prev_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("ledger_entry_run_kind", "run_id", "kind"),
)

ledger_head = sa.Table(
    "ledger_head",
    metadata,
    # One row. It counts the entries, so that a cut-off tail shows, and it is the lock that puts appends in line.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    # Entries up to here have outlived the evidence period and are gone: see ``expiry``.
    sa.Column("floor_seq", sa.Integer, nullable=False),
    sa.Column("floor_hash", sa.String(64), nullable=False),
    sa.CheckConstraint("id = 1", name="ledger_head_one_row"),
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.String(300), nullable=False, unique=True),
    sa.Column("dag_run_id", sa.String(250), nullable=False),
    sa.Column("run_type", sa.String(30), nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("time_zone", sa.String(60), nullable=False),
    sa.Column("mode", sa.String(20), nullable=False),
    sa.Column("started_at", UtcInstant, nullable=False),
    sa.Column("finished_at", UtcInstant),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("schedule_version", sa.String(60), nullable=False),
    sa.Column("schedule_digest", sa.String(64), nullable=False),
    sa.Column("map_digests", sa.Text, nullable=False),
    sa.Column("code_digest", sa.String(64), nullable=False),
    sa.Column("key_id", sa.String(8), nullable=False),
    sa.Column("plan_digest", sa.String(64)),
)


def _run_id() -> sa.Column[str]:
    return sa.Column("run_id", sa.String(300), sa.ForeignKey("run.run_id"), primary_key=True)


batch = sa.Table(
    "batch",
    metadata,
    _run_id(),
    sa.Column("batch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("system", sa.String(60), nullable=False),
    sa.Column("table_name", sa.String(120), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("planned_at", UtcInstant, nullable=False),
    sa.Column("started_at", UtcInstant),
    sa.Column("verified_at", UtcInstant),
    sa.Column("done", sa.Integer),
    sa.Column("drift", sa.Integer),
    sa.Column("remaining", sa.Integer),
)

plan_item = sa.Table(
    "plan_item",
    metadata,
    _run_id(),
    sa.Column("record_ref", sa.String(32), primary_key=True),
    sa.Column("system", sa.String(60), nullable=False),
    sa.Column("table_name", sa.String(120), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("column_groups", sa.Text, nullable=False),
    sa.Column("reason", sa.String(60), nullable=False),
    sa.Column("purpose", sa.String(60)),
    sa.Column("retain_through", sa.Date),
    sa.Column("fingerprint", sa.String(64)),
    sa.Column("batch", sa.Integer),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("state_reason", sa.String(120)),
    sa.Column("changed_at", UtcInstant, nullable=False),
    sa.Index("plan_item_record_ref", "record_ref"),
)

legal_hold = sa.Table(
    "legal_hold",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("scope", sa.String(20), nullable=False),
    # A subject hold names the kind of its identifier, a record hold its system and table.
    sa.Column("identifier_kind", sa.String(40)),
    sa.Column("system", sa.String(60)),
    sa.Column("table_name", sa.String(120)),
    sa.Column("ref", sa.String(32), nullable=False),
    sa.Column("key_id", sa.String(8), nullable=False),
    sa.Column("owner", sa.String(120), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("review_on", sa.Date, nullable=False),
    sa.Column("placed_at", UtcInstant, nullable=False),
    sa.Column("released_at", UtcInstant),
)

suppression = sa.Table(
    "suppression",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("address_ref", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("channel", sa.String(40), nullable=False),
    sa.Column("since", UtcInstant, nullable=False),
    sa.Column("key_id", sa.String(8), nullable=False),
    sa.Column("recorded_at", UtcInstant, nullable=False),
    sa.Column("closed_at", UtcInstant),
)
sa.Index(
    "suppression_one_in_force",
    suppression.c.address_ref,
    suppression.c.kind,
    suppression.c.channel,
    unique=True,
    sqlite_where=suppression.c.closed_at.is_(None),
    postgresql_where=suppression.c.closed_at.is_(None),
)

referral = sa.Table(
    "referral",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("record_ref", sa.String(32), nullable=False),
    sa.Column("system", sa.String(60), nullable=False),
    sa.Column("table_name", sa.String(120), nullable=False),
    sa.Column("column_group", sa.String(120), nullable=False),
    sa.Column("reason", sa.String(60), nullable=False),
    sa.Column("first_seen", sa.Date, nullable=False),
    sa.Column("last_seen", sa.Date, nullable=False),
    sa.Column("closed_on", sa.Date),
)
sa.Index(
    "referral_one_open",
    referral.c.record_ref,
    referral.c.column_group,
    referral.c.reason,
    unique=True,
    sqlite_where=referral.c.closed_on.is_(None),
    postgresql_where=referral.c.closed_on.is_(None),
)

extract_size = sa.Table(
    "extract_size",
    metadata,
    _run_id(),
    sa.Column("system", sa.String(60), primary_key=True),
    sa.Column("table_name", sa.String(120), primary_key=True),
    sa.Column("rows", sa.Integer, nullable=False),
)

purpose_activity = sa.Table(
    "purpose_activity",
    metadata,
    _run_id(),
    sa.Column("purpose", sa.String(60), primary_key=True),
    sa.Column("expired", sa.Integer, nullable=False),
)

run_lock = sa.Table(
    "run_lock",
    metadata,
    sa.Column("system", sa.String(60), primary_key=True),
    sa.Column("run_id", sa.String(300), nullable=False),
    sa.Column("host", sa.String(250), nullable=False),
    sa.Column("machine", sa.String(120), nullable=False),
    sa.Column("boot", sa.String(120), nullable=False),
    sa.Column("space", sa.String(60), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started", sa.String(40), nullable=False),
    sa.Column("taken_at", UtcInstant, nullable=False),
    sa.Column("heartbeat_at", UtcInstant, nullable=False),
)
