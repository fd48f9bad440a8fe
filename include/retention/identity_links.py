"""Identifiers that stay because, without them, nobody could tell any more whose a retained record is.

Who is who is found anew by each run. Where one row alone ties a customer number to an e-mail address, and a newsletter
knows the address alone, that row's identifiers are what the newsletter's clock is read by: if they went first, the next
run would take the subscriber for a stranger without any purpose. So they stay as long as that clock runs, and no
longer. Of several ways to keep people together the one is chosen that keeps the least, identity numbers last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.retention.classify import EXPIRED, role_order
from include.retention.data_map.model import DataMap, SubjectRole, Table
from include.retention.events import SUBJECT, Ints
from include.retention.evidence import OF_RECORDS
from include.retention.identity import IDENTIFYING
from include.retention.identity_graph import Edge, Unit, kept_units
from include.retention.resolve import Facts, TableName, own_roles, role_nodes
from include.retention.terms import IdentifierKind, SubjectKind

Bools = npt.NDArray[np.bool_]
Roles = Mapping[TableName, Mapping[str, Ints]]
LINKING = (*IDENTIFYING, IdentifierKind.EMAIL)


@dataclass(frozen=True, slots=True)
class _Plan:
    maps: Mapping[str, DataMap]
    tables: Mapping[TableName, Table]
    decided: Facts
    rows: Facts
    told: Mapping[TableName, Mapping[str, Bools]]


def find_links(
    maps: Mapping[str, DataMap],
    decided: Facts,
    rows: Facts,
    told: Mapping[TableName, Mapping[str, Bools]],
    needed: pd.DataFrame,
) -> list[Unit]:
    """Return what must not be destroyed, so that everybody stays together whose clocks need it.

    Args:
        maps: the data maps by system.
        decided: per table facts and classification, with ``role:<role>`` and ``by_roles:<group>``.
        rows: what `decide_rows` would do to each table.
        told: per table and role the rows whose events some retained record rests on, from ``find_evidence``.
        needed: events that retained and referred records rest on, from ``classify_group``.
    """
    plan = _Plan(maps, {name: maps[name.system].tables[name.table] for name in decided}, decided, rows, told)
    wanted = np.unique(needed["id"][needed["target"] == SUBJECT].to_numpy(dtype="int64"))
    touched = np.intersect1d(_losing(plan), wanted)
    if not len(touched):
        return []
    nodes = role_nodes(plan.tables, decided)
    important = _important(plan, nodes, touched)
    found: list[Unit] = []
    for subject, edges in _edges(plan, nodes, touched).items():
        found += kept_units(edges, important.get(subject, frozenset()))
    return sorted(set(found))


def _losing(plan: _Plan) -> Ints:
    """Return the subjects that would lose an identifier somewhere."""
    found = [np.empty(0, dtype="int64")]
    for name, role in own_roles(plan.tables):
        subject = plan.decided[name][f"role:{role.name}"].to_numpy()
        for _, column, refs in _linking(plan.decided[name], role):
            found.append(np.unique(subject[_going(plan, name, column) & refs.notna().to_numpy()]))
    return np.unique(np.concatenate(found))


def _linking(frame: pd.DataFrame, role: SubjectRole) -> Iterator[tuple[IdentifierKind, str, pd.Series]]:
    """Yield the identifiers of a role that join people: a telephone never does, an address only a person's.

    A sole trader's organisation number is read as the owner's identity number, whose column of facts it stands in then.
    """
    for kind, column in role.identifiers.items():
        if kind in LINKING and (kind is not IdentifierKind.EMAIL or role.kind is SubjectKind.PERSON):
            yield kind, column, frame[f"id:{role.name}:{kind}"]
        number = f"id:{role.name}:{IdentifierKind.IDENTITY_NUMBER}"
        alone = IdentifierKind.IDENTITY_NUMBER not in role.identifiers
        if kind is IdentifierKind.ORGANISATION_NUMBER and alone and number in frame:
            yield IdentifierKind.IDENTITY_NUMBER, column, frame[number]


def _going(plan: _Plan, name: TableName, column: str) -> Bools:
    """Return the rows in which a column's value would go."""
    group = plan.tables[name].columns[column].group
    going: Bools = plan.rows[name]["delete"].to_numpy(dtype=bool)
    return going if group is None else going | plan.rows[name][f"erase:{group}"].to_numpy(dtype=bool)


