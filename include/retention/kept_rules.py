"""The rules of a run, kept beside its report as they were written: what was destroyed was destroyed by these.

Digests alone prove which rules applied, but don't say what they were. A report written again reads the kept ones, so
rules changed later never speak for an earlier run.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from include.retention.errors import ReportError
from include.retention.ledger.runs import RunRow
from include.retention.policy.document import Json, read_document
from include.retention.policy.load import MAP_DIRECTORY, SCHEDULE_FILE, Policy, load_policy
from include.retention.report.parts import Change
from include.retention.report.promises import PUBLISHED_POLICY
from include.retention.settings import Settings

RULES = "rules"
"""The directory beside a run's report that holds its schedule and data maps."""
MOST_CHANGES = 60
"""Changed lines that a report shows."""


def keep_rules(settings: Settings, run_id: str) -> None:
    """Copy the schedule and the data maps to where the run's report will be. Kept rules are replaced whole."""
    target = settings.reports / run_id / RULES
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{RULES}.", dir=target.parent))
    try:
        shutil.copyfile(settings.policy / SCHEDULE_FILE, fresh / SCHEDULE_FILE)
        if (settings.policy / PUBLISHED_POLICY).exists():
            shutil.copyfile(settings.policy / PUBLISHED_POLICY, fresh / PUBLISHED_POLICY)
        maps = settings.policy / MAP_DIRECTORY
        for file in sorted([*maps.glob("*.yaml"), *maps.glob("*/*.yaml")]):
            target_file = fresh / MAP_DIRECTORY / file.relative_to(maps)
            target_file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target_file)
        fresh.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def rules_of(settings: Settings, row: RunRow) -> Policy:
    """Return the policy that a run went by.

    Raises:
        ReportError: neither the kept rules nor the present ones are those of the run.
    """
    kept = settings.reports / row.run_id / RULES
    policy = load_policy(kept if kept.exists() else settings.policy)
    if (policy.schedule.digest, policy.map_digests) == (row.schedule_digest, dict(row.map_digests)):
        return policy
    message = (
        f"{kept} doesn't hold the rules of run {row.run_id}: the ledger knows others by their digests. "
        "Restore the directory from your copy."
        if kept.exists()
        else f"The rules have changed since run {row.run_id}, and none were kept beside its report in {kept}. "
        "Its report can't be written again."
    )
    raise ReportError(message)


def changed_rules(settings: Settings, before: str, now: str) -> tuple[Change, ...]:
    """Return what differs between the kept rules of two runs, line by line of their content.

    Args:
        settings: where the reports are.
        before: id of the earlier run.
        now: id of the later run.
    """
    earlier, later = (settings.reports / run_id / RULES for run_id in (before, now))
    if not earlier.exists() or not later.exists():
        return ()
    was, is_now = (dict(_lines(directory)) for directory in (earlier, later))
    changed = [key for key in dict.fromkeys([*was, *is_now]) if was.get(key) != is_now.get(key)]
    return tuple(Change("rule", key, was.get(key, ""), is_now.get(key, "")) for key in changed[:MOST_CHANGES])


def _lines(directory: Path) -> Iterator[tuple[str, str]]:
    """Yield each value of all files with its place: ``retention_schedule.parameters.MKT_FORMER.keep``."""
    for file in sorted(directory.rglob("*.yaml")):
        # An area's tables are its system's, whichever file they stand in.
        of_area = file.parent.parent == directory / MAP_DIRECTORY
        yield from _flat(file.parent.name if of_area else file.stem, read_document(file)[0].data)


def _flat(place: str, content: Json) -> Iterator[tuple[str, str]]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _flat(f"{place}.{key}", value)
    elif isinstance(content, list) and any(isinstance(each, (dict, list)) for each in content):
        for number, value in enumerate(content):
            yield from _flat(f"{place}[{number}]", value)
    else:
        yield place, ", ".join(map(str, content)) if isinstance(content, list) else str(content)
