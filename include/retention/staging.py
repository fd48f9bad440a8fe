"""The run's short-lived frames: Parquet files below one directory, readable by its owner only.

Staging holds record keys, so it is removed when the run ends; what a failed run left is removed by the first run
that starts ``KEEP_FAILED`` later (see ``include/docs/reference/files.md``).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

PLAN, CONFIRM, AFTER = "plan", "confirm", "after"
"""The phases of a run: what is planned, what of it is still due before the act, and what is left after it."""

KEEP_FAILED = timedelta(days=7)
"""How long a failed run's frames are kept, so that its act can be retried."""


@dataclass(frozen=True, slots=True)
class Staging:
    """One run's directory, or one phase of it."""

    root: Path

    def phase(self, name: str) -> Staging:
        """Return a part of the run's staging: ``plan`` or ``confirm``."""
        return Staging(self.root / name)

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Write a frame, replacing an earlier one whole or not at all."""
        path = self._path(name, "parquet")
        partial = path.with_suffix(".partial")
        frame.to_parquet(partial, index=False)
        partial.replace(path)

    def read(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """Read a frame back. Text comes back as ``str`` with NaN for what is missing."""
        return pd.read_parquet(self._path(name, "parquet"), columns=columns)

    def has(self, name: str) -> bool:
        """Return whether a frame has been written."""
        return self._path(name, "parquet").exists()

    def has_json(self, name: str) -> bool:
        """Return whether counts or references have been written."""
        return self._path(name, "json").exists()

    def names(self, folder: str) -> list[str]:
        """Return the names of the frames in a folder, sorted."""
        return sorted(f"{folder}/{path.stem}" for path in (self.root / folder).glob("*.parquet"))

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write counts or references, replacing an earlier file whole or not at all."""
        path = self._path(name, "json")
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(content, ensure_ascii=False, sort_keys=True), encoding="utf-8")
        partial.replace(path)

    def read_json(self, name: str) -> dict[str, Any]:
        """Read counts or references back."""
        content: dict[str, Any] = json.loads(self._path(name, "json").read_text(encoding="utf-8"))
        return content

    def remove(self) -> None:
        """Remove everything below the directory."""
        shutil.rmtree(self.root, ignore_errors=False) if self.root.exists() else None

    def _path(self, name: str, suffix: str) -> Path:
        path = self.root / f"{name}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path


def open_staging(directory: Path, run_id: str) -> Staging:
    """Return a run's staging, making its directory readable by its owner only."""
    root = directory / run_id
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    root.chmod(0o700)
    return Staging(root)


def remove_abandoned(directory: Path, now: datetime, running: str) -> int:
    """Remove the staging of runs that ended without removing it; return how many there were."""
    removed = 0
    for path in directory.glob("*") if directory.exists() else []:
        age = now - datetime.fromtimestamp(path.stat().st_mtime, tz=now.tzinfo)
        if path.is_dir() and path.name != running and age > KEEP_FAILED:
            Staging(path).remove()
            removed += 1
    return removed
