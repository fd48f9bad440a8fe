"""The tutorial on somebody else's database, to the letter: its commands in a shell, its decisions in the map."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ruamel.yaml import YAML

from tests.places import ROOT

PAGE = (ROOT / "include" / "docs" / "tutorial-somebody-elses-database.md").read_text("utf-8")
GUESS = "guess"
READER = YAML(typ="safe")
"""Of YAML 1.2, as the policy is: `on` is a key like others."""
DONE = "this command has ended"


@dataclass(frozen=True)
class Step:
    """A command of the page with what the page says that it prints, or an excerpt of the map (no command)."""

    command: str
    text: str


class Shell:
    """Bash as a reader has it: in the checkout, with a home of its own and no setting of Gallring's."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin: IO[str] = process.stdin
        self._stdout: IO[str] = process.stdout
        self("shopt -s expand_aliases")

    def __call__(self, command: str) -> str:
        """Run a command line and return what it printed, errors too."""
        self._stdin.write(f"{command}\necho '{DONE}'\n")
        self._stdin.flush()
        printed = []
        for line in self._stdout:
            if line == f"{DONE}\n":
                return "".join(printed)
            printed.append(line)
        raise AssertionError(f"the shell ended in {command}: {''.join(printed)}")


@contextmanager
def shell(home: Path) -> Iterator[Shell]:
    """Give a shell with an empty home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GALLRING_", "AIRFLOW_"))}
    environment = {**kept, "HOME": str(home), "LC_ALL": "C.UTF-8", "COLUMNS": "200"}
    arguments = ["bash", "--noprofile", "--norc"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as process:
        yield Shell(process)
        assert process.stdin is not None
        process.stdin.close()


def steps(page: str) -> Iterator[Step]:
    """Yield the page's commands and excerpts from the top."""
    fenced = re.compile(r"^( *)```(console|yaml)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
    for indent, kind, text in fenced.findall(page):
        content = re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)
        if kind == "yaml":
            yield Step("", content)
            continue
        assert content.startswith("$ "), content
        for told in content[2:].split("\n$ "):
            command, _, printed = told.partition("\n")
            yield Step(command, printed)


def shown(text: str) -> re.Pattern[str]:
    """Return the pattern of what a page shows, where ``...`` stands for whatever is left out."""
    parts = [re.escape(part) for part in text.strip().split("...")]
    return re.compile(".*".join(parts), re.DOTALL)


def written(key: str) -> Any:
    """Return what the page says that a reader shall write for a key, between backticks."""
    found = re.findall(rf"`({key}: [^`]+)`", PAGE)
    assert len(set(found)) == 1, f"{key}: {found}"
    return READER.load(found[0])[key]


def removed(table: str) -> list[str]:
    """Return what the page says that a reader shall remove of a table."""
    (item,) = re.findall(rf"^\d\. `{table}`: .*?(?=^\d\. |^```)", PAGE, re.MULTILINE | re.DOTALL)
    (told,) = re.findall(r"Remove (?:its )?((?:`\w+`(?:, | and )?)+)", item)
    return re.findall(r"`(\w+)`", told)


def decide(file: Path, excerpts: Sequence[str]) -> None:
    """Do what the third step says, with the page's own excerpts."""
    out_of_scope, events = (READER.load(each) for each in excerpts)
    ruamel = YAML()
    content: Any = ruamel.load(file.read_text("utf-8"))
    del content[GUESS], content["tables"]["Employee"]
    content |= {"owner": written("owner"), **out_of_scope}
    tables = content["tables"]
    for name, purpose in (("Customer", "CUSTOMER_CARE"), ("Invoice", "ACCOUNTING")):
        table = tables[name]
        del table[GUESS]
        table["when_expired"] = written("when_expired")
        for group in table["groups"].values():
            group["purposes"] = [purpose]
        for column in table["columns"].values():
            column.pop(GUESS, None)
    tables["Customer"]["columns"]["Company"] = written("Company")
    tables["Invoice"] |= events
    track = tables["Track"]
    for name in removed("Track"):
        del track[name]
    track |= {"personal": written("personal"), "note": written("note")}
    track["columns"]["Composer"] = written("Composer")
    with file.open("w", encoding="utf-8") as stream:
        ruamel.dump(content, stream)


def test_the_tutorial_can_be_followed_to_the_letter(tmp_path: Path) -> None:
    file = tmp_path / "shop" / "policy" / "data_map" / "chinook.yaml"
    decisions: list[str] = []
    with shell(tmp_path) as run:
        for step in steps(PAGE):
            if step.command:
                printed = run(step.command)
                assert shown(step.text).fullmatch(printed.strip()), f"{step.command}\n{printed}\nisn't\n{step.text}"
            elif GUESS in step.text:
                draft = file.read_text("utf-8").splitlines()
                assert [line for line in step.text.splitlines() if line not in draft] == []
            else:
                decisions.append(step.text)
                if len(decisions) == 2:
                    decide(file, decisions)
        assert run("type gallring").startswith("gallring is aliased")
    assert len(decisions) == 2, "the page shows what to write"
    assert re.search(r"Mobile: \{category: phone, .*guess", file.read_text("utf-8")), "a new column waits for a person"


def test_what_a_page_shows_must_be_what_is_printed() -> None:
    assert shown("one ...\n").fullmatch("one two\nthree")
    assert shown("...\nIn order: 1 system.\n").fullmatch("notice: no database\nIn order: 1 system.")
    for printed in ("one", "one two\nthree", "One", ""):
        assert not shown("one two").fullmatch(printed)
