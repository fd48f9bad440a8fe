"""Airflow's own share: the DAG on the sample systems, beside the engine's steps on the same systems without Airflow."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from include.local.environment import SYSTEMS, sample_settings
from tests.benchmarks.measuring import engine_run
from tests.places import ROOT


def airflow_share() -> dict[str, Any]:
    """Return ``dag_s``, from the run's start to its end in Airflow's database, ``engine_s`` and their difference."""
    with tempfile.TemporaryDirectory() as home:
        by_dag, alone = Path(home) / "dag", Path(home) / "alone"
        environ = {**os.environ, "GALLRING_VAR": str(by_dag)}
        _call([sys.executable, "-m", "include.local.prepare"], environ)
        alone.mkdir()
        for name in ("sample", "secrets", "control"):
            if (by_dag / name).exists():
                shutil.copytree(by_dag / name, alone / name)
        _call([sys.executable, "-m", "include.local.run"], environ)
        dag = _dag_seconds(by_dag / "airflow" / "airflow.db")
        engine = sum(engine_run(alone, _settings(alone), "alone")["seconds"].values())
    return {"dag_s": round(dag, 1), "engine_s": round(engine, 1), "share_s": round(dag - engine, 1)}


def _settings(var: Path) -> Mapping[str, str]:
    """Return the sample's settings, as if ``var`` were the working directory."""
    there = os.environ.get("GALLRING_VAR")
    os.environ["GALLRING_VAR"] = str(var)
    try:
        settings = sample_settings()
    finally:
        os.environ.pop("GALLRING_VAR") if there is None else os.environ.update(GALLRING_VAR=there)
    key = (var / "secrets" / "gallring.key").read_text("utf-8").strip()
    wanted = {f"AIRFLOW_CONN_GALLRING_{system.upper()}" for system in SYSTEMS}
    wanted |= {"GALLRING_POLICY", "GALLRING_FILES_ID_COPIES"}
    found = {name: value for name, value in settings.items() if name in wanted}
    return {**found, "GALLRING_KEY": key, "GALLRING_FIRST_RUN": "approved"}


def _call(command: list[str], environ: Mapping[str, str]) -> None:
    done = subprocess.run(command, env=dict(environ), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def _dag_seconds(database: Path) -> float:
    connection = sqlite3.connect(database)
    try:
        began, ended = connection.execute("SELECT start_date, end_date FROM dag_run").fetchone()
    finally:
        connection.close()
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
