"""Identifiers brought to one form, so that the same person is found in every system, and turned into keyed hashes.

Normalisation belongs to well-kept libraries (python-stdnum, phonenumbers, email-validator); what is ours is what
Swedish numbers leave open: the century, and the day plus 60 of a samordningsnummer (18 a § folkbokföringslagen).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum import luhn
from stdnum.se import orgnr

from include.retention.keys import Key, identifier_domain
from include.retention.terms import IdentifierKind

OLDEST = 120
"""Years; an older person is taken for somebody of the next century."""
_SHAPE = re.compile(r"(?P<century>\d{2})?(?P<birth>\d{6})(?P<sign>[-+]?)(?P<number>\d{4})", re.ASCII)
_COORDINATION = 60
_HUNDRED = 100


class Quality(StrEnum):
    """Whether a value identifies anybody."""

    GOOD = "good"
    ABSENT = "absent"
    """Empty, a placeholder, or not an identifier at all."""
    AMBIGUOUS = "ambiguous"
    """Two people may carry it: ten digits whose century can't be told."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A normalised identifier.

    Attributes:
        kind: its kind; a sole trader's organisation number is the owner's identity number.
        text: the one form, or None where ``quality`` isn't good.
        quality: whether it identifies anybody.
    """

    kind: IdentifierKind
    text: str | None
    quality: Quality


@dataclass(frozen=True, slots=True)
class Normaliser:
    """What normalisation needs to know besides the value.

    Attributes:
        today: local day, to tell centuries apart.
        placeholders: normalised 12-digit identity numbers that identify nobody.
        generic_mailboxes: local parts that are no person's.
    """

    today: date
    placeholders: frozenset[str]
    generic_mailboxes: frozenset[str]

    def normalise(self, kind: IdentifierKind, value: object) -> Identifier:
        """Bring a source's value to its one form."""
        text = _text(value)
        return _NORMALISERS[kind](self, text) if text else Identifier(kind, None, Quality.ABSENT)


@dataclass(frozen=True, slots=True)
class Hashed:
    """A column of identifiers, hashed; series as long as the column.

    Attributes:
        refs: str, the keyed hash, None where the value identifies nobody.
        kinds: what the value turned out to be: a sole trader's organisation number is an identity number.
        ambiguous: bool, two people may carry the number.
    """

    refs: pd.Series
    kinds: pd.Series
    ambiguous: pd.Series


def hash_identifiers(values: Iterable[Any], kind: IdentifierKind, normaliser: Normaliser, key: Key) -> Hashed:
    """Return a column of identifiers as keyed hashes, each distinct value handled once."""
    codes, distinct = pd.factorize(pd.Series(list(values), dtype=object), use_na_sentinel=True)
    found = [normaliser.normalise(kind, value) for value in distinct]
    kinds = np.array([*(each.kind.value for each in found), kind.value], dtype=object)
    ambiguous = np.array([*(each.quality is Quality.AMBIGUOUS for each in found), False], dtype=bool)
    refs = np.full(len(found) + 1, None, dtype=object)
    for own in {each.kind for each in found}:
        texts = {place: each.text for place, each in enumerate(found) if each.kind is own and each.text is not None}
        refs[list(texts)] = key.mac_many(identifier_domain(own), texts.values())
    return Hashed(*(pd.Series(each[codes], dtype=each.dtype) for each in (refs, kinds, ambiguous)))


def _customer_number(_: Normaliser, text: str) -> Identifier:
    compact = "".join(text.split()).upper()
    compact = compact.lstrip("0") if compact.isdecimal() else compact
    return _identifier(IdentifierKind.CUSTOMER_NUMBER, compact or None)


def _identity_number(normaliser: Normaliser, text: str) -> Identifier:
    kind = IdentifierKind.IDENTITY_NUMBER
    candidates = identity_candidates(text, normaliser.today)
    if candidates and candidates <= normaliser.placeholders:
        return Identifier(kind, None, Quality.ABSENT)
    if len(candidates) > 1:
        return Identifier(kind, None, Quality.AMBIGUOUS)
    return _identifier(kind, next(iter(candidates), None))


