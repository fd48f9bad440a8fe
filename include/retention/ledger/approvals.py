"""Who approved which plan. The ledger itself is the record: there is no table that could say otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from include.retention.errors import ApprovalError, LedgerError
from include.retention.ledger.chain import Entry, append, entry_of, holds_together, serialise
from include.retention.ledger.forbid import identifier_in
from include.retention.ledger.tables import ledger_entry

How = Literal["automatic", "configuration", "human"]
"""``automatic``: inside every guard. ``configuration``: a setting answered for a human, as in the quick start."""

APPROVED = "approved"
REJECTED = "rejected"
WITHHELD = "(comment withheld: it held what looks like a personal identifier)"


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval in force.

    Attributes:
        run_id: the run.
        digest: the plan it binds to.
        how: who or what approved.
        by: the user id of the approver, or what stands for one.
        comment: what the approver wrote.
        at: when, UTC.
        seq: its ledger entry.
    """

    run_id: str
    digest: str
    how: How
    by: str
    comment: str
    at: datetime
    seq: int


def record_approval(  # noqa: PLR0913 - each is a field of the record, and named by the caller
    conn: sa.Connection, run_id: str, digest: str, *, how: How, by: str, comment: str = "", at: datetime
) -> Approval:
    """Record that a plan was approved. Recording the same decision again changes nothing.

    Args:
        conn: a connection of ``engine.begin()``.
        run_id: the run.
        digest: digest of the plan that was shown to the approver.
        how: who or what decided.
        by: the approver's user id; for ``automatic`` and ``configuration`` what stood in for one.
        comment: free text; withheld if it holds what looks like an identifier, for the decision must not be lost.
        at: when.

    Raises:
        ApprovalError: nobody is named, or no plan.
        LedgerError: ``by`` looks like an e-mail address or another identifier.
    """
    body = {"digest": digest, "how": how, "by": by.strip(), "comment": _shown(comment)}
    return _approval(_record(conn, run_id, APPROVED, body, at))


def record_rejection(  # noqa: PLR0913 - as above
    conn: sa.Connection, run_id: str, digest: str, *, by: str, comment: str = "", at: datetime
) -> Entry:
    """Record that a plan was rejected; it revokes an earlier approval. Arguments and errors: ``record_approval``."""
    return _record(conn, run_id, REJECTED, {"digest": digest, "by": by.strip(), "comment": _shown(comment)}, at)


def approval_for(conn: sa.Connection, run_id: str, digest: str) -> Approval | None:
    """Return the approval of exactly this plan, if the run's latest decision is one.

    The latest decision wins, whichever plan it was for: a rejection revokes, and so does the approval of another plan.

    Raises:
        LedgerError: the entry's content doesn't fit its hash: somebody wrote an approval into the database.
    """
    latest = _latest(conn, run_id)
    if latest is None or latest.kind != APPROVED or latest.body["digest"] != digest:
        return None
    return _approval(latest)


def _record(conn: sa.Connection, run_id: str, kind: str, body: dict[str, str], at: datetime) -> Entry:
    if not body["by"] or not body["digest"]:
        message = f"run {run_id}: a decision names who decided, and the digest of the plan that was decided on."
        raise ApprovalError(message)
    serialise(conn)
    latest = _latest(conn, run_id)
    if latest is not None and latest.kind == kind and latest.body == body:
        return latest
    return append(conn, run_id, kind, body, at)


def _latest(conn: sa.Connection, run_id: str) -> Entry | None:
    query = (
        sa.select(ledger_entry)
        .where(ledger_entry.c.run_id == run_id, ledger_entry.c.kind.in_([APPROVED, REJECTED]))
        .order_by(ledger_entry.c.seq.desc())
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    if not holds_together(row):
        message = f"run {run_id}: the ledger entry {row.seq} doesn't fit its hash. Nothing is approved; investigate."
        raise LedgerError(message)
    return entry_of(row)


def _approval(entry: Entry) -> Approval:
    body = {name: str(value) for name, value in entry.body.items()}
    how: How = body["how"]  # type: ignore[assignment]  # written by record_approval
    return Approval(str(entry.run_id), body["digest"], how, body["by"], body["comment"], entry.at, entry.seq)


def _shown(comment: str) -> str:
    return WITHHELD if identifier_in(comment) else comment.strip()
