"""Policies for tests: a valid one, and mistakes told as differences from it.

A ``tests/data/failing_*.yaml`` file says in its comments what it expects:

- ``# expect: CODE key`` for each problem, no more and no fewer;
- ``# remove: key`` for what is taken away from the valid file before the difference is merged into it;
- ``# base: none`` where the file stands alone, because it is about YAML itself.
"""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import yaml

from include.retention.errors import ConfigurationError, Problem
from include.retention.policy.document import read_document
from include.retention.policy.load import Policy, load_policy

DATA = Path(__file__).resolve().parents[1] / "data"
FAILING = sorted(DATA.glob("failing_*.yaml"))


def marks(path: Path, mark: str) -> list[str]:
    """Return what follows ``# <mark>:`` in a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.partition(f"# {mark}:")[2].strip() for line in lines if line.startswith(f"# {mark}:")]


def valid(kind: str) -> dict[str, Any]:
    """Return the content of the valid ``schedule`` or ``map``."""
    document, problems = read_document(DATA / f"valid_{kind}.yaml")
    assert not problems
    return copy.deepcopy(dict(document.data))


def merged(base: Any, difference: Any) -> Any:
    """Return a mapping with another merged into it; everything else is replaced, and so is a method as a whole."""
    if not isinstance(base, dict) or not isinstance(difference, dict):
        return difference
    changes = {key: value if key == "method" else merged(base.get(key), value) for key, value in difference.items()}
    return {**base, **changes}


def without(content: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the content without a key."""
    *path, last = key.split(".")
    holder = content
    for step in path:
        holder = holder[step]
    del holder[last]
    return content


def write_policy(directory: Path, schedule: dict[str, Any], maps: dict[str, dict[str, Any]]) -> Path:
    """Write a policy as files."""
    for name in ("shop", *maps):
        (directory / "data_map" / f"{name}.yaml").parent.mkdir(parents=True, exist_ok=True)
    for path, content in [
        (directory / "retention_schedule.yaml", schedule),
        *((directory / "data_map" / f"{name}.yaml", content) for name, content in maps.items()),
    ]:
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return directory


def write_failing(directory: Path, failing: Path) -> Path:
    """Write the policy that a failing file describes."""
    kind = failing.stem.split("_")[1]
    contents = {"schedule": valid("schedule"), "map": valid("map")}
    for key in marks(failing, "remove"):
        contents[kind] = without(contents[kind], key)
    alone = "none" in marks(failing, "base")
    if not alone:
        contents[kind] = merged(contents[kind], read_document(failing)[0].data)
    write_policy(directory, contents["schedule"], {"shop": contents["map"]})
    if alone:
        target = "retention_schedule.yaml" if kind == "schedule" else "data_map/shop.yaml"
        shutil.copy(failing, directory / target)
    return directory


def load(directory: Path) -> tuple[Policy | None, tuple[Problem, ...]]:
    """Load a policy: it, or its problems."""
    try:
        return load_policy(directory), ()
    except ConfigurationError as error:
        return None, error.problems
