"""Fused activations of TensorFlow Lite as ranges of the quantised result."""

from __future__ import annotations

from tflite import ActivationFunctionType

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands
from tilewright.mapper.operators.integers import INT32_MAX, INT32_MIN

_ACTIVATIONS: dict[int, tuple[float | None, float | None]] = {
    ActivationFunctionType.NONE: (None, None),
    ActivationFunctionType.RELU: (0.0, None),
    ActivationFunctionType.RELU_N1_TO_1: (-1.0, 1.0),
    ActivationFunctionType.RELU6: (0.0, 6.0),
}


def clamp(
    operands: Operands,
    operator: FileOperator,
    result: Tensor,
    low: float | None,
    high: float | None,
) -> tuple[int, int]:
    """The range (lo, hi) of a clamp to the real values low..high; None is no bound."""
    bits = 16 if result.dtype == "int16" else 8
    lo, hi = nm.activation_range(result.scale, result.zero_point, low, high, bits)
    if lo > hi:
        raise RequestError(
            f"{operands.place(operator)}: the result's scale {result.scale:g} and zero point "
            f"{result.zero_point} cannot represent the activation's range: calibrate again"
        )
    return lo, hi


def fused_activation(operands: Operands, operator: FileOperator, result: Tensor) -> tuple[int, int]:
    """The range of the fused activation."""
    return clamp(operands, operator, result, *_bounds(operands, operator))


def integer_activation(operands: Operands, operator: FileOperator) -> tuple[int, int]:
    """The range of the fused activation of int32 without a scale."""
    low, high = _bounds(operands, operator)
    return (
        INT32_MIN if low is None else int(low),
        INT32_MAX if high is None else int(high),
    )


def _bounds(operands: Operands, operator: FileOperator) -> tuple[float | None, float | None]:
    code = int(operator.options["FusedActivationFunction"])
    if code not in _ACTIVATIONS:
        raise RequestError(
            f"{operands.place(operator)}: fused activation {code} is not supported; "
            "RELU, RELU6 and RELU_N1_TO_1 are"
        )
    return _ACTIVATIONS[code]
