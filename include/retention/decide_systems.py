"""Every row of every system, from the verdicts on its column groups: what goes, and what the rest can't do without.

Systems are decided one by one, for foreign keys end at a database's border; who is who doesn't, so what it takes to
know that is looked for over all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from include.retention.classify import REASON_CODE, RETAINED
from include.retention.data_map.model import DataMap, ForeignKey
from include.retention.decide import decide_rows
from include.retention.events import Events
from include.retention.evidence import Bools, find_evidence
from include.retention.identity_graph import Unit
from include.retention.identity_links import find_links
from include.retention.resolve import TableName
from include.retention.terms import Reason


def decide_systems(  # noqa: PLR0913, PLR0917 - what was classified, and all that a row's fate depends on besides
    maps: Mapping[str, DataMap],
    classified: Mapping[TableName, pd.DataFrame],
    events: Events,
    years: pd.DataFrame,
    needed: pd.DataFrame,
    references: Mapping[str, Sequence[ForeignKey]],
    closed: Mapping[str, frozenset[str]],
) -> tuple[dict[TableName, pd.DataFrame], dict[TableName, pd.DataFrame]]:
    """Decide every row.

    Args:
        maps: the data maps by system.
        classified: per table the facts with ``id``, ``held``, ``role:<role>`` and the classification of each group.
        events: all events of the run.
        years: the fiscal years, as ``resolve`` takes them.
        needed: events that retained and referred records rest on, from ``classify_group``.
        references: per system all foreign keys.
        closed: per system the tables that failed closed.

    Returns:
        Per table what was given, with what has to stay as an identifier retained, and what `decide_rows` returned.
    """
    decided = dict(classified)
    roles = {
        name: {column.removeprefix("role:"): frame[column].to_numpy() for column in frame if column.startswith("role:")}
        for name, frame in decided.items()
    }
    told = find_evidence(maps, decided, roles, events, years, needed)
    stands = {name: np.logical_or.reduce(list(of.values())) for name, of in told.items()}

    def decide() -> dict[TableName, pd.DataFrame]:
        rows: dict[TableName, pd.DataFrame] = {}
        for system, data_map in maps.items():
            mine = {name.table: frame for name, frame in decided.items() if name.system == system}
            evidence = {table: stands[TableName(system, table)] for table in mine}
            found = decide_rows(data_map.tables, mine, references[system], closed[system], evidence)
            rows.update({TableName(system, table): frame for table, frame in found.items()})
        return rows

    rows = decide()
    links = find_links(maps, decided, rows, told, needed)
    if links:
        _keep(links, decided, stands)
        rows = decide()
    return decided, rows


def _keep(links: Iterable[Unit], decided: dict[TableName, pd.DataFrame], stands: dict[TableName, Bools]) -> None:
    """Let identifiers stay that a retained record's clock is read by: their column group, or at least their row."""
    units = pd.DataFrame(links, columns=list(Unit._fields))
    for (system, table, group), mine in units.groupby(["system", "table", "group"]):
        name = TableName(system, table)
        frame = decided[name]
        chosen = frame["key"].isin(set(mine["key"])).to_numpy()
        if not group:
            stands[name] = stands[name] | chosen
            continue
        state = np.where(chosen, RETAINED, frame[f"state:{group}"])
        reason = np.where(chosen, REASON_CODE[Reason.IDENTITY_LINK], frame[f"reason:{group}"])
        decided[name] = frame.assign(
            **{f"state:{group}": state.astype("int8"), f"reason:{group}": reason.astype("int8")}
        )
