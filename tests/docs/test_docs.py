"""Links lead somewhere, commands exist, and every setting, guard and command of the code has its place in the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.retention.guards import check_history, check_pause, check_quiet, check_volume
from tests.places import ROOT

DOCS = ROOT / "include" / "docs"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md"), *(ROOT / "include").glob("*/README.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
VARIABLE = re.compile(r"\bGALLRING_[A-Z_]*[A-Z]\b")
SAMPLE = {"GALLRING_FILES_ID_COPIES"}
"""Named by the sample's data map, not by the code."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as a forge makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text("utf-8")):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


def test_every_page_is_on_the_index() -> None:
    index = (DOCS / "README.md").read_text("utf-8")
    linked = {(DOCS / link).resolve() for link in LINK.findall(index)}
    assert {page for page in DOCS.rglob("*.md") if page.name != "README.md"} <= linked


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_of_make_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", page.read_text("utf-8")))
    assert named <= targets


def test_every_setting_of_the_code_is_documented_and_the_other_way_round() -> None:
    sources = [ROOT / "include" / "retention", ROOT / "dags"]
    files = [ROOT / "tests" / "services.py", *(file for source in sources for file in source.rglob("*.py"))]
    read = set().union(*(VARIABLE.findall(file.read_text("utf-8")) for file in files))
    read |= {"GALLRING_TEST_SUBJECTS", "GALLRING_TEST_SEED"}
    documented = set(VARIABLE.findall((DOCS / "reference" / "settings.md").read_text("utf-8")))
    assert documented - SAMPLE == read


def test_every_guard_has_its_place_in_the_operators_page() -> None:
    source = (ROOT / "include" / "retention" / "guards.py").read_text("utf-8")
    names = set(re.findall(r'Finding\(\s*"([A-Z_]+)"', source))
    assert len(names) == len({check_history, check_pause, check_quiet, check_volume}) + 2
    page = (DOCS / "how-to" / "operate.md").read_text("utf-8")
    assert {name for name in names if f"`{name}`" in page} == names


def test_every_error_that_a_task_may_end_with_has_its_place_in_the_operators_page() -> None:
    page = (DOCS / "how-to" / "operate.md").read_text("utf-8")
    told = set(re.findall(r"`([A-Z]\w+Error)`", (ROOT / "dags" / "gallring.py").read_text("utf-8")))
    assert told
    assert {name for name in told if f"`{name}`" in page} == told
