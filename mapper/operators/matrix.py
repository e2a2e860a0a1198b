"""FULLY_CONNECTED."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hw.spec.steps import FULLY_CONNECTED
from mapper.graph.operator import Cpu, Shape, Site, Steps
from mapper.operators.clamp import Clamped
from mapper.operators.images import channel_objection, ends, quant_fields
from mapper.operators.weighted import require_constant, table_fields, window_work
from mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Clamped):
    """FULLY_CONNECTED of x with Ci elements, weights int8 [Co,Ci] and bias int32 [Co].

    The result has Co elements, all along its last axis.
    """

    kind: ClassVar[str] = "FULLY_CONNECTED"
    inputs: ClassVar[tuple[int, int]] = (3, 3)
    computed: ClassVar[int | None] = 1
    writes_pixels: ClassVar[bool] = True

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result, which is the file's where it is of one row."""
        vector, weights, bias = site.inputs
        co = weights.shape[0]
        require_constant(site, weights, (co, vector.elements), "int8")
        require_constant(site, bias, (co,), "int32")
        result = site.result
        return [result.shape if result.elements == result.shape[-1] == co else (1, co)]

    def macs(self, site: Site) -> int:
        """Return the products."""
        return site.inputs[1].elements

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return channel_objection(site.result.shape[-1])

    def works(self, site: Site, rows: int) -> list[Work]:
        """Return one work of the array: a window of one pixel."""
        weights = site.inputs[1].data
        assert weights is not None
        flat = weights.reshape(weights.shape[0], -1)
        shapes = (1, 1, site.x.elements), (1, 1, site.result.elements)
        return [window_work(site, flat, shapes, (1, 1), (1, 1), (0, 0), lo=self.lo, hi=self.hi)]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        values = ends(site, cpu) | table_fields(site, cpu) | quant_fields(site, self.lo, self.hi)
        values |= {"channels": site.x.elements, "output_channels": site.result.elements}
        return [(FULLY_CONNECTED, values)]
