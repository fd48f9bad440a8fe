"""Rows that tell of an event on which a retained record rests: they outlive the record, stripped of their columns.

Events live in the same tables as the data they decide over. If a contract went when its own purposes end, nobody could
say any more when the relationship ended, and the customer's twelve months as a former customer would have no beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.data_map.model import DataMap, Emission
from include.retention.events import RECORD, SUBJECT, Events, Found, Ints
from include.retention.facts import ABSENT, KNOWN
from include.retention.resolve import Facts, TableName, places_of, with_fiscal_years

Bools = npt.NDArray[np.bool_]
OF_RECORDS = ""
"""Stands for a role where an event is told of records: no role has an empty name."""


def find_evidence(  # noqa: PLR0913, PLR0917 - what was decided, and all that it was decided from
    maps: Mapping[str, DataMap],
    decided: Facts,
    roles: Mapping[TableName, Mapping[str, Ints]],
    events: Events,
    years: pd.DataFrame,
    needed: pd.DataFrame,
) -> dict[TableName, dict[str, Bools]]:
    """Return per table the rows that hold the latest word on an event that somebody needs.

    They stand apart by whom they tell it of: a subject, by the role in the row, or records (`OF_RECORDS`).

    Args:
        maps: the data maps by system.
        decided: per table the facts and ``id``, the record's number.
        roles: per table and role the subject number of each row.
        events: all events of the run.
        years: the fiscal years, as ``resolve`` takes them.
        needed: events that retained and referred records rest on, from ``classify_group``.
    """
    needed = _with_wholes(maps, decided, needed)
    wanted = {
        (str(target), str(event)): np.unique(rows["id"].to_numpy(dtype="int64"))
        for (target, event), rows in needed.groupby(["target", "event"])
    }
    found = {}
    for name, frame in decided.items():
        table = maps[name.system].tables[name.table]
        facts = with_fiscal_years(table, frame, years)
        none = np.zeros(len(facts), dtype=bool)
        stands = {OF_RECORDS: none}
        for number, emission in enumerate(table.emissions):
            for role, ids in _targets(name, emission, decided, roles[name]):
                target = RECORD if role == OF_RECORDS else SUBJECT
                ids_wanted = wanted.get((target, emission.event))
                if ids_wanted is not None:
                    latest = _is_latest(facts, number, events.find(target, emission.event, ids))
                    stands[role] = stands.get(role, none) | (np.isin(ids, ids_wanted) & latest)
        found[name] = stands
    return found


def _with_wholes(maps: Mapping[str, DataMap], decided: Facts, needed: pd.DataFrame) -> pd.DataFrame:
    """A part inherits its whole's events, so what it rests on the whole rests on too."""
    found, fresh = needed, needed[needed["target"] == RECORD]
    while len(fresh):
        wholes = []
        for name, frame in decided.items():
            for link in maps[name.system].tables[name.table].wholes:
                whole = decided[TableName(name.system, link.table)]
                places = places_of(frame, link, whole)
                ids = np.append(whole["id"].to_numpy(), -1)[places]
                wholes.append(pd.DataFrame({"id": frame["id"].to_numpy(), "whole": ids})[ids >= 0])
        if not wholes:
            return found
        risen = fresh.merge(pd.concat(wholes, ignore_index=True), on="id")
        fresh = risen.assign(id=risen["whole"])[["target", "event", "id"]].drop_duplicates()
        found = pd.concat([found, fresh], ignore_index=True)
    return found


def _targets(
    name: TableName, emission: Emission, decided: Facts, roles: Mapping[str, Ints]
) -> Iterator[tuple[str, Ints]]:
    for role in emission.of:
        yield role, roles[role]
    for link in emission.keeps:
        kept = decided[TableName(name.system, link.table)]
        places = places_of(decided[name], link, kept)
        ids = np.append(kept["id"].to_numpy(), -1)
        yield OF_RECORDS, ids[places]


def _is_latest(facts: pd.DataFrame, number: int, latest: Found) -> Bools:
    """An ongoing or an unreadable event is as good as the latest; beside an ongoing one no earlier end counts."""
    state, day = facts[f"ev{number}:state"].to_numpy(), facts[f"ev{number}:day"].to_numpy()
    found: Bools = (state != ABSENT) & ((state != KNOWN) | ((day >= latest.day) & ~latest.open))
    return found
