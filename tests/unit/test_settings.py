"""Where a run writes: by default below one directory, or on places that several machines share."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.retention.errors import ConfigurationError
from include.retention.settings import load_settings


def test_by_default_everything_is_below_the_working_directory(tmp_path: Path) -> None:
    settings = load_settings({"GALLRING_VAR": str(tmp_path)})
    assert settings.staging == str(tmp_path / "staging")
    assert settings.reports == tmp_path / "reports"
    assert settings.directories == (tmp_path, tmp_path / "reports", tmp_path / "staging")


def test_places_that_machines_share(tmp_path: Path) -> None:
    environ = {
        "GALLRING_VAR": str(tmp_path),
        "GALLRING_STAGING": "s3://bucket/staging/",
        "GALLRING_REPORTS": "/srv/reports",
    }
    settings = load_settings(environ)
    assert settings.staging == "s3://bucket/staging"
    assert settings.reports == Path("/srv/reports")
    assert settings.directories == (tmp_path, Path("/srv/reports"))
    assert settings.previews == tmp_path / "staging"


@pytest.mark.parametrize("written", ["/srv/staging", "file:///srv/staging", "/srv/x/../staging/"])
def test_a_directory_may_be_written_as_a_url(written: str) -> None:
    assert load_settings({"GALLRING_STAGING": written}).staging == "/srv/staging"


@pytest.mark.parametrize(
    "place",
    [
        "s3://AKIA:hush-hush@bucket/staging",
        "s3://bucket/staging?secret=hush-hush",
        "s3://bucket/staging#hush-hush",
        "S3://bucket",
        "s3://",
        "file://relative/staging",
        "memory://staging",
        "simplecache::s3://bucket",
    ],
)
def test_a_place_with_a_secret_or_that_is_none_is_refused_without_being_shown(place: str) -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_STAGING: isn't the plain URL.*BAD_PLACE") as caught:
        load_settings({"GALLRING_STAGING": place})
    assert "hush" not in str(caught.value)


def test_reports_need_a_directory() -> None:
    with pytest.raises(ConfigurationError, match=r"GALLRING_REPORTS: isn't a directory. Mount"):
        load_settings({"GALLRING_REPORTS": "s3://bucket/reports"})
