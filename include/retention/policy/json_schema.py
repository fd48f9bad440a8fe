"""The JSON Schemas of the policy's files, so that editors complete and check them while one types.

They are made from the border models. Write them anew with ``python -m include.retention.policy.json_schema``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from include.retention.data_map.border import AreaBorder, DataMapBorder
from include.retention.policy.border import ScheduleBorder
from include.retention.policy.parse import Border
from include.retention.settings import PROJECT

DIRECTORY = PROJECT / "include" / "policy" / "schema"
FILES: Mapping[str, type[Border]] = {
    "retention_schedule.schema.json": ScheduleBorder,
    "data_map.schema.json": DataMapBorder,
    "area.schema.json": AreaBorder,
}


def json_schemas() -> dict[str, str]:
    """Return the text of each schema file, by file name."""
    return {file: json.dumps(_schema(model), ensure_ascii=False, indent=2) + "\n" for file, model in FILES.items()}


def write_schemas() -> None:
    """Write the schema files."""
    for file, text in json_schemas().items():
        (DIRECTORY / file).write_text(text, encoding="utf-8")


def _schema(model: type[Border]) -> dict[str, Any]:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True)}
    return {key: _without_titles(value) for key, value in schema.items() if key != "title"}


def _without_titles(part: Any) -> Any:  # noqa: ANN401  (JSON)
    """Return a part without pydantic's titles, which only repeat the names. A key called ``title`` is no title."""
    if isinstance(part, list):
        return [_without_titles(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {key: _without_titles(each) for key, each in part.items() if key != "title" or not isinstance(each, str)}


if __name__ == "__main__":
    write_schemas()
