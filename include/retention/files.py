"""Deleting the files that rows point at, before the pointers.

A pointer erased while its file stays would leave a copy of somebody's passport that nobody can find any more. So a
file goes first, with its thumbnails and scanned text; a look afterwards proves it; and whatever couldn't be proved
keeps its row. Nothing here tells a file's name: names of ID copies are names of people.

Paths come from the data, so they are walked one directory at a time, from the root down, following no symbolic link:
neither a path nor somebody who swaps a directory meanwhile leads out of the root.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from include.retention.data_map.model import DataMap
from include.retention.errors import ActError

MARKER = ".gallring-root"
"""A file of this name tells that an otherwise empty root is the right directory, not a disk that isn't mounted."""


class FileOutcome(Enum):
    """What became of the file that a row names, its derivatives included."""

    DELETED = "deleted"
    ABSENT = "absent"
    """Neither the file nor a derivative was there."""
    REFUSED = "refused"
    """It is still there, or nobody can tell: not done."""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What became of the files that rows name; a file and its derivatives count as one.

    Attributes:
        deleted: deleted, and looked for afterwards.
        absent: not there when it was to be deleted.
        refused: couldn't be deleted: the row stays, and is not done.
        shared: left alone because another row names it too; this row's pointer goes.
    """

    deleted: int = 0
    absent: int = 0
    refused: int = 0
    shared: int = 0

    def __add__(self, other: FileCounts) -> FileCounts:
        return FileCounts(
            self.deleted + other.deleted,
            self.absent + other.absent,
            self.refused + other.refused,
            self.shared + other.shared,
        )


NO_FILES = FileCounts()


@contextmanager
def file_root(data_map: DataMap, name: str, environ: Mapping[str, str]) -> Iterator[int]:
    """Open the directory of a file root, which is there and holds something; yield its descriptor.

    An unmounted disk looks like an empty directory. Taken for "the files are gone already" it would cost the pointers
    to files that aren't. While the descriptor is open, the disk stays mounted.

    Raises:
        ActError: the directory isn't set, isn't absolute, isn't there, can't be read, or is empty.
    """
    where = f"{data_map.system}: the file root {name}"
    path = root_directory(data_map, name, environ)
    try:
        root = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        why = type(error).__name__
    else:
        try:
            why = "" if os.listdir(root) else "it is empty"  # noqa: PTH208  (a descriptor, not a path)
            if not why:
                yield root
        finally:
            os.close(root)
    if why:
        raise ActError(
            f"{where} can't be used ({why}): is the disk mounted? No file was deleted. "
            f"If it is rightly empty, put a file named {MARKER} into it."
        )


def root_directory(data_map: DataMap, name: str, environ: Mapping[str, str]) -> Path:
    """Return the directory of a file root as it is set, there or not.

    Raises:
        ActError: the environment doesn't set it, or it isn't an absolute path.
    """
    return _written(data_map.file_roots[name], f"{data_map.system}: the file root {name}", environ)


def _written(directory: str, where: str, environ: Mapping[str, str]) -> Path:
    if directory.startswith("$"):
        variable, _, below = directory[1:].partition("/")
        if not environ.get(variable):
            raise ActError(f"{where} is set by {variable}, which isn't set. No file was deleted.")
        directory = str(Path(environ[variable]) / below)
    if not Path(directory).is_absolute():
        raise ActError(f"{where} isn't an absolute path. No file was deleted.")
    return Path(directory)


def delete_file(root: int, path: str, derivatives: Sequence[str]) -> FileOutcome:
    """Delete a file and its derivatives, and look whether they are gone.

    Derivatives go first: while one is left, the file that leads to it is too.

    Args:
        root: from `file_root`.
        path: relative to the root, with ``/``, as the row has it.
        derivatives: patterns with ``{stem}``, the path without its extension. They name single files: a wildcard
            could match another person's.
    """
    if not _leads_inside(path):
        return FileOutcome.REFUSED
    outcomes = set()
    for each in (*derivatives_of(path, derivatives), path):
        outcome = _delete_one(root, each) if _leads_inside(each) else FileOutcome.REFUSED
        if outcome is FileOutcome.REFUSED:
            return outcome
        outcomes.add(outcome)
    return FileOutcome.DELETED if FileOutcome.DELETED in outcomes else FileOutcome.ABSENT


def derivatives_of(path: str, patterns: Iterable[str]) -> list[str]:
    """Return the paths of what was made from a file: ``{stem}`` stands for its path without the extension."""
    stem = str(PurePosixPath(path).with_suffix(""))
    return [pattern.replace("{stem}", stem) for pattern in patterns]


def _leads_inside(path: str) -> bool:
    # A backslash is a letter here: a path of another system would look absent.
    return not set(path) & {"\0", "\\"} and not set(path.split("/")) & {"", ".", ".."}


def _delete_one(root: int, path: str) -> FileOutcome:
    *folders, name = path.split("/")
    try:
        with _opened(root, folders) as directory:
            if not stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
                return FileOutcome.REFUSED  # The data behind a link would stay.
            os.unlink(name, dir_fd=directory)
            with suppress(OSError):  # Some network file systems can't; the file is unlinked all the same.
                os.fsync(directory)  # Else a power cut could bring the file back, after its pointer is gone.
            return FileOutcome.REFUSED if _is_there(name, directory) else FileOutcome.DELETED
    except FileNotFoundError:
        return FileOutcome.ABSENT
    except (OSError, UnicodeError):
        return FileOutcome.REFUSED


def _is_there(name: str, directory: int) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _opened(root: int, folders: Sequence[str]) -> Iterator[int]:
    """Open a directory below the root without following a link, and close it again."""
    directory = os.dup(root)
    try:
        for folder in folders:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            os.close(directory)
            directory = inner
        yield directory
    finally:
        os.close(directory)
