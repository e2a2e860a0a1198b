"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.resize import Taps
from tilewright.hw.spec.steps import RESIZE_BILINEAR, RESIZE_NEAREST
from tilewright.mapper.graph.operator import Cpu, Operator, Shape, Site, Steps
from tilewright.mapper.moves import operators as plan
from tilewright.mapper.moves.copy import Move
from tilewright.mapper.operators.images import ends, int32_table
from tilewright.mapper.operators.moves import Moved, element_bytes
from tilewright.mapper.operators.slices import MOST_MOVES


def _resized(site: Site, rows: int, cols: int) -> Shape:
    shape = site.x.shape
    if len(shape) != 4 or min(rows, cols) < 1:
        site.refuse(f" needs [N,H,W,C] and a size of 1 or more, not {shape} to {rows} x {cols}")
    return (shape[0], rows, cols, shape[3])


def _image_sizes(site: Site, cpu: Cpu) -> dict[str, int]:
    images, rows, cols, channels = site.x.shape
    return ends(site, cpu) | {
        "images": images,
        "image_bytes": rows * cols * channels * element_bytes(site),
        "output_rows": site.result.shape[1],
        "output_cols": site.result.shape[2],
    }


@dataclass(frozen=True, kw_only=True)
class ResizeNearest(Moved):
    """RESIZE_NEAREST_NEIGHBOR of [N,H,W,C]: the input ``rows`` and ``cols`` that are repeated."""

    kind: ClassVar[str] = "RESIZE_NEAREST_NEIGHBOR"

    rows: tuple[int, ...]
    cols: tuple[int, ...]

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the resized images."""
        shape = _resized(site, len(self.rows), len(self.cols))
        for indices, extent in ((self.rows, site.x.shape[1]), (self.cols, site.x.shape[2])):
            if min(indices) < 0 or max(indices) >= extent:
                site.refuse(f" reads outside of its {extent} rows or columns")
        return [shape]

    def moves(self, site: Site) -> list[Move]:
        """Return the moves from the input to the result."""
        return plan.resize_nearest(site.x.shape, self.rows, self.cols, element_bytes(site))

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return a step for each move, or one with tables where they are many."""
        if len(self.moves(site)) <= MOST_MOVES:
            return Moved.steps(self, site, cpu)
        pixel = site.x.shape[3] * element_bytes(site)
        row = site.x.shape[2] * pixel
        tables = {
            "pixel_bytes": pixel,
            "row_offsets": int32_table(cpu, np.array(self.rows, np.int32) * row),
            "col_offsets": int32_table(cpu, np.array(self.cols, np.int32) * pixel),
        }
        return [(RESIZE_NEAREST, _image_sizes(site, cpu) | tables)]


@dataclass(frozen=True, kw_only=True)
class ResizeBilinear(Operator):
    """RESIZE_BILINEAR of int8 [N,H,W,C]: the neighbours that each row and column lies between."""

    kind: ClassVar[str] = "RESIZE_BILINEAR"
    keeps_quantisation: ClassVar[bool] = True

    rows: Taps
    cols: Taps

    def shapes(self, site: Site) -> Sequence[Shape]:
        """Return the shape of the resized images."""
        shape = _resized(site, len(self.rows.lower), len(self.cols.lower))
        for taps, extent in ((self.rows, site.x.shape[1]), (self.cols, site.x.shape[2])):
            indices = (*taps.lower, *taps.upper)
            if min(indices) < 0 or max(indices) >= extent:
                site.refuse(f" reads outside of its {extent} rows or columns")
        return [shape]

    def steps(self, site: Site, cpu: Cpu) -> Steps:
        """Return one step."""
        _, _, cols, channels = site.x.shape
        tables = {
            "row_bytes": cols * channels,
            "channels": channels,
            "row_taps": _table(cpu, self.rows, cols * channels),
            "col_taps": _table(cpu, self.cols, channels),
        }
        return [(RESIZE_BILINEAR, _image_sizes(site, cpu) | tables)]


def _table(cpu: Cpu, taps: Taps, pitch: int) -> int:
    lower, upper = (np.array(places, np.int32) * pitch for places in (taps.lower, taps.upper))
    return int32_table(cpu, np.stack([lower, upper, np.array(taps.fraction, np.int32)], 1))
