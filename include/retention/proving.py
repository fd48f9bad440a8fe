"""What can be proved after the fact: the chain, the reports' files, the rules kept beside them, the legal holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from include.retention.errors import GallringError
from include.retention.kept_rules import RULES, rules_of
from include.retention.ledger.chain import ChainState, Entry, entries
from include.retention.ledger.holds import vanished_holds
from include.retention.ledger.runs import find_run
from include.retention.reporting import REPORTED, REPORTED_AGAIN, verified_chain
from include.retention.settings import Settings


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found.

    Attributes:
        chain: the ledger's hash chain.
        wrong: what doesn't agree with the ledger, one sentence each.
        files: report files that do.
    """

    chain: ChainState
    wrong: tuple[str, ...]
    files: int

    @property
    def ok(self) -> bool:
        """Return whether everything agrees."""
        return self.chain.ok and not self.wrong


def prove(connection: sa.Connection, settings: Settings, heads: Mapping[int, str]) -> Proof:
    """Hold chain, reports, kept rules and holds against each other.

    Args:
        connection: the control database.
        settings: where the reports are.
        heads: heads of the chain that somebody has noted elsewhere, hash by place.
    """
    told: dict[tuple[str, str], Entry] = {}
    for kind in (REPORTED, REPORTED_AGAIN):
        for entry in entries(connection, kind=kind):
            told[str(entry.run_id), str(entry.body.get("directory", ""))] = entry
    wrong, agreed = [], 0
    for (run_id, directory), entry in told.items():
        found = list(_wrong_files(settings.reports / run_id / directory, entry))
        agreed += len(_told(entry)) - len(found)
        wrong += found
    wrong += _wrong_rules(connection, settings)
    vanished = vanished_holds(connection)
    wrong += [f"The legal hold {each} was placed and never released, and is gone." for each in vanished]
    return Proof(verified_chain(connection, settings.reports, heads), tuple(wrong), agreed)


def _wrong_files(directory: Path, entry: Entry) -> Iterator[str]:
    """Yield each file of a report that isn't as it was written. A directory that is gone was perhaps archived."""
    if not directory.exists():
        return
    for name, expected in _told(entry).items():
        file = directory / name
        if not file.exists():
            yield f"{file} is gone; entry {entry.seq} of the ledger knows it."
        elif hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            yield f"{file} isn't the file whose SHA-256 entry {entry.seq} of the ledger holds: it was changed."


def _told(entry: Entry) -> dict[str, str]:
    """Return the files that an entry tells of, with their SHA-256."""
    files = entry.body["files"]
    return {str(name): str(digest) for name, digest in files.items()} if isinstance(files, Mapping) else {}


def _wrong_rules(connection: sa.Connection, settings: Settings) -> Iterator[str]:
    for kept in sorted(settings.reports.glob(f"[!.]*/{RULES}")):
        row = None if kept.parent.is_symlink() else find_run(connection, kept.parent.name)
        if row is not None:
            try:
                rules_of(settings, row)
            except GallringError as error:
                yield str(error).splitlines()[0]
