"""The files that a batch's rows point at: found through the rows, deleted before them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import sqlalchemy as sa

from include.retention.column_types import Types
from include.retention.data_map.model import DataMap, FileRef, Table
from include.retention.files import NO_FILES, FileCounts, FileOutcome, delete_file, file_root
from include.retention.statements import RecordKey, key_condition, sql_table


@dataclass(frozen=True, slots=True)
class RowFiles:
    """The files of a batch, over all attempts at its transaction.

    Attributes:
        data_map: the system's map.
        table: the batch's table.
        types: column types by table.
        refs: the file columns that the batch erases.
        environ: for file roots that are set by the environment.
        gone: (root, path) of what an earlier attempt deleted: it is not absent now.
    """

    data_map: DataMap
    table: Table
    types: Mapping[str, Types]
    refs: tuple[FileRef, ...]
    environ: Mapping[str, str]
    gone: set[tuple[str, str]] = field(default_factory=set)

    def delete(self, connection: sa.Connection, keys: Sequence[RecordKey]) -> tuple[list[RecordKey], FileCounts]:
        """Delete the files that the rows point at.

        A file that another row names too stays until that row goes; only this row's pointer does.

        Returns:
            The keys whose files are all dealt with: only these rows may go; and the counts.

        Raises:
            ActError: a file root isn't there. Nothing was deleted.
        """
        if not self.refs or not keys:
            return list(keys), NO_FILES
        with ExitStack() as stack:
            roots = {
                ref.root: stack.enter_context(file_root(self.data_map, ref.root, self.environ)) for ref in self.refs
            }
            return self._delete(connection, keys, roots)

    def _delete(
        self, connection: sa.Connection, keys: Sequence[RecordKey], roots: Mapping[str, int]
    ) -> tuple[list[RecordKey], FileCounts]:
        rows = self._rows(connection, keys)
        named = Counter((ref.root, path) for _, paths in rows for ref, path in paths)
        elsewhere = self._named(connection, named) - named
        outcomes: dict[tuple[str, str], FileOutcome] = {}
        for ref, path in (pointer for _, paths in rows for pointer in paths):
            file = (ref.root, path)
            if file not in outcomes and file not in elsewhere:
                outcomes[file] = self._delete_one(roots[ref.root], ref, path)
        counts = Counter(outcomes.values())
        shared = sum(1 for file in named if file in elsewhere)
        refused = {file for file, outcome in outcomes.items() if outcome is FileOutcome.REFUSED}
        going = [key for key, paths in rows if not any((ref.root, path) in refused for ref, path in paths)]
        deleted, absent = counts[FileOutcome.DELETED], counts[FileOutcome.ABSENT]
        return going, FileCounts(deleted, absent, len(refused), shared)

    def _delete_one(self, root: int, ref: FileRef, path: str) -> FileOutcome:
        outcome = delete_file(root, path, ref.derivatives)
        if outcome is FileOutcome.DELETED:
            self.gone.add((ref.root, path))
        earlier = outcome is FileOutcome.ABSENT and (ref.root, path) in self.gone
        return FileOutcome.DELETED if earlier else outcome

    def _rows(
        self, connection: sa.Connection, keys: Sequence[RecordKey]
    ) -> list[tuple[RecordKey, list[tuple[FileRef, str]]]]:
        """Return the rows' keys, as the database has them, with what they point at."""
        target = self._target(self.table)
        columns = [target.c[name] for name in (*self.table.key, *(ref.column for ref in self.refs))]
        query = sa.select(*columns).where(key_condition(target, self.table.key, keys))
        width = len(self.table.key)
        return [
            (tuple(row[:width]), [(ref, str(path)) for ref, path in zip(self.refs, row[width:], strict=True) if path])
            for row in connection.execute(query)
        ]

    def _named(self, connection: sa.Connection, files: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
        """Count how often these files are named in all tables of the system."""
        found: Counter[tuple[str, str]] = Counter()
        for table, ref in self._pointers({root for root, _ in files}):
            target = self._target(table)
            paths = {path for root, path in files if root == ref.root}
            query = sa.select(target.c[ref.column]).where(key_condition(target, (ref.column,), [(p,) for p in paths]))
            # Compared here, letter by letter: to a database, A.jpg and a.jpg may be one.
            found.update((ref.root, str(path)) for path in connection.execute(query).scalars() if path in paths)
        return found

    def _pointers(self, roots: set[str]) -> Iterator[tuple[Table, FileRef]]:
        for table in self.data_map.tables.values():
            yield from ((table, ref) for ref in table.files if ref.root in roots)

    def _target(self, table: Table) -> sa.Table:
        return sql_table(table, self.data_map.schema, self.types.get(table.name))
