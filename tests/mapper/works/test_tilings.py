"""Groups of tilings: their order, which ones are left out, and the first within a limit."""

import dataclasses
import random

import pytest

from tests.mapper.works.test_weights import window_work
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.tile_shape import ring_bytes
from tilewright.mapper.works.geometry import Region, Tiling
from tilewright.mapper.works.tilings import Extents
from tilewright.mapper.works.window import WindowWork

BOTH = (True, True)


def square(side: int, inputs: int, channels: int, kernel: int = 1) -> WindowWork:
    """A dense convolution of stride 1 without padding."""
    shape = (side, side, channels)
    inside = (side + kernel - 1, side + kernel - 1, inputs)
    return dataclasses.replace(
        window_work(channels, kernel * kernel * inputs),
        input_shape=inside,
        output_shape=shape,
        region=Region(0, 0, side, side),
        kernel=(kernel, kernel),
        stride=(1, 1),
        pad=(0, 0),
    )


def test_whole_rows_come_first_then_parts_of_the_channels_then_parts_of_rows():
    groups = [list(group) for group in square(5, 4, 20).tilings(NpuConfig(), BOTH)]
    shares = [5, 3, 2, 1]
    assert groups[0] == [(rows, 5, 20) for rows in shares]
    assert groups[1] == [(rows, 5, channels) for rows in shares for channels in (20, 16, 8)]
    assert groups[2] == [(1, cols, 20) for cols in shares]
    assert groups[3] == [(1, cols, channels) for cols in shares for channels in (20, 16, 8)]


def test_what_is_staged_may_have_two_copies():
    work = square(5, 4, 20)
    assert work.tilings(NpuConfig(), (False, False))[0].copies == (1,)
    assert work.tilings(NpuConfig(), (False, True))[0].copies == (1, 2)


def test_weights_that_are_sent_again_are_those_of_one_block_or_one_tile():
    """256 weights of a channel take 2 KiB of a ring of 1 KiB: for one block, or one tile."""
    config = NpuConfig(weight_buffer_bytes=1024)
    assert ring_bytes(256, config, paired=False) > 1024
    groups = [list(group) for group in square(4, 256, 16).tilings(config, (False, False))]
    assert groups[0] == [(2, 4, 16), (1, 4, 16)]
    assert groups[1] == [(4, 4, 8), (2, 4, 16), (2, 4, 8), (1, 4, 16), (1, 4, 8)]


@pytest.mark.parametrize("seed", range(6))
def test_the_first_within_a_limit_is_that_of_the_list(seed):
    rng = random.Random(seed)
    ring = rng.choice([1024, 16384])
    config = NpuConfig(rows=rng.choice([4, 8]), cols=rng.choice([4, 8]), weight_buffer_bytes=ring)
    for _ in range(20):
        work = square(
            rng.randint(1, 12), rng.randint(1, 300), rng.randint(1, 60), rng.choice([1, 3])
        )

        def size(extents: Extents, work: WindowWork = work) -> int:
            return sum(work.staging_bytes(Tiling(*extents), BOTH))

        for group in work.tilings(config, BOTH):
            sizes = {extents: size(extents) for extents in group}
            assert not sizes or group.least == list(sizes)[-1]
            for limit in (*rng.sample(sorted(sizes.values()), min(3, len(sizes))), 0, 1 << 20):
                expected = next((found for found, size in sizes.items() if size <= limit), None)
                assert group.first(size, limit) == expected
