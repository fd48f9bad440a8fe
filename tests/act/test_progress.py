"""What an act's log tells while it runs: counts, at a pace that people can read."""

from __future__ import annotations

from include.retention.act_progress import EVERY, ActProgress
from include.retention.batch import Batch
from include.retention.terms import Verdict


def batch(rows: int) -> Batch:
    keys = [(f"hemlig-{n}",) for n in range(rows)]
    return Batch("1", "sales", "customer", Verdict.DELETE, (), keys, ["r"] * rows, ["f"] * rows)


def told(seconds: list[float], sizes: list[int]) -> list[str]:
    """Return the lines of an act whose batches end at these seconds after its beginning."""
    lines: list[str] = []
    clock = iter([0.0, *seconds])
    progress = ActProgress("sales", sum(sizes), clock=lambda: next(clock), say=lines.append)
    for size in sizes:
        progress(batch(size), size)
    return lines


def test_a_line_at_most_every_few_seconds_and_one_at_the_end() -> None:
    assert told([1, EVERY, EVERY + 1, 20], [1000, 1000, 1000, 1000]) == [
        "sales: 2,000 of 4,000 records, 400 a second, about 5 s left",
        "sales: 4,000 of 4,000 records, 200 a second",
    ]


def test_long_times_are_told_in_minutes_and_no_key_is() -> None:
    (first, *_) = told([60, 600], [100, 900])
    assert first == "sales: 100 of 1,000 records, 2 a second, about 9 min left"
    assert not any("hemlig" in line for line in told([60, 600], [100, 900]))


def test_an_act_that_takes_no_time_divides_by_nothing() -> None:
    assert told([0.0], [5]) == ["sales: 5 of 5 records, 5,000 a second"]
