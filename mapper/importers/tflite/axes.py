"""Axes that TensorFlow Lite counts from either end."""

from __future__ import annotations

from tilewright.mapper import limits
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands
from tilewright.mapper.limits import require


def resolved(operands: Operands, operator: FileOperator, axis: int, rank: int) -> int:
    """Return an axis counted from 0. Raises RequestError where there is none."""
    require(operands.place(operator), limits.axis_exists, (axis, rank))
    return axis + rank if axis < 0 else axis


def constant_axes(
    operands: Operands, operator: FileOperator, position: int, rank: int
) -> tuple[int, ...]:
    """Return the axes in a constant input, counted from 0, each once."""
    given = operands.integers(operator, position)
    return tuple(dict.fromkeys(resolved(operands, operator, axis, rank) for axis in given))


def constant_pairs(
    operands: Operands, operator: FileOperator, position: int, count: int
) -> tuple[tuple[int, int], ...]:
    """Return (before, after) for each of ``count`` axes from a constant input."""
    flat = operands.integers(operator, position)
    pairs = tuple((flat[i], flat[i + 1]) for i in range(0, len(flat) - 1, 2))
    require(operands.place(operator), limits.pairs_fit_axes, (len(flat), 2 * count))
    require(operands.place(operator), limits.padding_is_sensible, flat)
    return pairs
