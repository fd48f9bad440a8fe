"""How large a transaction is next: by what the ones before took, in a world where time is known."""

from __future__ import annotations

import random
from collections.abc import Callable

from include.retention.pace import FEWEST_ROWS, FIRST_ROWS, STEADY, Pace


def sizes(takes: Callable[[int], float], times: int, aim: float = 1.0) -> list[int]:
    """Return the sizes of some transactions whose time depends on their rows."""
    pace, found = Pace(aim), []
    for _ in range(times):
        found.append(pace.rows)
        pace.took(pace.rows, takes(pace.rows))
    return found


def test_it_grows_to_the_double_at_most_until_the_time_is_used() -> None:
    assert sizes(lambda rows: rows / 5_000, 6) == [500, 1_000, 2_000, 4_000, 5_000, 5_000]


def test_it_shrinks_at_once() -> None:
    assert sizes(lambda rows: rows / 100, 3) == [FIRST_ROWS, 100, 100]


def test_it_never_shrinks_to_nothing() -> None:
    assert sizes(float, 3) == [FIRST_ROWS, FEWEST_ROWS, FEWEST_ROWS]


def test_where_fewer_rows_take_as_long_shrinking_is_given_up() -> None:
    """A child table without an index is read whole for each statement: three seconds, however few the rows."""
    assert sizes(lambda rows: 3 + rows / 100_000, 6) == [500, 166, 500, 500, 500, 500]


def test_and_tried_again_after_a_while() -> None:
    found = sizes(lambda rows: 3 + rows / 100_000, 3 * STEADY)
    assert 2 <= found.count(166) <= 3


def test_one_wait_for_a_lock_doesnt_keep_transactions_long() -> None:
    times = iter([5.0, 4.0])
    found = sizes(lambda rows: next(times, rows / 100), 2 * STEADY)
    assert found[:3] == [500, 100, 500]
    assert found[-1] == 100


def test_a_time_that_is_mostly_the_rows_still_shrinks() -> None:
    found = sizes(lambda rows: 0.2 + rows / 100, 6)
    assert found[-1] < 120
    assert 0.5 <= 0.2 + found[-1] / 100 <= 1.5


def test_it_follows_a_system_that_becomes_slower_and_quicker_again() -> None:
    pace, chance = Pace(1.0), random.Random(3)  # noqa: S311 - noise
    for speed, rows in ((10_000, 10_000), (400, 400), (5_000, 5_000)):
        for _ in range(20):
            pace.took(pace.rows, pace.rows / speed * chance.uniform(0.9, 1.1))
        assert 0.8 * rows <= pace.rows <= 1.2 * rows


def test_the_last_rows_of_a_batch_say_nothing_of_more() -> None:
    pace = Pace(1.0)
    pace.took(3, 0.9)
    assert pace.rows == FIRST_ROWS
    pace.took(3, 1.5)
    assert pace.rows == FEWEST_ROWS, "but that few rows take too long says something"


def test_no_time_at_all_divides_by_nothing() -> None:
    assert sizes(lambda _rows: 0.0, 3) == [500, 1_000, 2_000]
