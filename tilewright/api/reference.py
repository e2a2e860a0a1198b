"""The part of docs/api.md that docstrings tell: `python -m tilewright.api.reference` writes it."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import tilewright
from tilewright.sim.files import write_atomically

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"

MARK = "<!-- Below: by `python -m tilewright.api.reference` from docstrings. Edit those. -->\n"

GROUPS = {
    "Functions": ("load", "sweep"),
    "Networks": ("Network", "Port", "Operator", "Inspection"),
    "Results": (
        "Prediction",
        "Run",
        "Classification",
        "Picture",
        "Layer",
        "Area",
        "Output",
        "Inference",
    ),
    "Sweeps": ("Sweep", "Point", "Design", "Recommendation"),
    "Configurations": ("Config",),
    "Errors": ("TilewrightError", "RequestError", "CheckError"),
}

_LIST = re.compile(r"^(?:Parameters|Attributes)(?::|\n-+)\n", re.MULTILINE)
_ENTRY = re.compile(r"^(?: {4})?(\w+(?:, \w+)*): ", re.MULTILINE)


def page(text: str) -> str:
    """The page with its last part written anew."""
    return text.partition(MARK)[0] + MARK + "".join(_groups())


def _groups() -> Iterator[str]:
    for title, names in GROUPS.items():
        yield f"\n## {title}\n"
        for name in names:
            yield from _described(name, getattr(tilewright, name))


def _described(name: str, thing: Any) -> Iterator[str]:
    if isinstance(thing, FunctionType):
        yield f"\n### tilewright.{name}\n{_signature(name, thing)}\n{_prose(thing)}"
        return
    yield f"\n### tilewright.{name}\n{_fields(thing)}{_prose(thing)}"
    for member, value in _members(thing):
        head = _signature(member, value) + "\n" if isinstance(value, FunctionType) else _type(value)
        yield f"\n#### {name}.{member}\n{head}{_prose(value)}"


def _fields(thing: type) -> str:
    """Names and types of what the objects hold, or how they are made where that is by others."""
    if not dataclasses.is_dataclass(thing):
        return ""
    made = cast("FunctionType", vars(thing)["__init__"])
    held = [field.name for field in dataclasses.fields(thing)]
    if list(inspect.signature(made).parameters)[1:] != held:
        return _signature(thing.__name__, made, thing.__name__) + "\n"
    lines = "".join(f"{field.name}: {field.type}\n" for field in dataclasses.fields(thing))
    return f"```python\n{_quoted(lines)}```\n"


def _type(value: property | cached_property[Any]) -> str:
    getter = value.fget if isinstance(value, property) else value.func
    assert getter is not None
    return f"`{inspect.signature(getter).return_annotation}`. "


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties, those of bases of ours first, each once."""
    found: dict[str, Any] = {}
    for part in reversed(thing.__mro__):
        if part.__module__ != "builtins":
            found |= vars(part)
    for name, value in found.items():
        if name.startswith("_"):
            continue
        if isinstance(value, staticmethod):
            yield name, cast("staticmethod[..., Any]", value).__func__
        elif isinstance(value, FunctionType | property | cached_property):
            yield name, value


def _signature(name: str, function: FunctionType, result: str = "") -> str:
    """As it is written in the source, in lines where one is too short."""
    parts: list[str] = []
    starred = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        parts.append(f"{stars}{parameter.name}: {parameter.annotation}{default}")
    result = result or inspect.signature(function).return_annotation
    line = f"{name}({', '.join(parts)}) -> {result}"
    if len(line) > 100:
        listed = "".join(f"    {part},\n" for part in parts)
        line = f"{name}(\n{listed}) -> {result}"
    return f"```python\n{_quoted(line)}\n```"


def _quoted(source: str) -> str:
    """With the quotes that Ruff writes, in pages as well; types and defaults hold no others."""
    return source.replace("'", '"')


def _prose(thing: Any) -> str:
    """The docstring, its lists of parameters or attributes as lists."""
    text = inspect.cleandoc(thing.__doc__ or "").replace("``", "`")
    head, *lists = _LIST.split(text)
    for part in lists:
        entries, gap, rest = part.partition("\n\n")
        indented = entries.startswith("    ")
        listed = _ENTRY.sub(r"- `\1`: ", entries)
        listed = re.sub(r"^ {4,}", "  ", listed, flags=re.MULTILINE) if indented else listed
        head += f"{re.sub(r'^ {4}', '  ', listed, flags=re.MULTILINE)}{gap}{rest}"
    return head + "\n"


def main() -> None:
    """Write docs/api.md."""
    write_atomically(PAGE, page(PAGE.read_text()))


if __name__ == "__main__":
    main()
