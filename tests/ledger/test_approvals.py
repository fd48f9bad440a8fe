"""Approvals: of one plan, by somebody, revocable, and not to be forged."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from include.retention.errors import ApprovalError, LedgerError
from include.retention.ledger.approvals import WITHHELD, approval_for, record_approval, record_rejection
from include.retention.ledger.chain import entries
from tests.ledger.world import AT, DIGEST, later, without_triggers

OTHER = "cd" * 32


def approve(conn: sa.Connection, digest: str = DIGEST, run_id: str = "run", by: str = "7", comment: str = "") -> None:
    record_approval(conn, run_id, digest, how="human", by=by, comment=comment, at=AT)


def test_an_approval_binds_to_its_run_and_its_plan(conn: sa.Connection) -> None:
    assert approval_for(conn, "run", DIGEST) is None
    given = record_approval(conn, "run", DIGEST, how="human", by=" 7 ", comment=" Looks right ", at=AT)
    found = approval_for(conn, "run", DIGEST)
    assert found == given
    assert (found.how, found.by, found.comment, found.at, found.seq) == ("human", "7", "Looks right", AT, 1)
    assert approval_for(conn, "run", OTHER) is None
    assert approval_for(conn, "another run", DIGEST) is None


def test_a_rejection_revokes_and_the_latest_decision_wins(conn: sa.Connection) -> None:
    approve(conn)
    record_rejection(conn, "run", DIGEST, by="8", comment="Too many", at=later(minutes=1))
    assert approval_for(conn, "run", DIGEST) is None
    approve(conn)
    assert approval_for(conn, "run", DIGEST) is not None
    record_rejection(conn, "run", OTHER, by="8", at=later(minutes=2))
    assert approval_for(conn, "run", DIGEST) is None


def test_approving_another_plan_revokes_the_first(conn: sa.Connection) -> None:
    approve(conn)
    approve(conn, OTHER)
    assert approval_for(conn, "run", DIGEST) is None
    assert approval_for(conn, "run", OTHER) is not None


def test_case_J05_the_same_decision_is_recorded_once(conn: sa.Connection) -> None:
    approve(conn)
    approve(conn)
    record_rejection(conn, "run", DIGEST, by="8", at=AT)
    record_rejection(conn, "run", DIGEST, by="8", at=later(hours=1))
    assert [entry.kind for entry in entries(conn)] == ["approved", "rejected"]


@pytest.mark.parametrize(("digest", "by"), [("", "7"), (DIGEST, ""), (DIGEST, "  ")])
def test_a_decision_names_who_and_what(conn: sa.Connection, digest: str, by: str) -> None:
    with pytest.raises(ApprovalError, match="names who decided"):
        record_approval(conn, "run", digest, how="human", by=by, at=AT)
    with pytest.raises(ApprovalError, match="names who decided"):
        record_rejection(conn, "run", digest, by=by, at=AT)


def test_a_comment_with_an_identifier_is_withheld_and_the_decision_stands(conn: sa.Connection) -> None:
    approve(conn, comment="Anna (070-174 06 05) agrees")
    found = approval_for(conn, "run", DIGEST)
    assert found is not None
    assert found.comment == WITHHELD


def test_an_email_address_is_no_user_id(conn: sa.Connection) -> None:
    with pytest.raises(LedgerError, match="by looks like an e-mail address"):
        approve(conn, by="dpo@example.com")
    assert approval_for(conn, "run", DIGEST) is None


def test_an_approval_written_into_the_database_by_hand_is_none(conn: sa.Connection) -> None:
    record_rejection(conn, "run", DIGEST, by="8", at=AT)
    without_triggers(conn)
    conn.exec_driver_sql("UPDATE ledger_entry SET kind = 'approved'")
    with pytest.raises(LedgerError, match="Nothing is approved"):
        approval_for(conn, "run", DIGEST)
