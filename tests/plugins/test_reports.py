"""The reports' pages: nobody without a login, nothing but a report's own files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.retention.ledger.batches import Batch, plan_batches, start_batch
from include.retention.ledger.runs import create_run
from include.retention.ledger.store import make_control
from tests.ledger.world import AT, RUN

SUMMARY = {
    "started_at": "2026-07-05T00:00:04+00:00",
    "time_zone": "Europe/Stockholm",
    "as_of": "2026-07-05",
    "outcome": "DONE",
    "total": {"read": 10, "due": 3, "deleted": 2, "anonymised": 1},
    "validation": {"passed": 5, "failed": 0, "errors": 0, "missing": []},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reports' directory with two reports, a link to the newest and a secret beside it."""
    monkeypatch.setenv("GALLRING_VAR", str(tmp_path))
    reports = tmp_path / "reports"
    for run, started in (("run-1", "2026-06-28"), ("run-2", "2026-07-05")):
        (reports / run).mkdir(parents=True)
        summary = SUMMARY | {"started_at": f"{started}T00:00:04+00:00", "as_of": started}
        (reports / run / "report.json").write_text(json.dumps({"summary": summary}), encoding="utf-8")
        (reports / run / "gallringsprotokoll.sv.html").write_text(f"<p>{run} på svenska</p>", encoding="utf-8")
        (reports / run / "notes.txt").write_text("not a report", encoding="utf-8")
    (reports / "latest").symlink_to("run-2")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "report.json").write_text("hush", encoding="utf-8")
    (reports / "astray").symlink_to(tmp_path / "secrets")
    (reports / "run-1" / "report.csv").symlink_to(tmp_path / "secrets" / "report.json")
    return reports


@pytest.fixture(scope="module")
def server(synchronised: None) -> Any:
    """Airflow's API server with the plugin in it."""
    from airflow.api_fastapi.app import create_app, purge_cached_app

    purge_cached_app()
    return create_app(apps="all")


@pytest.fixture
def client(server: Any, folder: Path) -> Iterator[Any]:
    """A client that isn't logged in."""
    from starlette.testclient import TestClient

    with TestClient(server, base_url="http://testserver") as logged_out:
        yield logged_out


def token(server: Any, role: str) -> str:
    """Return a token of a user with this role."""
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return str(server.state.auth_manager.generate_jwt(SimpleAuthManagerUser(username=role, role=role)))


PATHS = ["/gallring/", "/gallring/reports/run-2/report.json", "/gallring/reports/none/report.json"]


