"""The maps of the sample systems describe the sample systems, in every dialect."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map.live import check_live
from include.retention.policy.load import load_policy
from include.sample.database import reset
from tests import services

POLICY = load_policy(Path(__file__).resolve().parents[2] / "include" / "policy")


def _urls(kind: str, folder: Path, stack: ExitStack) -> dict[str, sa.URL]:
    if kind == "sqlite":
        return {system: sa.URL.create("sqlite", database=str(folder / f"{system}.db")) for system in POLICY.maps}
    service = services.POSTGRES if kind == "postgres" else services.MARIADB
    return {system: stack.enter_context(services.fresh_database(service)) for system in POLICY.maps}


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mariadb"])
def test_the_maps_and_the_databases_agree(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        urls = _urls(kind, tmp_path, stack)
        reset(urls)
        found = []
        for system, data_map in POLICY.maps.items():
            engine = engine_at(urls[system])
            found += check_live(data_map, engine)
            engine.dispose()
    assert [(problem.code, problem.key) for problem in found] == [("CASCADE_PATH", "tables.debtor")]


def test_every_purpose_is_used() -> None:
    assert [notice.key for notice in POLICY.notices if notice.code == "PURPOSE_UNUSED"] == []


def test_every_marketing_system_hears_of_objections() -> None:
    assert "NO_OBJECTIONS" not in {notice.code for notice in POLICY.notices}
