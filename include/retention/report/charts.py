"""Geometry of the report's pictures, in per cent of the space they get. The templates draw; nothing here is text.

The numbers always stand beside the picture, so a bar may be drawn a little wider than its share to be seen at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.retention.policy.model import Keep
from include.retention.report.figures import Totals
from include.retention.report.parts import PastRun
from include.retention.report.rule_parts import Rule
from include.retention.report.rules import longest_months, period_months

LEAST = 0.7
"""Per cent: the narrowest part that the eye finds."""
OPEN_LANE = 9.0
"""Per cent to the left of a rule's start, where an open episode is drawn."""
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: ``x`` and ``width`` in per cent, ``name`` its kind."""

    name: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Column:
    """A run among its neighbours: heights in per cent of the highest."""

    x: float
    width: float
    deleted: float
    anonymised: float
    good: bool
    unknown: bool


@dataclass(frozen=True, slots=True)
class RuleScale:
    """The common scale of the rules' bars: ``ticks`` are (years, per cent)."""

    months: int
    ceiling: float
    ticks: tuple[tuple[int, float], ...]

    def at(self, months: float) -> float:
        """Return where a number of months after the start event lies, in per cent."""
        return round(OPEN_LANE + (100 - OPEN_LANE) * months / self.months, 2)


def stack(parts: Iterable[tuple[str, int]]) -> tuple[Segment, ...]:
    """Return a bar divided by counts, every part that isn't zero wide enough to be seen."""
    counted = [(name, count) for name, count in parts if count > 0]
    whole = sum(count for _, count in counted)
    if not whole:
        return ()
    widths = [max(LEAST, 100 * count / whole) for _, count in counted]
    scale = 100 / sum(widths)
    segments, x = [], 0.0
    for (name, _), width in zip(counted, widths, strict=True):
        segments.append(Segment(name, round(x, 2), round(width * scale, 2)))
        x += width * scale
    return tuple(segments)


def system_parts(sums: Totals, *, dry_run: bool) -> tuple[tuple[str, int], ...]:
    """Return where a system's records went, in the order they are drawn. Unknown numbers are left out."""
    if dry_run:
        changed: tuple[tuple[str, int | None], ...] = (
            ("deleted", sums.due_delete),
            ("anonymised", sums.due_anonymise),
        )
    else:
        changed = (("deleted", sums.deleted), ("anonymised", sums.anonymised), ("not_done", sums.not_done))
    kept = None if sums.kept is None else sums.kept + (sums.changed or 0)
    parts = (*changed, ("referred", sums.referred), ("kept", kept), ("other", sums.other))
    return tuple((name, count) for name, count in parts if count is not None)


def share(value: int, most: int) -> float:
    """Return a bar's length in per cent of the longest."""
    return max(LEAST, round(100 * value / most, 2)) if value and most else 0.0


def rule_scale(rules: Sequence[Rule], ceiling_months: int) -> RuleScale:
    """Return a scale that holds the longest rule and the ceiling, in whole years."""
    longest = max([ceiling_months, *(rule.longest_months for rule in rules)], default=_MONTHS)
    years = -(-longest // _MONTHS)
    bare = RuleScale(years * _MONTHS, 0, ())
    step = 1 if years <= _MONTHS else 5
    ticks = tuple((year, bare.at(year * _MONTHS)) for year in range(0, years + 1, step))
    return RuleScale(bare.months, bare.at(ceiling_months), ticks)


def rule_bar(keep: Keep, scale: RuleScale, *, episodic: bool) -> tuple[Segment, ...]:
    """Return a rule's bar: the open episode before the start, each chained period, the wait for the year's end."""
    segments = [Segment("open", 0.0, OPEN_LANE)] if episodic else []
    months = 0
    for number, period in enumerate(keep.periods):
        length = period_months(period)
        if length:
            kind = "period" if number % 2 == 0 else "then"
            segments.append(Segment(kind, scale.at(months), round(scale.at(months + length) - scale.at(months), 2)))
        months += length
    if keep.to_year_end:
        longest = longest_months(keep)
        segments.append(Segment("year_end", scale.at(months), round(scale.at(longest) - scale.at(months), 2)))
    return tuple(segments)


def history_columns(runs: Sequence[PastRun], good: Iterable[str]) -> tuple[Column, ...]:
    """Return a column for each run, the oldest on the left."""
    most = max([(run.deleted or 0) + (run.anonymised or 0) for run in runs], default=0)
    pitch = 100 / max(len(runs), 8)
    names = frozenset(good)
    return tuple(
        Column(
            x=round(number * pitch + pitch * 0.12, 2),
            width=round(pitch * 0.76, 2),
            deleted=round(100 * (run.deleted or 0) / most, 2) if most else 0.0,
            anonymised=round(100 * (run.anonymised or 0) / most, 2) if most else 0.0,
            good=run.outcome.value in names,
            unknown=run.deleted is None,
        )
        for number, run in enumerate(runs)
    )
