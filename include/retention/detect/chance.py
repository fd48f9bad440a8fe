"""What a sample of a few hundred values can prove: bounds of a share, and numbers that pass a check by chance."""

from __future__ import annotations

from math import sqrt

BY_CHANCE = 0.1
"""Share of other numbers that pass: a check digit has ten values, so one number in ten has the right one."""
SURE = 2.58
"""Standard deviations: less often than once in a hundred by chance, to either side."""


def lower_bound(hits: int, examined: int, deviations: float = SURE) -> float:
    """Return the least share that a sample leaves possible: the lower end of Wilson's score interval.

    Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference". It holds for small
    samples and for shares near 0 and 1, where the plain interval doesn't.

    Args:
        hits: values of the sample that count.
        examined: all values of the sample; at least one.
        deviations: half the interval's width, in standard deviations.
    """
    share, spread = hits / examined, deviations * deviations / examined
    centre = share + spread / 2
    margin = deviations * sqrt((share * (1 - share) + spread / 4) / examined)
    return max(0.0, (centre - margin) / (1 + spread))


def beyond_chance(valid: int, shaped: int) -> bool:
    """Return whether numbers pass their check more often than any other numbers would.

    Args:
        valid: different numbers that have the shape and pass.
        shaped: different numbers that have the shape.
    """
    return bool(shaped) and lower_bound(valid, shaped) > BY_CHANCE
