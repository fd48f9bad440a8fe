"""How far an act has come, as the page in Airflow's menu tells it."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from include.retention.ledger.batches import Batch, plan_batches, start_batch, verify_batch
from include.retention.ledger.runs import create_run, finish_run
from include.retention.ledger.under_way import acts_under_way
from include.retention.terms import RunOutcome
from tests.ledger.world import AT, RUN, later


def test_an_act_is_under_way_from_its_first_batch_until_the_last_is_measured(control: sa.Engine) -> None:
    sizes = {1: ("finance", 100), 2: ("sales", 400), 3: ("sales", 600)}
    with control.begin() as conn:
        create_run(conn, RUN)
        batches = [
            Batch(RUN.run_id, number, system, "order", "DELETE", rows) for number, (system, rows) in sizes.items()
        ]
        plan_batches(conn, RUN.run_id, batches, AT)
        assert acts_under_way(conn) == []
        start_batch(conn, RUN.run_id, 2, AT)
        [begun] = acts_under_way(conn)
        assert (begun.system, begun.rows, begun.measured, begun.left(later(seconds=10))) == ("sales", 1000, 0, None)
        verify_batch(conn, RUN.run_id, 2, done=400, drift=0, remaining=0, at=later(seconds=10))
        start_batch(conn, RUN.run_id, 3, later(seconds=10))
        [halfway] = acts_under_way(conn)
        assert (halfway.run_id, halfway.measured) == (RUN.run_id, 400)
        assert halfway.a_second(later(seconds=10)) == 40
        assert halfway.left(later(seconds=10)) == timedelta(seconds=15)
        verify_batch(conn, RUN.run_id, 3, done=600, drift=0, remaining=0, at=later(seconds=25))
        assert acts_under_way(conn) == [], "finance hasn't begun"
        start_batch(conn, RUN.run_id, 1, later(seconds=25))
        assert [each.system for each in acts_under_way(conn)] == ["finance"]
        finish_run(conn, RUN.run_id, RunOutcome.FAILED, later(seconds=30))
        assert acts_under_way(conn) == [], "what ended isn't under way"
