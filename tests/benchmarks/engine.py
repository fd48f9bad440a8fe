"""One whole run without Airflow, in a process of its own: ``python -m tests.benchmarks.engine RUN DAY``.

Prints one JSON object: seconds by step, the process's peak memory in MB, and how many records were due and done.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter
from datetime import date
from typing import Any

from include.retention import pipeline
from include.retention.policy.load import load_policy
from include.retention.run import RunRequest
from include.retention.settings import load_settings
from include.retention.terms import Mode


def main(run_id: str, as_of: str) -> None:
    """Run every step of the DAG over every system of the policy."""
    settings = load_settings(os.environ)
    systems = list(load_policy(settings.policy).maps)
    seconds: Counter[str] = Counter()

    def step(name: str, *arguments: Any) -> dict[str, Any]:
        began = time.perf_counter()
        answer: dict[str, Any] = getattr(pipeline, name)(*arguments)
        seconds[name] += time.perf_counter() - began
        return answer

    step("begin", RunRequest(run_id, f"manual__{run_id}", "manual", Mode.ENFORCE, date.fromisoformat(as_of)))
    for system in systems:
        step("extract", run_id, system)
        step("discover", run_id, system)
    step("resolve", run_id)
    for bucket in range(settings.buckets):
        step("classify", run_id, bucket)
    planned = step("plan", run_id)
    if planned["needs_approval"]:
        pipeline.record_answer(run_id, planned["digest"], True, "dpo")  # noqa: FBT003 - approved
    else:
        step("approve_automatically", run_id)
    step("confirm", run_id)
    done = sum(step("act", run_id, system)["done"] for system in systems)
    for system in systems:
        step("validate", run_id, system)
    step("report", run_id)
    step("finish", run_id)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rounded = {name: round(taken, 2) for name, taken in seconds.items()}
    told = {"seconds": rounded, "peak_rss_mb": round(peak), "due": planned["due"], "done": done}
    print(json.dumps(told))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
