"""Works of the element-wise unit: two operands that broadcast, or one and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import ClassVar, NamedTuple

import numpy as np

from tilewright.hw.spec.commands import EXACT_SCALE, Operation
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.numerics import AddParameters
from tilewright.mapper.graph.operator import Operator, Site
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.works.elementwise import Along, ElementwiseWork, Side
from tilewright.mapper.works.geometry import Operand, Shape

_AXES = 3
"""That a command counts: rows, pixels, bytes."""

_SWAPPED = {
    Operation.A_MINUS_B: Operation.B_MINUS_A,
    Operation.B_MINUS_A: Operation.A_MINUS_B,
}
"""Operations with their operands exchanged; the others do not change."""


@dataclass(frozen=True, kw_only=True)
class Factors:
    """(multiplier, shift) of both operands and of the result."""

    a: tuple[int, int] = EXACT_SCALE
    b: tuple[int, int] = EXACT_SCALE
    output: tuple[int, int]

    @staticmethod
    def of(p: AddParameters) -> Factors:
        """Those of a sum or difference."""
        return Factors(
            a=(p.a_multiplier, p.a_shift),
            b=(p.b_multiplier, p.b_shift),
            output=(p.output_multiplier, p.output_shift),
        )


class Spread(NamedTuple):
    """An image of which two operands have rows, columns and channels of their own or not."""

    shape: Shape
    a: Along
    b: Along


def spread(a: Sequence[int], b: Sequence[int]) -> Spread | None:
    """Lay the common shape of two operands out as an image; None where it takes more axes."""
    axes: list[tuple[int, bool, bool]] = []
    for m, n in zip_longest(reversed(a), reversed(b), fillvalue=1):
        size, pattern = max(m, n), (m > 1, n > 1)
        if size == 1:
            continue
        if axes and axes[-1][1:] == pattern:
            axes[-1] = (axes[-1][0] * size, *pattern)
        else:
            axes.append((size, *pattern))
    if len(axes) > _AXES:
        return None
    axes += [(1, True, True)] * (_AXES - len(axes))
    (channels, *c), (cols, *w), (rows, *h) = axes
    return Spread((rows, cols, channels), (h[0], w[0], c[0]), (h[1], w[1], c[1]))


@dataclass(frozen=True, kw_only=True)
class OnElementwiseUnit(Operator):
    """An operator that the element-wise unit has, on operands of any shapes that `spread` takes."""

    in_place: ClassVar[bool] = True
    takes_constants: ClassVar[bool] = True

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return bytes_objection(site) or spread_objection(*(t.shape for t in site.inputs))

    def unit_objection(self, config: NpuConfig) -> str | None:
        """Return why this accelerator has no element-wise unit; None if it has."""
        return f"control = microcode has no {self.kind}" if config.microcode else None


def bytes_objection(site: Site) -> str | None:
    """Return why the unit cannot take these elements; None where they are bytes."""
    dtype = site.result.dtype
    return f"its activations are {dtype}" if np.dtype(dtype).itemsize > 1 else None


def spread_objection(a: Sequence[int], b: Sequence[int]) -> str | None:
    """Why no command reads operands of these shapes; None when one does."""
    if spread(a, b) is None:
        return (
            f"its operands of shapes {tuple(a)} and {tuple(b)} change more than {_AXES - 1} times "
            "which of them is repeated"
        )
    return None


def binary_work(
    operation: Operation,
    operands: tuple[Tensor, Tensor],
    result: Tensor,
    factors: Factors,
    clamp: tuple[int, int],
    *,
    keeps_bytes: bool = False,
) -> ElementwiseWork:
    """An operation on two tensors, computed or constant, whose shapes `spread` takes.

    ``keeps_bytes``: results are bytes of the operands (MAXIMUM, MINIMUM), whatever they stand for.
    """
    laid = spread(*(tensor.shape for tensor in operands))
    assert laid is not None
    zero = 0 if keeps_bytes else None
    a, b = (
        Side(
            source=_source(tensor),
            along=along,
            zero_point=tensor.zero_point if zero is None else zero,
            multiplier=factor[0],
            shift=factor[1],
        )
        for tensor, along, factor in zip(
            operands, (laid.a, laid.b), (factors.a, factors.b), strict=True
        )
    )
    work = ElementwiseWork(
        operation=operation,
        a=a,
        b=b,
        output=Operand(result.name),
        shape=laid.shape,
        multiplier=factors.output[0],
        shift=factors.output[1],
        zero_point=result.zero_point if zero is None else zero,
        lo=clamp[0],
        hi=clamp[1],
    )
    if b.along[2]:
        return work
    # What is repeated for all bytes of a pixel must be operand a.
    return replace(work, a=b, b=a, operation=_SWAPPED.get(operation, operation))


def table_work(x: Tensor, result: Tensor, table: bytes) -> ElementwiseWork:
    """Results of a function of single bytes, ``table`` by unsigned byte."""
    side = Side(source=_source(x), zero_point=0, multiplier=EXACT_SCALE[0], shift=EXACT_SCALE[1])
    return ElementwiseWork(
        operation=Operation.B_ALONE,
        a=None,
        b=side,
        output=Operand(result.name),
        shape=(1, 1, result.elements),
        multiplier=1 << 30,
        shift=1,
        zero_point=0,
        table=table,
    )


def _source(tensor: Tensor) -> Operand | bytes:
    return Operand(tensor.name) if tensor.data is None else tensor.data.tobytes()
