"""GATHER and GATHER_ND of indices that are a tensor: a step looks each of them up."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.steps import GATHER, GATHER_ND
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.moves.index_maps import dense_pitches
from tilewright.mapper.operators.images import ends, int32_table
from tilewright.mapper.operators.moves import MOVABLE, element_bytes


@dataclass(frozen=True, kw_only=True)
class LookedUp(Operator):
    """The common part: elements of x, at places that the second input, int32, tells.

    An index outside of x ends the run.
    """

    inputs: ClassVar[tuple[int, int]] = (2, 2)

    def verify_types(self, site: Site) -> None:
        """Raise RequestError unless the result is as x is, and the indices are int32."""
        x, indices = site.inputs
        same = (x.dtype, x.quant) == (site.result.dtype, site.result.quant)
        if not same or x.dtype not in MOVABLE or indices.dtype != "int32":
            site.refuse(
                f": {indices.dtype} looks up {x.dtype} for {site.result.dtype}; indices of int32 "
                "are needed, and a result with the input's type and quantisation"
            )

    def verify(self, site: Site) -> None:
        """Check constant indices too."""
        super().verify(site)
        indices = site.inputs[1].data
        if indices is None:
            return
        extents = self.extents(site)
        if (indices < 0).any() or (indices >= extents).any():
            site.refuse(f" reads outside of {site.x.shape}: indices are 0 or more")

    @abstractmethod
    def extents(self, site: Site) -> tuple[int, ...]:
        """Return the extents of the axes that the indices, or their last axis, are of."""

    def objection(self, site: Site) -> str | None:
        """A command cannot read where it reads."""
        return "its indices are a tensor"


@dataclass(frozen=True, kw_only=True)
class GatherAt(LookedUp):
    """GATHER along ``axis``; the first ``batches`` axes of x and of the indices are the same."""

    kind: ClassVar[str] = "GATHER"

    axis: int
    batches: int = 0

    def extents(self, site: Site) -> tuple[int, ...]:
        """Return the extent of the axis."""
        return (site.x.shape[self.axis],)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return x's shape with the indices' in place of the axis."""
        x, indices = (tensor.shape for tensor in site.inputs)
        axis, batches = self.axis, self.batches
        fits = 0 <= batches <= min(axis, len(indices)) and axis < len(x)
        if not fits or x[:batches] != indices[:batches]:
            site.refuse(f" along axis {axis} of {x} with indices {indices}, {batches} shared axes")
        return [(*x[:axis], *indices[batches:], *x[axis + 1 :])]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        (x, indices), axis, batches = site.inputs, self.axis, self.batches
        values = ends(site, cpu) | {
            "indices": cpu.address(indices.name),
            "batches": prod(x.shape[:batches]),
            "outer": prod(x.shape[batches:axis]),
            "axis": x.shape[axis],
            "coordinates": prod(indices.shape[batches:]),
            "inner_bytes": prod(x.shape[axis + 1 :]) * element_bytes(site),
        }
        return [(GATHER, values)]


@dataclass(frozen=True, kw_only=True)
class GatherNd(LookedUp):
    """GATHER_ND: the last axis of the indices are those of the first axes of x."""

    kind: ClassVar[str] = "GATHER_ND"

    def extents(self, site: Site) -> tuple[int, ...]:
        """Return the extents of the axes in front."""
        return site.x.shape[: site.inputs[1].shape[-1]]

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the indices' shape without its last axis, and what is left of x's."""
        x, indices = (tensor.shape for tensor in site.inputs)
        if not indices or not x or indices[-1] > len(x):
            site.refuse(f" of {x} with indices {indices}: the last axis names axes of the input")
        return [(*indices[:-1], *x[indices[-1] :])]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        x, indices = site.inputs
        depth = indices.shape[-1]
        pitches = np.array(dense_pitches(x.shape)[:depth], np.int32) * element_bytes(site)
        values = ends(site, cpu) | {
            "indices": cpu.address(indices.name),
            "pitches": int32_table(cpu, pitches),
            "count": prod(indices.shape[:-1]),
            "depth": depth,
            "inner_bytes": prod(x.shape[depth:]) * element_bytes(site),
            "input_bytes": x.bytes,
        }
        return [(GATHER_ND, values)]
