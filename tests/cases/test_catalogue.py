"""Every case of the catalogue is a named test, or waits with a reason."""

from __future__ import annotations

import re

from tests.cases.catalogue import CATALOGUE, WAITING
from tests.places import ROOT

_NAMED = re.compile(r"^ *def test_case_([a-k]\d\d)_", re.IGNORECASE | re.MULTILINE)


def named() -> set[str]:
    """Return the ids that are the name of a test somewhere."""
    files = (ROOT / "tests").rglob("test_*.py")
    return {name.upper() for file in files for name in _NAMED.findall(file.read_text("utf-8"))}


def test_every_case_is_tested_or_waits_with_a_reason() -> None:
    assert CATALOGUE - named() - WAITING.keys() == set(), "these are neither tested nor listed as waiting"


def test_nothing_waits_that_is_named() -> None:
    assert WAITING.keys() & named() == set()


def test_no_test_is_named_after_a_case_that_isnt_there() -> None:
    assert named() <= CATALOGUE
    assert WAITING.keys() <= CATALOGUE
