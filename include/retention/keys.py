"""The key behind every keyed reference.

A data subject, a record or an address is known to Gallring only by an HMAC-SHA256 under this key. A plain hash of a
personnummer or a telephone number can be tried out in minutes; without the key an HMAC can't. It stays
*pseudonymisation* (Article 4(5) GDPR), never anonymisation: whoever has the key and an identifier can recognise it.

The key comes from the environment (``GALLRING_KEY``), is never stored in the control database and is known there by
its ``key_id`` alone. ``include/docs/how-to/rotate-the-key.md`` says how it is replaced.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from json import JSONEncoder, loads

from include.retention.errors import ConfigurationError, Problem
from include.retention.terms import IdentifierKind, Mode

KEY_VARIABLE = "GALLRING_KEY"
OLD_KEYS_VARIABLE = "GALLRING_OLD_KEYS"

DEMO_KEY = b"gallring demo key: not a secret!".hex()
"""A published key for demonstrations and tests. It protects nothing, so a run that may destroy refuses it."""

RECORD = "record"
"""The domain of record references: see ``record_text``."""

_KEY_BYTES = 32
_REF_LENGTH = 32
_BLOCK = 64
"""Bytes of a block of SHA-256."""
_WHOLE_NUMBER = re.compile(r"\[-?[0-9]+\]")
"""A key of one whole number: most are, and needn't be read."""
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LEAST_DISTINCT_BYTES = 8
_DOMAIN = re.compile(r"[a-z][a-z0-9_.-]*")
_GENERATE = "Generate one with `python -m include.retention.keys` and keep it in your secrets store."


@dataclass(frozen=True, slots=True)
class Key:
    """An HMAC key.

    Attributes:
        secret: at least 32 random bytes; never shown.
    """

    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """Eight hex characters that tell keys apart and say nothing about them."""
        inner = hmac.digest(self.secret, b"gallring:key-id", "sha256")
        return hashlib.sha256(inner).hexdigest()[:8]

    def mac(self, domain: str, text: str) -> str:
        """Return the keyed reference of a text: 32 hex characters (128 bits) of HMAC-SHA256.

        Args:
            domain: what the text is, such as ``identifier.email``. References of different domains never match, so
                that a customer number can't be recognised as a record key that is spelt the same.
            text: the normalised value; it leaves no other trace.

        Raises:
            ValueError: the domain isn't a plain lower-case word.
        """
        return hmac.digest(self.secret, _prefix(domain) + text.encode(), "sha256").hex()[:_REF_LENGTH]

    def mac_many(self, domain: str, texts: Iterable[str]) -> list[str]:
        """Return the keyed references of many texts, in their order."""
        # HMAC as RFC 2104 has it, begun once for all of them: half the time of ``hmac.digest``.
        secret = hashlib.sha256(self.secret).digest() if len(self.secret) > _BLOCK else self.secret
        padded = secret.ljust(_BLOCK, b"\0")
        inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + _prefix(domain))
        outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))
        found = []
        for text in texts:
            inside, outside = inner.copy(), outer.copy()
            inside.update(text.encode())
            outside.update(inside.digest())
            found.append(outside.hexdigest()[:_REF_LENGTH])
        return found


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key in use, and the former ones that stored references may still be under.

    Attributes:
        current: makes every new reference.
        old: only recognise what is stored; make nothing.
    """

    current: Key
    old: tuple[Key, ...] = ()

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of every key in the ring."""
        return frozenset(key.key_id for key in (self.current, *self.old))

    def recognise(self, domain: str, texts: Iterable[str], stored: Mapping[str, Collection[str]]) -> dict[str, str]:
        """Find stored references that former keys made, among texts now at hand.

        An HMAC can't be turned into one under another key without the plain text. Where an extract has the plain
        identifiers anyway, this is the moment to re-key what is stored of them: see ``ledger.rekey``.

        Args:
            domain: as for ``Key.mac``.
            texts: normalised values, as the extract reads them.
            stored: the references in the control database, by the ``key_id`` they were made under.

        Returns:
            Reference under a former key -> reference of the same text under the current key.
        """
        waiting = {key: stored[key.key_id] for key in self.old if stored.get(key.key_id)}
        if not waiting:
            return {}
        distinct = list(dict.fromkeys(texts))
        found = {}
        for key, refs in waiting.items():
            for text, ref in zip(distinct, key.mac_many(domain, distinct), strict=True):
                if ref in refs:
                    found[ref] = self.current.mac(domain, text)
        return found


def generate_key() -> str:
    """Return a new random key in the form of ``GALLRING_KEY``: 64 hex characters."""
    return secrets.token_hex(_KEY_BYTES)


def load_key(environ: Mapping[str, str]) -> Key:
    """Return the key in use.

    Raises:
        ConfigurationError: ``GALLRING_KEY`` is missing, isn't hex, is too short, or is no random key.
    """
    found = _parse(KEY_VARIABLE, environ.get(KEY_VARIABLE, ""))
    if isinstance(found, Problem):
        raise ConfigurationError([found])
    return found


