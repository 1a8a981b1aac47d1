"""Descriptions of a package's tables that other controllers' machines read: CSV on the Web, and JSON Schema. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid.engines.person import WITHHELD
from pellucid.policy.categories import title
from pellucid.policy.model import Column, ColumnType
from pellucid.rights.sections import Section

CSVW_TYPES = {
    ColumnType.TEXT: "string",
    ColumnType.INTEGER: "long",
    ColumnType.MONEY: "decimal",
    ColumnType.REAL: "double",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "dateTime",
}
JSON_TYPES: dict[ColumnType, dict[str, Any]] = {
    ColumnType.TEXT: {"type": "string"},
    ColumnType.INTEGER: {"type": "integer"},
    ColumnType.MONEY: {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    ColumnType.REAL: {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]},
    ColumnType.BOOLEAN: {"type": "boolean"},
    ColumnType.DATE: {"type": "string", "format": "date"},
    ColumnType.TIMESTAMP: {"type": "string", "format": "date-time"},
}
APOSTROPHE = (
    "In the CSV files a text that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line "
    "break), or that begins with an apostrophe, has one apostrophe put before it; so has = + - @ or an apostrophe "
    "after a semicolon, a tab or a line break in a text. Take it away to have the text. The JSON files hold every text "
    "as it is."
)
NAMES_WITHHELD = "Names of the columns of this row whose values are somebody else's, and left out."


def csvw(sections: Sequence[Section]) -> dict[str, Any]:
    """Return the metadata of all CSV files (W3C Tabular Metadata)."""
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "dc:description": APOSTROPHE,
        "dialect": {"encoding": "utf-8", "header": True, "lineTerminators": "\r\n"},
        "tables": [
            {
                "url": f"data/{each.dataset.name}.csv",
                "dc:title": each.dataset.title,
                "tableSchema": {"columns": [_csvw_column(column) for column in _columns(each)]},
            }
            for each in sections
        ],
    }


def json_schema(sections: Sequence[Section]) -> dict[str, Any]:
    """Return the JSON Schema of a line of each table, under `$defs`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "Each line of data/NAME.jsonl is an object as `$defs` says under NAME.",
        "$defs": {each.dataset.name: _row(each) for each in sections},
    }


def _columns(section: Section) -> list[Column]:
    return [section.dataset.columns[name] for name in section.columns] + (
        [Column(WITHHELD, ColumnType.TEXT, "system", title=NAMES_WITHHELD)] if len(section.own) > 1 else []
    )


def _csvw_column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "titles": column.name,
        "datatype": CSVW_TYPES[column.type],
        "null": "",
        "dc:description": described(column),
    }


def _row(section: Section) -> dict[str, Any]:
    columns = _columns(section)
    properties = {column.name: _json_type(column, section) for column in columns if column.name != WITHHELD}
    if len(section.own) > 1:
        names = {"type": "array", "items": {"enum": list(section.needs)}}
        properties[WITHHELD] = {**names, "description": NAMES_WITHHELD}
    return {
        "title": section.dataset.title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _json_type(column: Column, section: Section) -> dict[str, Any]:
    said = {"description": described(column)}
    if not column.nullable and column.name not in section.needs:
        return {**JSON_TYPES[column.type], **said}
    return {"anyOf": [JSON_TYPES[column.type], {"type": "null"}], **said}


def described(column: Column) -> str:
    """Return what a column holds, in words."""
    kind = title(column.category)
    return f"{column.title} ({kind})" if column.title and column.title != NAMES_WITHHELD else column.title or kind
