"""Functions of a real number as tables of 256 results, where no int8 reference kernel exists.

TensorFlow Lite Micro runs these on floats only, or not at all. The table is what a quantised
network in ONNX's form means: the operand is dequantised in single precision, the function is
computed in double precision, the result is divided by its scale in single precision and rounded to
nearest, ties to even. Where the function has no value (the logarithm of -1), the result is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic.tables import OPERANDS

Reals = NDArray[np.float64]
Function = Callable[[Reals], Reals]


def table(function: Function, x: tuple[float, int], y: tuple[float, int]) -> nm.Int8Array:
    """The int8 [256] of a function from (scale, zero point) x to y."""
    operand = (OPERANDS - x[1]).astype(np.float32) * np.float32(x[0])
    with np.errstate(all="ignore"):
        result = np.nan_to_num(function(operand.astype(np.float64)), posinf=np.inf, neginf=-np.inf)
        steps = np.rint(result.astype(np.float32) / np.float32(y[0])).astype(np.float64) + y[1]
    return nm.clamp_int8(np.clip(steps, -128, 127), -128, 127)


def _erf(x: Reals) -> Reals:
    return np.array([math.erf(value) for value in x.tolist()])


def _softplus(x: Reals) -> Reals:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _logistic(x: Reals) -> Reals:
    return 1 / (1 + np.exp(-x))


def _gelu(x: Reals) -> Reals:
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def _gelu_tanh(x: Reals) -> Reals:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


FUNCTIONS: Mapping[str, Function] = {
    "ABS": np.abs,
    "CEIL": np.ceil,
    "COS": np.cos,
    "ERF": _erf,
    "EXP": np.exp,
    "FLOOR": np.floor,
    "GELU": _gelu,
    "GELU_TANH": _gelu_tanh,
    "HARD_SWISH": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "LOG": np.log,
    "LOGISTIC": _logistic,
    "MISH": lambda x: x * np.tanh(_softplus(x)),
    "NEG": np.negative,
    "RECIPROCAL": np.reciprocal,
    "ROUND": np.rint,
    "RSQRT": lambda x: 1 / np.sqrt(x),
    "SIGN": np.sign,
    "SIN": np.sin,
    "SOFTPLUS": _softplus,
    "SOFTSIGN": lambda x: x / (1 + np.abs(x)),
    "SQRT": np.sqrt,
    "SQUARE": np.square,
    "TAN": np.tan,
    "TANH": np.tanh,
}
"""Functions without parameters, by name."""


def hard_sigmoid(alpha: float, beta: float) -> Function:
    """Return max(0, min(1, alpha x + beta))."""
    return lambda x: np.clip(alpha * x + beta, 0, 1)


def leaky_relu(alpha: float) -> Function:
    """Return x, or alpha x below 0."""
    return lambda x: np.where(x < 0, alpha * x, x)


def quick_gelu(alpha: float) -> Function:
    """Return x times the logistic function of alpha x."""
    return lambda x: x * _logistic(alpha * x)


def elu(alpha: float) -> Function:
    """Return x, or alpha (exp(x) - 1) below 0."""
    return lambda x: np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x)


def celu(alpha: float) -> Function:
    """Return x, or alpha (exp(x / alpha) - 1) below 0."""
    return lambda x: np.maximum(x, 0) + np.minimum(alpha * np.expm1(np.minimum(x, 0) / alpha), 0)


def selu(alpha: float, gamma: float) -> Function:
    """Return gamma times ELU with alpha."""
    return lambda x: gamma * elu(alpha)(x)


def thresholded_relu(alpha: float) -> Function:
    """Return x where it exceeds alpha, else 0."""
    return lambda x: np.where(x > alpha, x, 0)


def power(exponent: float) -> Function:
    """Return x to a power."""
    return lambda x: np.power(x, exponent)