def load_ring(environ: Mapping[str, str]) -> KeyRing:
    """Return the key in use and the former keys: ``GALLRING_OLD_KEYS``, separated by commas, newest first.

    Raises:
        ConfigurationError: any of them can't be used; holds every problem found.
    """
    texts = [part.strip() for part in environ.get(OLD_KEYS_VARIABLE, "").split(",") if part.strip()]
    named = [(KEY_VARIABLE, environ.get(KEY_VARIABLE, ""))]
    named += [(f"{OLD_KEYS_VARIABLE}[{place}]", text) for place, text in enumerate(texts)]
    parsed = [_parse(name, text) for name, text in named]
    problems = [found for found in parsed if isinstance(found, Problem)]
    keys = [found for found in parsed if isinstance(found, Key)]
    if not problems and len({key.secret for key in keys}) < len(keys):
        problems = [_problem(OLD_KEYS_VARIABLE, "The same key is given twice.", "Name each key once.", "KEY_TWICE")]
    if problems:
        raise ConfigurationError(problems)
    return KeyRing(keys[0], tuple(keys[1:]))


def is_default(key: Key) -> bool:
    """Say whether this is the published demonstration key."""
    return hmac.compare_digest(key.secret, bytes.fromhex(DEMO_KEY))


def require_own_key(ring: KeyRing, mode: Mode) -> None:
    """Refuse the demonstration key where data may be destroyed.

    Raises:
        ConfigurationError: the current key is the published one and the run may change something.
    """
    if mode is Mode.ENFORCE and is_default(ring.current):
        what = "This is the published demonstration key: anyone can recompute the references made with it."
        raise ConfigurationError([_problem(KEY_VARIABLE, what, _GENERATE, "KEY_DEFAULT")])


def identifier_domain(kind: IdentifierKind) -> str:
    """Return the domain of a subject's identifiers of one kind, such as ``identifier.email``."""
    return f"identifier.{kind.value}"


def record_text(system: str, table: str, key: Sequence[object]) -> str:
    """Return the text whose keyed reference stands for a record.

    A key is written the same whether a driver gave it as a number or somebody typed it.

    Args:
        system: name of the system.
        table: name of the table.
        key: the values of its key columns, in the order of the data map.

    Raises:
        TypeError: a key value has no single spelling (null, binary floating point).
    """
    return _encode([system, table, [_key_part(part) for part in key]])


def record_texts(system: str, table: str, keys: Iterable[str]) -> list[str]:
    """Return `record_text` of many records of one table.

    Args:
        system: name of the system.
        table: name of the table.
        keys: the records' keys as JSON arrays, as ``facts.json_keys`` spells them.
    """
    before = _encode([system, table])[:-1]
    return [
        f'{before},["{key[1:-1]}"]]' if _WHOLE_NUMBER.fullmatch(key) else record_text(system, table, loads(key))
        for key in keys
    ]


def _key_part(part: object) -> str:
    if part is None or isinstance(part, (float, bool)):
        message = f"a record key can't hold a value of type {type(part).__name__}: it has no single spelling"
        raise TypeError(message)
    if isinstance(part, Decimal):
        return format(part.normalize(), "f")
    if isinstance(part, (bytes, bytearray, memoryview)):
        return bytes(part).hex()
    return str(part)


@lru_cache(maxsize=64)
def _prefix(domain: str) -> bytes:
    """Return the domain with its end marked: no domain's prefix begins another's."""
    if not _DOMAIN.fullmatch(domain):
        message = "a domain is a plain lower-case word"
        raise ValueError(message)
    return domain.encode() + b"\0"


def _parse(name: str, text: str) -> Key | Problem:
    """Return the key that a setting holds, or what is wrong with it; the text itself is never repeated."""
    if not text.strip():
        return _problem(name, "No key is set.", _GENERATE, "KEY_MISSING")
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError:
        return _problem(name, "The key isn't written in hexadecimal.", _GENERATE, "KEY_NOT_HEX")
    if len(secret) < _KEY_BYTES:
        what = f"The key has {len(secret)} bytes; it must have at least {_KEY_BYTES} (64 hex characters)."
        return _problem(name, what, _GENERATE, "KEY_SHORT")
    if len(set(secret)) < _LEAST_DISTINCT_BYTES:
        return _problem(name, "The key isn't random: it repeats a few bytes.", _GENERATE, "KEY_WEAK")
    return Key(secret)


def _problem(key: str, what: str, remedy: str, code: str) -> Problem:
    return Problem(file="environment", key=key, what=what, remedy=remedy, code=code)


if __name__ == "__main__":
    print(generate_key())  # noqa: T201 - this is the command that makes a key: it goes to standard output
