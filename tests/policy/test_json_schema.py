"""Editors see what loading sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from include.retention.policy.document import read_document
from include.retention.policy.json_schema import DIRECTORY, json_schemas
from tests.policy import samples

POLICY = DIRECTORY.parent


def validator(kind: str) -> jsonschema.Draft202012Validator:
    schema: dict[str, Any] = json.loads(json_schemas()[f"{kind}.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("file", json_schemas())
def test_the_committed_schema_is_current(file: str) -> None:
    kept = (DIRECTORY / file).read_text(encoding="utf-8")
    assert kept == json_schemas()[file], "run python -m include.retention.policy.json_schema"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("retention_schedule", POLICY / "retention_schedule.yaml"),
        ("retention_schedule", samples.DATA / "valid_schedule.yaml"),
        ("data_map", samples.DATA / "valid_map.yaml"),
        *(("data_map", path) for path in sorted((POLICY / "data_map").glob("*.yaml"))),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_valid_files_are_valid_in_editors(kind: str, path: Path) -> None:
    errors = [error.message for error in validator(kind).iter_errors(read_document(path)[0].data)]
    assert errors == []


@pytest.mark.parametrize("path", [POLICY / "retention_schedule.yaml", *sorted((POLICY / "data_map").glob("*.yaml"))])
def test_every_file_names_its_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    marker, _, schema = first.partition("$schema=")
    assert marker == "# yaml-language-server: "
    assert (path.parent / schema).resolve().parent == DIRECTORY


@pytest.mark.parametrize(
    ("kind", "base", "change"),
    [
        ("retention_schedule", "schedule", {"holidays": {}}),
        ("retention_schedule", "schedule", {"purposes": {"DELIVERY": {"keep": "ten years"}}}),
        ("retention_schedule", "schedule", {"purposes": {"DELIVERY": {"lawful_basis": "6(1)(g)"}}}),
        ("data_map", "map", {"tables": {"customer": {"when_expired": "forget"}}}),
        ("data_map", "map", {"tables": {"customer": {"columns": {"name": {"method": "hash"}}}}}),
    ],
)
def test_mistakes_of_shape_are_marked_in_editors(kind: str, base: str, change: dict[str, Any]) -> None:
    assert list(validator(kind).iter_errors(samples.merged(samples.valid(base), change)))
