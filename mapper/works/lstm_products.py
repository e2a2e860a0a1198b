"""The products of an LSTM's gates as works of the array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec.commands import LSTM_GATES
from tilewright.hw.spec.numerics import Int8Array, Int32Array, wrap_int32
from tilewright.mapper.works.geometry import Operand, Shape, whole
from tilewright.mapper.works.requantisation import Requantisation
from tilewright.mapper.works.window import WindowWork


class GatesOf(NamedTuple):
    """What makes the sums of the gates of one operand, by gate: weights [units, channels], bias
    [units] and the factor to the sums' scale (multiplier, shift)."""

    weights: Mapping[str, Int8Array]
    bias: Mapping[str, Int32Array]
    factors: Mapping[str, Sequence[int]]


def gate_products(operand: Operand, image: Shape, zero_point: int, gates: GatesOf) -> WindowWork:
    """The products of an image's pixels: gates of a unit side by side, as int16."""

    def side_by_side(values: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        found = np.stack([values[name] for name in LSTM_GATES], axis=1)
        return found.reshape(-1, *found.shape[2:])

    weights = side_by_side(gates.weights)
    units = len(weights) // len(LSTM_GATES)
    multipliers, shifts = (
        np.tile([gates.factors[name][i] for name in LSTM_GATES], units).astype(np.int32)
        for i in range(2)
    )
    shape = (*image[:2], len(weights))
    folded = side_by_side(gates.bias) - zero_point * weights.sum(axis=1, dtype=np.int64)
    return WindowWork(
        input=replace(operand, image=None, turned=False),
        output=Operand(operand.tensor),
        input_shape=image,
        output_shape=shape,
        region=whole(shape),
        kernel=(1, 1),
        stride=(1, 1),
        pad=(0, 0),
        pad_value=zero_point,
        weights=weights,
        requantisation=Requantisation(
            bias=wrap_int32(folded), multipliers=multipliers, shifts=shifts
        ),
        depthwise=False,
        wide=True,
    )
