"""A key with a timestamp can be typed as any tool shows it, and is the same record to a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.retention.key_spelling import instant_text, spelt
from tests.cli.conftest import Call, call, document
from tests.integration.harness import connection_setting
from tests.schemas.office import PERSON, office, people, table

__all__ = ["call"]

PLACE = ("hold", "place", "--owner", "Chefsjurist", "--reason", "Tvist", "--review-on", "2027-05-01")
AT = {"postgres": "timestamptz", "mariadb": "datetime", "sqlite": "text"}
STORED = {"postgres": "2025-06-04 04:24:00.12+02", "mariadb": "2025-06-04 02:24:00", "sqlite": "2025-06-04T02:24Z"}
SPELT = {
    "postgres": [
        "1,2025-06-04 02:24:00.12+00",
        "1,2025-06-04 04:24:00.120+02",
        "1, 2025-06-04T02:24:00.12Z",
        '["1", "2025-06-04 02:24:00.120000+00:00"]',
    ],
    "mariadb": ["1,2025-06-04T02:24:00", "1,2025-06-04 02:24", "1,2025-06-04 02:24:00.000000"],
    "sqlite": ["1,2025-06-04T02:24Z"],
}
OTHERS = {
    "postgres": ["1,2025-06-04 02:24:00.12", "1,2025-06-04 02:24:00.12+01", "2,2025-06-04 02:24:00.12Z"],
    "mariadb": ["1,2025-06-04T02:24:00Z", "1,2025-06-04"],
    "sqlite": ["1,2025-06-04T02:24:00"],
}
"""What is another record, or says nothing of the zone that a record's own timestamp has."""
VISIT = table(
    ["person", "at"],
    personal=["note"],
    subjects={"person": {"through": "person", "table": "person", "role": "person"}},
)


@pytest.mark.parametrize("backend", ["postgres", "mariadb", "sqlite"])
def test_every_way_to_spell_it_leads_to_the_same_record(backend: str, tmp_path: Path, call: Call) -> None:
    kind = AT[backend] if backend != "mariadb" else "datetime(0)"
    made = [
        f"CREATE TABLE visit (person integer NOT NULL, at {kind} NOT NULL, note {{TEXT}}, PRIMARY KEY (person, at))",
        f"INSERT INTO visit VALUES (1, '{STORED[backend]}', 'n')",
    ]
    with office(backend, tmp_path, [*people(), *made], {"person": PERSON, "visit": VISIT}) as found:
        assert found.codes() == []
        found.gallring.plan("first")
        for other in OTHERS[backend]:
            assert "no record" in call("explain", "office.visit", other).stderr
            assert "no record" in call(*PLACE, "--record", "office.visit", "--value", other).stderr
        holds = []
        for each in SPELT[backend]:
            placed = document(call(*PLACE, "--record", "office.visit", "--value", each, "--json"))
            assert placed["covers"] == {"office.visit": 1}, each
            holds.append(placed["hold_id"])
        for each in SPELT[backend]:
            explained = document(call("explain", "office.visit", each, "--json"))
            assert (explained["legal_hold"], explained["holds"]) == (True, holds), each
        assert found.run("second") == "DONE"
        assert [row["note"] for row in found.rows("visit")] == ["n"]


def test_a_hold_on_what_cannot_be_read_yet_is_spelt_as_a_run_will_read_it(tmp_path: Path, call: Call) -> None:
    made = (
        "CREATE TABLE visit (person integer NOT NULL, at timestamptz NOT NULL, note {TEXT}, PRIMARY KEY (person, at))"
    )
    with office("postgres", tmp_path, [*people(), made], {"person": PERSON, "visit": VISIT}) as found:
        found.gallring.plan("first")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AIRFLOW_CONN_GALLRING_OFFICE", connection_setting(found.url.set(port=1)))
            key = ("--record", "office.visit", "--value", "1,2025-06-04T02:24:00Z")
            unread = document(call(*PLACE, *key, "--not-yet-known", "--json"))
        assert list(unread["not_read"]) == ["office"]
        placed = document(call(*PLACE, *key, "--not-yet-known", "--json"))
        with found.gallring.control() as connection:
            refs = connection.exec_driver_sql("SELECT ref FROM legal_hold").scalars().all()
        assert placed["covers"] == {}
        assert len(refs) == 2
        assert len(set(refs)) == 1


def test_a_text_that_only_looks_like_a_timestamp_stays_as_it_is() -> None:
    for text in ("2025-06-04", "20250604", "2025-06-04 late", "2025-13-04 02:24", "0001-01-01 00:00+14", ""):
        assert instant_text(text) == text
    assert spelt(["a", "b"], ["2025-06-04T02:24:00Z", "7"], {}) == ("2025-06-04T02:24:00Z", "7")
    assert spelt(["a"], ["2025-06-04T02:24:00Z"], None) == ("2025-06-04 02:24:00+00:00",)