def _organisation_number(normaliser: Normaliser, text: str) -> Identifier:
    """Normalise an organisation number; a sole trader's is a personnummer and links to the person."""
    digits = re.sub(r"^SE(\d{10})01$", r"\1", re.sub(r"[\s-]", "", text.upper()))
    digits = digits[2:] if digits.startswith("16") and len(digits) == len("165560125790") else digits
    if orgnr.is_valid(digits) and digits[2] >= "2":
        return _identifier(IdentifierKind.ORGANISATION_NUMBER, orgnr.compact(digits))
    return _identity_number(normaliser, text)


def _email(normaliser: Normaliser, text: str) -> Identifier:
    try:
        valid = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return Identifier(IdentifierKind.EMAIL, None, Quality.ABSENT)
    address = f"{valid.local_part}@{valid.domain}".lower()
    generic = valid.local_part.lower() in normaliser.generic_mailboxes
    return _identifier(IdentifierKind.EMAIL, None if generic else address)


def _phone(_: Normaliser, text: str) -> Identifier:
    try:
        number = phonenumbers.parse(text, "SE")
    except phonenumbers.NumberParseException:
        return Identifier(IdentifierKind.PHONE, None, Quality.ABSENT)
    possible = phonenumbers.is_possible_number(number)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return _identifier(IdentifierKind.PHONE, e164 if possible else None)


def identity_candidates(text: str, today: date) -> frozenset[str]:
    """Return every 12-digit identity number that a spelling may stand for.

    A hyphen says that the person turns at most 99 this year, a plus sign 100 or more (18 § folkbokföringslagen);
    ten digits without either leave the century open, and each century in which the person would be 0 to 120
    years old is a candidate. Wrong check digits and impossible dates give no candidate.
    """
    shape = _SHAPE.fullmatch(re.sub(r"\s", "", text))
    if shape is None or not luhn.is_valid(shape["birth"] + shape["number"]):
        return frozenset()
    if shape["century"]:
        centuries = [int(shape["century"])]
    else:
        latest = today.year // _HUNDRED - (int(shape["birth"][:2]) > today.year % _HUNDRED)
        centuries = {"-": [latest], "+": [latest - 1]}.get(shape["sign"], [latest, latest - 1])
    found = (f"{century:02}{shape['birth']}{shape['number']}" for century in centuries)
    told = bool(shape["century"] or shape["sign"])
    return frozenset(number for number in found if _plausible(number, today, closed=told))


def _plausible(number: str, today: date, *, closed: bool) -> bool:
    day = int(number[6:8])
    try:
        born = date(int(number[:4]), int(number[4:6]), day - _COORDINATION if day > _COORDINATION else day)
    except ValueError:
        return False
    return born <= today and (closed or today.year - born.year <= OLDEST)


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a driver gives
    """Return a value as text; a whole number kept as a floating or decimal one has no decimals."""
    if type(value) is str:
        return value.strip()
    if isinstance(value, (float, Decimal)) and isfinite(value) and value == int(value):
        value = int(value)
    return "" if value is None else str(value).strip()


def _identifier(kind: IdentifierKind, text: str | None) -> Identifier:
    return Identifier(kind, text, Quality.ABSENT if text is None else Quality.GOOD)


_NORMALISERS: dict[IdentifierKind, Callable[[Normaliser, str], Identifier]] = {
    IdentifierKind.CUSTOMER_NUMBER: _customer_number,
    IdentifierKind.IDENTITY_NUMBER: _identity_number,
    IdentifierKind.ORGANISATION_NUMBER: _organisation_number,
    IdentifierKind.EMAIL: _email,
    IdentifierKind.PHONE: _phone,
}
