"""The planted cases say the same twice: by column group, and in the words of the catalogue."""

from __future__ import annotations

import json
from datetime import date
from random import Random

import pytest

from include.sample.cases import CASES, NOT_PLANTED, planted
from include.sample.cluster import Cluster, World
from include.sample.days import Timeline
from include.sample.outcomes import expected
from tests.cases.catalogue import CATALOGUE

DAYS = (
    date(2025, 3, 31),
    date(2026, 1, 1),
    date(2026, 11, 22),
    date(2026, 12, 31),
    date(2027, 4, 29),
    date(2028, 2, 29),
)


def clusters(as_of: date) -> list[Cluster]:
    return list(planted(World(Random(1), Timeline(as_of))))  # noqa: S311 - seeded on purpose


def test_every_case_is_planted_or_has_a_reason_not_to_be() -> None:
    planted_ids = {name for name, _ in CASES}
    assert planted_ids | NOT_PLANTED.keys() == CATALOGUE
    assert not planted_ids & NOT_PLANTED.keys()


@pytest.mark.parametrize("as_of", DAYS, ids=str)
def test_every_promise_is_kept(as_of: date) -> None:
    for cluster in clusters(as_of):
        found: dict[tuple[str, str], dict[str, str]] = {}
        for _, table, key, group, verdict, _ in expected(cluster.rows):
            found.setdefault((table, key), {})[group] = verdict
        for row, promised in cluster.promises:
            verdicts = found[row.table, json.dumps(row.key)]
            wanted = dict.fromkeys(verdicts, promised) if isinstance(promised, str) else promised
            assert verdicts | wanted == verdicts, f"{cluster.case} on {as_of}: {row.table}"


def test_every_case_promises_something() -> None:
    silent = {cluster.case for cluster in clusters(DAYS[2]) if not cluster.promises}
    assert silent == set()


def test_every_verdict_is_promised_somewhere() -> None:
    promised = {
        verdict
        for cluster in clusters(DAYS[2])
        for _, promise in cluster.promises
        for verdict in ([promise] if isinstance(promise, str) else promise.values())
    }
    assert promised == {"RETAIN", "ANONYMISE", "DELETE", "REFER"}


def test_rows_carry_their_case(expected: list[dict[str, str]]) -> None:
    assert {line["case"] for line in expected} - {""} == {name for name, _ in CASES}


def test_boundaries_lie_one_day_apart() -> None:
    """What turns on a day has one record on either side of it."""
    for as_of in DAYS:
        sent = [row.values["sent_on"] for cluster in clusters(as_of) for row in cluster.rows if row.table == "reminder"]
        older, newer = sorted(sent)  # type: ignore[type-var]
        assert (newer - older).days == 1  # type: ignore[operator]
