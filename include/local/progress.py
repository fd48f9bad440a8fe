"""What a run looks like while it runs: on a terminal a bar, elsewhere a line for each step that ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

DONE = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
WAITING = "awaiting_input"


@dataclass(slots=True)
class Steps:
    """The tasks of one run, as Airflow's API tells of them.

    Attributes:
        told: steps that have been announced as ended.
    """

    instances: Sequence[dict[str, Any]] = ()
    told: set[str] = field(default_factory=set)

    def total(self) -> int:
        """Return how many tasks the run has."""
        return len(self.instances)

    def done(self) -> int:
        """Return how many of them have ended, one way or another."""
        return sum(task["state"] in DONE for task in self.instances)

    def now(self) -> str:
        """Return what is going on, in a few words."""
        if self.waiting():
            return "waiting for a human's answer"
        going = [name(task) for task in self.instances if task["state"] in {"running", "queued"}]
        again = [f"{name(task)} (tried again soon)" for task in self.instances if task["state"] == "up_for_retry"]
        return ", ".join([*going, *again][:3])

    def waiting(self) -> bool:
        """Return whether a human is asked."""
        return any(task["state"] == WAITING for task in self.instances)

    def newly_ended(self) -> list[str]:
        """Return a line for each step that has ended since the last question."""
        lines = []
        for step in dict.fromkeys(task["task_id"] for task in self.instances):
            states = [task["state"] for task in self.instances if task["task_id"] == step]
            if step in self.told or not all(state in DONE for state in states):
                continue
            self.told.add(step)
            if "failed" in states:
                lines.append(f"{step}: failed")
            elif "success" in states:
                lines.append(f"{step}: done" + (f" ({len(states)})" if len(states) > 1 else ""))
        return lines


def name(task: dict[str, Any]) -> str:
    """Return a task's name for people: its step, and which system or part where it is mapped."""
    label = task.get("rendered_map_index")
    return f"{task['task_id']} {label}" if label else str(task["task_id"])


class Display:
    """Shows a run on a console."""

    def __init__(self, console: Console) -> None:
        """Show it there."""
        self._console = console
        self._bar = Progress(
            SpinnerColumn(), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task: TaskID = self._bar.add_task("starting Airflow", total=None)

    def __enter__(self) -> Self:
        """Begin."""
        self._bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """End; what was shown is taken away."""
        self._bar.stop()

    def say(self, text: str) -> None:
        """Say what is going on."""
        self._bar.update(self._task, description=text)
        if not self._console.is_terminal:
            self._console.print(text)

    def show(self, steps: Steps) -> None:
        """Show how far the run is."""
        ended = steps.newly_ended()
        self._bar.update(self._task, total=steps.total() or None, completed=steps.done(), description=steps.now())
        if not self._console.is_terminal:
            for line in ended:
                self._console.print(f"  {line}")
