"""FULLY_CONNECTED and BATCH_MATMUL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps import BATCH_MATMUL, CONV_2D, FULLY_CONNECTED
from tilewright.mapper.graph.operator import Cpu, Shape, Site, Steps
from tilewright.mapper.graph.tensor import Tensor
from tilewright.mapper.operators.clamp import Clamped, is_wide
from tilewright.mapper.operators.images import (
    Padding,
    Windows,
    channel_objection,
    clamp_fields,
    ends,
    int32_table,
    quant_fields,
    window_fields,
)
from tilewright.mapper.operators.weighted import (
    PLAIN_CONV_2D,
    require_bias,
    require_constant,
    table_fields,
    weights_objection,
    weights_zero_point,
    width_fields,
    window_work,
)
from tilewright.mapper.works.work import Work


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Clamped):
    """FULLY_CONNECTED of rows of Ci elements, weights int8 [Co,Ci] and bias int32 [Co].

    The weights are constant or computed. The result has Co elements for each row, along its last
    axis.
    """

    kind: ClassVar[str] = "FULLY_CONNECTED"
    inputs: ClassVar[tuple[int, int]] = (3, 3)
    wide: ClassVar[bool] = True
    writes_pixels: ClassVar[bool] = True

    def activations(self, site: Site) -> tuple[Tensor, ...]:
        """Return the rows, and the weights where they are computed."""
        return tuple(tensor for tensor in site.inputs[:2] if tensor.data is None)

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the result, which is the file's where it has as many rows."""
        x, weights, _ = site.inputs
        co, ci = (*weights.shape, 0, 0)[:2]
        if weights.data is not None:
            require_constant(site, weights, (co, ci), "int8")
        require_bias(site, co)
        if not ci or x.elements % ci:
            site.refuse(f": {x.elements} elements are no rows of {ci}, as the weights need")
        rows, result = x.elements // ci, site.result
        fits = result.elements == rows * co and result.shape[-1:] == (co,)
        return [result.shape if fits else (rows, co)]

    def macs(self, site: Site) -> int:
        """Return the products."""
        return self._rows(site) * site.inputs[1].elements

    def _rows(self, site: Site) -> int:
        return site.result.elements // site.result.shape[-1]

    def objection(self, site: Site) -> str | None:
        """Return why no accelerator computes this; None when one could."""
        return weights_objection(site) or channel_objection(site.result.shape[-1])

    def works(self, site: Site, npu: NpuConfig) -> list[Work]:
        """Return one work of the array: a window of one pixel over the rows."""
        weights, rows = site.inputs[1].data, self._rows(site)
        assert weights is not None
        flat = weights.reshape(weights.shape[0], -1)
        shapes = (1, rows, flat.shape[1]), (1, rows, flat.shape[0])
        return [window_work(site, flat, shapes, (1, 1), (1, 1), (0, 0), lo=self.lo, hi=self.hi)]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        rows, zero_point = self._rows(site), weights_zero_point(site)
        values = ends(site, cpu) | table_fields(site, cpu, site.inputs[1])
        values |= quant_fields(site, self.lo, self.hi)
        values |= {
            "channels": site.inputs[1].shape[1],
            "output_channels": site.result.shape[-1],
        }
        if rows == 1 and zero_point == 0 and not is_wide(site):
            return [(FULLY_CONNECTED, values)]
        # A convolution of one tap whose pixels are the rows.
        values |= window_fields(site, Windows((1, 1), (1, 1), Padding()))
        values |= {"input_rows": 1, "input_cols": rows, "output_rows": 1, "output_cols": rows}
        values = PLAIN_CONV_2D | values | width_fields(site)
        return [(CONV_2D, values | {"weights_zero_point": zero_point})]


@dataclass(frozen=True, kw_only=True)
class BatchMatmul(Clamped):
    """BATCH_MATMUL of a [...,M,K] and b [...,K,N], one of which may be constant.

    ``adj_x``, ``adj_y``: a lies as [...,K,M], b as [...,N,K]. Axes in front broadcast.
    """

    kind: ClassVar[str] = "BATCH_MATMUL"
    inputs: ClassVar[tuple[int, int]] = (2, 2)
    wide: ClassVar[bool] = True

    adj_x: bool = False
    adj_y: bool = False

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return [...,M,N]."""
        a, b = (tensor.shape for tensor in site.inputs)
        if min(len(a), len(b)) < 2 or self._matrices(site)[2] != self._depth_of_b(b):
            site.refuse(f" cannot multiply shapes {a} and {b}")
        try:
            outer = np.broadcast_shapes(a[:-2], b[:-2])
        except ValueError:
            site.refuse(f": the axes in front of shapes {a} and {b} do not broadcast")
        rows, cols, _ = self._matrices(site)
        return [(*outer, rows, cols)]

    def _depth_of_b(self, b: Shape) -> int:
        return b[-1 if self.adj_y else -2]

    def _matrices(self, site: Site) -> tuple[int, int, int]:
        """(rows, columns, depth) of one product."""
        a, b = (tensor.shape for tensor in site.inputs)
        rows, depth = a[-2:][::-1] if self.adj_x else a[-2:]
        return rows, b[-2 if self.adj_y else -1], depth

    def macs(self, site: Site) -> int:
        """Return the products."""
        return site.result.elements * self._matrices(site)[2]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        (a, b), result = site.inputs, site.result
        rows, cols, depth = self._matrices(site)
        outer = result.shape[:-2]
        places = [
            np.broadcast_to(np.arange(prod(part)).reshape(part) * size, outer).reshape(-1)
            for part, size in ((a.shape[:-2], rows * depth), (b.shape[:-2], depth * cols))
        ]
        (multiplier,), (shift,) = nm.conv_multipliers(a.scale, [b.scale], result.scale, 1)
        values = {
            "a": cpu.address(a.name),
            "b": cpu.address(b.name),
            "output": cpu.address(result.name),
            "offsets": int32_table(cpu, np.stack(places, axis=1).astype(np.int32)),
            "batches": prod(outer),
            "rows": rows,
            "cols": cols,
            "depth": depth,
            "a_step": 1 if self.adj_x else depth,
            "a_depth_step": rows if self.adj_x else 1,
            "b_step": depth if self.adj_y else 1,
            "b_depth_step": 1 if self.adj_y else cols,
            "a_zero_point": a.zero_point,
            "b_zero_point": b.zero_point,
            "output_zero_point": result.zero_point,
            "multiplier": int(multiplier),
            "shift": int(shift),
            "element_bytes": np.dtype(result.dtype).itemsize,
        }
        return [(BATCH_MATMUL, values | clamp_fields(self.lo, self.hi))]
