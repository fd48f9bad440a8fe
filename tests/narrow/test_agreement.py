"""A plan on what could be due is the plan on everything: the same records, verdicts and counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention import clock, reading
from include.retention.due_items import decide_items
from include.retention.live_schema import read_unread
from include.retention.narrow.condition import Unread
from include.retention.preview import previewed
from tests.integration.harness import KEY, NOON, connections, databases
from tests.narrow.policy import TODAY, fill, write

Decided = tuple[pd.DataFrame, list[dict[str, Any]], pd.DataFrame, dict[str, Unread]]


@contextmanager
def world(backend: str, seed: int, home: Path, patch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """Give a filled database, with the settings that lead to it."""
    write(home / "policy")
    with databases(backend, ["crm"], home) as urls:
        settings = {"GALLRING_VAR": str(home / "var"), "GALLRING_POLICY": str(home / "policy"), "GALLRING_KEY": KEY}
        for name, value in {**settings, **connections(urls)}.items():
            patch.setenv(name, value)
        patch.setattr(clock, "now", lambda: NOON)
        patch.setattr(clock, "of_server", lambda _connection: None)
        engine = sa.create_engine(urls["crm"])
        fill(engine, seed)
        try:
            yield engine
        finally:
            engine.dispose()


def decided(as_of: date) -> Decided:
    """Return what would be planned."""
    with previewed(as_of, lambda _step: None) as preview:
        items, counts, referred = decide_items(preview.run, preview.staging)
        planned = pd.concat(items.values(), ignore_index=True).sort_values("record_ref", ignore_index=True)
        unread = read_unread(preview.staging, "crm")
    waiting = referred.sort_values(["record_ref", "group"], ignore_index=True)
    return planned.drop(columns="subjects"), counts, waiting, unread


DAYS = [TODAY, TODAY - timedelta(days=400), TODAY + timedelta(days=200)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("backend", ["postgres", "mariadb"])
def test_what_is_not_read_changes_no_verdict_and_no_count(
    backend: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(backend, seed, tmp_path, monkeypatch):
        narrow = [decided(as_of) for as_of in DAYS]
        monkeypatch.setattr(reading, "find_alone", lambda *_: {})
        whole = [decided(as_of) for as_of in DAYS]
    for (items, counts, waiting, unread), (all_items, all_counts, all_waiting, none) in zip(narrow, whole, strict=True):
        assert none == {}
        assert set(unread) == {"visit", "person", "contract", "stay"}
        assert all(each.rows > 0 for each in unread.values())
        pd.testing.assert_frame_equal(items, all_items)
        pd.testing.assert_frame_equal(waiting, all_waiting)
        assert [{**each, "unread": 0} for each in counts] == all_counts


def test_sqlite_is_read_whole_for_it_keeps_whatever_it_was_given_as_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world("sqlite", 0, tmp_path, monkeypatch):
        assert decided(TODAY)[3] == {}
