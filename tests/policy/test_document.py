"""YAML's surprises don't reach the policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.retention.policy.document import Document, key_text, read_document, shown


def read(tmp_path: Path, text: str) -> Document:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    document, problems = read_document(path)
    assert not problems
    return document


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("YES", "YES"),
        ("true", True),
        ("False", False),
        ("2026-12-31", "2026-12-31"),
        ("12:30", "12:30"),
        ("0701234567", "0701234567"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("17", 17),
        ("-3", -3),
        ("0.10", 0.1),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ('"17"', "17"),
        ("null", None),
        ("~", None),
        ("", None),
        ("6(1)(f)", "6(1)(f)"),
        ("$HOME", "$HOME"),
    ],
)
def test_a_value_is_what_it_looks_like(tmp_path: Path, written: str, meant: object) -> None:
    value = read(tmp_path, f"key: {written}\n").data["key"]
    assert value == meant
    assert type(value) is type(meant)


def test_every_key_is_text(tmp_path: Path) -> None:
    """In a map ``null:`` says what an empty date means."""
    assert read(tmp_path, "{null: 1, true: 2, 3: 4}").data == {"null": 1, "true": 2, "3": 4}


def test_a_problem_knows_its_line(tmp_path: Path) -> None:
    document = read(tmp_path, "one: 1\ntwo:\n  - three: 3\n  - four:\n      five: 5\n")
    assert document.problem(("two", 1, "four", "five"), "CODE", "Wrong.", "Mend.").line == 5
    assert document.problem(("two", 1, "six"), "CODE", "Wrong.", "Mend.").line == 4
    assert document.problem(("seven",), "CODE", "Wrong.", "Mend.").line == 1
    assert str(document.problem(("two", 0), "CODE", "is wrong.", "Mend it.")) == (
        f"{document.file}:3: two[0]: is wrong. Mend it. [CODE]"
    )


def test_a_problem_names_the_place_in_the_file_when_items_were_left_out(tmp_path: Path) -> None:
    read_one = read(tmp_path, "list:\n  - broken\n  - {inner: [broken, good]}\n")
    document = Document(read_one.file, read_one.data, read_one.lines, {("list",): (1,), ("list", 1, "inner"): (1,)})
    assert document.problem(("list", 0, "inner", 0), "CODE", "Wrong.", "Mend.").key == "list[1].inner[1]"


def test_keys_are_declared_also_where_their_content_is_broken(tmp_path: Path) -> None:
    document = read(tmp_path, "purposes: {A: 1, B: {starts: x}}\nevents: [not, a, mapping]\n")
    assert document.keys("purposes") == ("A", "B")
    assert document.keys("events") == ()
    assert document.keys("purposes", "A", "deeper") == ()
    assert document.text("purposes", "B", "starts") == "x"
    assert document.text("purposes", "B") is None


def test_paths_are_shown_without_the_machine(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    assert shown(root / "include" / "policy" / "README.md") == "include/policy/README.md"
    assert shown(tmp_path / "file.yaml") == (tmp_path / "file.yaml").as_posix()
    assert key_text(()) == "(whole file)"


@pytest.mark.parametrize("text", ["a: 1\n---\nb: 2\n", "a: \x07\n", "a: [1\n", "- 1\n", "", "# only a comment\n"])
def test_what_is_no_document_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    document, problems = read_document(path)
    assert document.data == {}
    assert [problem.code for problem in problems] == ["UNREADABLE"]


def test_a_circle_of_aliases_ends(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a: &a\n  b: *a\n", encoding="utf-8")
    assert [problem.code for problem in read_document(path)[1]] == ["ALIAS"]
