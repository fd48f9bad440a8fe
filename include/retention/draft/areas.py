"""Drafting again where a map has one file an area: what is there stays where it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from include.retention.data_map.inspection import LiveSchema
from include.retention.draft.tables import TableDraft
from include.retention.draft.write import Added, add_columns, dumped, loaded, note_gone


def spoken_of(text: str) -> list[str]:
    """Return the names and patterns of tables that an area's file speaks of."""
    content = loaded(text) or {}
    return [str(name) for key in ("tables", "ignore_tables", "out_of_scope") for name in content.get(key) or ()]


def merge_area(
    text: str, live: LiveSchema, drafts: Mapping[str, TableDraft], not_personal: Collection[str]
) -> tuple[str, Added]:
    """Return an area's text with the new columns of its tables, and what they are. New tables go into the main file.

    Args:
        text: the area's file.
        live: the live schema.
        drafts: per table.
        not_personal: patterns of columns that the system's own file answers for.
    """
    content = loaded(text)
    added, tables = Added(), content.get("tables") or {}
    for name, declared in tables.items():
        table = live.tables.get(name)
        if table is not None and name in drafts:
            add_columns(declared, drafts[name], table, live, added, not_personal)
    note_gone(tables, live, added)
    return dumped(content), added
