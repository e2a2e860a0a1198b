"""Arithmetic of the command ELEMENTWISE: two int8 operands to int8, as TFLM's kernels.

ADD and SUB widen their operands and rescale them, MUL multiplies what is left of their zero
points, MAXIMUM and MINIMUM compare bytes; then comes the requantisation of every kernel.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.commands import EXACT_SCALE, Operation
from tilewright.hw.spec.numerics import Int8Array, Int32Array

SCALED = (Operation.ADD, Operation.A_MINUS_B, Operation.B_MINUS_A, Operation.B_ALONE)
"""Operations whose operands may have any factor."""


def elementwise(values: Mapping[str, int], a: Int8Array, b: Int8Array) -> Int8Array:
    """Return the int8 result of a command's fields for operands that broadcast.

    Raises ValueError for a factor that the operation does not take.
    """
    total = _combined(values, a, b)
    return nm.requantise(
        total,
        values["output_multiplier"],
        values["output_shift"],
        values["output_zero_point"],
        values["clamp_low"],
        values["clamp_high"],
    )


def _combined(values: Mapping[str, int], a: Int8Array, b: Int8Array) -> Int32Array:
    operation = Operation(values["operation"])
    factors = {(values[f"{side}_multiplier"], values[f"{side}_shift"]) for side in "ab"}
    if operation not in SCALED and factors != {EXACT_SCALE}:
        raise ValueError(f"{operation.name} does not scale its operands")
    match operation:
        case Operation.ADD:
            return nm.wrap_int32(_scaled(values, "a", a).astype(np.int64) + _scaled(values, "b", b))
        case Operation.A_MINUS_B:
            return nm.wrap_int32(_scaled(values, "a", a).astype(np.int64) - _scaled(values, "b", b))
        case Operation.B_MINUS_A:
            return nm.wrap_int32(_scaled(values, "b", b).astype(np.int64) - _scaled(values, "a", a))
        case Operation.MULTIPLY:
            return _scaled(values, "a", a) * _scaled(values, "b", b)
        case Operation.MAXIMUM:
            return _scaled(values, "b", np.maximum(a, b))
        case Operation.MINIMUM:
            return _scaled(values, "b", np.minimum(a, b))
        case Operation.B_ALONE:
            return _scaled(values, "b", b)


def _scaled(values: Mapping[str, int], side: str, operand: Int8Array) -> Int32Array:
    """The operand without its zero point, widened and multiplied by its factor."""
    wide = nm.wrap_int32(
        operand.astype(np.int64) - values[f"{side}_zero_point"] << nm.ADD_LEFT_SHIFT
    )
    return nm.multiply_by_quantized_multiplier(
        wide, values[f"{side}_multiplier"], values[f"{side}_shift"]
    )
