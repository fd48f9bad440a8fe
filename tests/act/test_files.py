"""Files are deleted for certain or reported as not done; nothing outside the root is ever touched."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.retention.data_map.model import DataMap
from include.retention.errors import ActError
from include.retention.files import MARKER, FileOutcome, delete_file, file_root
from tests.methods.tables import data_map

DELETED, ABSENT, REFUSED = FileOutcome.DELETED, FileOutcome.ABSENT, FileOutcome.REFUSED


def rooted(directory: Path | str) -> DataMap:
    return data_map(file_roots={"copies": str(directory)})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Give a root with a file in it, and a file beside it that must stay."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "other.jpg").write_bytes(b"another person")
    (tmp_path / "outside.jpg").write_bytes(b"outside")
    return root


@pytest.fixture
def root(directory: Path) -> Iterator[int]:
    """Give the open root."""
    with file_root(rooted(directory), "copies", {}) as descriptor:
        yield descriptor


def test_a_file_goes_with_its_derivatives(directory: Path, root: int) -> None:
    (directory / "2024").mkdir()
    (directory / "ocr" / "2024").mkdir(parents=True)
    names = ["2024/id.v2.jpg", "2024/id.v2_thumb.jpg", "2024/id.v2.txt", "ocr/2024/id.v2.json"]
    for name in [*names, "2024/id.v2_thumb.jpg.bak", "2024/id.jpg"]:
        (directory / name).write_bytes(b"x")
    patterns = ["{stem}_thumb.jpg", "{stem}.txt", "ocr/{stem}.json", "{stem}_page2.jpg"]
    assert delete_file(root, "2024/id.v2.jpg", patterns) is DELETED
    assert [name for name in names if (directory / name).exists()] == []
    assert (directory / "2024/id.v2_thumb.jpg.bak").exists()
    assert (directory / "2024/id.jpg").exists()
    assert delete_file(root, "2024/id.v2.jpg", patterns) is ABSENT


def test_a_derivative_alone_is_deleted_too(directory: Path, root: int) -> None:
    (directory / "id.txt").write_bytes(b"scanned text")
    assert delete_file(root, "id.jpg", ["{stem}.txt"]) is DELETED
    assert delete_file(root, "missing/folder/id.jpg", ["{stem}.txt"]) is ABSENT


@pytest.mark.parametrize(
    "path",
    [
        "../outside.jpg", "a/../../outside.jpg", "a/../other.jpg", "/etc/hostname", "", ".", "..", "./other.jpg",
        "a//b", "other.jpg/", "other.jpg\0.png", "sub\\id.jpg", "file:///etc/hostname", "s3://bucket/id.jpg", "x" * 300,
        "other.jpg/inner.jpg", "\ud800.jpg",
    ],
)  # fmt: skip
def test_paths_that_lead_elsewhere_are_refused(directory: Path, root: int, path: str) -> None:
    assert delete_file(root, path, ["{stem}.txt"]) is REFUSED
    assert (directory / "other.jpg").exists()
    assert (directory.parent / "outside.jpg").exists()


def test_a_derivative_that_leads_elsewhere_is_refused(directory: Path, root: int) -> None:
    (directory / "id.jpg").write_bytes(b"x")
    assert delete_file(root, "id.jpg", ["../{stem}.jpg"]) is REFUSED
    assert (directory / "id.jpg").exists(), "the file that leads to the derivative stays"


def test_links_are_refused(directory: Path, root: int) -> None:
    (directory / "out.jpg").symlink_to(directory.parent / "outside.jpg")
    (directory / "in.jpg").symlink_to(directory / "other.jpg")
    (directory / "folder").symlink_to(directory.parent)
    (directory / "dangling.jpg").symlink_to(directory / "nowhere")
    for path in ("out.jpg", "in.jpg", "folder/outside.jpg", "dangling.jpg"):
        assert delete_file(root, path, []) is REFUSED
        assert os.path.lexists(directory / path.split("/", maxsplit=1)[0])
    assert (directory.parent / "outside.jpg").exists()
    assert (directory / "other.jpg").exists()


def test_what_is_no_file_is_refused(directory: Path, root: int) -> None:
    (directory / "folder.jpg").mkdir()
    os.mkfifo(directory / "pipe.jpg")
    assert delete_file(root, "folder.jpg", []) is REFUSED
    assert delete_file(root, "pipe.jpg", []) is REFUSED


@pytest.mark.parametrize("error", [PermissionError(1, "locked", "anna.jpg"), OSError(16, "busy", "anna.jpg")])
def test_a_locked_file_is_refused(directory: Path, root: int, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    (directory / "anna.jpg").write_bytes(b"x")

    def locked(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(os, "unlink", locked)
    assert delete_file(root, "anna.jpg", []) is REFUSED


def test_a_file_that_is_still_there_afterwards_is_refused(
    directory: Path, root: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "anna.jpg").write_bytes(b"x")
    monkeypatch.setattr(os, "unlink", lambda *_args, **_kwargs: None)
    assert delete_file(root, "anna.jpg", []) is REFUSED, "the store said yes and did nothing"


def test_a_read_only_directory(directory: Path) -> None:
    """As an ordinary user, in a process of its own: root may write everywhere."""
    (directory / "anna.jpg").write_bytes(b"x")
    directory.chmod(0o555)
    with file_root(rooted(directory), "copies", {}) as root:
        child = os.fork()
        if child == 0:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            os._exit(0 if delete_file(root, "anna.jpg", []) is REFUSED else 1)
        _, status = os.waitpid(child, 0)
    directory.chmod(0o755)
    assert os.waitstatus_to_exitcode(status) == 0
    assert (directory / "anna.jpg").exists()


def test_a_root_that_isnt_there_is_never_absent(tmp_path: Path) -> None:
    empty = tmp_path / "unmounted"
    empty.mkdir()
    a_file = tmp_path / "file"
    a_file.write_bytes(b"")
    for unusable in (tmp_path / "missing", empty, a_file, "relative/path"):
        with pytest.raises(ActError, match="No file was deleted"), file_root(rooted(unusable), "copies", {}):
            pytest.fail("opened")
    (empty / MARKER).touch()
    with file_root(rooted(empty), "copies", {}) as root:
        assert delete_file(root, "anna.jpg", []) is ABSENT


def test_a_root_that_goes_away_meanwhile_is_never_absent(directory: Path) -> None:
    (directory / "anna.jpg").write_bytes(b"x")
    with file_root(rooted(directory), "copies", {}) as root:
        directory.rename(directory.parent / "moved")
        assert delete_file(root, "anna.jpg", []) is DELETED, "the opened directory counts, not what it was called"
    assert not (directory.parent / "moved" / "anna.jpg").exists()


def test_a_root_set_by_the_environment(directory: Path) -> None:
    (directory / "sub").mkdir()
    (directory / "sub" / "id.jpg").write_bytes(b"x")
    below = rooted("$GALLRING_FILES/sub")
    with file_root(below, "copies", {"GALLRING_FILES": str(directory)}) as root:
        assert delete_file(root, "id.jpg", []) is DELETED
    with pytest.raises(ActError, match="GALLRING_FILES, which isn't set"), file_root(below, "copies", {}):
        pytest.fail("opened")


def test_errors_hold_no_names(tmp_path: Path) -> None:
    name = "anna-andersson"
    with pytest.raises(ActError) as caught, file_root(rooted(tmp_path / name), "copies", {}):
        pytest.fail("opened")
    assert name not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
