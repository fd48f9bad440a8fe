"""Keeping direct identifiers out of the ledger.

The ledger can't be corrected afterwards, so a text that looks like an e-mail address, a personnummer or a telephone
number is refused before it gets in. This is a net under careful callers, not a proof: a name has no shape that a
program could see. When in doubt it refuses; keyed references, digests, UUIDs, dates, instants and run ids pass, and
names of tables and columns where they are told as such.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from stdnum import luhn

from include.retention.errors import LedgerError

E_MAIL = "an e-mail address"
IDENTITY_NUMBER = "a personal identity number"
PHONE = "a telephone number"

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad"), "-")
_SPACES = re.compile(r"\s+")

# What may hold long runs of digits and says nothing about anybody. Taken out of a text before the shapes are sought.
_HARMLESS = re.compile(
    r"""
    (?<![0-9A-Za-z])(?:
        [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}        # UUID
      | (?:sha256:)?(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})      # digest, keyed reference
      | \d{4}-[01]\d-[0-3]\d(?:T[0-2]\d:?|[_ ][0-2]\d:)[0-5]\d(?::?[0-5]\d(?:[.,]\d{1,9})?)?(?:Z|[+-][0-2]\d:?[0-5]\d)?
      | \d{4}-[01]\d-[0-3]\d(?!-?\d)                                # day; not when four more digits follow
    )(?![0-9A-Za-z])
    """,
    re.VERBOSE,
)

_AT = re.compile(r"[^\s@<>\"'(),;:]@[0-9A-Za-z\u00c0-\uffff]")

_YEAR = r"(?:18|19|20)\d\d"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01])"  # a samordningsnummer adds 60 to the day
_NUMBER_SHAPES = (
    (re.compile(rf"(?<!\d)(?:{_YEAR}|\d\d){_MONTH}{_DAY}[-+]\d{{4}}(?!\d)"), False),
    (re.compile(rf"(?<!\d){_YEAR}-{_MONTH}-{_DAY}-\d{{4}}(?!\d)"), False),
    (re.compile(rf"(?<!\d){_YEAR}{_MONTH}{_DAY}\d{{4}}(?!\d)"), False),
    # Ten digits, or digits apart, are often something else: these must have the right check digit too.
    (re.compile(rf"(?<!\d)(?:{_YEAR}|\d\d){_MONTH}{_DAY}[ ]?\d{{4}}(?!\d)"), True),
)

_PHONE_SHAPES = (
    re.compile(r"(?<![\w.])(?:\+|00)[1-9](?:[ ()./-]{0,3}\d){7,14}(?![\w])"),
    re.compile(r"(?<![\w.+-])\(?0[1-9]\d{0,2}\)?(?:[ ()./-]{0,3}\d){5,9}(?![\w])"),
)
_LEAST_PHONE_DIGITS = 8
_LONG_NUMBERS = range(10**11, 10**12)

_SCHEMA_NAMES = frozenset({"table", "tables", "column", "columns", "unread", "closed_tables"})
"""What stands under these names is called so in a schema: a table may be named after the minute of its copy."""
_SCHEMA_NAME = re.compile(r"[^\W\d][\w$]*(?:\.[\w$]+|\.\*)*")

_OPAQUE_NAMES = ("digest", "hash", "sha256", "key_id", "ref", "host")
"""Values under these names are machine-made. Eight hex characters may be all digits, and begin with 0."""


def identifier_in(text: str) -> str | None:
    """Return what kind of direct identifier a text seems to hold, or None.

    >>> identifier_in("ask anna@example.com")
    'an e-mail address'
    >>> identifier_in("manual__2026-11-23T01:02:03+00:00") is None
    True
    """
    return _identifier_in(text, phones=True)


def refuse_identifiers(body: Mapping[str, object], what: str) -> None:
    """Refuse a body that holds a direct identifier in any key or string, however deep.

    Args:
        body: what is to be written.
        what: names the writing in the error, such as ``ledger entry planned``.

    Raises:
        LedgerError: names the place and the kind of identifier, never the value.
    """
    for path, name, text in _strings(body, "", ""):
        if name in _SCHEMA_NAMES and _SCHEMA_NAME.fullmatch(text):
            continue
        found = _identifier_in(text, phones=not name.endswith(_OPAQUE_NAMES))
        if found:
            message = (
                f"{what}: {path or 'a key'} looks like {found}. Direct identifiers never enter the ledger: "
                "use a keyed reference, a count, or other words."
            )
            raise LedgerError(message)


def _identifier_in(text: str, *, phones: bool) -> str | None:
    plain = unicodedata.normalize("NFKC", text.replace("%40", "@")).translate(_DASHES)
    plain = _HARMLESS.sub("\x00", _SPACES.sub(" ", plain))
    if _AT.search(plain):
        return E_MAIL
    if any(_is_number(shape, plain, checked=checked) for shape, checked in _NUMBER_SHAPES):
        return IDENTITY_NUMBER
    if phones and any(_is_phone(shape, plain) for shape in _PHONE_SHAPES):
        return PHONE
    return None


def _is_number(shape: re.Pattern[str], text: str, *, checked: bool) -> bool:
    for found in shape.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if not checked or luhn.is_valid(digits[-10:]):
            return True
    return False


def _is_phone(shape: re.Pattern[str], text: str) -> bool:
    return any(len(re.sub(r"\D", "", found[0])) >= _LEAST_PHONE_DIGITS for found in shape.finditer(text))


def _strings(value: object, path: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield every text of a JSON value, with its path and the name it stands under.

    A key comes before what is under it, named by its parent: a suspicious key never gets into a path. Of numbers only
    those come that are a personal identity number to the last digit: sums and counts may be large.
    """
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield f"{path} (a key of it)" if path else "", name, str(key)
            yield from _strings(inner, f"{path}.{key}" if path else str(key), str(key))
    elif isinstance(value, Sequence):
        for place, inner in enumerate(value):
            yield from _strings(inner, f"{path}[{place}]", name)
    elif isinstance(value, int) and value in _LONG_NUMBERS and luhn.is_valid(str(value)[-10:]):
        yield path, name, str(value)
