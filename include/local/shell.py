"""``make env``: prints the sample's settings for a shell: ``eval "$(make -s env)"``, then ``gallring``, ``airflow``."""

from __future__ import annotations

import shlex
import sys

from include.local.claim import claim
from include.local.environment import PORT, QUIET, ROOT, LocalError, airflow_settings, gallring_settings, var


def main() -> int:
    """Print the settings, secrets by reference, so that they don't stand on the screen; return an exit code."""
    try:
        claim()
    except LocalError as error:
        print(error, file=sys.stderr)
        return 2
    shown = {**gallring_settings(), **airflow_settings(PORT), **QUIET}
    for name, value in shown.items():
        file = next((path for path in (var() / "secrets").glob("*.key") if path.read_text().strip() == value), None)
        print(f'export {name}="$(cat {shlex.quote(str(file))})"' if file else f"export {name}={shlex.quote(value)}")
    print(f'export PATH={shlex.quote(str(ROOT / ".venv" / "bin"))}:"$PATH"')
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
