"""What follows from the array's shape for unpaired and paired commands."""

import pytest

from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.tile_shape import TileShape, tile_shape


@pytest.mark.parametrize(
    ("rows", "cols", "single", "paired"),
    [
        (8, 8, TileShape(8, 8, 1, 8), TileShape(16, 4, 2, 16)),
        (6, 5, TileShape(6, 5, 1, 8), TileShape(12, 2, 2, 16)),
        (2, 2, TileShape(2, 2, 1, 2), TileShape(4, 1, 2, 4)),
        (17, 3, TileShape(17, 3, 1, 32), TileShape(34, 1, 2, 64)),
    ],
)
def test_a_tile_by_hand(rows: int, cols: int, single: TileShape, paired: TileShape) -> None:
    config = NpuConfig(rows=rows, cols=cols)
    assert tile_shape(config, paired=False) == single
    assert tile_shape(config, paired=True) == paired


@pytest.mark.parametrize(
    ("rows", "port", "bus", "pairs", "slot", "memory"),
    [
        (8, 16, 8, True, 16, 16),  # a read brings a pair
        (8, 8, 8, False, 8, 16),
        (5, 16, 4, True, 16, 16),  # words of eight bytes
        (16, 16, 8, False, 16, 32),
        (16, 32, 8, True, 32, 32),
        (4, 16, 16, True, 8, 16),  # a bus beat is wider than a pair
        (32, 32, 4, False, 32, 64),
    ],
)
def test_widths_of_pairs(
    rows: int, port: int, bus: int, pairs: bool, slot: int, memory: int
) -> None:
    config = NpuConfig(rows=rows, port_bytes=port, bus_bytes=bus)
    assert config.pairs_depthwise is pairs
    assert config.depthwise_bytes == slot
    assert config.weight_memory_bytes == memory


def test_every_array_shape_has_whole_pairs() -> None:
    for rows in range(2, 33):
        for cols in range(2, 33):
            config = NpuConfig(rows=rows, cols=cols)
            assert config.paired_pixels >= 1
            assert 2 * config.paired_pixels <= cols
            assert config.weight_memory_bytes % config.weight_pair_bytes == 0
            assert config.weight_memory_bytes % config.bus_bytes == 0
            assert config.depthwise_slots > config.depthwise_kernel
            assert config.pairs_depthwise <= (config.port_bytes >= 2 * rows)
