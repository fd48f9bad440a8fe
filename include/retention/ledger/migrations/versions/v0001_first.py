"""The first version: every table, and the triggers that keep the ledger append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from include.retention.ledger.migrations.append_only import POSTGRESQL, SQLITE

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.String(32)
_REF = sa.String(32)
_DIGEST = sa.String(64)
_KEY_ID = sa.String(8)
_NAME = sa.String(120)
_SYSTEM = sa.String(60)
_RUN_ID = sa.String(300)


def upgrade() -> None:
    """Make the tables, the ledger's head row, and then its triggers."""
    _ledger()
    _runs()
    _plans()
    _standing()
    _baselines()
    _locks()
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse: evidence isn't taken back."""
    message = "the control database holds evidence and is never downgraded; restore a backup instead"
    raise NotImplementedError(message)


def _ledger() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("run_id", _RUN_ID),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("prev_hash", _DIGEST, nullable=False),
        sa.Column("hash", _DIGEST, nullable=False),
    )
    op.create_index("ledger_entry_run_kind", "ledger_entry", ["run_id", "kind"])
    head = op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", _DIGEST, nullable=False),
        sa.Column("floor_seq", sa.Integer, nullable=False),
        sa.Column("floor_hash", _DIGEST, nullable=False),
        sa.CheckConstraint("id = 1", name="ledger_head_one_row"),
    )
    nothing = "0" * 64
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": nothing, "floor_seq": 0, "floor_hash": nothing}])


def _runs() -> None:
    op.create_table(
        "run",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("run_id", _RUN_ID, nullable=False, unique=True),
        sa.Column("dag_run_id", sa.String(250), nullable=False),
        sa.Column("run_type", sa.String(30), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("time_zone", sa.String(60), nullable=False),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("schedule_version", sa.String(60), nullable=False),
        sa.Column("schedule_digest", _DIGEST, nullable=False),
        sa.Column("map_digests", sa.Text, nullable=False),
        sa.Column("code_digest", _DIGEST, nullable=False),
        sa.Column("key_id", _KEY_ID, nullable=False),
        sa.Column("plan_digest", _DIGEST),
    )


def _run_id() -> sa.Column[str]:
    return sa.Column("run_id", _RUN_ID, sa.ForeignKey("run.run_id"), primary_key=True)


def _plans() -> None:
    op.create_table(
        "batch",
        _run_id(),
        sa.Column("batch", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("system", _SYSTEM, nullable=False),
        sa.Column("table_name", _NAME, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("planned_at", _INSTANT, nullable=False),
        sa.Column("started_at", _INSTANT),
        sa.Column("verified_at", _INSTANT),
        sa.Column("done", sa.Integer),
        sa.Column("drift", sa.Integer),
        sa.Column("remaining", sa.Integer),
    )
    op.create_table(
        "plan_item",
        _run_id(),
        sa.Column("record_ref", _REF, primary_key=True),
        sa.Column("system", _SYSTEM, nullable=False),
        sa.Column("table_name", _NAME, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("column_groups", sa.Text, nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("purpose", sa.String(60)),
        sa.Column("retain_through", sa.Date),
        sa.Column("fingerprint", _DIGEST),
        sa.Column("batch", sa.Integer),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("state_reason", _NAME),
        sa.Column("changed_at", _INSTANT, nullable=False),
    )
    op.create_index("plan_item_record_ref", "plan_item", ["record_ref"])


def _standing() -> None:
    """Make what outlives a run: holds, the suppression list, referrals."""
    op.create_table(
        "legal_hold",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("scope", sa.String(20), nullable=False),
        sa.Column("identifier_kind", sa.String(40)),
        sa.Column("system", _SYSTEM),
        sa.Column("table_name", _NAME),
        sa.Column("ref", _REF, nullable=False),
        sa.Column("key_id", _KEY_ID, nullable=False),
        sa.Column("owner", _NAME, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("review_on", sa.Date, nullable=False),
        sa.Column("placed_at", _INSTANT, nullable=False),
        sa.Column("released_at", _INSTANT),
    )
    op.create_table(
        "suppression",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("address_ref", _REF, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("key_id", _KEY_ID, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.Column("closed_at", _INSTANT),
    )
    _one_open("suppression_one_in_force", "suppression", ["address_ref", "kind", "channel"], "closed_at")
    op.create_table(
        "referral",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("record_ref", _REF, nullable=False),
        sa.Column("system", _SYSTEM, nullable=False),
        sa.Column("table_name", _NAME, nullable=False),
        sa.Column("column_group", _NAME, nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("first_seen", sa.Date, nullable=False),
        sa.Column("last_seen", sa.Date, nullable=False),
        sa.Column("closed_on", sa.Date),
    )
    _one_open("referral_one_open", "referral", ["record_ref", "column_group", "reason"], "closed_on")


def _one_open(name: str, table: str, columns: list[str], closed: str) -> None:
    """Make an index that allows one row in force beside any number of closed ones."""
    still_open = sa.text(f"{closed} IS NULL")
    op.create_index(name, table, columns, unique=True, sqlite_where=still_open, postgresql_where=still_open)


def _baselines() -> None:
    op.create_table(
        "extract_size",
        _run_id(),
        sa.Column("system", _SYSTEM, primary_key=True),
        sa.Column("table_name", _NAME, primary_key=True),
        sa.Column("rows", sa.Integer, nullable=False),
    )
    op.create_table(
        "purpose_activity",
        _run_id(),
        sa.Column("purpose", sa.String(60), primary_key=True),
        sa.Column("expired", sa.Integer, nullable=False),
    )


def _locks() -> None:
    op.create_table(
        "run_lock",
        sa.Column("system", _SYSTEM, primary_key=True),
        sa.Column("run_id", _RUN_ID, nullable=False),
        sa.Column("host", sa.String(250), nullable=False),
        sa.Column("machine", _NAME, nullable=False),
        sa.Column("boot", _NAME, nullable=False),
        sa.Column("space", sa.String(60), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started", sa.String(40), nullable=False),
        sa.Column("taken_at", _INSTANT, nullable=False),
        sa.Column("heartbeat_at", _INSTANT, nullable=False),
    )
