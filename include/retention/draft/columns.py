"""What a draft makes of a column: its data category, how sure that is, and how it could be erased."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from include.retention.data_map.inspection import LiveColumn
from include.retention.data_map.model import Method
from include.retention.detect.names import PART, category_of, event_of
from include.retention.detect.values import Seen, look_at
from include.retention.identifiers import Normaliser
from include.retention.method_fit import ColumnFacts, fits

MOST = 0.5
"""Share of sampled values that has to look like a category before the values are believed."""
CERTAIN, DOUBT = 98, 30
"""Percent: name and values agree; what a name loses that no value bears out."""
EXACT = frozenset({"email", "identity_number", "organisation_number", "ip_address", "payment", "phone"})
"""Categories whose form is its own proof; names and free text are only likely."""
IN_NUMBERS = frozenset({"phone", "identity_number", "organisation_number", "customer_number", "payment", "birth_date"})
"""Categories that a database may keep as numbers."""
_REFERENCE = re.compile(r"[a-z_]\w*(?:\.\w+)+,-?\d+")
"""How Tryton, Odoo and others write a reference to a record of any kind: its model, a comma, its number."""
DAYS, NUMBERS = (sa.Date, sa.DateTime), (sa.Numeric, sa.Integer, sa.Float)


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess about a column.

    Attributes:
        category: the data category, or None where nothing looks personal.
        confidence: percent.
        why: the reason, for the person who decides; never a value.
        event: the event that a date seems to tell of, or None.
    """

    category: str | None
    confidence: int
    why: str
    event: str | None = None

    def __str__(self) -> str:
        """Return the guess as the draft writes it."""
        return f"{self.confidence} %: {self.why}"


BY_TYPE: Mapping[type[sa.types.TypeEngine[Any]], Guess] = {
    sa.Boolean: Guess(None, 95, "a truth value"),
    sa.LargeBinary: Guess("document", 60, "binary content; it may be a document or a picture"),
    sa.JSON: Guess("free_text", 60, "JSON; any of its keys may hold personal data"),
}
"""What is guessed by the type alone."""


@dataclass(frozen=True, slots=True)
class Values:
    """What the sampled values of a column look like; the values themselves aren't kept.

    Attributes:
        are_days: every one of them is a day.
        are_references: every one of them names a kind of record and its number, such as ``party.party,12``.
        seen: what else they look like, the likeliest first.
    """

    are_days: bool
    are_references: bool
    seen: tuple[Seen, ...]


def judge(live: LiveColumn, values: Sequence[object], normaliser: Normaliser) -> Values:
    """Return what the values look like.

    Args:
        live: the column as the database has it.
        values: sampled, some of them perhaps None.
        normaliser: reads identifiers as a run does.
    """
    are_days = _are_days(values)
    told_by_type = are_days or isinstance(live.type, (*DAYS, *NUMBERS, *BY_TYPE))
    texts = [str(value) for value in values if value not in (None, "")]
    are_references = bool(texts) and all(_REFERENCE.fullmatch(text) for text in texts)
    return Values(are_days, are_references, () if told_by_type or are_references else look_at(values, normaliser))


def guess_column(name: str, live: LiveColumn, values: Values, *, of_people: bool) -> Guess:
    """Guess what a column holds.

    Args:
        name: the column's.
        live: the column as the database has it.
        values: what its values look like.
        of_people: the table is about people.
    """
    named = category_of(name, of_people=of_people)
    if isinstance(live.type, DAYS) or values.are_days:
        return _guess_date(name, named)
    for kind, guess in BY_TYPE.items():
        if isinstance(live.type, kind):
            return guess
    if isinstance(live.type, NUMBERS):
        if named is not None and named[0] in IN_NUMBERS:
            return Guess(named[0], named[1], "the name")
        return Guess(None, 90, "a number, and nothing in the name")
    if values.are_references:
        return Guess(None, CERTAIN, "a kind of record and its number; say under `references` where they lead")
    return _guess_text(named, values.seen, of_people=of_people)


def _guess_date(name: str, named: tuple[str, int] | None) -> Guess:
    if named is not None and named[0] == "birth_date":
        return Guess(named[0], named[1], "the name")
    event = event_of(name)
    if event is not None:
        return Guess(None, PART, f"a date; by its name of the event {event}", event)
    return Guess(None, 70, "a date; does a clock start or end with it?")


def _guess_text(named: tuple[str, int] | None, seen: Sequence[Seen], *, of_people: bool) -> Guess:
    likely = next((each for each in seen if each.share >= MOST), None)
    if likely is not None and named is not None and likely.category == named[0]:
        return Guess(likely.category, CERTAIN, f"the name, and {_counted(likely)}")
    if likely is not None and likely.category in EXACT:
        return Guess(likely.category, round(likely.share * CERTAIN), _counted(likely))
    if named is not None:
        category, confidence = named
        examined = seen[0].examined if seen else 0
        contradicted = category in EXACT and examined > 0
        values = f"though no value of {examined} looks like it" if contradicted else "the values can't tell"
        return Guess(category, confidence - DOUBT if contradicted else confidence, f"the name; {values}")
    if likely is not None:
        return Guess(likely.category, 70 if of_people else 50, f"{_counted(likely)}, and nothing in the name")
    return Guess(None, 70, "nothing in the name, nothing in the sampled values")


def _counted(seen: Seen) -> str:
    return f"{seen.hits} of {seen.examined} sampled values"


def _are_days(values: Sequence[object]) -> bool:
    texts = [value for value in values if value is not None and value != ""]
    return bool(texts) and all(isinstance(value, date) or _is_day(value) for value in texts)


def _is_day(value: object) -> bool:
    if not isinstance(value, str) or len(value) < len("2026-01-01") or value[4:5] != "-":
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def choose_method(facts: ColumnFacts) -> Method | None:
    """Return the first method that the column can take, or None: then a person has to think."""
    candidates = (
        Method("set_null"),
        Method("constant", value="Gallrad"),
        Method("constant", value="-"),
        Method("year_of_date"),
        Method("constant", value=0),
        Method("constant", value=False),
        Method("unique_placeholder"),
    )
    return next((method for method in candidates if fits(method, facts) is None), None)
