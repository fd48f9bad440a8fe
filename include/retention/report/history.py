"""Part 13: earlier runs, read from their own reports, and what changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from include.retention.report.model import RunIdentity
from include.retention.report.parts import Change, PastRun
from include.retention.terms import Mode, RunOutcome

REPORT_JSON = "report.json"
_DIGEST = 12


def read_history(directory: Path, run_id: str, most: int = 26) -> tuple[PastRun, ...]:
    """Return the earlier runs that have left a report, oldest first, at most the newest ``most``.

    Args:
        directory: where the runs' report directories are.
        run_id: the run that is reported now, left out.
        most: half a year of weekly runs.
    """
    runs = [_past(summary) for summary in _summaries(directory) if summary.get("run_id") != run_id]
    known = [run for run in runs if run is not None]
    return tuple(sorted(known, key=lambda run: (run.started_at, run.run_id))[-most:])


def read_heads(directory: Path) -> dict[int, str]:
    """Return the heads of the ledger that the reports printed, hash by place: what ``verify_chain`` takes as known."""
    chains = [summary["chain"] for summary in _summaries(directory)]
    return {chain["head_seq"]: chain["head"] for chain in chains if chain["ok"] and chain["head_seq"]}


def unreadable_reports(directory: Path) -> list[str]:
    """Return the names of the runs whose report.json is damaged: the head that it printed is lost."""
    return [file.parent.name for file in _files(directory) if _summary(file) is None]


def changes_since(previous: PastRun | None, run: RunIdentity) -> tuple[Change, ...] | None:
    """Return what differs from the run before, or None where there is no run to compare with."""
    if previous is None:
        return None
    pairs = [
        ("schedule_version", "", previous.schedule_version, run.schedule_version),
        ("schedule_digest", "", previous.schedule_digest, run.schedule_digest),
        ("code_digest", "", previous.code_digest, run.code_digest),
        *(
            ("map_digest", system, previous.map_digests.get(system, ""), run.map_digests.get(system, ""))
            for system in dict.fromkeys([*previous.map_digests, *run.map_digests])
        ),
    ]
    return tuple(
        Change(what, name, before[:_DIGEST], now[:_DIGEST])
        for what, name, before, now in pairs
        if before != now and now
    )


def previous_run(history: Sequence[PastRun], started_at: datetime | None) -> PastRun | None:
    """Return the newest run that began before this one."""
    earlier = [run for run in history if started_at is None or run.started_at < started_at]
    return earlier[-1] if earlier else None


def _summaries(directory: Path) -> Iterator[Mapping[str, Any]]:
    """Read the summaries of the reports that can be read; `unreadable_reports` names the others."""
    for file in _files(directory):
        summary = _summary(file)
        if summary is not None:
            yield summary


def _files(directory: Path) -> list[Path]:
    """Return the reports; ``latest`` is a pointer to one of them, and a hidden directory one being written."""
    found = sorted(directory.glob(f"[!.]*/{REPORT_JSON}"))
    return [file for file in found if file.parent.name != "latest" and file.is_file()]


def _summary(file: Path) -> Mapping[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))["summary"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content if isinstance(content, dict) and {"chain", "started_at"} <= content.keys() else None


def _past(summary: Mapping[str, Any]) -> PastRun | None:
    if summary["started_at"] is None:
        return None
    total: Mapping[str, Any] = summary["total"]
    return PastRun(
        run_id=summary["run_id"],
        started_at=datetime.fromisoformat(summary["started_at"]),
        as_of=date.fromisoformat(summary["as_of"]) if summary["as_of"] else None,
        mode=Mode(summary["mode"]),
        run_type=summary["run_type"],
        outcome=RunOutcome(summary["outcome"]),
        due=total["due"],
        deleted=total["deleted"],
        anonymised=total["anonymised"],
        referred=total["referred"],
        schedule_version=summary["schedule_version"],
        schedule_digest=summary["schedule_digest"],
        map_digests=summary["map_digests"],
        code_digest=summary["code_digest"],
    )
