"""The controller's published policy, sentence by sentence, beside the rules that keep it.

The file ties every sentence to purposes of the schedule, or to a question that only the DPO can answer; most often
to both. The report shows where the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from include.retention.errors import ConfigurationError, Problem
from include.retention.policy.model import Text

PUBLISHED_POLICY = "published_policy.yaml"
"""Beside the retention schedule; a controller that hasn't written its own down has none."""
_KEYS = {"id", "quote", "promises", "purposes", "question"}


@dataclass(frozen=True, slots=True)
class Promise:
    """One sentence of the published policy.

    Attributes:
        id: its number, for example ``S16``.
        quote: the words as published, in Swedish.
        promises: what they demand of the rules.
        purposes: names of the purposes that carry it out.
        question: what the sentence leaves open for the DPO to decide, or None.
    """

    id: str
    quote: str
    promises: Text
    purposes: tuple[str, ...]
    question: Text | None


def load_promises(directory: Path) -> tuple[Promise, ...]:
    """Read the published policy's sentences from the policy's directory; nothing where there are none.

    Raises:
        ConfigurationError: a sentence lacks a key, has one too many, or its id is used twice.
    """
    path = directory / PUBLISHED_POLICY
    if not path.exists():
        return ()
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = content["sentences"]
    problems = [problem for row in rows for problem in _problems(path.name, row)]
    ids = [row.get("id") for row in rows]
    problems += [
        Problem(path.name, f"sentences.{name}", "is there twice.", "Give each sentence a number of its own.", "TWICE")
        for name in sorted({str(each) for each in ids if ids.count(each) > 1})
    ]
    if problems:
        raise ConfigurationError(problems)
    return tuple(_promise(row) for row in rows)


def _problems(file: str, row: dict[str, Any]) -> list[Problem]:
    where = f"sentences.{row.get('id', '?')}"
    needed = _KEYS - {"question"}
    return [
        Problem(file, f"{where}.{key}", "is missing.", "Add it.", "MISSING_KEY") for key in sorted(needed - set(row))
    ] + [
        Problem(file, f"{where}.{key}", "isn't known here.", f"Use only {', '.join(sorted(_KEYS))}.", "UNKNOWN_KEY")
        for key in sorted(set(row) - _KEYS)
    ]


def _promise(row: dict[str, Any]) -> Promise:
    question = row.get("question")
    return Promise(
        id=str(row["id"]),
        quote=row["quote"],
        promises=Text(**row["promises"]),
        purposes=tuple(row["purposes"]),
        question=Text(**question) if question else None,
    )
