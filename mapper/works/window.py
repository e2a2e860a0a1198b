"""Works of the array: a window an output pixel, dense or depthwise."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import ClassVar

import numpy as np

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.arrangement import lay
from tilewright.mapper.array.array import Array
from tilewright.mapper.works.demands import Demands, window_objection
from tilewright.mapper.works.geometry import Operand, Part, Place, Region, Shape, Tile, Tiling
from tilewright.mapper.works.tilings import Group, parts, window_tilings
from tilewright.mapper.works.window_command import window_command
from tilewright.mapper.works.window_geometry import WindowGeometry
from tilewright.mapper.works.work import Emitted, Work


@dataclass(frozen=True, eq=False, kw_only=True)
class WindowWork(WindowGeometry, Work):
    """A CONV, or with ``depthwise`` a DEPTHWISE: the job of the array."""

    in_strips: ClassVar[bool] = True
    table: bytes | None = None

    @property
    def geometry(self) -> Hashable:
        """Equal for works that take the same tilings at the same costs."""
        return (self.costs_key, self.table is not None)

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """The image."""
        return (self.input,)

    @property
    def extent(self) -> Shape:
        """(rows, columns, channels) that are computed."""
        return (self.region.rows, self.region.cols, self.output_shape[2])

    @property
    def origin(self) -> tuple[int, int]:
        """(row, column) of the first output pixel that is computed."""
        return (self.region.top, self.region.left)

    @property
    def shares_input(self) -> bool:
        """A convolution's channel tiles share the input of their pixels."""
        return not self.depthwise

    def objection(self, config: NpuConfig) -> str | None:
        """Why the array cannot do it; None when it can."""
        return window_objection(self.demands, config) or super().objection(config)

    @cached_property
    def demands(self) -> Demands:
        """What it asks of the array: of the shifts, and of inputs that have the weights' signs."""
        # The image as it lies in its buffer, or staged.
        pitches = self.input.place(self.input_shape).pixel_pitch, self.input_shape[2]
        columns = max(self.tap_columns(pitch) for pitch in pitches)
        sums = np.abs(self.weights.astype(np.int64)).sum(axis=1)
        return Demands(
            left_shift=int(self.requantisation.shifts.max()),
            largest_sum=128 * int(sums.max(initial=0)),
            block_words=self.weights.shape[1],
            depthwise=self.depthwise,
            rows=max(self.input_shape[0], self.region.rows * self.stride[0]),
            runs=0 if self.depthwise else self.kernel[0] * columns,
            before=max(self.pad),
            apart=columns > 1 or self.multiplier > 1,
        )

    def tilings(self, config: NpuConfig, staged: tuple[bool, ...]) -> list[Group]:
        """First tiles of whole rows and all channels, then of some channels, then parts of rows."""
        words = None if self.depthwise else self.weights.shape[1]
        return window_tilings(self.extent, words, config, (1, 2) if any(staged) else (1,))

    def staging_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> tuple[int, ...]:
        """Bytes of one copy of the staging areas of input and output; 0 where none."""
        extent = self.extent
        rows, cols = min(tiling.rows, extent[0]), min(tiling.cols, extent[1])
        inside = (
            min((rows - 1) * self.stride[0] + self.reach[0], self.input_shape[0]),
            min((cols - 1) * self.stride[1] + self.reach[1], self.input_shape[1]),
            self.input_channels(0, min(tiling.channels, extent[2]))[1],
        )
        return (
            prod(inside) if staged[0] else 0,
            rows * cols * min(tiling.channels, extent[2]) if staged[1] else 0,
        )

    def moved_bytes(self, tiling: Tiling, staged: tuple[bool, ...]) -> int:
        """Bytes of staged operands that cross the bus."""
        moved = 0
        rows, cols, channels = self.extent
        if staged[0]:
            pixels = self._all_covered(0, tiling.rows) * self._all_covered(1, tiling.cols)
            moved += pixels * self.input_channels(0, channels)[1]
        return moved + (rows * cols * channels if staged[1] else 0)

    def price(self, tiling: Tiling, array: Array, region: Region | None = None) -> tuple[int, int]:
        """(cycles, bytes of weights) of all commands, or of those of a region of the output."""
        cycles, weights = 0, 0
        top, left, bottom, right = region or self.region
        _, pitch, row_pitch = self.input.place(self.input_shape)
        widths = parts(right - left, tiling.cols)
        depths = parts(self.output_shape[2], tiling.channels)
        for height, n_rows in parts(bottom - top, tiling.rows):
            for width, n_cols in widths:
                part = Region(top, left, top + height, left + width)
                for depth, n_channels in depths:
                    laid = lay(self.window(part, depth, pitch, row_pitch), array)
                    count = n_rows * n_cols * n_channels
                    cycles += count * laid.cycles
                    weights += count * laid.weight_bytes
        return cycles, weights

    def image(self, position: int) -> Shape:
        """The whole image of an operand: the input's, else the output's."""
        return self.output_shape if position else self.input_shape

    def part(self, position: int, tile: Tile) -> Part:
        """The part of an operand that a tile touches: under its windows, or its own pixels."""
        if position:
            return Part(*tile)
        channels = self.input_channels(tile.first_channel, tile.channels)
        return Part(self.input_region(tile.region), *channels)

    def _all_covered(self, axis: int, size: int) -> int:
        """Input rows (axis 0) or columns (axis 1) that all tiles of this size read together."""
        outputs = self.region[axis], self.region[axis + 2]
        geometry = self.stride[axis], self.pad[axis], self.reach[axis], self.input_shape[axis]
        return _overlapping(outputs, size, *geometry)

    def arrived_bytes(self, position: int, tile: Tile) -> int | None:
        """Bytes from the input's begin that hold a tile's windows."""
        _, cols, channels = self.input.image or self.input_shape
        inside = self.input_region(tile.region)
        bottom = inside.right if self.input.turned else inside.bottom
        rows = self.input.first[0] + (bottom - 1) * self.input.step[0] + 1 if bottom else 0
        return rows * cols * channels

    def emit(
        self, tile: Tile, sources: Sequence[Place], target: Place, array: Array
    ) -> list[Emitted]:
        """CONV or DEPTHWISE for one tile."""
        return [window_command(self, tile, sources[0], target, array)]


@lru_cache(maxsize=1 << 12)
def _overlapping(
    outputs: tuple[int, int], size: int, stride: int, pad: int, kernel: int, extent: int
) -> int:
    first, end = outputs
    read, step = (size - 1) * stride + kernel, size * stride
    before, whole = first * stride - pad, (end - first) // size
    # Whole tiles that read nothing outside of the image all read as much; few others are left.
    skipped = min(max(-(before // step), 0), whole)
    inside = range(skipped, max(skipped, min(whole, (extent - read - before) // step + 1)))
    total = len(inside) * read
    for tile in (*range(skipped), *range(inside.stop, -(-(end - first) // size))):
        start = first + tile * size
        low = start * stride - pad
        high = (min(start + size, end) - 1) * stride - pad + kernel
        total += min(max(high, 0), extent) - min(max(low, 0), extent)
    return total
