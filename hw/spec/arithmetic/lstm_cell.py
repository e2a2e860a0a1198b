"""The cells of an LSTM from one time step to the next, as TFLM's int8 kernel computes them.

Sums of the gates are int16 in 2**-12, their functions in 2**-15. The cell's state is int16 of its
own scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic.sigmoid_int16 import sigmoid


class Factors(NamedTuple):
    """(multiplier, shift) of the state that is kept, of what enters it, and of the result; of the
    operand of the state's function, whose shift is to the right (`sigmoid_int16.factor`)."""

    kept: Sequence[int]
    entering: Sequence[int]
    result: Sequence[int]
    function: Sequence[int]


def update(
    sums: Mapping[str, NDArray[Any]],
    cell: NDArray[Any],
    entries: NDArray[Any],
    factors: Factors,
    limits: tuple[int, int],
) -> tuple[nm.Int32Array, nm.Int32Array]:
    """Return the next state within ``limits``, and the result without zero point and clamp.

    ``sums`` of the gates input, forget, cell and output, and ``cell``, are int16 values of one
    shape. ``entries``: `sigmoid_int16.table`.
    """
    gates = {name: sigmoid(values, entries, 3, 0, name == "cell") for name, values in sums.items()}
    kept = saturated(_product(gates["forget"], cell, factors.kept))
    entering = saturated(_product(gates["input"], gates["cell"], factors.entering))
    state = np.clip(saturated(kept + entering), *limits).astype(np.int32)
    active = sigmoid(state, entries, factors.function[0], factors.function[1], True)
    return state, _product(active, gates["output"], factors.result)


def saturated(values: NDArray[Any]) -> nm.Int32Array:
    """Return values within int16, as int32."""
    return np.clip(values, -32768, 32767).astype(np.int32)


def _product(a: NDArray[Any], b: NDArray[Any], factor: Sequence[int]) -> nm.Int32Array:
    """Return rescaled products of int16."""
    product = a.astype(np.int32) * b.astype(np.int32)
    return nm.multiply_by_quantized_multiplier(product, factor[0], factor[1])
