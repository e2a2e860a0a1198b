"""MUL, DIV and PRELU: products and quotients of two operands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilewright.hw.spec.arithmetic import binary
from tilewright.hw.spec.commands import Operation
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import DIV, MUL, PRELU
from tilewright.mapper.graph.operator import Cpu, Shape, Site, Steps
from tilewright.mapper.operators.broadcast import Arithmetic, scales_of, step_of
from tilewright.mapper.operators.element_works import Factors, OnElementwiseUnit, binary_work
from tilewright.mapper.operators.images import int32_table
from tilewright.mapper.operators.moves import element_bytes
from tilewright.mapper.works.work import Work

MAX_DIV_SHIFT = 22
"""Bits by which the factor of a quotient may shift it left."""


@dataclass(frozen=True, kw_only=True)
class Mul(Arithmetic, OnElementwiseUnit):
    """MUL: a * b."""

    kind: ClassVar[str] = "MUL"
    wide: ClassVar[bool] = True

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the element-wise unit."""
        (a, b), factors = site.inputs, Factors(output=binary.mul_factor(*scales_of(site)))
        clamp = (self.lo, self.hi)
        return [binary_work(Operation.MULTIPLY, (a, b), site.result, factors, clamp)]

    def verify(self, site: Site) -> None:
        """Check the scales too."""
        super().verify(site)
        binary.mul_factor(*scales_of(site))

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        multiplier, shift = binary.mul_factor(*scales_of(site))
        own = {"element_bytes": element_bytes(site), "multiplier": multiplier, "shift": shift}
        return step_of(MUL, self.fields(site, cpu), own)


@dataclass(frozen=True, kw_only=True)
class Div(Arithmetic):
    """DIV: a / b; a constant b must not hold the number 0."""

    kind: ClassVar[str] = "DIV"

    def verify(self, site: Site) -> None:
        """Check the scales and a constant divisor too."""
        super().verify(site)
        _, divisor = site.inputs
        if divisor.data is not None and (divisor.data == divisor.zero_point).any():
            site.refuse(f" divides by '{divisor.name}', a constant that holds 0")
        _, shift = binary.div_factor(*scales_of(site))
        if shift > MAX_DIV_SHIFT:
            site.refuse(
                f": the result's scale is too fine for a quotient of scales {site.x.scale:g} and "
                f"{divisor.scale:g}; calibrate the output's range again"
            )

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        multiplier, shift = binary.div_factor(*scales_of(site))
        own = {"multiplier": multiplier, "shift": shift}
        own["reciprocals"] = int32_table(cpu, binary.reciprocals())
        return step_of(DIV, self.fields(site, cpu), own)


@dataclass(frozen=True, kw_only=True)
class Prelu(Arithmetic):
    """PRELU of x and alpha: x where it is 0 or more, else alpha * x; alpha is repeated.

    Alpha is int8 whatever x is.
    """

    kind: ClassVar[str] = "PRELU"

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless int8 or int16 stays, and alpha is int8."""
        x, alpha, result = *site.inputs, site.result
        types = (x.dtype, alpha.dtype, result.dtype)
        whole = x.is_whole and alpha.is_whole and result.is_whole
        if types not in (("int8",) * 3, ("int16", "int8", "int16")) or not whole:
            site.refuse(f": from {types[:2]} to {types[2]}; int8 or int16, and int8, is needed")

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of x, along which alpha is repeated."""
        (shape,) = super().shapes(site)
        if site.x.shape != shape:
            site.refuse(f" repeats its input {site.x.shape} along {site.inputs[1].shape}")
        return [shape]

    def verify(self, site: Site) -> None:
        """Check the scales too."""
        super().verify(site)
        binary.prelu_factors(*scales_of(site))

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        above, below = binary.prelu_factors(*scales_of(site))
        own = {"element_bytes": element_bytes(site)}
        own |= {"above_multiplier": above[0], "above_shift": above[1]}
        own |= {"below_multiplier": below[0], "below_shift": below[1]}
        return step_of(PRELU, self.fields(site, cpu), own)
