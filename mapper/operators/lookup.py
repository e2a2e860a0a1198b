"""Operators on one operand that are a table of 256 results, as the reference computes them.

Where a network in ONNX's form means the function of the real number, ``real`` says so: the table
is then the function itself, rounded once (`hw.spec.arithmetic.functions`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hw.spec import numerics as nm
from hw.spec.arithmetic import functions, tables
from hw.spec.npu_config import NpuConfig
from hw.spec.steps import LOOKUP
from mapper.graph.operator import Cpu, Shape, Site, Steps
from mapper.graph.tensor import Tensor
from mapper.operators.clamp import Clamped
from mapper.operators.element_works import OnElementwiseUnit, table_work
from mapper.operators.images import ends
from mapper.works.work import Work

Point = tuple[float, int]
"""Scale and zero point."""


@dataclass(frozen=True, kw_only=True)
class Lookup(Clamped, OnElementwiseUnit):
    """A function of each element."""

    @abstractmethod
    def table(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results int8 [256], by the operand's byte, before the clamp."""

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        return [site.x.shape]

    def verify(self, site: Site) -> None:
        """Check that there is a table for these scales."""
        super().verify(site)
        self._clamped_table(site)

    def objection(self, site: Site) -> str | None:
        """An accelerator with a table unit can."""
        return None

    def lookup_table(self, site: Site) -> bytes:
        """Return the results by the operand's byte."""
        return self._clamped_table(site).tobytes()

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work: the operand alone, through the table."""
        return [table_work(site.x, site.result, self.lookup_table(site))]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        table = cpu.constant(self.lookup_table(site))
        return [(LOOKUP, ends(site, cpu) | {"count": site.x.elements, "table": table})]

    def _clamped_table(self, site: Site) -> nm.Int8Array:
        table = self.table(_point(site.x), _point(site.result))
        return np.clip(table, self.lo, self.hi).astype(np.int8)


def _point(tensor: Tensor) -> Point:
    return tensor.scale, tensor.zero_point


@dataclass(frozen=True, kw_only=True)
class RealFunction(Lookup):
    """A function of a real number; the reference has no int8 kernel for it."""

    def function(self) -> functions.Function:
        """Return the function."""
        return functions.FUNCTIONS[self.kind]

    def table(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the function's values, rounded to nearest."""
        return functions.table(self.function(), x, y)


@dataclass(frozen=True, kw_only=True)
class ReferenceFunction(RealFunction):
    """A function that the reference has an int8 kernel for; ``real``: not in its arithmetic."""

    real: bool = False

    def table(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the reference's results, or the function's values."""
        return super().table(x, y) if self.real else self.reference(x, y)

    @abstractmethod
    def reference(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the reference's results."""


@dataclass(frozen=True, kw_only=True)
class FixedResult(ReferenceFunction):
    """The reference's result has one quantisation, whatever is asked for."""

    result_point: ClassVar[Point]

    def verify(self, site: Site) -> None:
        """Check the result's quantisation too."""
        scale, zero_point = self.result_point
        if not self.real and _point(site.result) != self.result_point:
            site.refuse(
                f": output '{site.result.name}' has scale {site.result.scale:g} and zero point "
                f"{site.result.zero_point}; scale {scale:g} and zero point {zero_point} are needed"
            )
        super().verify(site)


@dataclass(frozen=True, kw_only=True)
class Logistic(FixedResult):
    """LOGISTIC: 1 / (1 + exp(-x))."""

    kind: ClassVar[str] = "LOGISTIC"
    result_point: ClassVar[Point] = tables.LOGISTIC_OUTPUT

    def reference(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results in fixed point."""
        return tables.logistic(*x)


@dataclass(frozen=True, kw_only=True)
class Tanh(FixedResult):
    """TANH."""

    kind: ClassVar[str] = "TANH"
    result_point: ClassVar[Point] = tables.TANH_OUTPUT

    def reference(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results in fixed point."""
        return tables.tanh(*x)


@dataclass(frozen=True, kw_only=True)
class HardSwish(ReferenceFunction):
    """HARD_SWISH: x * clamp(x + 3, 0, 6) / 6."""

    kind: ClassVar[str] = "HARD_SWISH"

    def reference(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results in fixed point of 16 bits."""
        return tables.hard_swish(x, y)


@dataclass(frozen=True, kw_only=True)
class LeakyRelu(ReferenceFunction):
    """LEAKY_RELU: x, or alpha * x below 0."""

    kind: ClassVar[str] = "LEAKY_RELU"

    alpha: float

    def function(self) -> functions.Function:
        """Return the function."""
        return functions.leaky_relu(self.alpha)

    def reference(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results with a factor for each side."""
        return tables.leaky_relu(x, y, self.alpha)


@dataclass(frozen=True, kw_only=True)
class Elu(ReferenceFunction):
    """ELU: x, or alpha * (exp(x) - 1) below 0; the reference's alpha is 1."""

    kind: ClassVar[str] = "ELU"

    alpha: float = 1.0

    def function(self) -> functions.Function:
        """Return the function."""
        return functions.elu(self.alpha)

    def reference(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results in single precision."""
        return tables.elu(x, y)


@dataclass(frozen=True, kw_only=True)
class Abs(ReferenceFunction):
    """ABS."""

    kind: ClassVar[str] = "ABS"

    def reference(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results in fixed point."""
        return tables.absolute(x, y)


@dataclass(frozen=True, kw_only=True)
class Rsqrt(ReferenceFunction):
    """RSQRT: 1 / sqrt(x); 127 where the reference would stop, below 0."""

    kind: ClassVar[str] = "RSQRT"

    def reference(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results in fixed point."""
        return tables.rsqrt(x, y)
