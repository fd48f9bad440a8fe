"""Make the environment in ``.venv`` from ``requirements.lock``. Standard library only: it runs before there is one.

Everything stays in the checkout. Where the stamp says that the environment is already the lock's, this takes no time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "gallring.stamp"
TOOLS = ROOT / "var" / "tools"
OLDEST, NEWEST = (3, 11), (3, 13)

COMMAND = """#!{python}
import sys

from include.local.environment import use_local_defaults

use_local_defaults()

from include.retention.cli.main import app

sys.exit(app(prog_name="gallring"))
"""
"""The ``gallring`` command. Where the sample systems are, it knows them; whatever the environment sets comes first."""


def main() -> int:
    """Set the environment up unless it already is; return an exit code."""
    python = find_python()
    if python is None:
        print(
            "Gallring needs Python 3.11, 3.12 or 3.13, and found none of them. Install one, or name it: "
            "make PYTHON=/path/to/python3.12 ...",
            file=sys.stderr,
        )
        return 2
    wanted = stamp(python)
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return 0
    print("Setting up .venv (once; about two minutes on a new machine)", flush=True)
    STAMP.unlink(missing_ok=True)
    try:
        install(python)
    except subprocess.CalledProcessError as error:
        print(f"Set-up failed: {' '.join(map(str, error.cmd[:4]))} ... ended with {error.returncode}.", file=sys.stderr)
        return 2
    put_on_path()
    STAMP.write_text(wanted, encoding="utf-8")
    return 0


def find_python() -> str | None:
    """Return an interpreter of a usable version: this one, or another of the machine's."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0:
            return found
    return None


def stamp(python: str) -> str:
    """Return what the environment depends on: the lock, this file, the interpreter and where the checkout is."""
    parts = (LOCK.read_bytes(), Path(__file__).read_bytes(), os.path.realpath(python).encode(), str(ROOT).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def install(python: str) -> None:
    """Install exactly what the lock says, each file checked against its hash, compiled so that starts are quick."""
    environ = uv_environment()
    uv = find_uv(python, environ)
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", python, VENV], check=True, env=environ)
    sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode"]
    run_visibly([*sync, "--python", str(VENV / "bin" / "python"), str(LOCK)], environ)


def uv_environment() -> dict[str, str]:
    """Return the environment for uv: everything stays in the checkout, and certificates are the machine's."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(ROOT / "var" / "cache" / "uv")),
        "UV_PYTHON_DOWNLOADS": "never",
        # As pip does: a company's network often has a certificate authority of its own.
        "UV_SYSTEM_CERTS": os.environ.get("UV_SYSTEM_CERTS", "true"),
    }


def run_visibly(command: list[str], environ: dict[str, str]) -> None:
    """Run a long command, and show on a terminal that time passes.

    Raises:
        subprocess.CalledProcessError: it failed; what it said is on standard error.
    """
    started = time.monotonic()
    with subprocess.Popen(command, env=environ, cwd=ROOT) as process:
        while process.poll() is None:
            if sys.stdout.isatty():
                print(f"\r  installing, {time.monotonic() - started:.0f} s ", end="", flush=True)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
    if sys.stdout.isatty():
        print("\r" + " " * 40, end="\r", flush=True)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def find_uv(python: str, environ: dict[str, str]) -> str:
    """Return the machine's own uv, or one installed below ``var/`` with pip at the version and hash of the lock."""
    found = shutil.which("uv")
    if found and subprocess.run([found, "--version"], check=False, capture_output=True).returncode == 0:
        return found
    target = TOOLS / "uv"
    if not (target / "bin" / "uv").exists():
        shutil.rmtree(target, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as wanted:
            wanted.write(locked("uv"))
            wanted.flush()
            pip = [*find_pip(python), "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
            options = ["--root-user-action=ignore", "--no-deps", "--target", str(target), "--requirement", wanted.name]
            subprocess.run([*pip, *options], check=True, env=environ)
    return str(target / "bin" / "uv")


def find_pip(python: str) -> list[str]:
    """Return the command of a pip: the interpreter's, or that of an environment made for it."""
    if subprocess.run([python, "-m", "pip", "--version"], check=False, capture_output=True).returncode == 0:
        return [python, "-m", "pip"]
    subprocess.run([python, "-m", "venv", "--clear", TOOLS / "pip"], check=True)
    return [str(TOOLS / "pip" / "bin" / "python"), "-m", "pip"]


def locked(name: str) -> str:
    """Return the lock's lines about one package: its version and its hashes."""
    entry = re.search(rf"^{re.escape(name)}==.*(?:\n    --hash=.*)+", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if entry is None:
        raise LookupError(f"{LOCK.name} doesn't hold {name}. Run `make lock`.")
    return entry.group() + "\n"


def put_on_path() -> None:
    """Make the checkout importable in the environment, and install the ``gallring`` command."""
    python = str(VENV / "bin" / "python")
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    (Path(site) / "gallring.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = VENV / "bin" / "gallring"
    command.write_text(COMMAND.format(python=python), encoding="utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


if __name__ == "__main__":
    raise SystemExit(main())
