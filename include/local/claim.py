"""`make run`, `make up`, `make fresh` and `make env` are for the sample: nobody else's directory, database or key.

A directory is the sample's if it carries the mark that is made here, in a new or an empty one. The checkout's own
``var/`` is, too, unless it holds a ledger or reports without the sample systems: then it has served others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from include.local.environment import FREE, KEY, ROOT, LocalError, key_file, sample_settings, var

MARK = ".gallring-sample"
TEXT = "The sample systems' directory: `make fresh` deletes the ledger, the holds and the reports in it.\n"
HOW = "include/docs/how-to/your-own-systems.md says how to run Gallring over your own systems"


class NotTheSampleError(LocalError):
    """The directory or a setting is somebody else's."""


def claim(environ: Mapping[str, str] = os.environ) -> None:
    """Make sure that everything leads to the sample, and mark its directory. Nothing is written where it doesn't.

    Raises:
        NotTheSampleError: names the directory, or the settings, and what to do.
    """
    directory = var()
    if not is_the_samples(directory):
        raise NotTheSampleError(
            f"{directory} is not the sample's directory, for it holds files that the sample's set-up didn't make: "
            f"unset GALLRING_VAR, or let it name a new or an empty directory; {HOW}."
        )
    if others := leading_elsewhere(environ):
        raise NotTheSampleError(
            f"{', '.join(others)}: set in the environment, and not as the sample in {directory} has it. make run, up, "
            f"fresh and env are for the sample alone: unset what is named here, or open a new shell; {HOW}."
        )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARK).write_text(TEXT, encoding="utf-8")


def is_the_samples(directory: Path) -> bool:
    """Return whether a directory is the sample's, or may become it."""
    if (directory / MARK).is_file() or not directory.exists():
        return True
    if not directory.is_dir():
        return False
    if directory == (ROOT / "var").resolve():
        return (directory / "sample").is_dir() or not any(
            (directory / name).exists() for name in ("control", "reports")
        )
    return not any(directory.iterdir())


def leading_elsewhere(environ: Mapping[str, str]) -> list[str]:
    """Return the names of Gallring's settings that aren't the sample's, in order."""
    known = sample_settings()
    key = key_file()
    if key.exists():
        known[KEY] = key.read_text(encoding="utf-8").strip()
    return sorted(
        name
        for name, value in environ.items()
        if name.startswith(("GALLRING_", "AIRFLOW_CONN_GALLRING_"))
        and name not in FREE
        and name != "GALLRING_VAR"
        and known.get(name) != value
    )
