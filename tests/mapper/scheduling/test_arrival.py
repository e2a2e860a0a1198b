"""Strips of rows in which a first layer computes while its input arrives."""

import dataclasses
from itertools import combinations, pairwise

import pytest

from tests.mapper.test_compile import commands
from tests.mapper.works.test_weights import window_work
from tests.shared_models import shared_models
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.array.array import array_of
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.mapper.scheduling.arrival import Arrival, strips
from tilewright.mapper.works.geometry import Region, Tile, Tiling
from tilewright.mapper.works.window import WindowWork

DEFAULT = NpuConfig()


def image(rows: int, cols: int, channels: int, outputs: int) -> WindowWork:
    """A 3 x 3 convolution of stride 1, padded all around."""
    return dataclasses.replace(
        window_work(outputs, 9 * channels),
        input_shape=(rows, cols, channels),
        output_shape=(rows, cols, outputs),
        region=Region(0, 0, rows, cols),
        kernel=(3, 3),
        pad=(1, 1),
    )


def cut(work: WindowWork, config: NpuConfig = DEFAULT, arrived: int = 0) -> list[Region]:
    rows, cols, channels = work.input_shape
    arrival = Arrival(0x4000_0000, 0, rows * cols * channels, arrived)
    return strips(work, Tiling(rows, cols, work.output_shape[2]), arrival, array_of(config))


def end_of(work: WindowWork, regions: list[Region], config: NpuConfig) -> float:
    """The prediction: loads one behind the other at three quarters of the bus."""
    rows, cols, channels = work.input_shape
    time = 0.0
    for number, region in enumerate(regions, start=1):
        there = min(region.bottom + 1, rows) * cols * channels
        arrived = 45 + 25 * number + there / config.bus_bytes / 0.75
        part = dataclasses.replace(work, region=region)
        tiling = Tiling(rows, cols, work.output_shape[2])
        cycles, weights = part.price(tiling, array_of(config))
        time = max(time, arrived) + cycles + weights / config.bus_bytes / 4
    return time


@pytest.mark.parametrize(
    ("work", "config"),
    [
        (image(12, 24, 3, 8), DEFAULT),
        (image(11, 32, 3, 8), NpuConfig(rows=16, cols=16)),
        (image(9, 9, 40, 64), NpuConfig(bus_bytes=4)),
    ],
)
def test_no_other_strips_would_end_before(work, config):
    rows, cols, _ = work.output_shape
    found = cut(work, config)

    def regions(bounds: tuple[int, ...]) -> list[Region]:
        edges = (0, *bounds, rows)
        return [Region(a, 0, b, cols) for a, b in pairwise(edges)]

    best = min(
        end_of(work, regions(bounds), config)
        for count in range(8)
        for bounds in combinations(range(1, rows), count)
    )
    assert end_of(work, found, config) == pytest.approx(best)


def test_strips_grow_where_the_array_is_slower_than_the_bus():
    found = cut(image(64, 64, 3, 16))
    heights = [region.rows for region in found]
    assert (found[0].top, found[-1].bottom) == (0, 64)
    assert all(above.bottom == below.top for above, below in pairwise(found))
    assert heights[0] <= 2
    assert heights == sorted(heights)
    assert 3 <= len(heights) <= 8


def test_what_arrives_soon_is_not_cut():
    """490 bytes; the weights of 64 channels would be sent twice."""
    work = dataclasses.replace(image(49, 10, 1, 64), kernel=(10, 4), pad=(4, 1))
    assert len(cut(work)) == 1
    large = image(64, 64, 3, 16)
    assert len(cut(large, arrived=64 * 64 * 3)) == 1


def test_bytes_under_a_strip():
    work = image(12, 10, 3, 8)
    assert work.arrived_bytes(0, Tile(Region(0, 0, 4, 10), 0, 8)) == 5 * 30
    assert work.arrived_bytes(0, Tile(Region(4, 0, 12, 10), 0, 8)) == 360


def test_commands_of_a_network():
    """VWW at 8 x 8: the first strip needs three of 96 rows."""
    graph = import_model(shared_models() / "tflite" / "vww.tflite")
    program = compile_model(graph, load_config())
    loads = [c["row_bytes"] * c["rows"] for c in commands(program) if c.opcode is Opcode.LOAD]
    assert loads[0] == 3 * 96 * 3
    *image, exponentials = loads
    assert sum(image) == 96 * 96 * 3
    assert image[1:-1] == sorted(image[1:-1])
    (table,) = [c for c in commands(program) if c.opcode is Opcode.TABLE]
    assert exponentials == 4 * table["words"]
