"""The reports in Airflow's menu: a list of them, the newest on the page, and how far an act under way has come.

A plugin's FastAPI app isn't authenticated by Airflow. Every route here asks for a user who may see the DAG
``gallring``, and only a report's own files are served.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.configuration import conf
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from include.retention import clock
from include.retention.ledger.store import missing_control, open_control, reading
from include.retention.ledger.under_way import acts_under_way
from include.retention.report.words import load_words
from include.retention.settings import load_settings

PREFIX = "/gallring"
LATEST = "latest"
SHOWN = 100
"""Reports on the list: about two years of weeks."""

TYPES = {
    "gallringsprotokoll.sv.html": "text/html; charset=utf-8",
    "gallringsprotokoll.en.html": "text/html; charset=utf-8",
    "report.json": "application/json",
    "report.csv": "text/csv; charset=utf-8",
}
"""The files of a report. Nothing else is served, whatever lies beside them."""

GOOD = frozenset({"DONE", "NOTHING_DUE", "DRY_RUN_DONE"})

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
}
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,199}")

pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=select_autoescape(default=True)
)
app = FastAPI(
    title="Gallring",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    dependencies=[Depends(requires_access_dag(method="GET", param_dag_id="gallring"))],
)


def reports() -> Path:
    """Return the reports' directory."""
    return load_settings(os.environ).reports


def listed(directory: Path, language: str) -> Iterator[dict[str, Any]]:
    """Yield the newest reports as the list shows them, newest first; a folder without a readable one is left out."""
    found = []
    for file in directory.glob("*/report.json"):
        if file.parent.name == LATEST or not _RUN.fullmatch(file.parent.name):
            continue
        try:
            summary = json.loads(file.read_text(encoding="utf-8"))["summary"]
            found.append((summary["started_at"] or "", in_words(summary, file.parent.name, language)))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    found.sort(key=lambda each: each[0], reverse=True)
    yield from (row for _, row in found[:SHOWN])


def acting(language: str) -> list[dict[str, str]]:
    """Return how far the acts under way have come, as the page shows it; nothing where there is no control database."""
    url, now = load_settings(os.environ).control_url, clock.now()
    if missing_control(url) is not None:
        return []
    control = open_control(url)
    try:
        with reading(control) as connection:
            found = acts_under_way(connection)
    finally:
        control.dispose()
    words = load_words(language, "UTC")
    return [
        {
            "run": each.run_id,
            "system": each.system,
            "rows": words.show(each.rows),
            "measured": words.show(each.measured),
            "rate": words.show(round(each.a_second(now))),
            "minutes": "" if (left := each.left(now)) is None else words.show(ceil(left / timedelta(minutes=1))),
        }
        for each in found
    ]


@app.get("/", response_class=HTMLResponse)
def show(lang: str = "sv") -> HTMLResponse:
    """Show the list of reports, the newest of them in Swedish or English, and what is under way."""
    language = "en" if lang == "en" else "sv"
    content = {"reports": list(listed(reports(), language)), "acting": acting(language)}
    return HTMLResponse(pages.get_template("reports.html.j2").render(lang=language, **content), headers=HEADERS)


def in_words(summary: dict[str, Any], folder: str, language: str) -> dict[str, Any]:
    """Return what the list shows of a report, in the report's own words and local time."""
    words = load_words(language, summary["time_zone"])
    total, checks = summary["total"], summary["validation"]
    counts = {name: total[name] for name in ("read", "due", "deleted", "anonymised")}
    counts["failed"] = (checks["failed"] or 0) + (checks["errors"] or 0)
    started = summary["started_at"]
    return {
        "folder": folder,
        "started": words.show(datetime.fromisoformat(started)) if started else folder,
        "as_of": summary["as_of"] or "",
        "good": summary["outcome"] in GOOD,
        "outcome": words.code("outcome", summary["outcome"]),
        "counts": {name: None if count is None else words.show(count) for name, count in counts.items()},
    }


@app.get("/reports/{run}/{name}")
def file(run: str, name: str) -> FileResponse:
    """Give one file of one report."""
    directory = reports().resolve()
    path = (directory / run / name).resolve() if _RUN.fullmatch(run) and name in TYPES else None
    # `latest` is a link: it may lead to another report, and nowhere else.
    if path is None or path.parent.parent != directory or path.name != name or not path.is_file():
        raise HTTPException(404, "No such report.")
    return FileResponse(path, media_type=TYPES[name], headers=HEADERS)


class GallringReports(AirflowPlugin):
    """Registers the pages and their place in the menu."""

    name = "gallring_reports"
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Gallring"}]  # noqa: RUF012  (Airflow's own form)
    external_views = [  # noqa: RUF012
        {
            "name": "Gallring",
            "href": urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + PREFIX + "/",
            "destination": "nav",
            "url_route": "gallring",
            "nav_top_level": True,
        }
    ]
