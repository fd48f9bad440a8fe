"""The README for the data protection officer explains everything there is, and nothing there isn't."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from include.retention.policy.json_schema import FILES
from include.retention.policy.load import load_policy
from include.retention.policy.wording import known_words
from tests.policy import samples
from tests.policy.test_failing import ELSEWHERE

POLICY = Path(__file__).resolve().parents[2] / "include" / "policy"
README = (POLICY / "README.md").read_text(encoding="utf-8")
IN_CODE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
CODE = {word for code in IN_CODE for word in re.findall(r"\w+", code)}


@pytest.mark.parametrize("model", FILES.values(), ids=lambda model: model.__name__)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    assert [word for word in known_words(model) if word not in CODE] == []


def test_every_code_is_explained() -> None:
    codes = {mark.split()[0] for failing in samples.FAILING for mark in samples.marks(failing, "expect")} | ELSEWHERE
    assert sorted(codes - CODE) == []


def test_every_sentence_of_the_published_policy_is_answered() -> None:
    rows = dict(re.findall(r"^\| (S\d+) \|[^|]*\|([^|]*)\|", README, re.MULTILINE))
    assert list(rows) == [f"S{number}" for number in range(1, 21)]
    assert all(answer.strip() for answer in rows.values())


def test_every_question_is_asked_and_every_asked_question_is_there() -> None:
    _, _, questions = README.partition("### Questions to the controller")
    there = re.findall(r"^\| (Q\d+) \|", questions, re.MULTILINE)
    asked = set(re.findall(r"Q\d+", README[: README.index("### Questions to the controller")]))
    assert there == [f"Q{number}" for number in range(1, len(there) + 1)]
    assert asked <= set(there)


def test_every_purpose_and_parameter_has_its_sentence() -> None:
    """And what the table names exists."""
    schedule = load_policy(POLICY).schedule
    _, _, table = README.partition("## The published policy, sentence by sentence")
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", table))
    known = set(schedule.purposes) | set(schedule.parameters)
    codes = {"MARKETING_UNBOUNDED", "PAST_PUBLISHED_CEILING"}
    assert named - codes <= known
    assert set(schedule.purposes) <= named
    decided_in_the_law = {"WARRANTY_C", "WARRANTY_B"}
    assert set(schedule.parameters) - decided_in_the_law <= named
