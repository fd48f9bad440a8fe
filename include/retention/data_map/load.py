"""Loading the data maps, with every mistake in all of them at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from include.retention.data_map import border
from include.retention.data_map.build import build_map
from include.retention.data_map.checks import check_structure
from include.retention.data_map.compose import compose, files_of, stray_areas
from include.retention.data_map.context import Mapped
from include.retention.data_map.duties import check_duties, map_notices
from include.retention.data_map.model import DataMap
from include.retention.data_map.undecided import undecided
from include.retention.errors import ConfigurationError, Problem
from include.retention.policy.document import Document, Json, KeyPath, shown
from include.retention.policy.model import Schedule
from include.retention.policy.parse import Mendable, Parsed, parse
from include.retention.policy.schedule import digest

_TEXT: Json = {"sv": "-", "en": "-"}
STAND_INS: Mapping[str, Json] = {
    "title": _TEXT,
    "connection": "-",
    "owner": "-",
    "key": "-",
    "tables": {},
    "columns": {},
}
OPTIONAL = frozenset({"schema", "part_of", "method", "time_zone", "channel", "without_purpose", "when_expired", "null"})
"""What can be left out, so that one broken line doesn't hide the mistakes further down."""
UNREAD_EVENTS = re.compile(r"^tables\.[^.]+$|\.events(\[\d+\])?$|\.(subjects|part_of)(\b|$)|^tables$")
"""Parts of a map that tell of events, or of whom: while one can't be read, no clock can be said never to start."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The maps of a directory, and everything that is wrong with them or worth a look."""

    maps: Mapping[str, DataMap]
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]
    undecided: tuple[Problem, ...]


def load_maps(directory: Path, schedule: Schedule) -> Mapping[str, DataMap]:
    """Load every ``*.yaml`` in a directory as a data map: system -> map.

    Raises:
        ConfigurationError: with every problem of all files.
    """
    reading = read_maps(directory, schedule, None)
    if reading.problems:
        raise ConfigurationError(reading.problems)
    return reading.maps


def read_maps(directory: Path, schedule: Schedule | None, written: Document | None) -> Reading:
    """Read every map and check them together.

    Args:
        directory: with one file a system, and the files of its areas in a directory of its name.
        schedule: None where it can't be read: then the maps are checked by themselves only.
        written: the schedule's file, in which broken purposes are declared all the same.
    """
    problems: list[Problem] = [*_other_files(directory), *stray_areas(directory)]
    mapped: dict[str, Mapped] = {}
    parsings: list[Parsed[border.DataMapBorder]] = []
    for path in sorted(directory.glob("*.yaml")):
        document, unreadable = compose(path)
        problems += unreadable
        if not document.data:
            continue
        mendable = Mendable(border.COLLECTIONS, OPTIONAL, {**STAND_INS, "system": path.stem})
        parsed = parse(document, border.DataMapBorder, mendable)
        problems += parsed.problems
        if parsed.model is not None:
            data_map = build_map(parsed.model, digest(document.data), schedule)
            problems += _name_problems(data_map, path, parsed.document, mapped)
            mapped.setdefault(data_map.system, Mapped(data_map, parsed.document))
            parsings.append(parsed)
    if not mapped and not problems:
        what, remedy = "holds no data map.", "Add one file a system, such as sales.yaml."
        problems.append(Problem(shown(directory), "(directory)", what, remedy, "NO_DATA_MAP"))
    found = [problem for each in mapped.values() for problem in check_structure(each)]
    found += [] if schedule is None else check_duties(mapped, schedule, written)
    mended = {file: parsed for parsed in parsings for file in files_of(parsed.document)}
    unread = any(UNREAD_EVENTS.search(place) for parsed in parsings for place in parsed.mended)
    for each in found:
        if unread and each.code == "CLOCK_NEVER_STARTS":
            continue  # What starts it may be just what couldn't be read, in whichever map.
        parsed_of = mended.get(each.file)
        problems += (each,) if parsed_of is None else parsed_of.without_echoes(iter((each,)))
    maps = {system: each.data_map for system, each in mapped.items()}
    notices = () if problems or schedule is None else tuple(map_notices(mapped, schedule, written))
    return Reading(maps, tuple(problems), notices, tuple(undecided(mapped)))


def _other_files(directory: Path) -> Iterator[Problem]:
    """Yield files that look as if they counted and don't: a map that isn't read closes no table."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.suffix != ".yaml" and not path.name.lower().startswith((".", "readme")):
            what = "isn't read: a data map's file ends in .yaml."
            remedy = "Rename it if it is a map, or move it elsewhere."
            yield Problem(shown(path), "(whole file)", what, remedy, "MAP_ENDING")


def _name_problems(data_map: DataMap, path: Path, document: Document, mapped: Mapping[str, Mapped]) -> list[Problem]:
    place: KeyPath = ("system",)
    if data_map.system in mapped:
        other = mapped[data_map.system].document.file
        what, remedy = f"is also the system of {other}.", "Keep one file a system."
        return [document.problem(place, "DUPLICATE_SYSTEM", what, remedy)]
    if data_map.system != path.stem:
        what, remedy = f"differs from the file's name, {path.name}.", "Name the file after the system."
        return [document.problem(place, "SYSTEM_NAME", what, remedy)]
    return []
