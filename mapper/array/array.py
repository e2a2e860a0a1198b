"""The figures of a configuration that the cycle formula depends on, worked out once."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.tile_shape import TileShape, ring_bytes, tile_shape


class Array(NamedTuple):
    """Fields and properties of `NpuConfig` by their names there; equal for configurations on which
    every command takes equally long.

    ``tiles`` are the shapes of an unpaired and of a paired tile, ``empty_rings`` what `ring_bytes`
    says of an unpaired and of a paired block without words.
    """

    rows: int
    requantiser_lanes: int
    port_bytes: int
    bus_bytes: int
    weight_buffer_bytes: int
    weight_memory_bytes: int
    depthwise_kernel: int
    convolution_slots: int
    depthwise_slots: int
    columns: int
    microcode: bool
    pairs_depthwise: bool
    tiles: tuple[TileShape, TileShape]
    empty_rings: tuple[int, int]

    def ring_bytes(self, block_words: int, *, paired: bool) -> int:
        """As `hw.spec.tile_shape.ring_bytes`."""
        return self.empty_rings[paired] + block_words * self.tiles[paired].step_bytes


@lru_cache(maxsize=1 << 8)
def array_of(config: NpuConfig) -> Array:
    """The figures of a configuration."""
    return Array(
        rows=config.rows,
        requantiser_lanes=config.requantiser_lanes,
        port_bytes=config.port_bytes,
        bus_bytes=config.bus_bytes,
        weight_buffer_bytes=config.weight_buffer_bytes,
        weight_memory_bytes=config.weight_memory_bytes,
        depthwise_kernel=config.depthwise_kernel,
        convolution_slots=config.convolution_slots,
        depthwise_slots=config.depthwise_slots,
        columns=config.columns,
        microcode=config.microcode,
        pairs_depthwise=config.pairs_depthwise,
        tiles=(tile_shape(config, paired=False), tile_shape(config, paired=True)),
        empty_rings=(ring_bytes(0, config, paired=False), ring_bytes(0, config, paired=True)),
    )
