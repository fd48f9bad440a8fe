"""Write the DDL of the three systems in three dialects: ``python -m include.sample.schema.emit``.

The files in ``ddl/`` are for people; loading uses the metadata itself. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import MetaData, make_url
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from include.sample.schema import SYSTEMS

DIALECTS: Mapping[str, Dialect] = {
    name: make_url(f"{name}{driver}://").get_dialect()()
    for name, driver in (("sqlite", ""), ("postgresql", "+psycopg"), ("mariadb", "+pymysql"))
}
FOLDER = Path(__file__).parents[1] / "ddl"


def ddl(metadata: MetaData, dialect: Dialect) -> str:
    """Return the CREATE statements of a system, parents before children."""
    statements = []
    for table in metadata.sorted_tables:
        statements.append(CreateTable(table).compile(dialect=dialect))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements.extend(CreateIndex(index).compile(dialect=dialect) for index in indexes)
    texts = ("\n".join(line.rstrip() for line in str(statement).strip().splitlines()) for statement in statements)
    return ";\n\n".join(texts).replace("\t", "    ") + ";\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write one file per system and dialect and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for system, metadata in SYSTEMS.items():
        for name, dialect in DIALECTS.items():
            path = folder / f"{system}.{name}.sql"
            path.write_text(ddl(metadata, dialect), encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    write()
