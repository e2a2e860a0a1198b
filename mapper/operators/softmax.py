"""SOFTMAX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.commands import SOFTMAX_ROW
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.softmax import short_exponentials, softmax_parameters
from tilewright.hw.spec.softmax_int16 import (
    exponential_table,
    reciprocal_table,
    softmax_int16_parameters,
)
from tilewright.hw.spec.steps import SOFTMAX, SOFTMAX_INT16, SOFTMAX_WIDE
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.limits import softmax_quantisation
from tilewright.mapper.operators.images import ends, last_axis
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.softmax import SoftmaxWork
from tilewright.mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class Softmax(Operator):
    """SOFTMAX over the last axis: int8 to int8 or int16, or int16 to int16, each of one scale."""

    kind: ClassVar[str] = "SOFTMAX"
    in_place: ClassVar[bool] = True

    beta: float = 1.0

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape."""
        last_axis(site)
        return [site.x.shape]

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        if (site.x.dtype, site.result.dtype) != ("int8", "int8"):
            return f"the NPU has no SOFTMAX from {site.x.dtype} to {site.result.dtype}"
        if last_axis(site) > SOFTMAX_ROW:
            return (
                f"rows of {last_axis(site)} elements: the sum of more than {SOFTMAX_ROW} "
                "exponentials does not fit"
            )
        return None

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless int8 becomes int8 or int16, or int16 int16."""
        types = (site.x.dtype, site.result.dtype)
        if types not in (("int8", "int8"), ("int8", "int16"), ("int16", "int16")):
            site.refuse(f": from {types[0]} to {types[1]}; int8 or int16 is needed")

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the softmax unit."""
        self._require_quantisation(site)
        x, size = site.x, last_axis(site)
        table = short_exponentials(softmax_parameters(x.scale, self.beta))
        return [
            SoftmaxWork(
                source=Operand(x.name),
                output=Operand(site.result.name),
                rows=x.elements // size,
                size=size,
                words=table.astype("<i4").tobytes(),
            )
        ]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        self._require_quantisation(site)
        x, cols = site.x, last_axis(site)
        values = ends(site, cpu) | {"rows": x.elements // cols, "cols": cols}
        if x.dtype == "int16":
            values["multiplier"], values["shift"] = softmax_int16_parameters(x.scale, self.beta)
            for name, table in (
                ("exponentials", exponential_table()),
                ("reciprocals", reciprocal_table()),
            ):
                values[name] = cpu.constant(np.array(table, "<i2").tobytes())
            return [(SOFTMAX_INT16, values)]
        p = softmax_parameters(x.scale, self.beta)
        values |= {"multiplier": p.multiplier, "left_shift": p.left_shift}
        values["diff_min"] = p.smallest_difference
        return [(SOFTMAX if site.result.dtype == "int8" else SOFTMAX_WIDE, values)]

    def _require_quantisation(self, site: Site) -> None:
        result = site.result
        found = (site.x.dtype, result.dtype, result.scale, result.zero_point)
        if not softmax_quantisation(found):
            site.refuse(
                f": '{site.x.name}' and output '{result.name}' are {found}; the nearest supported "
                "form has scale 1/256 and zero point -128 (int8 from int8), 1/65536 and -32768 "
                "(int16 from int8), or 1/32768 and 0 (int16 from int16)"
            )
