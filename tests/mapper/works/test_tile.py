"""Tiles cover a work exactly once, and their input regions hold what their windows read."""

import dataclasses

import numpy as np
import pytest

from tests.mapper.works.test_weights import window_work
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import array_of
from tilewright.mapper.works.geometry import Region, Tiling
from tilewright.mapper.works.window import WindowWork


def image_work(**changes) -> WindowWork:
    values = {
        "input_shape": (11, 9, 4),
        "output_shape": (6, 9, 20),
        "region": Region(0, 0, 6, 9),
        "kernel": (3, 2),
        "stride": (2, 1),
        "pad": (1, 1),
    } | changes
    return dataclasses.replace(window_work(20, 24), **values)


@pytest.mark.parametrize("tiling", [Tiling(6, 9, 20), Tiling(4, 9, 20), Tiling(1, 5, 8, 2)])
def test_every_output_once(tiling):
    seen = np.zeros((6, 9, 20), dtype=int)
    for tile in image_work().tiles(tiling):
        r, last = tile.region, tile.first_channel + tile.channels
        seen[r.top : r.bottom, r.left : r.right, tile.first_channel : last] += 1
    assert (seen == 1).all()


def test_input_regions_hold_every_pixel_a_window_reads():
    work = image_work()
    for tile in work.tiles(Tiling(2, 4, 20)):
        found = work.input_region(tile.region)
        rows, cols = set(), set()
        for oy in range(tile.region.top, tile.region.bottom):
            rows |= {oy * 2 - 1 + k for k in range(3)} & set(range(11))
        for ox in range(tile.region.left, tile.region.right):
            cols |= {ox - 1 + k for k in range(2)} & set(range(9))
        assert (found.top, found.bottom) == (min(rows), max(rows) + 1)
        assert (found.left, found.right) == (min(cols), max(cols) + 1)


def test_a_window_in_the_padding_alone_reads_nothing():
    work = image_work(pad=(5, 0), output_shape=(9, 8, 20))
    found = work.input_region(Region(0, 0, 1, 8))
    assert found.rows == 0


def test_staging_holds_the_largest_tile():
    work, config = image_work(), NpuConfig()
    for group in work.tilings(config, (True, True)):
        for extents in group:
            tiling = Tiling(*extents)
            source, target = work.staging_bytes(tiling, (True, True))
            for tile in work.tiles(tiling):
                region = work.input_region(tile.region)
                assert region.rows * region.cols * 4 <= source
                assert tile.region.rows * tile.region.cols * tile.channels <= target


def test_traffic_counts_overlapping_rows_twice():
    work, config = image_work(), NpuConfig()
    weights = 3 * (9 + 24) * 8

    def traffic(tiling):
        sent = work.price(tiling, array_of(config))[1]
        return work.moved_bytes(tiling, (True, True)) + sent

    whole = traffic(Tiling(6, 9, 20))
    assert whole == 11 * 9 * 4 + 6 * 9 * 20 + weights
    halves = traffic(Tiling(3, 9, 20))
    assert halves == (6 + 6) * 9 * 4 + 6 * 9 * 20 + 2 * weights
