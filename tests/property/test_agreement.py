"""The engine and the reference classifier decide the same, on more data subjects than anybody could check by hand.

``GALLRING_TEST_SUBJECTS`` asks for more of them than the usual hundred thousand, ``GALLRING_TEST_SEED`` for others.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.engine import decide_world, decisions, differences
from tests.property.shrink import described, shrunk
from tests.property.worlds import random_world
from tests.reference.classifier import Reference
from tests.reference.world import World

SUBJECTS = int(os.environ.get("GALLRING_TEST_SUBJECTS", "100000"))
SEED = int(os.environ.get("GALLRING_TEST_SEED", "0"))
PEOPLE = 3_000
"""In one world: the more, the less the engine's fixed cost per world weighs."""


def disagreements(world: World) -> tuple[list[str], int]:
    """Return where the engine and the reference disagree on a world, and how many subjects it has."""
    reference = Reference(world)
    with TemporaryDirectory() as directory:
        found = decide_world(world, Path(directory))
    assert found.resolved.counts["subjects"] == reference.subject_count
    return differences(reference.decide(), decisions(world, found)), reference.subject_count


def explain(world: World, found: list[str]) -> str:
    """Return a disagreement made small: the same place, in a world with as few rows as it takes."""
    place = found[0].split(": reference")[0]

    def still(smaller: World) -> bool:
        return any(each.startswith(place) for each in disagreements(smaller)[0])

    small = shrunk(world, still)
    return "\n".join([f"{len(found)} disagreements; the first:", *disagreements(small)[0], described(small)])


def test_the_engine_agrees_with_the_reference_on_a_hundred_thousand_subjects() -> None:
    subjects, seed = 0, SEED
    while subjects < SUBJECTS:
        world = random_world(seed, PEOPLE)
        found, count = disagreements(world)
        if found:
            small = random_world(seed, PEOPLE // 20)
            less = disagreements(small)[0]
            pytest.fail(f"seed {seed}: " + (explain(small, less) if less else "\n".join(found[:10])))
        subjects, seed = subjects + count, seed + 1
    assert subjects >= SUBJECTS


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), people=st.integers(1, 60))
def test_the_engine_agrees_with_the_reference_on_small_worlds(seed: int, people: int) -> None:
    world = random_world(seed, people)
    found, _ = disagreements(world)
    assert not found, explain(world, found)
