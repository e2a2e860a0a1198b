"""RELU and QUANTIZE: another scale and zero point, and a clamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hw.spec import numerics as nm
from hw.spec.steps import REQUANTISE
from mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from mapper.operators.clamp import INT8_MAX, INT8_MIN, Clamped
from mapper.operators.images import channel_objection, ends, image_shape, quant_fields
from mapper.works.geometry import Operand
from mapper.works.pointwise import flat_shape, pointwise
from mapper.works.requantisation import uniform
from mapper.works.work import Work


def _works(site: Site, rows: int, lo: int, hi: int) -> list[Work]:
    x, result = site.x, site.result
    shape = flat_shape(x.elements, image_shape(x), rows)
    factor = nm.rescale_parameters(x.scale, result.scale)
    requantisation = uniform(shape[2], -x.zero_point, factor, result.zero_point, lo, hi)
    return [pointwise(Operand(x.name), Operand(result.name), (shape, shape), requantisation)]


def _steps(site: Site, cpu: Cpu, lo: int, hi: int) -> Steps:
    values = ends(site, cpu) | quant_fields(site, lo, hi) | {"count": site.x.elements}
    values |= {"input_bytes": 1, "output_bytes": 1}
    factor = nm.rescale_parameters(site.x.scale, site.result.scale)
    values["multiplier"], values["shift"] = factor
    return [(REQUANTISE, values)]


@dataclass(frozen=True, kw_only=True)
class Relu(Clamped):
    """RELU, RELU6 or any other clamp that is not fused: requantise, then clamp to lo..hi."""

    kind: ClassVar[str] = "RELU"
    by_rows: ClassVar[bool] = True

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        return [site.x.shape]

    def changes_nothing(self, site: Site) -> bool:
        """Whether the result is the input."""
        return site.x.quant == site.result.quant and (self.lo, self.hi) == (INT8_MIN, INT8_MAX)

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return channel_objection(site.result.shape[-1])

    def works(self, site: Site, rows: int) -> list[Work]:
        """Return a depthwise work of one tap."""
        return _works(site, rows, self.lo, self.hi)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        return _steps(site, cpu, self.lo, self.hi)


@dataclass(frozen=True, kw_only=True)
class Quantize(Operator):
    """QUANTIZE: int8 to int8 of another scale or zero point."""

    kind: ClassVar[str] = "QUANTIZE"
    by_rows: ClassVar[bool] = True

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        return [site.x.shape]

    def changes_nothing(self, site: Site) -> bool:
        """Whether the result is the input."""
        return site.x.quant == site.result.quant

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return channel_objection(site.result.shape[-1])

    def works(self, site: Site, rows: int) -> list[Work]:
        """Return a depthwise work of one tap."""
        return _works(site, rows, INT8_MIN, INT8_MAX)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        return _steps(site, cpu, INT8_MIN, INT8_MAX)
