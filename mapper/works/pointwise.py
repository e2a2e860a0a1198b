"""Depthwise works of one tap with weight 1: copies, paddings, requantisations."""

from __future__ import annotations

import numpy as np

from tilewright.mapper.works.geometry import Operand, Shape, whole
from tilewright.mapper.works.requantisation import Requantisation
from tilewright.mapper.works.window import WindowWork


def pointwise(
    source: Operand, target: Operand, shapes: tuple[Shape, Shape], requantisation: Requantisation,
    *, pad: tuple[int, int] = (0, 0), pad_value: int = 0,
) -> WindowWork:  # fmt: skip
    """A depthwise work of one tap with weight 1: copy, pad, requantise."""
    return WindowWork(
        input=source,
        output=target,
        input_shape=shapes[0],
        output_shape=shapes[1],
        region=whole(shapes[1]),
        kernel=(1, 1),
        stride=(1, 1),
        pad=pad,
        pad_value=pad_value,
        weights=np.ones((shapes[1][2], 1), dtype=np.int8),
        requantisation=requantisation,
        depthwise=True,
    )


def flat_shape(elements: int, shape: Shape, rows: int) -> Shape:
    """A shape of the same elements whose channels fill the array's rows where they can."""
    return shape if elements % rows or shape[2] % rows == 0 else (1, elements // rows, rows)
