"""Options of operators: all fields of the schema's table by reflection, defaults where absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import flatbuffers
import numpy as np
import tflite

Value = float | int | bool | bytes | tuple[int, ...] | None

_TABLES: Mapping[str, str] = {
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    **dict.fromkeys(
        ("MEAN", "SUM", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ANY", "REDUCE_ALL"),
        "ReducerOptions",
    ),
}
"""Tables whose names don't follow from the operator's."""

_BY_LETTERS = {
    name.lower(): name for name, tag in vars(tflite.BuiltinOptions).items() if isinstance(tag, int)
}


_OPERATORS = [n for n, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)]


def table_name(operator: str) -> str | None:
    """The schema's options table of an operator; None where it has none."""
    return _TABLES.get(operator) or _BY_LETTERS.get(f"{operator}options".replace("_", "").lower())


def operator_of(tag: int) -> str | None:
    """The operator to which alone a table of options belongs, by the table's number; else None."""
    found = [name for name in _OPERATORS if (table := table_name(name)) and tag_of(table) == tag]
    return found[0] if len(found) == 1 else None


def read_options(name: str, table: Any) -> dict[str, Value]:
    """All fields of a table by name; of one that the file leaves out (None), the defaults."""
    options = getattr(tflite, name)()
    if table is None:
        options.Init(*_empty_table())
    else:
        options.Init(table.Bytes, table.Pos)
    return {field: read(options) for field, read in _fields(name).items()}


def tag_of(name: str) -> int:
    """The number of a table in the union of all options."""
    return int(getattr(tflite.BuiltinOptions, name))


@cache
def _empty_table() -> tuple[bytes, int]:
    builder = flatbuffers.Builder(32)
    builder.StartObject(0)
    builder.Finish(builder.EndObject())
    data = bytes(builder.Output())
    return data, int.from_bytes(data[:4], "little")


@cache
def _fields(name: str) -> Mapping[str, Callable[[Any], Value]]:
    """How each field of a table is read; vectors become tuples."""
    members = [m for m in vars(getattr(tflite, name)) if m[0].isupper()]
    skip = ("AsNumpy", "IsNone", "Length", "HasIdentifier")
    vectors = {m.removesuffix("AsNumpy") for m in members if m.endswith("AsNumpy")}
    plain = {
        m
        for m in members
        if not m.endswith(skip) and not m.startswith("GetRootAs") and m not in ("Init", "Offset")
    }
    scalars = {field: _scalar(field) for field in plain - vectors}
    return scalars | {field: _vector(field) for field in vectors}


def _scalar(field: str) -> Callable[[Any], Value]:
    return lambda options: getattr(options, field)()


def _vector(field: str) -> Callable[[Any], Value]:
    def read(options: Any) -> tuple[int, ...]:
        values = getattr(options, f"{field}AsNumpy")()
        return tuple(int(value) for value in values) if isinstance(values, np.ndarray) else ()

    return read
