"""What has to be there before Airflow starts: its database, the sample systems and their legal holds."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from include.local.claim import claim
from include.local.environment import LocalError, local_environment, var
from include.local.holds import place_holds
from include.local.lock import Lock, alone
from include.local.processes import airflow, end_on_signals, start
from include.retention import clock

SUBJECTS = 5000
STAMP = "gallring.stamp"


class NotPreparedError(LocalError):
    """Something that has to be there can't be made. The message says where to look."""


def prepare(environ: Mapping[str, str], lock: Lock) -> None:
    """Make what is missing: Airflow's database and, meanwhile, the sample systems.

    Args:
        environ: the local environment, of a directory that has been claimed.
        lock: of that directory.

    Raises:
        NotPreparedError: one of them can't be made.
    """
    home = Path(environ["AIRFLOW_HOME"])
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp, wanted = home / STAMP, version("apache-airflow-core")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        make_sample(environ, lock)
        return
    log = home / "migrate.log"
    with log.open("wb") as output:
        migrate = start(airflow("db", "migrate"), environ, lock, output)
    try:
        make_sample(environ, lock)
    finally:
        failed = migrate.wait()
    if failed:
        raise NotPreparedError(f"Airflow's database could not be made; see {log}")
    stamp.write_text(wanted, encoding="utf-8")


def make_sample(environ: Mapping[str, str], lock: Lock) -> None:
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
    if start([*command, "--out", str(partial)], environ, lock).wait():
        raise NotPreparedError("The sample systems could not be made; what went wrong is above.")
    place_holds(partial / "holds.json", environ)
    partial.rename(sample)


def start_afresh() -> int:
    """Make new sample systems, and forget what was done to the old ones (ledger, reports, staging).

    Returns:
        An exit code: 2 where the directory isn't the sample's, or somebody works in it.
    """
    end_on_signals()
    try:
        claim()
        with alone(var()) as lock:
            for name in ("sample", "sample.partial", "control", "reports", "staging"):
                shutil.rmtree(var() / name, ignore_errors=True)
            make_sample(local_environment(), lock)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def shown(path: Path) -> str:
    """Return a path as people read it: relative to where they are, if it is below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    raise SystemExit(start_afresh())
