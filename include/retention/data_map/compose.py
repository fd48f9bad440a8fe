"""A system's map put together: its own file, one file an area beside it, and what the map says once for many columns.

What comes out is one document, read as if it had been written out; every mistake is still shown in the file and at the
line where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from include.retention.data_map.border import AreaBorder
from include.retention.errors import Problem
from include.retention.policy.document import Document, Json, read_document, shown

AREA_KEYS = tuple(AreaBorder.model_fields)
"""What an area's file may hold: everything else is said once for the system."""
DEFAULTS = "defaults"


def area_files(main: Path) -> list[Path]:
    """Return the files of a system's areas: those in the directory that is called like its own file, sorted."""
    return sorted(main.with_suffix("").glob("*.yaml"))


def stray_areas(directory: Path) -> Iterator[Problem]:
    """Yield directories that no system's file answers for: what is in them would never be read."""
    for path in sorted(directory.glob("*")):
        if any(path.glob("*.yaml")) and not path.with_suffix(".yaml").exists():
            what = f"holds areas of a system, and there is no {path.name}.yaml beside it."
            remedy = f"Write {path.name}.yaml with what goes for the whole system, or move the directory elsewhere."
            yield Problem(shown(path), "(directory)", what, remedy, "AREA_WITHOUT_SYSTEM")


def compose(main: Path) -> tuple[Document, tuple[Problem, ...]]:
    """Read a system's map whole. The document is empty where its own file can't be read."""
    document, problems = read_document(main)
    if not document.data:
        return document, problems
    found = [*problems]
    for path in area_files(main):
        area, unreadable = read_document(path)
        found += unreadable
        document, wrong = _joined(document, area, main.name)
        found += wrong
    return _with_defaults(document), tuple(found)


def _joined(whole: Document, area: Document, main: str) -> tuple[Document, list[Problem]]:
    """Return a map with an area in it, and what of the area can't be taken in."""
    data, lines, files = dict(whole.data), dict(whole.lines), dict(whole.files)
    problems = []
    for key, content in area.data.items():
        before = data.get(key, {})
        if key not in AREA_KEYS or not isinstance(content, dict) or not isinstance(before, dict):
            what = "isn't a part of an area's file." if key not in AREA_KEYS else "isn't a mapping of tables."
            remedy = f"An area holds {', '.join(AREA_KEYS)}; everything else stands in {main}."
            problems.append(area.problem((key,), "AREA_KEY", what, remedy))
            continue
        for name in content.keys() & before.keys():
            there = whole.problem((key, name), "", "", "")
            what, remedy = (
                f"stands in {there.file}, line {there.line} too.",
                "Keep one: there is one rule for one thing.",
            )
            problems.append(area.problem((key, name), "DUPLICATE_KEY", what, remedy))
        fresh = {name: value for name, value in content.items() if name not in before}
        data[key] = {**before, **fresh}
        lines |= {
            path: line for path, line in area.lines.items() if len(path) > 1 and path[0] == key and path[1] in fresh
        }
        files |= {(key, name): area.file for name in fresh}
    return replace(whole, data=data, lines=lines, files=files), problems


def _with_defaults(document: Document) -> Document:
    """Return the map with each personal column's group and method, where the map says them once for its category."""
    defaults, tables = document.data.get(DEFAULTS), document.data.get("tables")
    if not isinstance(defaults, dict) or not isinstance(tables, dict):
        return document
    written = {name: _table(table, defaults) for name, table in tables.items()}
    return replace(document, data={**document.data, "tables": written})


def _table(table: Json, defaults: dict[str, Json]) -> Json:
    columns = table.get("columns") if isinstance(table, dict) else None
    if not isinstance(table, dict) or not isinstance(columns, dict):
        return table
    return {**table, "columns": {name: _column(column, defaults) for name, column in columns.items()}}


def _column(column: Json, defaults: dict[str, Json]) -> Json:
    if not isinstance(column, dict) or not isinstance(column.get("category"), str):
        return column
    usual = defaults.get(str(column["category"]))
    return {**usual, **column} if isinstance(usual, dict) else column


def files_of(document: Document) -> set[str]:
    """Return every file that a map was read from."""
    return {document.file, *document.files.values()}
