"""How the reference reads identifiers and dates: plain Python, none of the engine's libraries.

It knows the spellings that occur in the generated worlds and refuses everything else. What the engine's libraries
make of odder ones is tested in ``tests/unit``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

AMBIGUOUS = "ambiguous"


def luhn(digits: str) -> bool:
    """Return whether a number's last digit is its check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number if number < 10 else number - 9
    return total % 10 == 0


def birth_day(number: str) -> date | None:
    """Return the birth date in a 12-digit identity number; a samordningsnummer's day has 60 added."""
    year, month, day = int(number[:4]), int(number[4:6]), int(number[6:8])
    try:
        return date(year, month, day - 60 if day > 60 else day)
    except ValueError:
        return None


@lru_cache(maxsize=200_000)
def identity_numbers(text: str, today: date) -> frozenset[str]:
    """Return the 12-digit numbers that a spelling may stand for: one, or two where the century is open."""
    compact = re.sub(r"\s", "", text)
    twelve = re.fullmatch(r"(\d{8})[-+]?(\d{4})", compact)
    ten = re.fullmatch(r"(\d{6})([-+]?)(\d{4})", compact)
    candidates = []
    if twelve:
        candidates = [twelve[1] + twelve[2]]
    elif ten:
        youngest = today.year // 100 if int(ten[1][:2]) <= today.year % 100 else today.year // 100 - 1
        centuries = {"-": [youngest], "+": [youngest - 1], "": [youngest, youngest - 1]}[ten[2]]
        candidates = [f"{century:02}{ten[1]}{ten[3]}" for century in centuries]
    found = set()
    for number in candidates:
        born = birth_day(number)
        if born is None or born > today or not luhn(number[2:]):
            continue
        if ten and not ten[2] and today.year - born.year > 120:
            continue
        found.add(number)
    return frozenset(found)


def identifier(
    kind: str,
    value: Any,
    today: date,
    placeholders: frozenset[str] = frozenset(),
    generic: frozenset[str] = frozenset(),
) -> Any:
    """Return ``(kind, text)`` in one form, None for what identifies nobody, or ``AMBIGUOUS``."""
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if kind == "customer_number":
        text = re.sub(r"\s", "", text).upper()
        text = text.lstrip("0") if text.isdigit() else text
        return (kind, text) if text else None
    if kind == "email":
        text = text.lower()
        known = re.fullmatch(r"[^@\s]+@[^@\s]+", text) and text.split("@")[0] not in generic
        return (kind, text) if known else None
    if kind == "phone":
        digits = re.sub(r"^00", "+", re.sub(r"[\s()-]", "", text.replace("(0)", "")))
        digits = "+46" + digits[1:] if digits.startswith("0") else digits
        return (kind, digits) if re.fullmatch(r"\+\d{8,15}", digits) else None
    if kind == "organisation_number":
        digits = re.sub(r"[\s-]", "", text)
        if len(digits) == 12 and digits.startswith("16"):
            digits = digits[2:]
        if re.fullmatch(r"\d{10}", digits) and luhn(digits) and digits[2] >= "2":
            return (kind, digits)
    numbers = identity_numbers(text, today)
    if numbers and numbers <= placeholders:
        return None
    if len(numbers) > 1:
        return AMBIGUOUS
    return ("identity_number", next(iter(numbers))) if numbers else None


@dataclass(frozen=True, slots=True)
class When:
    """A readable moment: its local day and the first and last instant it may mean."""

    day: date
    first: datetime
    last: datetime


@lru_cache(maxsize=200_000)
def moment(text: Any, column_zone: str, local_zone: str, sentinels: frozenset[date]) -> When | str | None:
    """Return when a stored value is, the reason why nobody can say, or None where nothing is stored."""
    if text is None:
        return None
    value = text
    if isinstance(text, str):
        shape = re.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", text.strip())
        if not shape:
            return "UNPARSABLE_DATE"
        try:
            value = datetime.fromisoformat(text.strip()) if shape[1] else date.fromisoformat(text.strip())
        except ValueError:
            return "UNPARSABLE_DATE"
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=_zone(column_zone))
        day = aware.astimezone(_zone(local_zone)).date()
        if day in sentinels or value.date() in sentinels or not 1900 < day.year < 2200:
            return "SENTINEL_DATE"
        return When(day, aware.astimezone(UTC), aware.astimezone(UTC))
    if not isinstance(value, date):
        return "UNPARSABLE_DATE"
    if value in sentinels or not 1900 < value.year < 2200:
        return "SENTINEL_DATE"
    first = datetime.combine(value, time(), _zone(local_zone)).astimezone(UTC)
    after = datetime.combine(value + timedelta(days=1), time(), _zone(local_zone)).astimezone(UTC)
    return When(value, first, after - timedelta(microseconds=1))


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)
