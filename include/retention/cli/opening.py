"""What commands share that look at live systems: the engine, and a line that shows how far they have come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from include.retention.cli.main import err
from include.retention.data_map.model import DataMap


def steps() -> Progress:
    """Return a progress line on standard error, so that standard output stays clean; none where nobody watches."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


@contextmanager
def opened_system(data_map: DataMap) -> Iterator[sa.Engine]:
    """Give an engine on a mapped system; an error says which system it was."""
    from include.retention.reading import named, system_engine  # noqa: PLC0415 - pandas, only where it is needed

    engine = system_engine(data_map)
    try:
        with named(data_map):
            yield engine
    finally:
        engine.dispose()
