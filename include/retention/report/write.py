"""Writes a report's files, whole or not at all, and points ``latest`` at the newest report."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from include.retention.errors import ReportError
from include.retention.report.history import REPORT_JSON
from include.retention.report.model import ReportData
from include.retention.report.render_csv import ENCODING, render_csv
from include.retention.report.render_html import render_html
from include.retention.report.render_json import render_json
from include.retention.report.words import LANGUAGES

LATEST = "latest"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+=-]{0,239}")


def write_report(data: ReportData, directory: Path, run_id: str) -> dict[str, str]:
    """Write the report to ``<directory>/<run_id>/`` and point ``<directory>/latest`` at it where it is the newest.

    A report written again for the same run replaces the first.

    Returns:
        file name -> SHA-256, lower-case hex.

    Raises:
        ReportError: the run id can't be a directory's name.
    """
    if not _RUN_ID.fullmatch(run_id) or run_id == LATEST:
        message = "The run id can't name a directory. Use letters, digits and _ . : + = - only."
        raise ReportError(message)
    files = _files(data)
    directory.mkdir(parents=True, exist_ok=True)
    _replace(directory / run_id, files)
    if _is_newest(directory, data):
        _point(directory, run_id)
    return digests(files)


def write_copy(data: ReportData, target: Path) -> dict[str, str]:
    """Write a report once more, to a directory of its own; the original stays as it is.

    Returns:
        file name -> SHA-256, lower-case hex.
    """
    files = _files(data)
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, files)
    return digests(files)


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return file name -> SHA-256, lower-case hex."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _files(data: ReportData) -> dict[str, bytes]:
    files = {f"gallringsprotokoll.{each}.html": render_html(data, each).encode() for each in LANGUAGES}
    return files | {REPORT_JSON: render_json(data).encode(), "report.csv": render_csv(data).encode(ENCODING)}


def _replace(target: Path, files: dict[str, bytes]) -> None:
    """Put the files where readers see either the old report or the new one."""
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for name, content in files.items():
            with (fresh / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        fresh.chmod(0o755)
        if target.exists():
            _carry_over(target, fresh)
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
            target.rename(old / "replaced")
            fresh.rename(target)
            shutil.rmtree(old)
        else:
            fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _carry_over(target: Path, fresh: Path) -> None:
    """Keep what lies beside the report's own files: the run's rules, and copies written afterwards."""
    for each in target.iterdir():
        if each.is_dir() and not each.name.startswith("."):
            shutil.copytree(each, fresh / each.name)


def _is_newest(directory: Path, data: ReportData) -> bool:
    """Return whether no report that began later is pointed at: writing an old report again moves nothing."""
    file = directory / LATEST / REPORT_JSON
    try:
        pointed = json.loads(file.read_text(encoding="utf-8"))["summary"]
        began = pointed["started_at"] or ""
    except (OSError, ValueError, KeyError):
        return True
    mine = data.run.started_at.isoformat() if data.run.started_at else ""
    return pointed["run_id"] == data.run.run_id or not mine or mine >= str(began)


def _point(directory: Path, run_id: str) -> None:
    """Point ``latest`` at a report: a relative link, or a copy where the file system has no links."""
    latest = directory / LATEST
    holder = Path(tempfile.mkdtemp(prefix=f".{LATEST}.", dir=directory))
    try:
        fresh = holder / LATEST
        try:
            fresh.symlink_to(run_id, target_is_directory=True)
        except OSError:
            shutil.copytree(directory / run_id, fresh)
        if latest.is_symlink() and fresh.is_symlink():
            fresh.replace(latest)
            return
        if latest.is_symlink():
            latest.unlink()
        elif latest.exists():
            latest.rename(holder / "replaced")
        fresh.rename(latest)
    finally:
        shutil.rmtree(holder, ignore_errors=True)
