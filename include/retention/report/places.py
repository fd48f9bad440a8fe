"""Part 2: which tables the data maps know of, and which of them the run reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.retention.data_map.model import DataMap, Table
from include.retention.report.entries import Entry, in_both, latest_by
from include.retention.report.parts import Coverage, Place
from include.retention.terms import WhenExpired


def find_places(entries: Sequence[Entry], maps: Mapping[str, DataMap]) -> tuple[Place, ...]:
    """Return every table of every map, with whether the run reached it."""
    since = {key[0]: entry.body["tables"] for key, entry in latest_by(entries, "closed", "system").items()}
    extracted = {key[0]: entry.body for key, entry in latest_by(entries, "extracted", "system").items()}
    places = []
    for system, data_map in maps.items():
        body = extracted.get(system)
        closed = {each["table"]: each.get("problems", []) for each in (body or {}).get("closed_tables", [])}
        closed |= {each["table"]: each["problems"] for each in since.get(system, [])}
        for name, table in data_map.tables.items():
            problems = closed.get(name, closed.get(f"{system}.{name}"))
            read = body is not None and name in body["tables"]
            places.append(_place(system, table, problems, read=read))
        known = {*data_map.tables, *(f"{system}.{name}" for name in data_map.tables)}
        places += [_undeclared(system, name, problems) for name, problems in closed.items() if name not in known]
    return tuple(places)


def _place(system: str, table: Table, problems: Sequence[object] | None, *, read: bool) -> Place:
    personal = [column for column in table.columns.values() if any(column.personal_parts())]
    if problems is not None:
        coverage = Coverage.CLOSED
    elif not table.personal:
        coverage = Coverage.REFERENCE
    else:
        coverage = Coverage.COVERED if read else Coverage.NOT_READ
    return Place(
        system=system,
        table=table.name,
        title=table.title,
        coverage=coverage,
        personal_columns=len(personal),
        other_columns=len(table.columns) - len(personal),
        categories=tuple(dict.fromkeys(part.category or "" for part in table.personal_parts())),
        file_columns=len(table.files),
        when_expired=table.when_expired,
        problems=tuple(_in_words(each) for each in problems or ()),
    )


def _undeclared(system: str, name: str, problems: Sequence[object]) -> Place:
    """Return a table that the live database has and the map lacks."""
    words = tuple(_in_words(each) for each in problems)
    return Place(system, name, in_both(name), Coverage.CLOSED, 0, 0, (), 0, WhenExpired.ANONYMISE, words)


def _in_words(problem: object) -> str:
    if isinstance(problem, Mapping):
        return " ".join(str(problem[key]) for key in ("key", "what", "remedy") if problem.get(key))
    return str(problem)
