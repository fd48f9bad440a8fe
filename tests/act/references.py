"""Foreign keys as the act sees them."""

from __future__ import annotations

from include.retention.data_map.model import ForeignKey


def tie(child: str, columns: tuple[str, ...], parent: str, key: tuple[str, ...]) -> ForeignKey:
    """Return a foreign key with the action that the statements must not rely on."""
    return ForeignKey(child, columns, parent, key, "NO ACTION")
