"""Several operands in one order of their elements."""

from __future__ import annotations

import numpy as np

from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.values import (
    CHANNELS_LAST,
    Activation,
    Axes,
    Draft,
    View,
    in_order,
)


def aligned(
    builder: Builder, node: Node, operands: tuple[Activation, ...], *, whole: bool = False
) -> tuple[Axes, tuple[Draft, ...]]:
    """Tensors whose elements correspond: (axes from the file's order to theirs, tensors).

    Axes () is no transposition, or with `whole` False also: all are stored in one same order.
    """
    first = operands[0]
    open_inputs = [a for a in operands if a.draft.declared is not None and not a.draft.used]
    alike = all(
        a.draft.shape == first.draft.shape
        and np.array_equal(a.draft.positions(a.view), first.draft.positions(first.view))
        for a in operands
    )
    if alike and not open_inputs and not whole:
        return (), tuple(a.draft for a in operands)
    candidates: list[Axes] = [CHANNELS_LAST, ()] if first.view.ndim == 4 else [()]
    fixed = [a for a in operands if a not in open_inputs]
    for axes in candidates:
        if all(in_order(a.draft, _ordered(a.view, axes)) for a in fixed):
            break
    else:
        axes = candidates[0]
    return axes, tuple(builder.stored(node.place, a, axes or None) for a in operands)


def _ordered(view: View, axes: Axes) -> View:
    """The view with its axes in another order; () leaves them."""
    return view.transpose(axes) if axes else view
