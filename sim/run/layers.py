"""Layers that the command line names."""

from __future__ import annotations

import difflib

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import quoted
from tilewright.mapper.program.program import Program


def layer_range(program: Program, first: tuple[str, str], last: tuple[str, str]) -> range:
    """Numbers of a Program's layers from the first to the last one; each an option and its value.

    Raises RequestError for a name that no layer has, and where the last comes before the first.
    """
    names = [layer.name for layer in program.layers]
    begin, end = (_number(program, names, *asked) for asked in (first, last))
    if end < begin:
        raise RequestError(
            f"{last[0]} {quoted(names[end])}: comes before {first[0]} {quoted(names[begin])}"
        )
    return range(begin, end + 1)


def _number(program: Program, names: list[str], option: str, name: str) -> int:
    if name in names:
        return names.index(name)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.3) or names[:3]
    raise RequestError(
        f"{option} {quoted(name)}: {quoted(program.name)} has no such layer; it has "
        f"{', '.join(map(quoted, near))}, ...: the first column of the report"
    )
