"""Pydantic's errors in words that a data protection officer can act on."""

from __future__ import annotations

import difflib
from functools import cache

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from include.retention.policy.document import KeyPath

Description = tuple[str, str, str]
"""Code, what is wrong, what to do."""

BOTH_LANGUAGES = "TextBorder"
"""The model of a text in Swedish and English, in ``values.py``."""


@cache
def known_words(model: type[BaseModel]) -> list[str]:
    """Return every key that a model knows anywhere in it."""
    schema = model.model_json_schema(by_alias=True)
    parts = [schema, *schema.get("$defs", {}).values()]
    return sorted({word for part in parts for word in part.get("properties", {})})


def describe(error: ErrorDetails, path: KeyPath, words: list[str]) -> Description:
    """Return an error in words.

    Args:
        error: one of pydantic's. A type in upper case is one of the border's own and brings its words along.
        path: where it is.
        words: keys to choose from where one is misspelt.
    """
    kind = str(error["type"])
    if kind.isupper():
        return kind, str(error["msg"]), str(error.get("ctx", {}).get("remedy", "See the policy's README."))
    if kind == "extra_forbidden":
        close = [] if path[-1] in words else difflib.get_close_matches(str(path[-1]), words, n=1)
        return "UNKNOWN_KEY", "isn't a key that is known here.", _did_you_mean(close) + "The README lists every key."
    if kind == "missing":
        return "MISSING_KEY", "is missing.", "Add it; the README shows an example."
    if kind in _KINDS:
        return _KINDS[kind]
    if kind.startswith("model") and error.get("ctx", {}).get("class_name") == BOTH_LANGUAGES:
        return "BAD_VALUE", "isn't a text in both languages.", "Write {sv: in Swedish, en: in English}."
    what, remedy = _SHAPES.get(kind.split("_", maxsplit=1)[0], (None, ""))
    return ("BAD_VALUE", what, remedy) if what is not None else _anything_else(error)


def _did_you_mean(close: list[str]) -> str:
    return f"Did you mean {close[0]}? " if close else ""


def _anything_else(error: ErrorDetails) -> Description:
    message = str(error["msg"])
    return "BAD_VALUE", f"can't be used: {message[:1].lower()}{message[1:].rstrip('.')}.", "The README says what fits."


_NO_DAY = ("BAD_DATE", "isn't a day that exists.", "Write it as 2026-12-31 (ISO 8601).")
_KINDS: dict[str, Description] = {
    "date_type": _NO_DAY,
    "date_parsing": _NO_DAY,
    "date_from_datetime_parsing": _NO_DAY,
    "string_too_short": ("BAD_VALUE", "is empty.", "Write what it is, or remove the key."),
    "too_short": ("BAD_VALUE", "is empty.", "Write at least one."),
}
"""Pydantic's type of error -> words."""

_SHAPES: dict[str, tuple[str, str]] = {
    "bool": ("is neither true nor false.", "Write true or false: yes, no, on and off are just words."),
    "string": ("isn't text.", 'Put it in quotes: "123".'),
    "int": ("isn't a whole number.", "Write it in digits, without quotes."),
    "float": ("isn't a number.", "Write it in digits, with a decimal point, without quotes."),
    "model": ("isn't a set of keys.", "Write keys with values; the README shows an example."),
    "dict": ("isn't a set of keys.", "Write keys with values; the README shows an example."),
    "tuple": ("isn't a list.", "Write it in brackets: [one, two]."),
    "list": ("isn't a list.", "Write it in brackets: [one, two]."),
}
"""First word of the type, which says what the value should have been -> what is wrong, what to do."""