@pytest.mark.parametrize("path", PATHS)
def test_nobody_gets_in_without_a_token(client: Any, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": "Bearer forged"}).status_code in {401, 403}


@pytest.mark.parametrize("role", ["viewer", "user", "op", "admin"])
def test_whoever_may_see_the_dag_may_read_its_reports(client: Any, server: Any, role: str) -> None:
    headers = {"Authorization": f"Bearer {token(server, role)}"}
    assert client.get("/gallring/reports/run-2/report.json", headers=headers).status_code == 200


def test_whoever_may_not_see_the_dag_may_not_read_its_reports(
    client: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def deny(*, details: Any, **_kwargs: Any) -> bool:
        asked.append(details.id)
        return False

    monkeypatch.setattr(server.state.auth_manager, "is_authorized_dag", deny)
    headers = {"Authorization": f"Bearer {token(server, 'viewer')}"}
    assert client.get("/gallring/", headers=headers).status_code == 403
    assert asked == ["gallring"]


@pytest.fixture
def viewer(client: Any, server: Any) -> Any:
    """A client logged in as a viewer, by cookie as in the user interface's frame."""
    client.cookies.set("_token", token(server, "viewer"))
    return client


def test_the_list_has_the_newest_report_first_and_on_the_page(viewer: Any) -> None:
    page = viewer.get("/gallring/").text
    assert page.index("2026-07-05 02:00") < page.index("2026-06-28 02:00"), "local time, as in the reports"
    assert ">Klar<" in page
    assert 'iframe src="reports/run-2/gallringsprotokoll.sv.html"' in page
    assert 'iframe src="reports/run-2/gallringsprotokoll.en.html"' in viewer.get("/gallring/?lang=en").text


def test_an_act_under_way_is_shown_and_the_page_comes_again_by_itself(viewer: Any, folder: Path) -> None:
    assert "Gallring pågår" not in viewer.get("/gallring/").text, "there is no control database"
    control = make_control(f"sqlite:///{folder.parent / 'control' / 'control.db'}")
    with control.begin() as connection:
        create_run(connection, RUN)
        plan_batches(connection, RUN.run_id, [Batch(RUN.run_id, 1, "sales", "order", "DELETE", 12000)], AT)
        assert "Gallring pågår" not in viewer.get("/gallring/").text
    with control.begin() as connection:
        start_batch(connection, RUN.run_id, 1, AT)
    control.dispose()
    page = viewer.get("/gallring/").text
    assert "Gallring pågår" in page
    assert re.search(r'<td class="number">12\s000</td>', page)
    assert 'http-equiv="refresh"' in page
    assert "Being carried out" in viewer.get("/gallring/?lang=en").text


def test_a_report_comes_as_it_was_written_and_stays_in_no_cache(viewer: Any) -> None:
    answer = viewer.get("/gallring/reports/latest/gallringsprotokoll.sv.html")
    assert answer.text == "<p>run-2 på svenska</p>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "reports/../secrets/report.json",
        "reports/..%2Fsecrets/report.json",
        "reports/%2E%2E/secrets/report.json",
        "reports/..%2F..%2Fsecrets%2F/report.json",
        "reports/run-1/..%2F..%2F..%2Fsecrets%2Freport.json",
        "reports/.%2Frun-1/report.json",
        "reports/%2Fetc/passwd",
        "reports/run-1%00/report.json",
        "reports/astray/report.json",
        "reports/run-1/report.csv",
        "reports/run-1/notes.txt",
        "reports/run-1/",
        "reports/none/report.json",
        "docs",
        "openapi.json",
    ],
)
def test_nothing_else_is_served(viewer: Any, path: str) -> None:
    answer = viewer.get(f"/gallring/{path}", follow_redirects=False)
    assert answer.status_code == 404
    assert "hush" not in answer.text


def test_a_broken_report_does_not_hide_the_others(viewer: Any, folder: Path) -> None:
    (folder / "run-3").mkdir()
    (folder / "run-3" / "report.json").write_text("{", encoding="utf-8")
    page = viewer.get("/gallring/")
    assert page.status_code == 200
    assert "run-2" in page.text
    assert "run-3" not in page.text


def test_what_a_report_says_is_escaped(viewer: Any, folder: Path) -> None:
    summary = SUMMARY | {"as_of": "<script>", "outcome": "<b>"}
    (folder / "run-9").mkdir()
    (folder / "run-9" / "report.json").write_text(json.dumps({"summary": summary}), encoding="utf-8")
    page = viewer.get("/gallring/").text
    assert "run-9" in page
    assert "<script>" not in page
    assert "<b>" not in page


def test_without_reports_the_page_says_so(viewer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALLRING_VAR", str(tmp_path / "empty"))
    assert "Inget protokoll ännu" in viewer.get("/gallring/").text


def test_airflow_has_it_in_its_menu(viewer: Any) -> None:
    plugins = viewer.get("/api/v2/plugins").json()
    views = [view for plugin in plugins.get("plugins", []) for view in plugin["external_views"]]
    if not views:  # a viewer may not list plugins; the menu asks for the views alone
        from airflow import plugins_manager

        views = [view for plugin in plugins_manager._get_plugins()[0] for view in plugin.external_views]
    assert ("Gallring", "/gallring/") in [(view["name"], view["href"]) for view in views]
