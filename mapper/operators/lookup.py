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

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic import functions, sigmoid_int16, tables
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import LOOKUP, PRELU, SIGMOID_INT16
from tilewright.hw.spec.steps.broadcast import broadcast
from tilewright.hw.spec.steps.elementwise import ZERO_POINTS
from tilewright.mapper.graph.operator import Cpu, Shape, Site, Steps
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.operators.clamp import Clamped, is_wide, wide_objection
from tilewright.mapper.operators.element_works import OnElementwiseUnit, table_work
from tilewright.mapper.operators.images import ends
from tilewright.mapper.operators.moves import element_bytes
from tilewright.mapper.works.work import Work

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
        if not is_wide(site):
            self._clamped_table(site)

    def objection(self, site: Site) -> str | None:
        """An accelerator with a table unit can, of single bytes."""
        return wide_objection(site)

    def lookup_table(self, site: Site) -> bytes | None:
        """Return the results by the operand's byte; None for int16."""
        return None if is_wide(site) else self._clamped_table(site).tobytes()

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work: the operand alone, through the table."""
        return [table_work(site.x, site.result, self._clamped_table(site).tobytes())]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        if is_wide(site):
            return self.wide_steps(site, cpu)
        table = cpu.constant(self._clamped_table(site).tobytes())
        return [(LOOKUP, ends(site, cpu) | {"count": site.x.elements, "table": table})]

    def wide_steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return the steps for int16, where the operator takes it."""
        raise NotImplementedError(self.kind)

    def _clamped_table(self, site: Site) -> nm.Int8Array:
        table = self.table(_point(site.x), _point(site.result))
        return np.clip(table, self.lo, self.hi).astype(np.int8)


def _point(tensor: Tensor) -> Point:
    return tensor.scale, tensor.zero_point


def _two_sided(
    site: Site, cpu: Cpu, sign: int, factors: tuple[tuple[int, int], tuple[int, int]]
) -> Steps:
    """A step for int16 with a factor for each side of 0; ``sign`` goes to what is below."""
    x, (above, below) = site.x, factors
    values = broadcast(x.shape, (1,), element_bytes(site), 1).values | {
        "a": cpu.address(x.name),
        "b": cpu.constant(bytes([sign % 256])),
        "output": cpu.address(site.result.name),
        "loops": 0,
        "element_bytes": element_bytes(site),
        "above_multiplier": above[0],
        "above_shift": above[1],
        "below_multiplier": below[0],
        "below_shift": below[1],
        "clamp_low": -(1 << 15),
        "clamp_high": (1 << 15) - 1,
    }
    return [(PRELU, values | dict.fromkeys(ZERO_POINTS, 0))]


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
    """The reference's result has one quantisation, whatever is asked for.

    Of int16 as of int8: then a table is read with lines between its entries.
    """

    wide: ClassVar[bool] = True
    result_point: ClassVar[Point]
    wide_point: ClassVar[Point] = (sigmoid_int16.OUTPUT_SCALE, 0)
    symmetric: ClassVar[bool]

    def verify(self, site: Site) -> None:
        """Check the result's quantisation too."""
        scale, zero_point = self.wide_point if is_wide(site) else self.result_point
        if not self.real and _point(site.result) != (scale, zero_point):
            site.refuse(
                f": output '{site.result.name}' has scale {site.result.scale:g} and zero point "
                f"{site.result.zero_point}; scale {scale:g} and zero point {zero_point} are needed"
            )
        super().verify(site)

    def wide_steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        multiplier, shift = sigmoid_int16.factor(site.x.scale, self.symmetric)
        values = ends(site, cpu) | {"count": site.x.elements}
        values |= {"multiplier": multiplier, "shift": shift, "symmetric": int(self.symmetric)}
        values["table"] = cpu.constant(sigmoid_int16.table().astype("<u2").tobytes())
        return [(SIGMOID_INT16, values)]


@dataclass(frozen=True, kw_only=True)
class Logistic(FixedResult):
    """LOGISTIC: 1 / (1 + exp(-x))."""

    kind: ClassVar[str] = "LOGISTIC"
    result_point: ClassVar[Point] = tables.LOGISTIC_OUTPUT
    symmetric: ClassVar[bool] = False

    def reference(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results in fixed point."""
        return tables.logistic(*x)


@dataclass(frozen=True, kw_only=True)
class Tanh(FixedResult):
    """TANH."""

    kind: ClassVar[str] = "TANH"
    result_point: ClassVar[Point] = tables.TANH_OUTPUT
    symmetric: ClassVar[bool] = True

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
    """LEAKY_RELU: x, or alpha * x below 0; of int16 alpha is 0 or more."""

    kind: ClassVar[str] = "LEAKY_RELU"
    wide: ClassVar[bool] = True

    alpha: float

    def verify(self, site: Site) -> None:
        """Check the slope too: the step for int16 has its sign where the reference has not."""
        super().verify(site)
        if is_wide(site) and self.alpha < 0:
            site.refuse(f" has the slope {self.alpha:g}; of int16 it must be 0 or more")

    def wide_steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        factors = tables.leaky_relu_factors(site.x.scale, site.result.scale, self.alpha)
        return _two_sided(site, cpu, 1, factors)

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
    wide: ClassVar[bool] = True

    def wide_steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        factor = nm.rescale_parameters(site.x.scale, site.result.scale)
        return _two_sided(site, cpu, -1, (factor, factor))

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


@dataclass(frozen=True, kw_only=True)
class Table(Lookup):
    """Any function of one int8: its results in the order of the unsigned byte."""

    kind: ClassVar[str] = "TABLE"

    values: bytes

    def table(self, x: Point, y: Point) -> nm.Int8Array:
        """Return the results."""
        return np.frombuffer(self.values, np.int8)
