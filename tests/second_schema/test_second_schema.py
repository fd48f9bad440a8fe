"""A library in Helsinki: its schedule, its maps, its databases, and not a line of code or SQL of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from include.retention.policy.load import load_policy
from tests.integration.harness import Dump, Gallring, databases
from tests.integration.test_whole_run import assert_reported, assert_second_run_is_idle
from tests.second_schema.library import POLICY, SYSTEMS, expected, make

RUN = "first"
BACKENDS = ("sqlite", "postgres", "mariadb")
ODDITIES = (
    "UPDATE `user` SET `Guardian` = LOWER(`Guardian`)",
    "UPDATE `order` SET `user` = CONCAT(LOWER(`user`), ' ')",
    "UPDATE `damage` SET `Branch` = LOWER(`Branch`)",
    "UPDATE `Gebühr` SET `Branch` = LOWER(`Branch`)",
    "ALTER TABLE `order` MODIFY `Returned At` DATETIME(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6)",
)
"""What MariaDB allows: references in another spelling than the key, and dates that move whenever their row changes."""


@contextmanager
def library(backend: str, home: Path) -> Iterator[Gallring]:
    """Give the library's systems, filled, with Gallring beside them."""
    with databases(backend, SYSTEMS, home) as urls, pytest.MonkeyPatch.context() as patch:
        make(urls)
        gallring = Gallring(home / "var", urls, patch)
        patch.setenv("GALLRING_POLICY", str(POLICY))
        yield gallring


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_schema_is_run_by_its_map_alone(backend: str, tmp_path: Path) -> None:
    with library(backend, tmp_path) as gallring:
        assert_run_as_expected(gallring)


def test_what_mariadb_allows_changes_nothing(tmp_path: Path) -> None:
    with library("mariadb", tmp_path) as gallring:
        for statement in ODDITIES:
            gallring.change("library", statement)
        assert_run_as_expected(gallring)


def assert_run_as_expected(library: Gallring) -> None:
    """A whole run leaves of every record what was expected, ends well, and leaves nothing to a second."""
    before = library.dump()
    outcome = library.whole(RUN)
    after = library.dump()
    wrong = differences(after, expected(before, keys()))
    assert not wrong, "\n".join(wrong)
    assert outcome == "DONE"
    assert library.ledger(RUN, "not_done") == []
    assert_reported(library, RUN, "DONE")
    assert_second_run_is_idle(library)


def test_the_policy_folder_is_all_there_is() -> None:
    files = {path.relative_to(POLICY).as_posix() for path in POLICY.rglob("*") if path.is_file()}
    assert files == {"retention_schedule.yaml", "data_map/evenings.yaml", "data_map/library.yaml"}


def keys() -> dict[str, tuple[str, ...]]:
    """Return every table's key, as the maps declare it."""
    maps = load_policy(POLICY).maps.values()
    return {f"{each.system}.{name}": table.key for each in maps for name, table in each.tables.items()}


def differences(found: Dump, wanted: Dump) -> list[str]:
    """Return the records that aren't what was expected, in words."""
    wrong = []
    for name in found.keys() | wanted.keys():
        mine, theirs = wanted.get(name, {}), found.get(name, {})
        wrong += [f"{name} {key}: should be gone" for key in theirs.keys() - mine.keys()]
        wrong += [f"{name} {key}: should be there" for key in mine.keys() - theirs.keys()]
        for key in mine.keys() & theirs.keys():
            columns = [column for column in mine[key] if mine[key][column] != theirs[key][column]]
            wrong += [f"{name} {key} {each}: {theirs[key][each]!r}, not {mine[key][each]!r}" for each in columns]
    return sorted(wrong)
