"""Steps that share nothing but the control database, a store and a directory; and machines that disagree."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from include.retention.errors import ConfigurationError
from include.retention.keys import generate_key
from tests.integration.harness import Gallring, Iret, expectations
from tests.integration.test_whole_run import assert_rows
from tests.stores import BUCKET, s3


def begin_and_extract(gallring: Gallring) -> None:
    gallring.begin("run")
    for system in gallring.systems:
        gallring.step("extract", "run", system)


def test_every_step_on_another_machine_than_the_one_before(
    small: Iret, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallring, expected, before = small.gallring, expectations(small.sample), small.gallring.dump()
    machines, step = itertools.cycle([tmp_path / "one", tmp_path / "two"]), gallring.step

    def elsewhere(name: str, *arguments: Any) -> dict[str, Any]:
        monkeypatch.setenv("GALLRING_VAR", str(next(machines)))
        return step(name, *arguments)

    monkeypatch.setattr(gallring, "step", elsewhere)
    monkeypatch.setenv("GALLRING_CONTROL_URL", f"sqlite:///{gallring.var / 'control' / 'control.db'}")
    monkeypatch.setenv("GALLRING_REPORTS", str(tmp_path / "shared"))
    monkeypatch.setenv("GALLRING_STAGING", f"s3://{BUCKET}/staging")
    with s3() as store:
        for name, value in store.items():
            monkeypatch.setenv(name, value)
        assert gallring.whole("run", buckets=3) == "DONE"
    assert_rows(before, gallring.dump(), expected)
    gallring.assert_chain_whole()
    report = json.loads((tmp_path / "shared" / "latest" / "report.json").read_text("utf-8"))
    assert report["summary"]["outcome"] == "DONE"
    kept = [path for name in ("one", "two") for path in (tmp_path / name).rglob("*") if path.is_file()]
    assert kept == [], "no machine keeps anything"


def test_machines_that_disagree_about_the_buckets_are_refused_until_they_agree(small: Iret) -> None:
    gallring = small.gallring
    begin_and_extract(gallring)
    gallring.step("resolve", "run")
    for bucket, buckets in ((0, 2), (1, 3)):
        gallring.patch.setenv("GALLRING_BUCKETS", str(buckets))
        gallring.step("classify", "run", bucket)
    with pytest.raises(
        ConfigurationError, match=r"GALLRING_BUCKETS: isn't the same for all.*clear `resolve`.*BUCKETS_DIFFER"
    ):
        gallring.step("plan", "run")
    gallring.patch.setenv("GALLRING_BUCKETS", "1")
    gallring.step("resolve", "run")
    gallring.step("classify", "run", 0)
    assert gallring.step("plan", "run")["due"] > 0


def test_a_machine_with_another_key_is_refused(small: Iret) -> None:
    gallring = small.gallring
    begin_and_extract(gallring)
    gallring.patch.setenv("GALLRING_KEY", generate_key())
    with pytest.raises(ConfigurationError, match=r"GALLRING_KEY: is \w{8} here, and the run began with.*KEY_CHANGED"):
        gallring.step("resolve", "run")


def test_a_staging_that_cannot_be_used_begins_nothing(small: Iret) -> None:
    gallring = small.gallring
    gallring.patch.setenv("GALLRING_STAGING", "nowhere://bucket")
    with pytest.raises(ConfigurationError, match="GALLRING_STAGING: names nowhere://bucket"):
        gallring.begin("run")
    assert gallring.ledger("run") == []
