"""Loading the policy: the retention schedule and the data maps, with every mistake in all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.retention.data_map.load import read_maps
from include.retention.data_map.model import DataMap
from include.retention.errors import ConfigurationError, Problem
from include.retention.policy.checks import enforceable, notices
from include.retention.policy.model import Schedule
from include.retention.policy.schedule import read_schedule

SCHEDULE_FILE = "retention_schedule.yaml"
MAP_DIRECTORY = "data_map"


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that the company has decided.

    Attributes:
        maps: system -> its data map.
        notices: what the DPO should see although it isn't refused.
        undecided: guesses of drafted maps that wait for a person: a dry run may go on, no other.
        directory: where it was read from.
    """

    schedule: Schedule
    maps: Mapping[str, DataMap]
    notices: tuple[Problem, ...]
    undecided: tuple[Problem, ...]
    directory: Path

    @property
    def map_digests(self) -> dict[str, str]:
        """Return system -> SHA-256 of its map, as a run notes them."""
        return {name: data_map.digest for name, data_map in self.maps.items()}

    @property
    def unapproved(self) -> tuple[Problem, ...]:
        """Return what forbids enforce mode: rules that nobody has approved, and guesses that nobody has decided on."""
        return (*enforceable(self.schedule), *self.undecided)


def load_schedule(path: Path) -> Schedule:
    """Load the retention schedule.

    Raises:
        ConfigurationError: with every problem of the file.
    """
    schedule, _, problems = read_schedule(path)
    if schedule is None or problems:
        raise ConfigurationError(problems)
    return schedule


def load_policy(directory: Path) -> Policy:
    """Load ``retention_schedule.yaml`` and ``data_map/*.yaml`` below a directory.

    Raises:
        ConfigurationError: with every problem of all files. Where the schedule can't be read at all, the maps are
            checked by themselves only.
    """
    schedule, document, problems = read_schedule(directory / SCHEDULE_FILE)
    reading = read_maps(directory / MAP_DIRECTORY, schedule, document)
    if schedule is None or problems or reading.problems:
        raise ConfigurationError((*problems, *reading.problems))
    told = (*notices(schedule, document), *reading.notices)
    return Policy(schedule, reading.maps, told, reading.undecided, directory)
