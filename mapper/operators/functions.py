"""Functions of one operand without a reference kernel on int8: tables of the real function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.arithmetic import functions
from tilewright.mapper.operators.lookup import RealFunction


@dataclass(frozen=True, kw_only=True)
class Ceil(RealFunction):
    """CEIL: the next integer upwards."""

    kind: ClassVar[str] = "CEIL"


@dataclass(frozen=True, kw_only=True)
class Composed(RealFunction):
    """FUNCTION: several functions, one behind the other; the 256 results, by the operand's byte."""

    kind: ClassVar[str] = "FUNCTION"

    values: tuple[float, ...]

    def function(self) -> functions.Function:
        """Return the results, whatever the operand, whose quantisation they are for."""
        results = np.array(self.values)
        return lambda _: results


@dataclass(frozen=True, kw_only=True)
class Cos(RealFunction):
    """COS: the cosine."""

    kind: ClassVar[str] = "COS"


@dataclass(frozen=True, kw_only=True)
class Erf(RealFunction):
    """ERF: the error function."""

    kind: ClassVar[str] = "ERF"


@dataclass(frozen=True, kw_only=True)
class Exp(RealFunction):
    """EXP: the exponential."""

    kind: ClassVar[str] = "EXP"


@dataclass(frozen=True, kw_only=True)
class Floor(RealFunction):
    """FLOOR: the next integer downwards."""

    kind: ClassVar[str] = "FLOOR"


@dataclass(frozen=True, kw_only=True)
class Gelu(RealFunction):
    """GELU: x * (1 + erf(x / sqrt(2))) / 2."""

    kind: ClassVar[str] = "GELU"


@dataclass(frozen=True, kw_only=True)
class GeluTanh(RealFunction):
    """GELU_TANH: GELU with its approximation by tanh."""

    kind: ClassVar[str] = "GELU_TANH"


@dataclass(frozen=True, kw_only=True)
class Log(RealFunction):
    """LOG: the natural logarithm."""

    kind: ClassVar[str] = "LOG"


@dataclass(frozen=True, kw_only=True)
class Mish(RealFunction):
    """MISH: x * tanh(softplus(x))."""

    kind: ClassVar[str] = "MISH"


@dataclass(frozen=True, kw_only=True)
class Neg(RealFunction):
    """NEG: -x."""

    kind: ClassVar[str] = "NEG"


@dataclass(frozen=True, kw_only=True)
class Reciprocal(RealFunction):
    """RECIPROCAL: 1 / x."""

    kind: ClassVar[str] = "RECIPROCAL"


@dataclass(frozen=True, kw_only=True)
class Round(RealFunction):
    """ROUND: the nearest integer, ties to even."""

    kind: ClassVar[str] = "ROUND"


@dataclass(frozen=True, kw_only=True)
class Sign(RealFunction):
    """SIGN: -1, 0 or 1."""

    kind: ClassVar[str] = "SIGN"


@dataclass(frozen=True, kw_only=True)
class Sin(RealFunction):
    """SIN: the sine."""

    kind: ClassVar[str] = "SIN"


@dataclass(frozen=True, kw_only=True)
class Softplus(RealFunction):
    """SOFTPLUS: log(1 + exp(x))."""

    kind: ClassVar[str] = "SOFTPLUS"


@dataclass(frozen=True, kw_only=True)
class Softsign(RealFunction):
    """SOFTSIGN: x / (1 + |x|)."""

    kind: ClassVar[str] = "SOFTSIGN"


@dataclass(frozen=True, kw_only=True)
class Sqrt(RealFunction):
    """SQRT: the square root."""

    kind: ClassVar[str] = "SQRT"


@dataclass(frozen=True, kw_only=True)
class Square(RealFunction):
    """SQUARE: x * x."""

    kind: ClassVar[str] = "SQUARE"


@dataclass(frozen=True, kw_only=True)
class Tan(RealFunction):
    """TAN: the tangent."""

    kind: ClassVar[str] = "TAN"


@dataclass(frozen=True, kw_only=True)
class HardSigmoid(RealFunction):
    """HARD_SIGMOID: alpha * x + beta, clamped to 0..1."""

    kind: ClassVar[str] = "HARD_SIGMOID"

    alpha: float
    beta: float

    def function(self) -> functions.Function:
        """Return the function."""
        return functions.hard_sigmoid(self.alpha, self.beta)


@dataclass(frozen=True, kw_only=True)
class Celu(RealFunction):
    """CELU: x, or alpha * (exp(x / alpha) - 1) below 0."""

    kind: ClassVar[str] = "CELU"

    alpha: float

    def function(self) -> functions.Function:
        """Return the function."""
        return functions.celu(self.alpha)


@dataclass(frozen=True, kw_only=True)
class Selu(RealFunction):
    """SELU: gamma times ELU with alpha."""

    kind: ClassVar[str] = "SELU"

    alpha: float
    gamma: float

    def function(self) -> functions.Function:
        """Return the function."""
        return functions.selu(self.alpha, self.gamma)


@dataclass(frozen=True, kw_only=True)
class ThresholdedRelu(RealFunction):
    """THRESHOLDED_RELU: x where it exceeds alpha, else 0."""

    kind: ClassVar[str] = "THRESHOLDED_RELU"

    alpha: float

    def function(self) -> functions.Function:
        """Return the function."""
        return functions.thresholded_relu(self.alpha)


@dataclass(frozen=True, kw_only=True)
class Power(RealFunction):
    """POW: x to the power of a constant."""

    kind: ClassVar[str] = "POW"

    exponent: float

    def function(self) -> functions.Function:
        """Return the function."""
        return functions.power(self.exponent)


@dataclass(frozen=True, kw_only=True)
class QuickGelu(RealFunction):
    """QUICK_GELU: x / (1 + exp(-alpha * x))."""

    kind: ClassVar[str] = "QUICK_GELU"

    alpha: float

    def function(self) -> functions.Function:
        """Return the function."""
        return functions.quick_gelu(self.alpha)
