"""Nobody who has objected to direct marketing is left on a marketing list (Article 21(3) GDPR).

Whoever put the address there: a row that came after the plan counts too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from include.retention.data_map.model import Table
from include.retention.objections import ALL
from include.retention.terms import SubjectKind
from include.retention.validate.checks import Check, Measured


def measure_suppressed(
    table: Table, after: pd.DataFrame, entries: pd.DataFrame, excused: Collection[str]
) -> Iterator[Measured]:
    """Yield the check for a marketing list, nothing for another table.

    Args:
        table: the mapped table.
        after: ``key``, ``personal`` and ``id:<role>:<kind>`` of the records as found.
        entries: suppressions in force: ``address_ref``, ``kind``, ``channel``.
        excused: keys of records that were rightly left alone.
    """
    if not table.suppresses:
        return
    found = np.zeros(len(after), dtype=bool)
    for role in table.subjects.values():
        if role.kind is not SubjectKind.PERSON:
            continue
        for kind, column in role.identifiers.items():
            concern = entries["channel"].isin(_channels(table, column)) & (entries["kind"] == kind.value)
            found |= after[f"id:{role.name}:{kind}"].isin(entries["address_ref"][concern]).to_numpy(dtype=bool)
    examined = after["personal"].to_numpy(dtype=bool)
    found &= examined & ~after["key"].isin(list(excused)).to_numpy(dtype=bool)
    yield Measured(Check.SUPPRESSED_ABSENT, table.name, int(examined.sum()), int(found.sum()))


def _channels(table: Table, column: str) -> list[str]:
    """Return the channels of a suppression that concern an address: those that end its column group."""
    group = table.groups.get(table.columns[column].group or "")
    return [ALL] if group is None or group.channel is None else [ALL, group.channel]
