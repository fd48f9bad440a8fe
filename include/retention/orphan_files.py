"""Files on disk that no row names: told with their age, and never deleted, for nobody knows whose they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa

from include.retention.data_map.live_context import Words, system_notice
from include.retention.data_map.model import DataMap
from include.retention.errors import Problem
from include.retention.validate.stored_files import count_files


def check_orphan_files(data_map: DataMap, engine: sa.Engine) -> Iterator[Problem]:
    """Yield a notice for each file root with files that no row names, by the environment's directories.

    A table that can't be read is told elsewhere; then nothing can be said of the files.
    """
    try:
        with engine.connect() as connection:
            counted = count_files(connection, data_map, os.environ)
    except sa.exc.SQLAlchemyError:
        return
    for root, found in counted.items():
        if found is not None and found["unreferenced"]:
            oldest = f", the oldest of {date.fromordinal(found['oldest']).isoformat()}" if found["oldest"] else ""
            what = f"holds {found['unreferenced']} files of {found['files']} that no row names{oldest}."
            remedy = "Nobody will ever cull them. Look whose they are, and delete or map them."
            yield system_notice(data_map, ("file_roots", root), Words("ORPHAN_FILES", what, remedy))
