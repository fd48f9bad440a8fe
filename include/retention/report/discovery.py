"""Part 2: what looks personal and no data map declares, and which tables the maps leave alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from include.retention.data_map.model import DataMap
from include.retention.report.discovery_parts import Discovery, LooksPersonal
from include.retention.report.entries import Entry, latest_by
from include.retention.report.findings import decision, note
from include.retention.report.model import Finding


def collect_discoveries(entries: Sequence[Entry], maps: Mapping[str, DataMap]) -> tuple[Discovery, ...]:
    """Return what discovery saw, for each system."""
    told = {key[0]: entry.body for key, entry in latest_by(entries, "discovered", "system").items()}
    found = []
    for system, data_map in maps.items():
        body = told.get(system, {})
        reasons = {(a.table, a.column, a.path, a.looks_like): a.reason for a in data_map.acknowledged}
        personal = tuple(
            LooksPersonal(
                each["table"], each["column"], each["path"], each["looks_like"], each["hits"], each["examined"],
                each["where"], each["acknowledged"],
                reasons.get((each["table"], each["column"], each["path"], each["looks_like"]), ""),
            )
            for each in body.get("found", ())
        )  # fmt: skip
        found.append(
            Discovery(
                system=system,
                columns=body.get("columns"),
                unread=tuple(body.get("unread", ())),
                error=str(body.get("error", "")),
                found=personal,
                left_alone=data_map.ignored_tables,
                out_of_scope=data_map.out_of_scope,
            )
        )
    return tuple(found)


def about_discoveries(discoveries: Sequence[Discovery], *, planned: bool) -> Iterator[Finding]:
    """Tell of what somebody has to declare or to answer for, and of what wasn't looked at.

    Args:
        discoveries: per system.
        planned: the run has come as far as its plan, so discovery should have left its word.
    """
    missing = [system.system for system in discoveries if system.columns is None and not system.error]
    if missing and planned:
        yield decision("DISCOVERY_MISSING", 2, n=len(missing), systems=", ".join(missing))
    new = sum(not each.acknowledged for system in discoveries for each in system.found)
    if new:
        yield decision("DISCOVERED", 2, n=new)
    failed = [system.system for system in discoveries if system.error]
    if failed:
        yield decision("DISCOVERY_FAILED", 2, n=len(failed), systems=", ".join(failed))
    unread = sum(len(system.unread) for system in discoveries)
    if unread:
        yield note("DISCOVERY_UNREAD", 2, n=unread)
