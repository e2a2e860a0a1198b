"""Forms of JSON values that documents are made of."""

from __future__ import annotations

from collections.abc import Iterable

from tilewright.sim.schemas.typed import Schema


def text(description: str) -> Schema:
    """A string."""
    return {"type": "string", "description": description}


def whole(description: str) -> Schema:
    """A whole number."""
    return {"type": "integer", "description": description}


def number(description: str) -> Schema:
    """A number."""
    return {"type": "number", "description": description}


def list_of(item: Schema, description: str) -> Schema:
    """A list of items of one form."""
    return {"type": "array", "description": description, "items": item}


def map_of(value: Schema, description: str) -> Schema:
    """Values of one form by names that are not fixed."""
    return {"type": "object", "description": description, "additionalProperties": value}


def numbers(kind: str, names: Iterable[str], description: str) -> Schema:
    """Numbers of one type by some of these names."""
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"enum": list(names)},
        "additionalProperties": {"type": kind},
    }


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    return {"anyOf": [schema, {"type": "null"}]}
