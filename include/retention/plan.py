"""Step 4, plan: every verdict to carry out in this run, in order, sealed by a digest.

The digest covers the keys (as HMACs), what happens to them, the schedule, the maps and ``as_of``. An approval is an
approval of one digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from include.retention.classify import REASON_CODE, REASONS
from include.retention.data_map.model import Table
from include.retention.dates import NO_DAY
from include.retention.keys import RECORD, Key, record_texts
from include.retention.terms import Mode, Reason, Verdict

ITEM_COLUMNS = (
    "system", "table", "action", "groups", "key", "record_ref", "fingerprint", "reason", "purpose", "through", "level",
)  # fmt: skip
_TEXTS = tuple(name for name in ITEM_COLUMNS if name not in {"through", "level"})


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a plan is made for: all of it goes into the digest."""

    as_of: date
    mode: Mode
    schedule_digest: str
    map_digests: Mapping[str, str]


def table_items(  # noqa: PLR0913, PLR0917 - one table's decision, its place and the means to name it
    system: str, table: Table, decided: pd.DataFrame, rows: pd.DataFrame, purposes: Sequence[str], key: Key
) -> pd.DataFrame:
    """Return a table's rows to act on.

    Args:
        system: name of the system.
        table: the table.
        decided: facts and classification, as ``decide.decide_rows`` takes them.
        rows: what ``decide.decide_rows`` returned for the table.
        purposes: names of the schedule's purposes; ``purpose:<group>`` is a place in this list, or -1.
        key: for the record references.

    Returns:
        ``ITEM_COLUMNS``: ``groups`` is a JSON array of column groups, empty for a deletion; ``through`` an int32
        local day or ``NO_DAY``; ``purpose`` the purpose that ended last, or an empty text.
    """
    groups = list(table.groups)
    masks = {group: rows[f"erase:{group}"].to_numpy(dtype=bool) for group in groups}
    delete = rows["delete"].to_numpy(dtype=bool)
    chosen = delete | np.logical_or.reduce([*masks.values(), np.zeros(len(rows), dtype=bool)])
    places = np.flatnonzero(chosen)
    names = [json.dumps([g for g in groups if masks[g][place]]) for place in places]
    last, reason, purpose = _last_of(groups, decided, rows, masks, delete)
    keys = decided["key"].to_numpy(dtype=object)[places]
    return pd.DataFrame(
        {
            "system": system,
            "table": table.name,
            "action": np.where(delete[places], Verdict.DELETE.value, Verdict.ANONYMISE.value),
            "groups": np.where(delete[places], "[]", np.array(names, dtype=object)),
            "key": keys,
            "record_ref": key.mac_many(RECORD, record_texts(system, table.name, keys)),
            "fingerprint": decided["fingerprint"].to_numpy(dtype=object)[places],
            "reason": [REASONS[code].value for code in reason[places]],
            "purpose": [purposes[place] if place >= 0 else "" for place in purpose[places]],
            "through": last[places],
            "level": rows["level"].to_numpy()[places],
        },
        columns=list(ITEM_COLUMNS),
    ).astype(dict.fromkeys(_TEXTS, "str"))


def _last_of(
    groups: Sequence[str],
    decided: pd.DataFrame,
    rows: pd.DataFrame,
    masks: Mapping[str, np.ndarray],
    delete: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per row the last day, the reason and the purpose of the acted-on group that was kept longest."""
    last = np.full(len(decided), NO_DAY, dtype="int32")
    reason = np.full(len(decided), REASON_CODE[Reason.FOLLOWS_WHOLE], dtype="int8")
    purpose = np.full(len(decided), -1, dtype="int16")
    named = np.zeros(len(decided), dtype=bool)
    for group in groups:
        acted = delete | masks[group]
        day = decided[f"gone:{group}"].to_numpy()
        day = np.where(day == NO_DAY, NO_DAY, day - 1)
        later = acted & ((day > last) | ~named)
        last = np.where(later, day, last).astype("int32")
        reason = np.where(later, rows[f"reason:{group}"], reason).astype("int8")
        purpose = np.where(later, decided[f"purpose:{group}"], purpose).astype("int16")
        named |= later
    return last, reason, purpose


def order_items(items: Sequence[pd.DataFrame], order: Mapping[str, Sequence[str]], batch_rows: int) -> pd.DataFrame:
    """Return all items with a ``batch`` number (1, 2, ...), in the order in which they are to be carried out.

    Per system, tables come children first; in a table erasures come before deletions, and a row that refers to
    another of its own table before that one. A batch has one table, one action and one set of groups.
    """
    found = pd.concat(items, ignore_index=True) if items else pd.DataFrame(columns=list(ITEM_COLUMNS))
    if found.empty:
        return found.assign(batch=pd.Series(dtype="int32"))
    place = {(system, table): i for system in sorted(order) for i, table in enumerate(order[system])}
    sequence = [place[pair] for pair in zip(found["system"], found["table"], strict=True)]
    found = found.assign(_place=sequence).sort_values(
        ["system", "_place", "action", "groups", "level", "key"], kind="stable", ignore_index=True
    )
    kind = found.groupby(["system", "_place", "action", "groups", "level"], sort=False)
    part = kind.cumcount() // batch_rows
    batch = pd.factorize(pd.Series(list(zip(kind.ngroup(), part, strict=True))))[0] + 1
    return found.assign(batch=batch.astype("int32")).drop(columns="_place")


def digest_of(items: pd.DataFrame, inputs: Inputs, key: Key) -> str:
    """Return the plan's digest: SHA-256, lower-case hex."""
    content = {
        "as_of": inputs.as_of.isoformat(),
        "mode": inputs.mode.value,
        "schedule": inputs.schedule_digest,
        "maps": dict(sorted(inputs.map_digests.items())),
        "batches": [
            {"batch": int(number), "action": rows["action"].iloc[0], "groups": rows["groups"].iloc[0],
             "table": f"{rows['system'].iloc[0]}.{rows['table'].iloc[0]}", "rows": len(rows),
             "records": key.mac("plan", "\n".join(rows["record_ref"]))}
            for number, rows in items.groupby("batch", sort=True)
        ],
    }  # fmt: skip
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def confirmed_items(approved: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the approved items with what is still due of them: only what is due at both times is carried out.

    The record may have changed in between and still be due, so the later fingerprint counts. A record that is due in
    another way than the one approved (to be erased only in part, say) waits for the next plan.

    Args:
        approved: the plan's items.
        now: the items that would be planned now, with ``subjects`` and ``wholes``.

    Returns:
        The approved items, in their order, with ``confirmed`` (bool), and with ``fingerprint``, ``subjects`` and
        ``wholes`` as of now.
    """
    later = now[["record_ref", "action", "groups", "fingerprint", "subjects", "wholes"]]
    both = approved.drop(columns=["fingerprint", "subjects", "wholes"]).merge(
        later, on="record_ref", how="left", suffixes=("", "_now"), validate="one_to_one"
    )
    ways = (both[name].to_numpy(dtype=object) for name in ("action", "groups", "action_now", "groups_now"))
    confirmed = [_still_due(*way) for way in zip(*ways, strict=True)]
    return both.assign(confirmed=np.array(confirmed, dtype=bool)).drop(columns=["action_now", "groups_now"])


@lru_cache(maxsize=1024)
def _still_due(action: str, groups: str, action_now: object, groups_now: object) -> bool:
    if not isinstance(action_now, str):
        return False
    if action_now == Verdict.DELETE:
        return True
    return action == Verdict.ANONYMISE and set(json.loads(groups)) <= set(json.loads(str(groups_now)))
