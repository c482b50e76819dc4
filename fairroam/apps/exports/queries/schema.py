"""The JSON Schema of an export, made from what every app declares that it keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields.ranges import RangeField
from django.db import models

from fairroam.apps.journal.personal import Table, field_of

FORMAT = "fairroam-export/1"
INSTANT = {"type": "string", "format": "date-time"}
TYPES: tuple[tuple[type[models.Field[Any, Any]], dict[str, Any]], ...] = (
    (models.BooleanField, {"type": "boolean"}),
    (models.IntegerField, {"type": "integer"}),
    (models.DateTimeField, INSTANT),
    (models.DateField, {"type": "string", "format": "date"}),
    (models.UUIDField, {"type": "string", "format": "uuid"}),
    (
        RangeField,
        {
            "type": "object",
            "required": ["from", "until"],
            "properties": {
                "from": {"type": ["string", "null"]},
                "until": {"type": ["string", "null"]},
            },
        },
    ),
    (models.CharField, {"type": "string"}),
    (models.TextField, {"type": "string"}),
    (models.JSONField, {}),
)


def schema(tables: Iterable[Table]) -> dict[str, Any]:
    """The whole schema: `$defs` holds one row of each table, and the manifest."""
    rows = {table.name: row_schema(table) for table in tables if table.whose}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{FORMAT.replace('/', ':')}",
        "title": "Everything that is kept about one customer",
        "$ref": "#/$defs/manifest",
        "$defs": {"manifest": MANIFEST, **rows},
    }


def row_schema(table: Table) -> dict[str, Any]:
    """One row: every column is there, and nothing else."""
    return {
        "type": "object",
        "description": f"About {table.about.replace('_', '-')}.",
        "properties": {column: type_of(table, column) for column in table.given},
        "required": table.given,
        "additionalProperties": False,
    }


def type_of(table: Table, column: str) -> dict[str, Any]:
    """The JSON type of a column, with null where it may be empty."""
    field: Any = field_of(table, column)
    while field.remote_field is not None:
        is_nullable, field = field.null, field.target_field
        if is_nullable:
            return or_null(known_type(field))
    return or_null(known_type(field)) if field.null else known_type(field)


def known_type(field: Any) -> dict[str, Any]:
    while field.remote_field is not None:
        field = field.target_field
    return next(kind for one, kind in TYPES if isinstance(field, one))


def or_null(kind: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [kind, {"type": "null"}]} if kind else kind


MANIFEST = {
    "type": "object",
    "required": ["format", "customer", "made_at", "files"],
    "additionalProperties": False,
    "properties": {
        "format": {"const": FORMAT},
        "customer": {"type": "string"},
        "made_at": INSTANT,
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "bytes", "sha256"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string"},
                    "bytes": {"type": "integer", "minimum": 0},
                    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                    "rows": {"type": "integer", "minimum": 0},
                },
            },
        },
    },
}
