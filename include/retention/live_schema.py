"""What extraction learned of a live schema, kept in staging for the steps after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from include.retention.data_map.deletion_order import deletion_order
from include.retention.data_map.model import ForeignKey, binding, with_declared
from include.retention.narrow.condition import Unread
from include.retention.reading import SystemExtract
from include.retention.run import Run
from include.retention.staging import Staging


def write_live(staging: Staging, system: str, found: SystemExtract) -> None:
    """Keep what extraction learned of the live schema for the steps after it."""
    references = [
        [each.child_table, list(each.child_columns), each.parent_table, list(each.parent_columns), each.ondelete]
        for each in found.references
    ]
    unread = {table: asdict(each) for table, each in found.unread.items()}
    content = {"references": references, "closed": sorted(found.closed), "unread": unread}
    staging.write_json(f"live/{system}", content)


def all_references(run: Run, staging: Staging, system: str) -> tuple[ForeignKey, ...]:
    """Return a system's foreign keys as extraction found them, and the references that its map declares."""
    return with_declared(read_references(staging, system), run.policy.maps[system].tables)


def read_references(staging: Staging, system: str) -> tuple[ForeignKey, ...]:
    """Return a system's foreign keys as extraction found them."""
    return tuple(
        ForeignKey(child, tuple(columns), parent, tuple(referred), ondelete)
        for child, columns, parent, referred, ondelete in staging.read_json(f"live/{system}")["references"]
    )


def read_closed(staging: Staging, system: str) -> frozenset[str]:
    """Return a system's tables that failed closed."""
    return frozenset(staging.read_json(f"live/{system}")["closed"])


def read_unread(staging: Staging, system: str) -> dict[str, Unread]:
    """Return by table the rows that extraction only counted."""
    return {table: Unread(**each) for table, each in staging.read_json(f"live/{system}")["unread"].items()}


def deletion_orders(run: Run, staging: Staging) -> Mapping[str, list[str]]:
    """Return each system's tables, children before parents."""
    return {
        system: deletion_order(list(data_map.tables), binding(all_references(run, staging, system), data_map.tables))[0]
        for system, data_map in run.policy.maps.items()
    }
