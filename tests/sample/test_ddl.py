"""The DDL files that people read are the DDL that the databases get."""

from __future__ import annotations

from pathlib import Path

from include.sample.schema import SYSTEMS
from include.sample.schema.emit import DIALECTS, FOLDER, write


def test_the_files_are_up_to_date(tmp_path: Path) -> None:
    written = write(tmp_path)
    assert len(written) == len(SYSTEMS) * len(DIALECTS)
    for path in written:
        kept = (FOLDER / path.name).read_text(encoding="utf-8")
        assert kept == path.read_text(encoding="utf-8"), f"run python -m include.sample.schema.emit for {path.name}"


def test_one_foreign_key_cascades() -> None:
    cascading = [
        f"{system}.{table.name}.{key.parent.name}"
        for system, metadata in SYSTEMS.items()
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.ondelete == "CASCADE"
    ]
    assert cascading == ["finance.invoice.debtor_id"]
