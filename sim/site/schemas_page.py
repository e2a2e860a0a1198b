"""docs/schemas.md: every field of every JSON document, from their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tilewright.sim.schemas.documents import Document
from tilewright.sim.schemas.typed import Schema

FOLDER = "schemas"

_INTRODUCTION = (
    "Every JSON document tells the version and commit of Tilewright that wrote it, and all but the "
    "trace, whose form is given, their kind in `schema`. Each has a "
    "[JSON Schema](https://json-schema.org) file: all its fields are there, and no others. Later "
    "versions may add fields under the same name; none is renamed or removed. Names end in their "
    "unit: `_s` seconds, `_j` joules, `_hz` hertz, `_ge` gate equivalents."
)
_CONFIG = "Every field of the [configuration](configuration.md), defaults included."
_CHECKING = """Any validator of JSON Schema 2020-12 tells whether a document is one, such as
the Python package jsonschema:
```python
import json, jsonschema

jsonschema.validate(json.load(open("result.json")), json.load(open("docs/schemas/run-1.json")))
```
The results of a sweep are a database and a table: [tutorial](tutorial-sweep.md#the-page)."""


def schemas_page(documents: Sequence[Document]) -> str:
    """The page's text without a banner."""
    contents = [
        f"| [`{found.name}`](#{_anchor(found)}) | {found.written_by} "
        f"| [{found.file_name}]({FOLDER}/{found.file_name}) |"
        for found in documents
    ]
    table = _table(("schema", "written by", "file"), contents)
    parts = ["# JSON documents", _INTRODUCTION, table, _CHECKING]
    for found in documents:
        rows = [f"| `{path}` | {kind} | {text} |" for path, kind, text in _fields(found.schema)]
        parts += [f"## {_title(found)}", found.schema["description"]]
        parts.append(_table(("field", "type", "meaning"), rows))
    return "\n\n".join(parts) + "\n"


def _title(document: Document) -> str:
    return document.name.removeprefix("tilewright.").partition("/")[0].capitalize()


def _anchor(document: Document) -> str:
    return _title(document).lower()


def _fields(schema: Schema, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Path, type and meaning of each field, with those of objects below them."""
    for name, found in schema.get("properties", {}).items():
        below = f"{path}{name}"
        if name == "config":
            yield below, "object", _CONFIG
            continue
        yield below, _kind(found), _cell(_meaning(found))
        yield from _inside(found, below)


def _inside(schema: Schema, path: str) -> Iterator[tuple[str, str, str]]:
    if "items" in schema:
        yield from _inside(schema["items"], f"{path}[]")
    elif isinstance(schema.get("additionalProperties"), dict):
        yield from _inside(schema["additionalProperties"], f"{path}.*")
    else:
        seen: set[str] = set()
        for choice in (schema, *schema.get("anyOf", ())):
            for row in _fields(choice, f"{path}."):
                if row[0] not in seen:
                    seen.add(row[0])
                    yield row


def _kind(schema: Schema) -> str:
    """Its type in words."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(choice) for choice in schema["anyOf"]))
    if schema["type"] == "array":
        inner = schema.get("items") or schema["prefixItems"][0]
        count = f"{schema['maxItems']} " if "maxItems" in schema else ""
        return f"list of {count}{_kind(inner)}"
    kinds: Any = schema["type"]
    return " or ".join(kinds) if isinstance(kinds, list) else kinds


def _meaning(schema: Schema) -> str:
    """The description, its own or of what it may be; with the names that its keys have."""
    choices = (schema, *schema.get("anyOf", ()))
    text = next((found["description"] for found in choices if "description" in found), "")
    names = next((found["propertyNames"] for found in choices if "propertyNames" in found), None)
    if names is None:
        return text
    return f"{text.rstrip('.')}. Names: {', '.join(f'`{name}`' for name in names['enum'])}"


def _table(head: Sequence[str], rows: Sequence[str]) -> str:
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")
