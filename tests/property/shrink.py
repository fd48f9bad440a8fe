"""Make a world on which the engine and the reference disagree small enough to be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.reference.world import Source, World

Disagrees = Callable[[World], bool]


def shrunk(world: World, disagrees: Disagrees, attempts: int = 300) -> World:
    """Return the world with as few rows as possible while it still disagrees.

    Args:
        world: a world that disagrees.
        disagrees: whether a world does.
        attempts: how many worlds to try at most.
    """
    places = [(system, table) for system, source in world.sources.items() for table in source.rows]
    places.sort(key=lambda place: -len(world.sources[place[0]].rows[place[1]]))
    share = 1
    while attempts > 0:
        smaller = False
        for system, table in places:
            rows = world.sources[system].rows[table]
            step = max(1, len(rows) // share)
            start = 0
            while start < len(rows) and attempts > 0:
                attempts -= 1
                tried = _with_rows(world, system, table, [*rows[:start], *rows[start + step :]])
                if disagrees(tried):
                    world, rows, smaller = tried, tried.sources[system].rows[table], True
                else:
                    start += step
        if step_is_least(world, share) and not smaller:
            break
        share *= 2
    return world


def step_is_least(world: World, share: int) -> bool:
    """Return whether single rows have been tried."""
    return all(share >= len(rows) for source in world.sources.values() for rows in source.rows.values())


def _with_rows(world: World, system: str, table: str, rows: list[object]) -> World:
    source: Source = world.sources[system]
    changed = replace(source, rows={**source.rows, table: rows})
    return replace(world, sources={**world.sources, system: changed})


def described(world: World) -> str:
    """Return a small world as text: days, purposes in use, maps and rows."""
    lines = [f"as_of {world.as_of}, today {world.today}"]
    for purpose in world.schedule.purposes.values():
        kept = [str(period) for period in purpose.keep.periods]
        lines.append(f"{purpose.name}: {purpose.starts} {purpose.scope} {kept} year end {purpose.keep.to_year_end}")
        lines += [f"  ends {each}" for each in purpose.ends_at_once]
        lines += [f"  amended {each}" for each in purpose.amendments]
        lines += ["  yields to erasure"] if purpose.yields_to_erasure else []
    for system, source in world.sources.items():
        for table in source.data_map.tables.values():
            rows = source.rows[table.name]
            if not rows or not table.personal:
                continue
            lines.append(f"--- {system}.{table.name} key {table.key} part of {table.part_of} {table.when_expired}")
            lines += [f"  role {role}" for role in table.subjects.values()]
            lines += [f"  {emission}" for emission in table.emissions]
            lines += [f"  {group}" for group in table.groups.values()]
            lines += [f"  personal when {each}" for each in table.personal_when]
            lines += [f"  {dict(row)}" for row in rows]
        filled = {name for name, rows in source.rows.items() if rows}
        lines += [f"  {each}" for each in source.references if {each.child, each.parent} <= filled]
    lines += [f"hold {hold}" for hold in world.holds] + [f"listed {each}" for each in world.suppressions]
    return "\n".join(lines)
