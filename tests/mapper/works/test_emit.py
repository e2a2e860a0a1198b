"""Commands mean the same however they lie on the array."""

import dataclasses
import random
from collections import Counter

import pytest

from tests.hw.npu.reference import Reference
from tests.mapper.works.test_weights import window_work
from tests.units import units_of
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.arrangement import Laid, arrangements
from tilewright.mapper.array.array import array_of
from tilewright.mapper.works.geometry import Place, Region, Tile
from tilewright.mapper.works.weights import layout
from tilewright.mapper.works.window import WindowWork
from tilewright.mapper.works.window_command import window_command
from tilewright.sim.functional.ring import Blocks
from tilewright.sim.functional.window import depthwise

CONFIGS = {
    "8x8": NpuConfig(scratchpad_bytes=4096),
    "3x5": NpuConfig(rows=3, cols=5, scratchpad_bytes=4096),
    "no pairs": NpuConfig(rows=9, cols=4, scratchpad_bytes=4096),
}
OUTPUT = 2600


def random_depthwise(rng: random.Random) -> WindowWork:
    shape = rng.randint(1, 7), rng.randint(1, 7), rng.randint(1, 19)
    kernel = rng.choice([(3, 3), (2, 2), (rng.randint(1, 4), rng.randint(1, 4))])
    stride = rng.choice([(1, 1), (2, 2), (rng.randint(1, 3), rng.randint(1, 3))])
    pad = rng.randint(0, kernel[0] - 1), rng.randint(0, kernel[1] - 1)
    rows, cols = (
        max(shape[axis] + pad[axis] + rng.randint(0, kernel[axis] - 1) - kernel[axis], 0)
        // stride[axis]
        + 1
        for axis in (0, 1)
    )
    maximum = rng.random() < 0.3
    seed = rng.randrange(1 << 30)
    return dataclasses.replace(
        window_work(shape[2], 0 if maximum else kernel[0] * kernel[1], seed),
        input_shape=shape,
        output_shape=(rows, cols, shape[2]),
        region=Region(0, 0, rows, cols),
        kernel=kernel,
        stride=stride,
        pad=pad,
        pad_value=rng.randint(-128, 127),
        depthwise=True,
        maximum=maximum,
    )


def random_tile(rng: random.Random, work: WindowWork) -> Tile:
    rows, cols, channels = work.output_shape
    top, left = rng.randrange(rows), rng.randrange(cols)
    bottom, right = rng.randint(top + 1, rows), rng.randint(left + 1, cols)
    first = rng.randrange(channels)
    return Tile(Region(top, left, bottom, right), first, rng.randint(1, channels - first))


def words_of(work: WindowWork, tile: Tile, config: NpuConfig, *, paired: bool) -> list[bytes]:
    blocks = layout(work, tile.first_channel, tile.channels, config, paired=paired)
    return [word.tobytes() for word in blocks.reshape(-1, config.weight_word_bytes)]


def blocks_of(work: WindowWork, tile: Tile) -> Blocks:
    some = slice(tile.first_channel, tile.first_channel + tile.channels)
    q = work.requantisation
    return Blocks(q.bias[some], q.multipliers[some], q.shifts[some], work.weights[some].T)


def within(spans, allowed) -> bool:
    return all(allowed[0] <= start and end <= allowed[1] for start, end in spans)


@pytest.mark.parametrize("name", CONFIGS)
def test_all_arrangements_of_a_depthwise_work_compute_the_same(name, monkeypatch):
    config, rng = CONFIGS[name], random.Random(name)
    seen = Counter()
    for _ in range(40):
        work = random_depthwise(rng)
        tile = random_tile(rng, work)
        pixel = work.input_shape[2] + rng.choice([0, 5])
        source = Place(rng.randrange(50), pixel, work.input_shape[1] * pixel + rng.choice([0, 3]))
        pixel = tile.channels + rng.choice([0, 3])
        target = Place(OUTPUT, pixel, tile.region.cols * pixel + rng.choice([0, 7]))
        window = work.window(tile.region, tile.channels, source.pixel_pitch, source.row_pitch)
        content, results = rng.randbytes(config.scratchpad_bytes), set()
        for arrangement, _ in arrangements(window, array_of(config)):
            laid = Laid(arrangement, 0, 0)
            monkeypatch.setattr(
                "tilewright.mapper.works.window_command.lay", lambda *_, laid=laid: laid
            )
            emitted = window_command(work, tile, source, target, array_of(config))
            order = emitted.weights
            assert order.paired == arrangement.paired
            assert order.work is (work.turned if arrangement.transposed else work)
            command = emitted.command
            command.encode()
            seen[arrangement.transposed, arrangement.tapwise] += 1
            lying = work.turned if arrangement.transposed else work
            expected = bytearray(content)
            words = words_of(lying, tile, config, paired=arrangement.paired)
            Reference(config, expected).run(command, words)
            units = units_of(config, content)
            access = depthwise(command, blocks_of(lying, tile), units, Counter())
            assert units.scratchpad.data.tobytes() == expected
            assert within(access.reads, emitted.reads[0])
            assert within(access.writes, emitted.writes[0])
            results.add(bytes(expected))
        assert len(results) == 1
    assert len(seen) == 4


def test_a_turned_work_has_its_taps_column_by_column():
    work = dataclasses.replace(
        window_work(2, 6),
        input_shape=(5, 4, 2),
        output_shape=(4, 2, 2),
        region=Region(1, 0, 3, 2),
        kernel=(2, 3),
        stride=(1, 2),
        pad=(0, 1),
        depthwise=True,
    )
    turned = work.turned
    assert turned.weights[1].tolist() == work.weights[1, [0, 3, 1, 4, 2, 5]].tolist()
    assert (turned.kernel, turned.stride, turned.pad) == ((3, 2), (2, 1), (1, 0))
    assert (turned.input_shape, turned.output_shape) == ((4, 5, 2), (2, 4, 2))
    inside, mirrored = work.input_region(work.region), turned.input_region(turned.region)
    assert mirrored == inside.turned()
    assert mirrored.rows == inside.cols


def test_bytes_beyond_the_last_channel_read_as_padding():
    """A slice of three channels of pixels of five bytes, at the end of the scratchpad."""
    config = NpuConfig(scratchpad_bytes=4096)
    work = dataclasses.replace(
        window_work(5, 9),
        input_shape=(1, 2, 5),
        output_shape=(1, 2, 5),
        region=Region(0, 0, 1, 2),
        kernel=(3, 3),
        pad=(1, 1),
        depthwise=True,
    )
    tile = Tile(work.region, 2, 3)
    emitted = window_command(work, tile, Place(4088, 5, 10), Place(0, 3, 6), array_of(config))
    assert emitted.reads == ((4088, 4096),)
    units = units_of(config, bytes(4096))
    access = depthwise(emitted.command, blocks_of(work, tile), units, Counter())
    assert access.reads == emitted.reads
