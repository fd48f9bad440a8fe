"""Command line of the sample systems: ``python -m include.sample --help``."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path

from include.sample.generate import create
from include.sample.schema import SYSTEMS


def main(arguments: list[str] | None = None) -> int:
    """Generate the sample systems as the arguments say and return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.sample", description="Make the three sample systems anew.")
    parser.add_argument("--subjects", type=int, default=5000, help="number of people (default 5000)")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="day for which verdicts are expected")
    parser.add_argument("--seed", type=int, default=1, help="of the dice (default 1)")
    parser.add_argument("--out", type=Path, default=Path("var/sample"), help="folder (default var/sample)")
    for system in SYSTEMS:
        text = f"SQLAlchemy address of a database for {system}; its tables of these names are dropped"
        parser.add_argument(f"--url-{system}", help=text)
    options = parser.parse_args(arguments)
    named = {system: getattr(options, f"url_{system}") for system in SYSTEMS}
    urls = {system: url for system, url in named.items() if url}
    started = time.perf_counter()
    sample = create(options.out, subjects=options.subjects, as_of=options.as_of, seed=options.seed, urls=urls)
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{sample.subjects} subjects, {sample.rows} rows in three systems, {seconds:.1f} s\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
