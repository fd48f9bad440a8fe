"""A key that makes references under the current key and recognises what former keys have left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from include.retention.keys import Key

Found: TypeAlias = dict[str, dict[str, str]]
"""Domain -> reference under a former key -> reference under the current one. Plain JSON."""


@dataclass(frozen=True, slots=True)
class WatchingKey(Key):
    """The current key, with an eye on what former keys have left.

    Attributes:
        wanted: by domain and former key, the stored references to look out for.
        found: those that were recognised so far; grows as references are made.
    """

    wanted: Mapping[str, Mapping[Key, Collection[str]]] = field(default_factory=dict, repr=False)
    found: Found = field(default_factory=dict, repr=False, compare=False)

    def mac(self, domain: str, text: str) -> str:
        """Return the reference under the current key, as ``Key.mac`` does."""
        ref = Key.mac(self, domain, text)
        for key, refs in self.wanted.get(domain, {}).items():
            old = key.mac(domain, text)
            if old in refs:
                self.found.setdefault(domain, {})[old] = ref
        return ref

    def mac_many(self, domain: str, texts: Iterable[str]) -> list[str]:
        """Return the references under the current key, as ``Key.mac_many`` does."""
        if domain not in self.wanted:
            return Key.mac_many(self, domain, texts)
        return [self.mac(domain, text) for text in texts]
