"""Discovery as a step of the run: what it finds goes into the ledger, and what stops it too. It never stops the run."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from include.retention.discover.discover import Looked, discover_system
from include.retention.discover.findings import Discovery
from include.retention.errors import GallringError
from include.retention.ledger.chain import append
from include.retention.reading import system_engine
from include.retention.run import Run


def discover(run: Run, system: str) -> dict[str, Any]:
    """Look for personal data that one system's map doesn't know of, and write what was found into the ledger.

    What can't be looked at is told in the ledger and the report. It is no reason to leave undone what is due, so
    nothing is raised for it.
    """
    try:
        engine = system_engine(run.policy.maps[system])
        try:
            looked = discover_system(engine, run.policy.maps[system], run.normaliser)
        finally:
            engine.dispose()
    except (sa.exc.SQLAlchemyError, GallringError) as error:
        body: dict[str, Any] = {"system": system, "error": type(error).__name__}
    else:
        body = {"system": system, **looked_body(looked)}
    with run.control.begin() as connection:
        append(connection, run.run_id, "discovered", body, run.now)
    new = sum(not each["acknowledged"] for each in body.get("found", ()))
    return {"system": system, "new": new, "error": body.get("error")}


def looked_body(looked: Looked) -> dict[str, Any]:
    """Return what discovery saw, as the ledger and ``gallring discover --json`` tell it."""
    return {
        "columns": looked.columns,
        "unread": list(looked.unread),
        "found": [_body(each) for each in looked.found],
    }


def _body(found: Discovery) -> dict[str, Any]:
    return {
        "table": found.table,
        "column": found.column,
        "path": found.path,
        "looks_like": found.category,
        "hits": found.hits,
        "examined": found.examined,
        "share": round(found.share, 4),
        "where": found.where.value,
        "acknowledged": found.acknowledged,
    }
