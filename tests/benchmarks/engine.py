"""One whole run without Airflow, in a process of its own: ``python -m tests.benchmarks.engine RUN``.

Prints one JSON object: seconds by step, the process's peak memory in MB, and how many records were due and done.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

from include.retention import pipeline
from include.retention.run import RunRequest
from include.retention.terms import Mode
from tests.benchmarks.crm import AS_OF

SYSTEM = "crm"


def main(run_id: str) -> None:
    """Run from extract to validate."""
    seconds: dict[str, float] = {}

    def step(name: str, *arguments: Any) -> dict[str, Any]:
        began = time.perf_counter()
        answer: dict[str, Any] = getattr(pipeline, name)(*arguments)
        seconds[name] = round(time.perf_counter() - began, 2)
        return answer

    step("begin", RunRequest(run_id, f"manual__{run_id}", "manual", Mode.ENFORCE, AS_OF))
    step("extract", run_id, SYSTEM)
    step("resolve", run_id)
    step("classify", run_id, 0)
    planned = step("plan", run_id)
    if planned["needs_approval"]:
        pipeline.record_answer(run_id, planned["digest"], True, "dpo")  # noqa: FBT003 - approved
    else:
        step("approve_automatically", run_id)
    step("confirm", run_id)
    acted = step("act", run_id, SYSTEM)
    step("validate", run_id, SYSTEM)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"seconds": seconds, "peak_rss_mb": round(peak), "due": planned["due"], "done": acted["done"]}
    print(json.dumps(told))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
