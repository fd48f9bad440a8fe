"""Who may import whom, who may read the clock: what import-linter can't see, or sees only when asked."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.places import ROOT

PACKAGE = ROOT / "include" / "retention"
AIRFLOW = {"include.retention.airflow_adapter"}
GREAT_EXPECTATIONS = {"include.retention.validate.expectations"}

WITHOUT = """
import importlib, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
for name in {modules!r}:
    importlib.import_module(name)
"""


def modules() -> list[str]:
    """Names of all modules of the package, migrations left out: Alembic loads those by path."""
    files = [file for file in PACKAGE.rglob("*.py") if "versions" not in file.parts and file.name != "env.py"]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]
    return sorted(name for name in names if not name.endswith(".__main__"))


def test_everything_but_the_adapters_works_without_airflow_and_great_expectations() -> None:
    names = [name for name in modules() if name not in AIRFLOW | GREAT_EXPECTATIONS]
    script = WITHOUT.format(absent={"airflow", "great_expectations"}, modules=names)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]


@pytest.mark.parametrize("package", ["airflow", "great_expectations"])
def test_the_adapters_are_what_they_are_for(package: str) -> None:
    """Without this, the test above could pass because an adapter has moved."""
    name = {"airflow": AIRFLOW, "great_expectations": GREAT_EXPECTATIONS}[package]
    script = WITHOUT.format(absent={package}, modules=sorted(name))
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"No module named '{package}" in done.stderr


CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "current_timestamp"}
OWNERS = {"datetime", "date", "time", "Timestamp", "func", "pendulum"}


def clock_readings(file: Path) -> list[str]:
    """Calls such as ``datetime.now()`` in a file, with their lines. A clock that measures how long is no date."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS):
            continue
        owner = node.func.value
        last = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
        if last in OWNERS:
            found.append(f"{file.relative_to(ROOT)}:{node.lineno}: {last}.{node.func.attr}()")
    return found


def test_only_one_place_reads_the_clock() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if file.name != "clock.py"]
    readings = [reading for file in files for reading in clock_readings(file)]
    assert readings == [], "Take the instant as an argument; the caller asks include.retention.clock."


def test_the_search_for_clocks_finds_one() -> None:
    assert clock_readings(PACKAGE / "clock.py"), "the test above looks for something that isn't there"


def test_every_ignored_rule_says_why() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    unexplained = [line for line in lines if line.startswith('    "') and line.rstrip().endswith('",')]
    ruff = tomllib.loads("\n".join(lines))["tool"]["ruff"]["lint"]
    codes = [*ruff["ignore"], *(code for each in ruff["per-file-ignores"].values() for code in each)]
    assert codes
    assert [line for line in unexplained if line.strip(' ",') in codes] == []


def test_the_lock_pins_every_direct_dependency_by_hash_and_names_no_server() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    wanted = [line for line in text.splitlines() if line and not line.startswith("#")]
    for line in wanted:
        name = line.split("=")[0].split(">")[0].split("[")[0].strip().lower()
        assert f"\n{name}==" in f"\n{lock}", f"{name} isn't locked: run `make lock`"
    assert "://" not in lock
    assert "--index" not in lock
    entries = [block for block in lock.split("\n") if "==" in block and not block.startswith((" ", "#"))]
    assert lock.count("--hash=sha256:") >= len(entries)


def test_every_direct_dependency_has_its_reason() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    before = ""
    for line in lines:
        if line and not line.startswith("#"):
            assert before.startswith("#") or "==" in before or ">=" in before, f"{line}: say why"
        before = line
