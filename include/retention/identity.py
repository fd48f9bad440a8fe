"""Who is the same person: connected components over exact links, never a guess.

Customer numbers, identity numbers and organisation numbers link. An e-mail address links only where it belongs to
at most one identified person, so that a family's or an office's shared address never merges people; a telephone
number never links. Wrong merges destroy the wrong person's data, wrong splits keep too little: where a row can't be
tied to one person, the subject is marked and its records are referred to a human.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from include.retention.dates import REFER_CODE
from include.retention.terms import IdentifierKind, Reason

IDENTIFYING = (IdentifierKind.CUSTOMER_NUMBER, IdentifierKind.IDENTITY_NUMBER, IdentifierKind.ORGANISATION_NUMBER)
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Subjects:
    """The data subjects of a run.

    Attributes:
        of_node: int64, subject number of each node; a node is one subject role of one record.
        problem: int8 per subject, index into ``REFER_CODES``: 0, ambiguous or conflicting identity.
        counts: figures for the ledger: subjects (with at least one identifier), linked_by, shared_addresses, conflicts,
            ambiguous.
    """

    of_node: Ints
    problem: npt.NDArray[np.int8]
    counts: Mapping[str, object]


def link(nodes: pd.DataFrame) -> Subjects:
    """Unite nodes into data subjects.

    Args:
        nodes: one row per node with ``person`` (bool), ``ambiguous`` (bool) and one column of keyed hashes or None
            per ``IdentifierKind``.
    """
    if nodes.empty:
        counts = {"subjects": 0, "linked_by": {}, "shared_addresses": 0, "conflicts": 0, "ambiguous": 0}
        return Subjects(np.empty(0, dtype="int64"), np.empty(0, dtype="int8"), counts)
    before = np.arange(len(nodes))
    linked_by: dict[str, int] = {}
    labels = before
    for kind in IDENTIFYING:
        # A sole trader's organisation number is the owner's identity number, with the same keyed hash; where a row
        # has both numbers, extraction leaves it among the organisation numbers.
        also = [nodes[IdentifierKind.IDENTITY_NUMBER]] if kind is IdentifierKind.ORGANISATION_NUMBER else []
        united = _unite(labels, [nodes[kind], *also])
        linked_by[kind.value] = _components(labels) - _components(united)
        labels = united
    identified = np.isin(labels, labels[nodes[list(IDENTIFYING)].notna().any(axis=1).to_numpy()])
    address = nodes[IdentifierKind.EMAIL].where(nodes["person"])
    shared = _shared(labels, address, identified)
    united = _unite(labels, [address.mask(shared)])
    linked_by[IdentifierKind.EMAIL.value] = _components(labels) - _components(united)
    labels = united
    problem = _problems(nodes, labels, astray=(shared & ~identified).to_numpy())
    nameless = int(nodes[list(IdentifierKind)].isna().all(axis=1).sum())
    return Subjects(
        labels,
        problem,
        {
            "subjects": _components(labels) - nameless,
            "linked_by": linked_by,
            "shared_addresses": int(address[shared].nunique()),
            "conflicts": int((problem == REFER_CODE[Reason.IDENTITY_CONFLICT]).sum()),
            "ambiguous": int((problem == REFER_CODE[Reason.IDENTITY_AMBIGUOUS]).sum()),
        },
    )


def _components(labels: Ints) -> int:
    return int(labels.max()) + 1


def _unite(labels: Ints, hashes: Sequence[pd.Series]) -> Ints:
    """Return new labels in which components that carry the same hash are one."""
    codes, distinct = pd.factorize(pd.concat(list(hashes), ignore_index=True), use_na_sentinel=True)
    has = codes >= 0
    components = _components(labels)
    size = components + len(distinct)
    owners = np.tile(labels, len(hashes))[has]
    edges = coo_array((np.ones(len(owners), dtype="int8"), (owners, components + codes[has])), shape=(size, size))
    _, found = connected_components(edges, directed=False)
    # Hash values are vertices too; only the components' own labels are wanted, numbered without gaps.
    _, dense = np.unique(found[:components], return_inverse=True)
    return np.asarray(dense[labels], dtype="int64")


def _shared(labels: Ints, address: pd.Series, identified: npt.NDArray[np.bool_]) -> pd.Series:
    """Return which nodes carry an address that belongs to more than one identified component."""
    owners = pd.DataFrame({"address": address, "label": labels})[identified].dropna().drop_duplicates()
    often = owners["address"].value_counts()
    return address.isin(often[often > 1].index)


def _problems(nodes: pd.DataFrame, labels: Ints, astray: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """Return each subject's identity problem.

    An ambiguous number matters only where nothing else says who the person is.
    """
    subjects = _components(labels)
    numbers = pd.DataFrame({"label": labels, "number": nodes[IdentifierKind.IDENTITY_NUMBER]})
    per_subject = numbers.dropna().drop_duplicates()["label"].value_counts()
    known = np.zeros(subjects, dtype="int64")
    known[per_subject.index.to_numpy(dtype="int64")] = per_subject.to_numpy()
    doubtful = np.zeros(subjects, dtype=bool)
    doubtful[labels[nodes["ambiguous"].to_numpy(dtype=bool)]] = True
    problem = np.where(doubtful & (known == 0), REFER_CODE[Reason.IDENTITY_AMBIGUOUS], 0)
    problem[labels[astray]] = REFER_CODE[Reason.IDENTITY_AMBIGUOUS]
    return np.where(known > 1, REFER_CODE[Reason.IDENTITY_CONFLICT], problem).astype("int8")
