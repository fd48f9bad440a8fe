"""What a plan comes to, in counts: the ledger's ``planned`` entry and the report read these and nothing else.

Each record of a table is counted exactly once as deleted, anonymised, referred, nothing left, retained, not personal
or closed, so that the counts add up to the population. What lies across them is counted beside them: records that are
anonymised in part and wait for a human in another (``refer_too``), and records under a legal hold (``held``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.classify import REASON_CODE, REASONS, REFERRED, RETAINED
from include.retention.data_map.model import Table
from include.retention.dates import NO_DAY
from include.retention.narrow.condition import Unread
from include.retention.resolve import TableName
from include.retention.terms import Reason


def count_table(  # noqa: PLR0913, PLR0917 - the parts of one table's decision, each by its name
    name: TableName,
    table: Table,
    decided: pd.DataFrame,
    rows: pd.DataFrame,
    items: pd.DataFrame,
    purposes: Sequence[str],
    *,
    closed: bool,
    unread: Unread,
    as_of: int,
    window: int,
    ruled_from: int,
    freed: npt.NDArray[np.int64],
) -> dict[str, Any]:
    """Return a table's counts, of every row; but ``held`` is of those alone that were read.

    Args:
        name: system and table.
        table: the mapped table.
        decided: facts and classification.
        rows: row decisions.
        items: the table's part of the plan.
        purposes: names of the schedule's purposes, in its order.
        closed: the table failed closed.
        unread: rows in which nothing could be due, so that they were only counted.
        as_of: the local day decided for, as a day number.
        window: days after the first due day within which a record has to go.
        ruled_from: the day, as a number, since which the present rules can have made anything due: what an earlier run
            kept by other rules wasn't late then.
        freed: for each record the day, as a number, on which the last legal hold that covered it was released, or
            ``NO_DAY``: until then it couldn't go.
    """
    states = _states(table, decided)
    delete = rows["delete"].to_numpy(dtype=bool)
    erase = _any([rows[f"erase:{group}"].to_numpy(dtype=bool) for group in table.groups], len(rows))
    waits = _any([referred(decided, group) for group in table.groups], len(rows))
    left = _any([decided[f"left:{group}"].to_numpy(dtype=bool) for group in table.groups], len(rows))
    retained = _any([state == RETAINED for state in states.values()], len(rows)) | (not states)
    personal = decided["personal"].to_numpy(dtype=bool) & (table.personal and bool(table.groups or table.wholes))
    classes = {
        "not_personal": ~personal & ~delete,
        "closed": np.full(len(rows), closed),
        "delete": delete,
        "anonymise": erase,
        "refer": waits,
        # What has expired, and is still there because its row can only go whole, is kept by what keeps the row.
        "retain": retained | left,
    }
    kind = np.select(list(classes.values()), list(classes), "nothing_left")
    counted = Counter(kind.tolist())
    kept = kind == "retain"
    retain_by = _retain_by(decided, states, kept & retained, purposes) + _stand_by(rows, states, kept & ~retained)
    if closed:
        counted["closed"] += unread.rows
    else:
        counted.update({"retain": sum(unread.kept.values()), "nothing_left": unread.empty})
        retain_by.update(unread.kept)
    waited = as_of - np.maximum(_due_since(decided, left, items, freed), ruled_from)
    overdue = waited[waited > window]
    return {
        "system": name.system,
        "table": name.table,
        "population": len(rows) + unread.rows,
        "unread": unread.rows,
        **{each: counted[each] for each in (*classes, "nothing_left")},
        "due": counted["delete"] + counted["anonymise"],
        "refer_too": int((waits & (kind == "anonymise")).sum()),
        "held": int((decided["held"].to_numpy(dtype=bool) & personal).sum()),
        "redacted": int(_any([_redacts(decided, rows, group) for group in table.groups], len(rows)).sum()),
        "retain_by": dict(sorted(retain_by.items())),
        "refer_by": _refer_by(decided, table.groups),
        "due_by": _due_by(items),
        "due_because": dict(sorted(Counter(items["reason"]).items())),
        "overdue": len(overdue),
        "overdue_days_max": int(overdue.max()) if len(overdue) else 0,
    }  # fmt: skip


def _due_since(
    decided: pd.DataFrame, left: np.ndarray, items: pd.DataFrame, freed: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return since which day each item could have gone; those without a last day of storage are left out.

    So are rows that go at last and were emptied before: they stood because others referred to them, without anything
    of what was due.
    """
    known = pd.DataFrame({"freed": freed, "left": left}, index=decided["key"]).loc[items["key"]]
    through = items["through"].to_numpy(dtype="int64")
    since = np.maximum(through + 1, known["freed"].to_numpy())
    return np.asarray(since[(through != NO_DAY) & known["left"].to_numpy()])


