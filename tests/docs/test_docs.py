"""Links lead somewhere, commands exist, and every setting, guard and command of the code has its place in the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.retention.connections import EXTRAS
from include.retention.guards import check_history, check_pause, check_quiet, check_volume
from include.retention.policy.model import Guards
from tests.places import ROOT

DOCS = ROOT / "include" / "docs"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md"), *(ROOT / "include").glob("*/README.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
VARIABLE = re.compile(r"\bGALLRING_[A-Z_]*[A-Z]\b")
SAMPLE = {"GALLRING_FILES_ID_COPIES"}
"""Named by the sample's data map, not by the code."""
REFUSALS = {
    "check_clock": ("a day that lies ahead", "the clock went back"),
    "check_server_clock": ("the clocks disagree",),
    "check_disk": ("little disk",),
    "check_extract": ("empty or shrunken extract",),
    "check_holds": ("a hold that vanished",),
    "check_ledger": ("a broken ledger",),
}
"""What the operator's page calls the guards that refuse: they have no names in the ledger."""


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
    text = page.read_text("utf-8")
    # In a sentence, at a prompt, and in the shell's own brackets.
    named = set(re.findall(r"(?:`|^\$ |\$\()make (?:-\w+ |[A-Z]+=\S+ )*([a-z]+)", text, re.MULTILINE))
    assert named <= targets
    if page == ROOT / "README.md":
        assert named >= targets - {"help"}, "a target that the README doesn't name"


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


def test_every_guard_that_refuses_has_its_place_in_the_operators_page() -> None:
    source = (ROOT / "include" / "retention" / "guards.py").read_text("utf-8")
    bodies = dict(re.findall(r"^def (check_\w+)(.*?)(?=^def |\Z)", source, re.MULTILINE | re.DOTALL))
    assert {name for name, body in bodies.items() if "raise GuardError" in body} == set(REFUSALS)
    page = (DOCS / "how-to" / "operate.md").read_text("utf-8")
    for phrases in REFUSALS.values():
        for phrase in phrases:
            assert f"\n| {phrase} |" in page, phrase


def test_every_limit_of_the_guards_has_its_place_in_the_operators_page() -> None:
    page = (DOCS / "how-to" / "operate.md").read_text("utf-8")
    assert {name for name in Guards.__dataclass_fields__ if f"`{name}`" not in page} == set()


def test_every_extra_of_a_connection_is_in_the_page_that_tells_of_connections() -> None:
    page = (DOCS / "how-to" / "your-own-systems.md").read_text("utf-8")
    for extras in EXTRAS.values():
        assert {name for name in extras if f"`{name}`" not in page} == set()
