"""Matching what is stored under former keys, while they are in the ring.

Where a step has plain identifiers or record keys at hand, it makes their references with a ``WatchingKey``. That key
gives references under the current key, as always, and notes on the side which stored reference of a former key each
stands for. What it found is kept with the run's staging; holds, suppressions and records of earlier plans are
translated by it before they are matched. Without former keys in the ring all of this costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import sqlalchemy as sa

from include.retention.keys import RECORD, KeyRing, identifier_domain
from include.retention.ledger.rekey import stored_refs
from include.retention.ledger.watching_key import Found, WatchingKey
from include.retention.terms import IdentifierKind

_DOMAINS = {identifier_domain(kind): kind.value for kind in IdentifierKind} | {RECORD: RECORD}
_DOMAIN_OF = {kind: domain for domain, kind in _DOMAINS.items()}


def watching(ring: KeyRing, conn: sa.Connection) -> KeyRing:
    """Return the ring with a current key that watches for what is stored under the former ones.

    A ring without former keys, or whose former keys nothing is stored under, comes back as it is.
    """
    if not ring.old:
        return ring
    wanted = {}
    for domain, kind in _DOMAINS.items():
        stored = stored_refs(conn, kind)
        by_key = {key: stored[key.key_id] for key in ring.old if stored.get(key.key_id)}
        if by_key:
            wanted[domain] = by_key
    return KeyRing(WatchingKey(ring.current.secret, wanted), ring.old) if wanted else ring


def found_by(ring: KeyRing) -> Found:
    """Return what the ring's key has recognised so far; empty where it doesn't watch."""
    return ring.current.found if isinstance(ring.current, WatchingKey) else {}


def merged(several: Iterable[Found]) -> Found:
    """Return what several steps have recognised as one."""
    whole: Found = {}
    for found in several:
        for domain, pairs in found.items():
            whole.setdefault(domain, {}).update(pairs)
    return whole


def translated_holds(holds: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Return holds (in force or released) with references under the current key where they are known."""
    kinds = holds["identifier_kind"].where(holds["scope"] != RECORD, RECORD)
    return holds.assign(ref=_translated(holds["ref"], kinds, found))


def translated_suppressions(listed: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Return the list (``suppressions_in_force``) with references under the current key where they are known.

    An address that is listed under both keys comes once, with its latest objection.
    """
    made = listed.assign(address_ref=_translated(listed["address_ref"], listed["kind"], found))
    made = made.sort_values("since", kind="stable").drop_duplicates(["address_ref", "kind", "channel"], keep="last")
    return made.sort_index(ignore_index=True)


def translated_records(refs: Iterable[str], found: Found) -> list[str]:
    """Return references of records (of earlier plans), under the current key where they are known."""
    pairs = found.get(RECORD, {})
    return [pairs.get(ref, ref) for ref in refs]


def _translated(refs: pd.Series, kinds: pd.Series, found: Found) -> pd.Series:
    """Return references under the current key. Where there are none they are texts still, not numbers."""
    made = [found.get(_DOMAIN_OF[kind], {}).get(ref, ref) for ref, kind in zip(refs, kinds, strict=True)]
    return pd.Series(made, index=refs.index, dtype=refs.dtype)
