"""Discovery as a step of the run: it tells, in ledger and report, and it stops nothing."""

from __future__ import annotations

import json

from tests.integration.harness import Iret


def leak(systems: Iret) -> None:
    """Let somebody keep e-mail addresses where the map knows of none."""
    changed = systems.gallring.change(
        "marketing", "UPDATE campaign SET title = 'beda.' || campaign_id || '@example.se'"
    )
    assert changed > 1


def test_a_finding_is_told_and_the_run_is_done_all_the_same(small: Iret) -> None:
    gallring = small.gallring
    leak(small)
    planned = gallring.plan("leaking")
    for system in gallring.systems:
        gallring.step("discover", "leaking", system)
    gallring.approve("leaking", planned)
    gallring.step("confirm", "leaking")
    gallring.act("leaking")
    assert gallring.close("leaking") == "DONE"
    (finding,) = [each for each in gallring.report("leaking")["summary"]["findings"] if each["code"] == "DISCOVERED"]
    assert (finding["severity"], finding["part"]) == ("decision", 2)
    told = {entry.body["system"]: entry.body for entry in gallring.ledger("leaking", "discovered")}
    assert set(told) == set(gallring.systems)
    (found,) = told["marketing"]["found"]
    assert (found["table"], found["column"], found["looks_like"]) == ("campaign", "title", "email")
    assert (found["share"], found["acknowledged"]) == (1.0, False)
    assert "beda" not in json.dumps(told)


def test_what_cannot_be_looked_at_is_told_and_stops_nothing(small: Iret) -> None:
    gallring = small.gallring
    gallring.begin("blind")
    gallring.patch.setenv("AIRFLOW_CONN_GALLRING_SALES", json.dumps({"conn_type": "sqlite", "host": "/nowhere/x.db"}))
    answer = gallring.step("discover", "blind", "sales")
    assert answer["error"]
    (entry,) = gallring.ledger("blind", "discovered")
    assert set(entry.body) == {"system", "error"}
    assert "nowhere" not in json.dumps(entry.body)
