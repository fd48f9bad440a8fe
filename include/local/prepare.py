"""What has to be there before Airflow starts: its database, the sample systems and their legal holds."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from include.local.environment import local_environment, var
from include.local.holds import place_holds
from include.local.processes import airflow
from include.retention import clock

SUBJECTS = 5000
STAMP = "gallring.stamp"


class NotPreparedError(RuntimeError):
    """Something that has to be there can't be made. The message says where to look."""


def prepare(environ: Mapping[str, str]) -> None:
    """Make what is missing: Airflow's database and, meanwhile, the sample systems.

    Raises:
        NotPreparedError: one of them can't be made.
    """
    home = Path(environ["AIRFLOW_HOME"])
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp, wanted = home / STAMP, version("apache-airflow-core")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        make_sample(environ)
        return
    log = home / "migrate.log"
    with log.open("wb") as output:
        migrate = subprocess.Popen(
            airflow("db", "migrate"), env=dict(environ), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        make_sample(environ)
    finally:
        failed = migrate.wait()
    if failed:
        raise NotPreparedError(f"Airflow's database could not be made; see {log}")
    stamp.write_text(wanted, encoding="utf-8")


def make_sample(environ: Mapping[str, str]) -> None:
    """Make the three sample systems for today, unless they are there: whole or not at all.

    Raises:
        NotPreparedError: the generator failed.
    """
    sample = var() / "sample"
    if sample.exists():
        return
    print(f"Making three sample systems with {SUBJECTS:,} people in {shown(sample)}", flush=True)
    partial = sample.with_name("sample.partial")
    shutil.rmtree(partial, ignore_errors=True)
    today = clock.now().astimezone(ZoneInfo("Europe/Stockholm")).date()
    command = [sys.executable, "-m", "include.sample", "--subjects", str(SUBJECTS), "--as-of", today.isoformat()]
    made = subprocess.run([*command, "--out", str(partial)], env=dict(environ), check=False)
    if made.returncode:
        raise NotPreparedError("The sample systems could not be made; what went wrong is above.")
    place_holds(partial / "holds.json", environ)
    partial.rename(sample)


def start_afresh() -> None:
    """Make new sample systems, and forget what was done to the old ones: ledger, reports, staging."""
    for name in ("sample", "sample.partial", "control", "reports", "staging"):
        shutil.rmtree(var() / name, ignore_errors=True)
    make_sample(local_environment())


def shown(path: Path) -> str:
    """Return a path as people read it: relative to where they are, if it is below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    start_afresh()
