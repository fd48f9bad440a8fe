"""Files below the roots of the data map, held against the rows that refer to them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import sqlalchemy as sa

from include.retention.data_map.model import DataMap, FileRef, Table
from include.retention.errors import ActError
from include.retention.extract import CHUNK_ROWS
from include.retention.files import MARKER
from include.retention.files import _written as written_path
from include.retention.methods import erased
from include.retention.statements import sql_table


def count_files(
    connection: sa.Connection, data_map: DataMap, environ: Mapping[str, str]
) -> dict[str, dict[str, int] | None]:
    """Return per file root what is there and what is referred to.

    Args:
        connection: to the source.
        data_map: the system's map.
        environ: the environment, which may name the directories.

    Returns:
        Per root ``files`` in it, how many of them are ``unreferenced`` by any row, how many paths rows have
        ``referred`` to, and how many of those are ``missing``; and as ``oldest`` the day on which the oldest
        unreferenced one was last written, an ordinal of the proleptic calendar, 0 where there is none. None where
        there is no such directory.
    """
    return {root: _count(connection, data_map, root, environ) for root in data_map.file_roots}


def tables_of(data_map: DataMap, root: str) -> Iterator[tuple[Table, FileRef]]:
    """Yield the tables whose rows refer to files below a root."""
    for table in data_map.tables.values():
        for file in table.files:
            if file.root == root:
                yield table, file


def _count(
    connection: sa.Connection, data_map: DataMap, root: str, environ: Mapping[str, str]
) -> dict[str, int] | None:
    try:
        directory = written_path(data_map.file_roots[root], f"{data_map.system}: the file root {root}", environ)
    except ActError:
        return None
    if not directory.is_dir():
        return None
    # Files first: one whose row is added meanwhile then has its row.
    there = set(_listed(directory))
    bases, derived = set[str](), set[str]()
    for table, file in tables_of(data_map, root):
        paths = set(_paths(connection, data_map, table, file))
        bases |= paths
        derived.update(name for path in paths for name in derivatives_of(path, file.derivatives))
    lone = there - bases - derived
    missing = [path for path in bases - there if not os.path.exists(directory / path)]  # noqa: PTH110 - says no where pathlib raises an error that quotes the path
    return {
        "files": len(there),
        "unreferenced": len(lone),
        "oldest": min((day for path in lone if (day := _written_on(directory / path))), default=0),
        "referred": len(bases),
        "missing": len(missing),
    }


def _written_on(path: Path) -> int:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC).toordinal()
    except OSError:
        return 0  # Gone meanwhile. The error would quote the path.


def derivatives_of(path: str, patterns: Iterable[str]) -> Iterator[str]:
    """Yield the paths of what was made from a file, as `files.delete_file` names them."""
    stem = str(PurePosixPath(path).with_suffix(""))
    return (pattern.replace("{stem}", stem) for pattern in patterns)


def _listed(directory: Path) -> Iterator[str]:
    for folder, _, names in os.walk(directory):
        for name in names:
            if (name, folder) == (MARKER, str(directory)):
                continue
            yield Path(folder, name).relative_to(directory).as_posix()


def _paths(connection: sa.Connection, data_map: DataMap, table: Table, file: FileRef) -> Iterator[str]:
    """Yield the paths that rows hold, but for what an erased pointer leaves and what lies outside the root."""
    target = sql_table(table, data_map.schema)
    column = target.c[file.column]
    statement = sa.select(column).where(
        column.is_not(None), column.is_distinct_from(erased(table, target, file.column))
    )
    for path in connection.execute(statement, execution_options={"yield_per": CHUNK_ROWS}).scalars():
        plain = PurePosixPath(os.path.normpath(str(path)))
        if plain.parts and not plain.is_absolute() and plain.parts[0] != os.pardir:
            yield plain.as_posix()
