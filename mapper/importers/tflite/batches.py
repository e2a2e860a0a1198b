"""Operators on images, of which a tensor of a file may hold several: one operator an image."""

from __future__ import annotations

from dataclasses import replace

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.operator import Operator
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands
from tilewright.mapper.limits import require
from tilewright.mapper.operators.concatenation import Concatenation
from tilewright.mapper.operators.slices import Slice


def per_image(
    operands: Operands,
    operator: FileOperator,
    computed: Operator,
    inputs: tuple[Tensor, ...],
    result: Tensor,
) -> list[Op]:
    """Return ``computed`` for every image of the first input, and the join of their results."""
    images, *others = inputs
    count = images.shape[0]
    require(operands.place(operator), limits.images_are_few, count)
    if count == 1:
        return [operands.op(operator, computed, inputs, result)]
    ops: list[Op] = []
    parts: list[Tensor] = []
    for number in range(count):
        image, part = (_one(operands, operator, t, number) for t in (images, result))
        taken = Slice(begins=(number, 0, 0, 0), strides=(1,) * 4, sizes=(1, *images.shape[1:]))
        ops.append(operands.op(operator, taken, (images,), image, suffix=f"_take{number}"))
        ops.append(operands.op(operator, computed, (image, *others), part, suffix=f"_{number}"))
        parts.append(part)
    joined = Concatenation(axis=0)
    return [*ops, operands.op(operator, joined, tuple(parts), result, suffix="_join")]


def _one(operands: Operands, operator: FileOperator, images: Tensor, number: int) -> Tensor:
    """A tensor for one of several images."""
    name = f"{images.name}/{operator.index}.{number}"
    return operands.enter(replace(images, name=name, shape=(1, *images.shape[1:]), index=None))
