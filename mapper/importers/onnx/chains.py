"""Operators that follow one another in floating point, composed into one table of results.

Quantisers leave some operators between two QuantizeLinear (HardSigmoid and Mul, Div and Erf and
Add). Where all of them depend on one int8 tensor and on numbers, element by element, the whole
chain is a function of one byte: nothing is rounded in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.arithmetic.tables import OPERANDS
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.values import Constant, Draft, Function, Pending, Value, View
from tilewright.mapper.operators.functions import Composed

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Link:
    """A value as a function of one tensor's elements; `view` are their positions in it."""

    draft: Draft
    view: View
    values: Reals
    waits: bool
    """Whether it has no quantisation of its own yet."""


def link(value: Value) -> Link | None:
    """The value as a function of one tensor's elements; None where it is none."""
    if isinstance(value, Pending):
        if value.function is None:
            return None
        values = value.clamped(value.function.values)
        return Link(value.function.draft, value.view, values, True)
    if isinstance(value, Constant) or value.dtype != "float32" or value.draft.quant is None:
        return None
    draft = value.draft
    return Link(draft, draft.positions(value.view), operands(draft.quant), False)


def operands(quant: Quant | None) -> Reals:
    """The real numbers that the bytes of a tensor stand for."""
    assert quant is not None
    steps = (OPERANDS - quant.zero_point[0]).astype(np.float32)
    return (steps * np.float32(quant.scale[0])).astype(np.float64)


def composed(
    builder: Builder,
    node: Node,
    function: Callable[..., Reals],
    values: Sequence[Value],
    *,
    alone: bool = False,
) -> Pending | None:
    """The result of an operator whose operands are numbers and functions of one tensor.

    None where they are something else, or, unless the operator can be ``alone``, where nothing
    waits for a quantisation: such an operator has its own place in the graph.
    """
    found = compose(function, values)
    if found is None or not (found.waits or alone):
        return None
    found.draft.used = True
    table = tuple(found.values.tolist())

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        operator = Composed(values=table, lo=lo, hi=hi)
        return builder.add(node.place, operator, (found.draft,), found.draft.shape, quant)

    return Pending(node.place, found.view, emit, function=Function(found.draft, found.values))


def compose(function: Callable[..., Reals], values: Sequence[Value]) -> Link | None:
    """A function of numbers and of functions of one tensor; None where they are something else."""
    links = [None if isinstance(value, Constant) else link(value) for value in values]
    chain = [found for found in links if found is not None]
    arguments: list[Reals] = []
    for value, found in zip(values, links, strict=True):
        if isinstance(value, Constant) and value.data.size == 1:
            arguments.append(value.real().reshape(1))
        elif found is not None and _alike(found, chain[0]):
            arguments.append(found.values)
        else:
            return None
    if not chain:
        return None
    with np.errstate(all="ignore"):
        results = np.broadcast_to(function(*arguments), (256,))
    waits = any(found.waits for found in chain)
    return Link(chain[0].draft, chain[0].view, results.astype(np.float64), waits)


def _alike(a: Link, b: Link) -> bool:
    return a.draft is b.draft and a.view.shape == b.view.shape and np.array_equal(a.view, b.view)
