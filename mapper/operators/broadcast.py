"""Operators on two operands, either of which may be repeated along axes of the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.steps import StepKind
from tilewright.hw.spec.steps.broadcast import broadcast
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.operators.clamp import Clamped
from tilewright.mapper.operators.images import clamp_fields, int32_table


def common_shape(a: Shape, b: Shape) -> Shape | None:
    """Return the shape that two shapes broadcast to; None where there is none."""
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    extents = [(max(m, n), m == n or 1 in (m, n)) for m, n in pairs]
    return tuple(n for n, _ in extents) if all(fits for _, fits in extents) else None


def broadcast_shape(site: Site) -> Shape:
    """Return the common shape of two operands. Raises RequestError where there is none."""
    a, b = site.inputs
    shape = common_shape(a.shape, b.shape)
    if shape is None:
        site.refuse(f" has operands of shapes {a.shape} and {b.shape}, which do not broadcast")
    return shape


def broadcast_fields(site: Site, cpu: Cpu) -> dict[str, int]:
    """Addresses of operands and result, and how the operands spread over it."""
    a, b = site.inputs
    a_bytes, b_bytes = (np.dtype(tensor.dtype).itemsize for tensor in (a, b))
    try:
        spread = broadcast(a.shape, b.shape, a_bytes, b_bytes)
    except RequestError as error:
        site.refuse(f": {error}")
    values = spread.values | {"a": cpu.address(a.name), "b": cpu.address(b.name)}
    values["output"] = cpu.address(site.result.name)
    values["loops"] = int32_table(cpu, spread.loops) if spread.values["runs"] > 1 else 0
    return values


@dataclass(frozen=True, kw_only=True)
class Binary(Operator):
    """The result has the operands' common shape."""

    inputs: ClassVar[tuple[int, int]] = (2, 2)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the common shape of the operands."""
        return [broadcast_shape(site)]


@dataclass(frozen=True, kw_only=True)
class Arithmetic(Binary, Clamped):
    """Operands and result have a quantisation each; the result is requantised and clamped."""

    def fields(self, site: Site, cpu: Cpu) -> dict[str, int]:
        """What the steps of all these operators share."""
        (a, b), result = site.inputs, site.result
        points = {"a_zero_point": a.zero_point, "b_zero_point": b.zero_point}
        points["output_zero_point"] = result.zero_point
        return broadcast_fields(site, cpu) | points | clamp_fields(self.lo, self.hi)


def step_of(kind: StepKind, *fields: dict[str, int]) -> Steps:
    """Return one step with these fields."""
    values: dict[str, int] = {}
    for part in fields:
        values |= part
    return [(kind, values)]


def scales_of(site: Site) -> tuple[float, float, float]:
    """Return the scales of both operands and of the result."""
    tensors: tuple[Tensor, ...] = (*site.inputs, site.result)
    a, b, result = (tensor.scale for tensor in tensors)
    return a, b, result
