"""TOP_K: the largest or smallest elements along an axis, with their indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from tilewright.hw.spec.steps import TOP_K
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.operators.images import ends


@dataclass(frozen=True, kw_only=True)
class TopK(Operator):
    """TOP_K along ``axis``: the ``k`` largest or smallest, in order, and int32 indices.

    Of equal elements the first comes first.
    """

    kind: ClassVar[str] = "TOP_K"

    axis: int
    k: int
    largest: bool

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the input's shape with ``k`` elements along the axis, for both results."""
        shape, axis = site.x.shape, self.axis
        if not 0 <= axis < len(shape) or not 1 <= self.k <= shape[axis]:
            site.refuse(f" cannot take {self.k} elements along axis {axis} of {shape}")
        taken = (*shape[:axis], self.k, *shape[axis + 1 :])
        return [taken, taken]

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless int8 becomes int8 of the same quantisation, and int32."""
        types = [site.x.dtype, *(tensor.dtype for tensor in site.outputs)]
        if types != ["int8", "int8", "int32"] or site.x.quant != site.result.quant:
            site.refuse(f": {' to '.join(types)}; int8 to int8 and int32 of one scale is needed")

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        shape, axis = site.x.shape, self.axis
        values = ends(site, cpu) | {
            "indices": cpu.address(site.outputs[1].name),
            "outer": prod(shape[:axis]),
            "axis": shape[axis],
            "inner": prod(shape[axis + 1 :]),
            "k": self.k,
            "flip": 0 if self.largest else -1,
        }
        return [(TOP_K, values)]
