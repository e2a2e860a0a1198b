"""RELU and QUANTIZE: another scale and zero point, and a clamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import REQUANTISE
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.operators.clamp import INT8_MAX, INT8_MIN, Clamped, wide_objection
from tilewright.mapper.operators.images import channel_objection, ends, image_shape, quant_fields
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.pointwise import flat_shape, pointwise
from tilewright.mapper.works.requantisation import uniform
from tilewright.mapper.works.work import Work

QUANTISED = ("int8", "int16", "int32")
"""Types between which QUANTIZE converts."""


def _works(site: Site, rows: int, lo: int, hi: int) -> list[Work]:
    x, result = site.x, site.result
    shape = flat_shape(x.elements, image_shape(x), rows)
    factor = nm.rescale_parameters(x.scale, result.scale)
    requantisation = uniform(shape[2], -x.zero_point, factor, result.zero_point, lo, hi)
    return [pointwise(Operand(x.name), Operand(result.name), (shape, shape), requantisation)]


def _steps(site: Site, cpu: Cpu, lo: int, hi: int) -> Steps:
    values = ends(site, cpu) | quant_fields(site, lo, hi) | {"count": site.x.elements}
    for place, tensor in (("input", site.x), ("output", site.result)):
        values[f"{place}_bytes"] = np.dtype(tensor.dtype).itemsize
    factor = nm.rescale_parameters(site.x.scale, site.result.scale)
    values["multiplier"], values["shift"] = factor
    return [(REQUANTISE, values)]


@dataclass(frozen=True, kw_only=True)
class Relu(Clamped):
    """RELU, RELU6 or any other clamp that is not fused: requantise, then clamp to lo..hi."""

    kind: ClassVar[str] = "RELU"
    wide: ClassVar[bool] = True
    by_rows: ClassVar[bool] = True

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        return [site.x.shape]

    def changes_nothing(self, site: Site) -> bool:
        """Whether the result is the input."""
        ends_of = np.iinfo(site.x.dtype)
        clamps = self.lo > ends_of.min or self.hi < ends_of.max
        return site.x.quant == site.result.quant and not clamps

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return wide_objection(site) or channel_objection(image_shape(site.result)[2])

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return a depthwise work of one tap."""
        return _works(site, npu.rows, self.lo, self.hi)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        return _steps(site, cpu, self.lo, self.hi)


@dataclass(frozen=True, kw_only=True)
class Quantize(Operator):
    """QUANTIZE: int8, int16 or int32 to one of these with another scale or zero point."""

    kind: ClassVar[str] = "QUANTIZE"
    by_rows: ClassVar[bool] = True

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        return [site.x.shape]

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless both are signed integers of one scale each."""
        for tensor in (site.x, site.result):
            if tensor.dtype not in QUANTISED or not tensor.is_whole:
                site.refuse(f": '{tensor.name}' is not {' or '.join(QUANTISED)} of one scale")

    def changes_nothing(self, site: Site) -> bool:
        """Whether the result is the input."""
        return site.x.quant == site.result.quant and site.x.dtype == site.result.dtype

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        if (site.x.dtype, site.result.dtype) != ("int8", "int8"):
            return f"it makes {site.result.dtype} of {site.x.dtype}"
        return channel_objection(image_shape(site.result)[2])

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return a depthwise work of one tap."""
        return _works(site, npu.rows, INT8_MIN, INT8_MAX)

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        limits = np.iinfo(site.result.dtype)
        return _steps(site, cpu, int(limits.min), int(limits.max))
