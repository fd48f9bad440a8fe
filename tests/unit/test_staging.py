"""Staging in a directory and on an S3 server: the same promises."""

from __future__ import annotations

import stat
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from include.retention import staging
from include.retention.errors import ConfigurationError
from include.retention.staging import KEEP_FAILED, Staging, open_staging, remove_abandoned, require_usable
from tests.stores import BUCKET, s3

FRAME = pd.DataFrame({"key": ["[1]", "[2]"], "day": [1, 2]})
OTHER = pd.DataFrame({"key": ["[3]"], "day": [3]})


@pytest.fixture(scope="module")
def store() -> Iterator[None]:
    """An S3 server of the module's own, known to the environment."""
    with s3() as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(params=["directory", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for staging, once of every kind, with nothing in it."""
    if request.param == "directory":
        return str(tmp_path / "staging")
    request.getfixturevalue("store")
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


def test_frames_and_counts_come_back(place: str) -> None:
    plan = open_staging(place, "run").phase("plan")
    plan.write("facts/sales.order", FRAME)
    plan.write("facts/sales.letter", OTHER)
    plan.write_json("sealed", {"digest": "å"})
    again = open_staging(place, "run").phase("plan")
    pd.testing.assert_frame_equal(again.read("facts/sales.order"), FRAME)
    assert list(again.read("facts/sales.order", columns=["day"])) == ["day"]
    assert again.names("facts") == ["facts/sales.letter", "facts/sales.order"]
    assert again.names("nothing") == []
    assert again.read_json("sealed") == {"digest": "å"}
    assert again.has("facts/sales.order")
    assert again.has_json("sealed")
    assert not again.has("sealed")
    assert not again.has_json("facts/sales.order")


def test_a_phase_is_copied_whole(place: str) -> None:
    run = open_staging(place, "copied")
    run.phase("plan").write("facts/shop.orders", pd.DataFrame({"key": ["[1]"]}))
    run.phase("plan").write_json("live/shop", {"closed": []})
    run.phase("other").write_json("live/shop", {"closed": ["orders"]})
    run.phase("plan").copy_to(run.phase("confirm"))
    copied = run.phase("confirm")
    assert copied.read("facts/shop.orders")["key"].tolist() == ["[1]"]
    assert copied.read_json("live/shop") == {"closed": []}
    assert copied.names("facts") == ["facts/shop.orders"]
    run.remove()


def test_what_another_process_writes_is_seen_at_once(place: str) -> None:
    here, there = (open_staging(place, "run") for _ in range(2))
    assert here.names("classified") == []
    assert not here.has("classified/0")
    there.write("classified/0", FRAME)
    assert here.has("classified/0")
    assert here.names("classified") == ["classified/0"]


@pytest.mark.parametrize("size", [10, 3 * staging.BLOCK])
def test_a_file_is_replaced_whole_or_not_at_all(place: str, size: int) -> None:
    run = open_staging(place, "run")
    run.write("items", FRAME)

    def break_off(name: str) -> None:
        with run._replacing(f"{name}.parquet") as file:
            file.write(b"x" * size)
            raise KeyboardInterrupt

    for name in ("items", "new/items"):
        with pytest.raises(KeyboardInterrupt):
            break_off(name)
    pd.testing.assert_frame_equal(run.read("items"), FRAME)
    assert not run.has("new/items")
    run.write("items", OTHER)
    pd.testing.assert_frame_equal(run.read("items"), OTHER)
    left = [path for path in run.root.rglob("*") if path.is_file()]
    assert [path.name for path in left] == ["items.parquet"]


def test_a_frame_larger_than_a_block_comes_back(place: str) -> None:
    large = pd.DataFrame({"number": np.random.default_rng(3).random(staging.BLOCK // 4)})
    run = open_staging(place, "run")
    run.write("large", large)
    pd.testing.assert_frame_equal(run.read("large"), large)


def test_removing_leaves_nothing_and_spares_others(place: str) -> None:
    one, another = open_staging(place, "one"), open_staging(place, "another")
    one.phase("plan").write("facts/a", FRAME)
    another.write("facts/a", FRAME)
    one.remove()
    assert not one.phase("plan").has("facts/a")
    assert another.has("facts/a")
    one.remove()


def test_what_was_abandoned_goes_after_a_week_unless_it_is_running(place: str) -> None:
    for name in ("failed", "running"):
        open_staging(place, name).phase("plan").write("facts/a", FRAME)
    now = datetime.now(UTC)
    assert remove_abandoned(place, now + KEEP_FAILED - timedelta(hours=1), "running") == 0
    assert remove_abandoned(place, now + KEEP_FAILED + timedelta(hours=1), "running") == 1
    assert not open_staging(place, "failed").phase("plan").has("facts/a")
    assert open_staging(place, "running").phase("plan").has("facts/a")


def test_nothing_abandoned_where_nothing_is(place: str) -> None:
    assert remove_abandoned(place, datetime.now(UTC), "run") == 0


def test_a_usable_place_is_left_as_it_was(place: str) -> None:
    require_usable(place)
    root = open_staging(place, "run").root.parent
    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_a_directory_is_its_owners_alone(tmp_path: Path) -> None:
    run = open_staging(str(tmp_path / "staging"), "run")
    run.phase("plan").write("facts/a", FRAME)
    run.write_json("sealed", {})
    found = [Path(str(run.root)), *(path for path in Path(str(run.root)).rglob("*") if path.is_file())]
    assert len(found) == 3
    assert [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("s3://no-such-bucket/staging", r"nothing can be written, read and removed \(FileNotFoundError\)"),
        ("nowhere://bucket", r"nothing installed here opens such a place \(ValueError\). Install"),
    ],
)
def test_a_place_that_cannot_be_used_is_told_before_a_run(store: None, place: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"GALLRING_STAGING: names {place}.*{says}"):
        require_usable(place)


def test_a_store_that_refuses_is_told_without_what_it_said(
    store: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("access key AKIASECRET isn't known")

    monkeypatch.setattr(Staging, "write_json", refuse)
    with pytest.raises(ConfigurationError, match=r"\(PermissionError\)") as caught:
        require_usable(f"s3://{BUCKET}/x")
    assert "AKIASECRET" not in f"{caught.value!r}{caught.value.__cause__!r}{caplog.text}"