def _important(plan: _Plan, nodes: Roles, touched: Ints) -> dict[int, AbstractSet[int]]:
    """Return per subject the nodes that must stay together: of what is kept on the subject's strength, and why."""
    found = [pd.DataFrame({"subject": touched[:0], "node": touched[:0]})]

    def add(name: TableName, role: str, chosen: Bools) -> None:
        subject = plan.decided[name][f"role:{role}"].to_numpy()
        chosen = chosen & np.isin(subject, touched)
        found.append(pd.DataFrame({"subject": subject[chosen], "node": nodes[name][role][chosen]}))

    for name, table in plan.tables.items():
        frame = plan.decided[name]
        for group in table.groups:
            by_roles = frame[f"by_roles:{group}"].to_numpy()
            kept = frame[f"state:{group}"].to_numpy() != EXPIRED
            for place, role in enumerate(role_order(nodes[name])):
                add(name, role, kept & ((by_roles >> place) & 1).astype(bool))
    # A referral that nobody answered rests on nothing any more, so nothing has to tell of it.
    touched = np.intersect1d(touched, pd.concat(found, ignore_index=True)["subject"].to_numpy())
    for name, by_role in plan.told.items():
        for role in by_role.keys() - {OF_RECORDS}:
            add(name, role, by_role[role])
    pairs = pd.concat(found, ignore_index=True).drop_duplicates()
    return {int(subject): frozenset(mine["node"].tolist()) for subject, mine in pairs.groupby("subject")}


def _edges(plan: _Plan, nodes: Roles, touched: Ints) -> dict[int, list[Edge]]:
    """Return the identifiers that join each subject's rows."""
    found: dict[int, list[Edge]] = {int(subject): [] for subject in touched}
    addresses = _addresses(plan)
    for name, role in own_roles(plan.tables):
        frame = plan.decided[name]
        mine = np.isin(frame[f"role:{role.name}"].to_numpy(), touched)
        if not mine.any():
            continue
        subject = frame[f"role:{role.name}"].to_numpy()[mine].tolist()
        node = nodes[name][role.name][mine].tolist()
        keys = frame["key"][mine].tolist()
        for kind, column, values in _linking(frame, role):
            refs = values[mine].tolist()
            going = _going(plan, name, column)[mine].tolist()
            group = plan.tables[name].columns[column].group or ""
            number = _holds_number(plan.tables[name], group)
            for who, which, key, ref, goes in zip(subject, node, keys, refs, going, strict=True):
                if isinstance(ref, str) and (kind is not IdentifierKind.EMAIL or addresses.get(ref) == who):
                    unit = Unit(number, name.system, name.table, key, group) if goes else None
                    found[who].append(Edge(which, _value(kind, ref), kind is IdentifierKind.EMAIL, unit))
    return found


def _addresses(plan: _Plan) -> dict[str, int]:
    """Return the e-mail addresses (keyed hashes) that join people, with whose they are: no shared ones."""
    frames = [
        pd.DataFrame(
            {
                "ref": plan.decided[name][f"id:{role.name}:{IdentifierKind.EMAIL}"].to_numpy(dtype=object),
                "subject": plan.decided[name][f"role:{role.name}"].to_numpy(),
            }
        )
        for name, role in own_roles(plan.tables)
        if IdentifierKind.EMAIL in role.identifiers and role.kind is SubjectKind.PERSON
    ]
    if not frames:
        return {}
    owners = pd.concat(frames, ignore_index=True).dropna().drop_duplicates()
    owners = owners[~owners["ref"].duplicated(keep=False)]
    return dict(zip(owners["ref"], owners["subject"].astype("int64").tolist(), strict=True))


def _holds_number(table: Table, group: str) -> bool:
    numbers = {IdentifierKind.IDENTITY_NUMBER}
    columns = {
        column for role in table.subjects.values() for kind, column in role.identifiers.items() if kind in numbers
    }
    return any(table.columns[column].group == (group or None) for column in columns)


def _value(kind: IdentifierKind, ref: str) -> str:
    """A sole trader's organisation number is the owner's identity number, with the same keyed hash."""
    numbers = {IdentifierKind.IDENTITY_NUMBER, IdentifierKind.ORGANISATION_NUMBER}
    return f"number {ref}" if kind in numbers else f"{kind} {ref}"