def _redacts(decided: pd.DataFrame, rows: pd.DataFrame, group: str) -> np.ndarray:
    """Return where a group replaces something inside a free text, which leaves the text personal."""
    if f"redact:{group}" not in decided:
        return np.zeros(len(rows), dtype=bool)
    return np.asarray(rows[f"erase:{group}"].to_numpy(dtype=bool) & decided[f"redact:{group}"].to_numpy(dtype=bool))


def _due_by(items: pd.DataFrame) -> dict[str, int]:
    """Count due records by the purpose that ended last, or by why they are due where none ever ran."""
    counted = Counter(purpose or reason for purpose, reason in zip(items["purpose"], items["reason"], strict=True))
    return dict(sorted(counted.items()))


def _states(table: Table, decided: pd.DataFrame) -> dict[str, np.ndarray]:
    return {group: decided[f"state:{group}"].to_numpy() for group in table.groups}


def _any(masks: Sequence[np.ndarray], count: int) -> np.ndarray:
    return np.asarray(np.logical_or.reduce([*masks, np.zeros(count, dtype=bool)]))


def _retain_by(
    decided: pd.DataFrame,
    states: Mapping[str, np.ndarray],
    chosen: np.ndarray,
    purposes: Sequence[str],
) -> Counter[str]:
    """Count retained records by the purpose, or hold, that keeps the column group that lasts longest."""
    last = np.full(len(decided), NO_DAY, dtype="int64")
    name = np.full(len(decided), -1, dtype="int64")
    held = np.zeros(len(decided), dtype=bool)
    for group, state in states.items():
        retained = state == RETAINED
        held |= retained & (decided[f"reason:{group}"].to_numpy() == REASON_CODE[Reason.LEGAL_HOLD])
        through = decided[f"through:{group}"].to_numpy()
        later = retained & ((through > last) | (name == -1))
        last = np.where(later, through, last)
        name = np.where(later, decided[f"purpose:{group}"].to_numpy(), name)
    return Counter(
        Reason.LEGAL_HOLD.value if is_held else purposes[place] if place >= 0 else Reason.FOLLOWS_WHOLE.value
        for place, is_held in zip(name[chosen], held[chosen], strict=True)
    )


def _stand_by(rows: pd.DataFrame, states: Iterable[str], chosen: np.ndarray) -> Counter[str]:
    """Count records that have expired and stay whole for the sake of others, by why their first group can't go."""
    groups = list(states)[:1] if chosen.any() else []
    return Counter(REASONS[code].value for group in groups for code in rows[f"reason:{group}"].to_numpy()[chosen])


def referred(decided: pd.DataFrame, group: str) -> np.ndarray:
    """Return where a group waits for a human: where nothing is left in it, there is nothing to ask."""
    return np.asarray((decided[f"state:{group}"] == REFERRED) & decided[f"left:{group}"])


def _refer_by(decided: pd.DataFrame, groups: Iterable[str]) -> dict[str, int]:
    """Count referred column groups by reason; a record with two of them counts twice."""
    counted: Counter[str] = Counter()
    for group in groups:
        codes = decided[f"reason:{group}"].to_numpy()[referred(decided, group)]
        counted.update(REASONS[code].value for code in codes)
    return dict(sorted(counted.items()))
