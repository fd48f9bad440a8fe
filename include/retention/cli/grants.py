"""``gallring check --grants``: what a run needs to be allowed, in each database's own words."""

from __future__ import annotations

from collections.abc import Iterable

from include.retention.cli.main import out, show_json
from include.retention.data_map.grants import SystemGrants

PLACEHOLDER = "ACCOUNT"
"""Stands for the account's name where none is given."""
NAMES = {"postgresql": "PostgreSQL", "mysql": "MariaDB", "sqlite": "SQLite"}
NO_ACCOUNTS = "no accounts: whoever the workers run as must be able to write the file and its directory."
INCOMPLETE = "Not every mapped table was seen: print this again once SELECT is granted, for it may name other columns."


def show_grants(found: Iterable[SystemGrants], account: str, *, as_json: bool) -> None:
    """Print what each system's account needs: as one JSON document, or as SQL with a comment before each system."""
    if as_json:
        systems = [
            {
                "system": each.system,
                "dialect": each.dialect,
                "statements": list(each.statements),
                "complete": each.complete,
            }
            for each in found
        ]
        show_json({"account": account, "systems": systems})
        return
    for each in found:
        kind = NAMES[each.dialect]
        _line(f"-- {each.system}: {kind}" + (f", {NO_ACCOUNTS}" if each.dialect == "sqlite" else ""))
        if not each.complete:
            _line(f"-- {INCOMPLETE}")
        for statement in each.statements:
            _line(f"{statement};")


def _line(text: str) -> None:
    out.print(text, markup=False, emoji=False)
