"""JSON Schema of what dataclasses become in a document, with their docstrings as descriptions."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields
from inspect import getdoc
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Schema = dict[str, Any]

_SECTION = re.compile(r"^Attributes(?::|\n-+)$", re.M)
_ENTRY = re.compile(r"^ *([a-z]\w*(?:, \w+)*): (.*)$")
_PLAIN: Mapping[Any, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    Path: "string",
}


def record(kind: type, plus: Mapping[str, Schema] | None = None) -> Schema:
    """An object with the fields of a dataclass and those of ``plus``, all there and no others.

    Raises TypeError for a field of a type that is none of JSON's.
    """
    own = {
        field.name: field_of(kind, field.name)
        for field in fields(kind)
        if field.name not in (plus or {})
    }
    text = (getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
    return closed({**own, **(plus or {})}, text)


def closed(properties: Mapping[str, Schema], description: str = "") -> Schema:
    """An object of these properties, all there and no others."""
    return {
        "type": "object",
        **_description(description),
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def field_of(kind: type, name: str) -> Schema:
    """One field of a dataclass, with its meaning."""
    return of_type(get_type_hints(kind)[name]) | _description(attributes(kind).get(name))


def of_type(kind: Any) -> Schema:
    """What a value of a type is in JSON."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return _one_of([of_type(argument) for argument in arguments])
    if origin is tuple and arguments[-1] is not Ellipsis:
        return {
            "type": "array",
            "prefixItems": [of_type(argument) for argument in arguments],
            "minItems": len(arguments),
            "maxItems": len(arguments),
        }
    if origin in (tuple, list, Sequence):
        return {"type": "array", "items": of_type(arguments[0])}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": of_type(arguments[1])}
    if hasattr(kind, "__dataclass_fields__"):
        return record(kind)
    raise TypeError(f"{kind}: has no form in JSON")


def attributes(kind: type) -> dict[str, str]:
    """Meaning of each attribute that the section "Attributes" of a class's docstring tells."""
    text = getdoc(kind) or ""
    found: dict[str, str] = {}
    section = _SECTION.split(text, maxsplit=1)[1:]
    names: list[str] = []
    for line in section[0].splitlines() if section else ():
        begun = _ENTRY.match(line)
        if begun:
            names = begun[1].split(", ")
            found.update(dict.fromkeys(names, begun[2]))
        else:
            found.update({name: f"{found[name]} {line.strip()}".strip() for name in names})
    return {name: _sentence(meaning) for name, meaning in found.items()}


def _sentence(meaning: str) -> str:
    """A docstring's words about a value, as a reader of JSON knows them."""
    words = re.sub(r"\bNone\b", "null", meaning.replace("`", "").strip())
    return words[:1].upper() + words[1:]


def _one_of(choices: list[Schema]) -> Schema:
    """Plain types as a list of them, others as alternatives."""
    if all(set(choice) == {"type"} for choice in choices):
        return {"type": [choice["type"] for choice in choices]}
    return {"anyOf": choices}


def _description(text: str | None) -> Schema:
    return {"description": text} if text else {}
