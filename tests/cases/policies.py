"""The shipped policy with one thing changed, and what is said of it."""

from __future__ import annotations

import copy
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from include.retention.errors import ConfigurationError
from include.retention.policy.document import read_document
from include.retention.policy.load import Policy, load_policy, load_schedule
from include.retention.policy.model import Schedule
from include.retention.settings import PROJECT

SHIPPED = PROJECT / "include" / "policy"


@lru_cache
def _read(name: str) -> Any:
    document, problems = read_document(SHIPPED / name)
    assert not problems
    return document.data


def schedule_text() -> dict[str, Any]:
    """Return the shipped retention schedule as YAML has it, to be changed."""
    return copy.deepcopy(dict(_read("retention_schedule.yaml")))


def map_text(system: str) -> dict[str, Any]:
    """Return a shipped data map as YAML has it, to be changed."""
    return copy.deepcopy(dict(_read(f"data_map/{system}.yaml")))


def with_purpose(name: str, **rule: Any) -> dict[str, Any]:
    """Return the schedule with keys of a purpose changed, or a purpose added."""
    schedule = schedule_text()
    schedule["purposes"][name] = {**schedule["purposes"].get(name, {}), **rule}
    return schedule


def write(directory: Path, schedule: dict[str, Any]) -> Path:
    """Write a schedule and return its file."""
    path = directory / "retention_schedule.yaml"
    path.write_text(yaml.safe_dump(schedule, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def schedule_of(directory: Path, schedule: dict[str, Any]) -> Schedule:
    """Return a changed schedule, loaded."""
    return load_schedule(write(directory, schedule))


def problems_of(directory: Path, schedule: dict[str, Any]) -> set[str]:
    """Return what a schedule is refused for: code and key of each problem."""
    try:
        schedule_of(directory, schedule)
    except ConfigurationError as error:
        return {f"{problem.code} {problem.key}" for problem in error.problems}
    return set()


def policy_of(directory: Path, system: str, content: dict[str, Any]) -> Policy:
    """Return the shipped policy with one data map changed or added."""
    target = directory / "policy"
    shutil.copytree(SHIPPED, target)
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    (target / "data_map" / f"{system}.yaml").write_text(text, encoding="utf-8")
    return load_policy(target)


def problems_of_map(directory: Path, system: str, content: dict[str, Any]) -> set[str]:
    """Return what the shipped policy with one data map changed is refused for."""
    try:
        policy_of(directory, system, content)
    except ConfigurationError as error:
        return {f"{problem.code} {problem.key}" for problem in error.problems}
    return set()
