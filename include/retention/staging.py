"""The run's short-lived frames: Parquet files below one directory, or below one prefix of an object store.

Staging holds record keys: in a directory it is readable by its owner only, on a store by whoever the store lets. It is
removed when the run ends; what a failed run left is removed by the first run that starts ``KEEP_FAILED`` later (see
``include/docs/reference/files.md``). Only this module knows what kind of place it is.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

import pandas as pd
from pyarrow.parquet import ParquetFile
from upath import UPath

from include.retention.errors import ConfigurationError, Problem
from include.retention.settings import is_url

PLAN, CONFIRM, AFTER = "plan", "confirm", "after"
"""The phases of a run: what is planned, what of it is still due before the act, and what is left after it."""

KEEP_FAILED = timedelta(days=7)
"""How long a failed run's frames are kept, so that its act can be retried."""
CHUNK_ROWS = 50_000
"""Rows of a frame that are in memory where it is read in chunks."""
BLOCK = 8 * 1024 * 1024
"""Bytes that are held in memory of a file that is read from a store, or written to one."""


def sizes_name(system: str) -> str:
    """Return the name under which the rows of a system's tables are kept, as counted after the act."""
    return f"sizes/{system}"


@dataclass(frozen=True, slots=True)
class Staging:
    """One run's place, or one phase of it.

    Attributes:
        root: a directory, or a prefix of an object store.
    """

    root: Path | UPath

    def phase(self, name: str) -> Staging:
        """Return a part of the run's staging: ``plan`` or ``confirm``."""
        return Staging(self.root / name)

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Write a frame, replacing an earlier one whole or not at all."""
        with self._replacing(f"{name}.parquet") as file:
            frame.to_parquet(file, index=False)

    def read(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """Read a frame back. Text comes back as ``str`` with NaN for what is missing."""
        with self._reading(f"{name}.parquet") as file:
            return pd.read_parquet(file, columns=columns)

    def chunks(self, name: str, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield a frame's rows, ``CHUNK_ROWS`` at most at a time and none at all where it has none."""
        with self._reading(f"{name}.parquet") as file:
            for batch in ParquetFile(file).iter_batches(CHUNK_ROWS, columns=columns):
                yield batch.to_pandas()

    def has(self, name: str) -> bool:
        """Return whether a frame has been written."""
        return (self.root / f"{name}.parquet").exists()

    def has_json(self, name: str) -> bool:
        """Return whether counts or references have been written."""
        return (self.root / f"{name}.json").exists()

    def names(self, folder: str) -> list[str]:
        """Return the names of the frames in a folder, sorted."""
        return sorted(f"{folder}/{path.stem}" for path in (self.root / folder).glob("*.parquet"))

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write counts or references, replacing an earlier file whole or not at all."""
        with self._replacing(f"{name}.json") as file:
            file.write(json.dumps(content, ensure_ascii=False, sort_keys=True).encode())

    def read_json(self, name: str) -> dict[str, Any]:
        """Read counts or references back."""
        with self._reading(f"{name}.json") as file:
            content: dict[str, Any] = json.load(file)
        return content

    def copy_to(self, other: Staging) -> None:
        """Copy everything below the place to another one."""
        for path in self.root.rglob("*"):
            name = path.as_posix().removeprefix(f"{self.root.as_posix()}/")
            if path.is_file() and not name.endswith(".partial"):
                with self._reading(name) as source, other._replacing(name) as target:
                    shutil.copyfileobj(source, target, BLOCK)

    def remove(self) -> None:
        """Remove everything below the place."""
        if not self.root.exists():
            return
        if isinstance(self.root, UPath):
            self.root.fs.rm(self.root.path, recursive=True)
        else:
            shutil.rmtree(self.root)

    @contextmanager
    def _reading(self, name: str) -> Iterator[IO[bytes]]:
        path = self.root / name
        with path.open("rb", block_size=BLOCK) if isinstance(path, UPath) else path.open("rb") as file:
            yield file

    @contextmanager
    def _replacing(self, name: str) -> Iterator[IO[bytes]]:
        """Give a file that is put in its place once the block has ended well, and never otherwise."""
        path = self.root / name
        with _on_store(path) if isinstance(path, UPath) else _on_disk(path) as file:
            yield file


@contextmanager
def _on_disk(path: Path) -> Iterator[IO[bytes]]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A name of its own: the same task, tried again elsewhere, may be writing the same file.
    with NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", suffix=".partial", delete=False) as file:
        try:
            yield file
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


@contextmanager
def _on_store(path: UPath) -> Iterator[IO[bytes]]:
    file = path.fs.open(path.path, "wb", block_size=BLOCK, autocommit=False)
    try:
        yield file
        file.close()
    except BaseException:
        with suppress(Exception):  # What it couldn't upload isn't wanted any more.
            file.close()
        file.discard()
        raise
    file.commit()


def open_staging(place: str, run_id: str) -> Staging:
    """Return a run's staging; a directory is made readable by its owner only.

    Args:
        place: ``Settings.staging``.
        run_id: safe as a file name.

    Raises:
        ConfigurationError: the place is of a kind that nothing installed here can open.
    """
    root = _root(place) / run_id
    if not isinstance(root, UPath):
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        root.chmod(0o700)
    return Staging(root)


def require_usable(place: str) -> None:
    """Write, read and remove a file, so that a mistake is told before a run begins.

    Raises:
        ConfigurationError: it can't be done; the text names the kind of error and nothing of what the store said.
    """
    probe = Staging(_root(place) / f"probe-{uuid.uuid4().hex}")
    try:
        probe.write_json("probe", {"pid": os.getpid()})
        probe.read_json("probe")
        probe.remove()
    except Exception as error:  # noqa: BLE001 - every store has errors of its own
        what = f"names {place}, where nothing can be written, read and removed ({type(error).__name__})."
        raise _unusable(what, "Is it there, and may this account write and list there? Mend it.") from None


def remove_abandoned(place: str, now: datetime, running: str) -> int:
    """Remove the staging of runs that ended without removing it; return how many there were."""
    root, removed = _root(place), 0
    for path in root.iterdir() if root.exists() else []:
        if path.is_dir() and path.name != running and now - _changed(path, now) > KEEP_FAILED:
            Staging(path).remove()
            removed += 1
    return removed


def _changed(path: Path | UPath, now: datetime) -> datetime:
    """Return when anything was last written; a store has no directories, so its files are asked."""
    dated = [file for file in path.rglob("*") if file.is_file()] if isinstance(path, UPath) else [path]
    return max((datetime.fromtimestamp(each.stat().st_mtime, tz=now.tzinfo) for each in dated), default=now)


def _root(place: str) -> Path | UPath:
    if not is_url(place):
        return Path(place)
    try:
        # What another machine has just written must be seen, so no listing is kept.
        root = UPath(place, use_listings_cache=False)
        root.fs  # noqa: B018 - imports the store's client
    except (ImportError, ValueError) as error:
        what = f"names {place}, and nothing installed here opens such a place ({type(error).__name__})."
        raise _unusable(what, "Install the store's fsspec client (s3fs comes with Gallring), or correct it.") from None
    return root


def _unusable(what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([Problem("environment", "GALLRING_STAGING", what, remedy, "BAD_PLACE")])
