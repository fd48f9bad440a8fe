"""Whatever stands in a file: loading gives a policy or says what is wrong. It never fails in another way."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.policy import samples

WORDS = st.sampled_from(
    ["", "no", "P10Y", "P3650D", "DELIVERY", "ACCOUNTING", "booked", "hold", "customer", "invoice", "contact", "Å", "0"]
)
SCALARS = st.none() | st.booleans() | st.integers(-3, 10**13) | st.floats(allow_nan=False, allow_infinity=False) | WORDS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS.filter(bool), inner, max_size=2)
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in inside for found in ((*path, key), *places(each, (*path, key)))]


def put(content: Any, path: tuple[Any, ...], value: Any) -> None:
    """Replace what stands at a path, where an earlier change hasn't taken the path away."""
    *way, last = path
    with suppress(KeyError, IndexError, TypeError):
        for step in way:
            content = content[step]
        content[last] = value


PLACES = {kind: places(samples.valid(kind)) for kind in ("schedule", "map")}


@given(data=st.data())
# Shrinking takes minutes, and an example of four changes is small enough.
@settings(
    max_examples=100,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_change_is_loaded_or_explained(data: st.DataObject) -> None:
    contents = {kind: samples.valid(kind) for kind in PLACES}
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(sorted(PLACES)))
        put(contents[kind], data.draw(st.sampled_from(PLACES[kind])), data.draw(VALUES))
    with tempfile.TemporaryDirectory() as folder:
        directory = samples.write_policy(Path(folder), contents["schedule"], {"shop": contents["map"]})
        policy, problems = samples.load(directory)
    assert (policy is None) == bool(problems)
    assert all(problem.what and problem.remedy and problem.code for problem in problems)
    assert len(set(problems)) == len(problems), "no problem is told twice"
