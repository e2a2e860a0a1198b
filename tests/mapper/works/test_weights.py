"""The weight stream, byte by byte, against its definition."""

import numpy as np
import pytest

from tilewright.hw.spec.commands import PARAMETER_WORDS
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.tile_shape import ring_bytes
from tilewright.mapper.works.geometry import Operand, Region
from tilewright.mapper.works.requantisation import Requantisation
from tilewright.mapper.works.weights import (
    PackedWeights,
    layout,
    replayed_blob,
    restream,
    streamed_blob,
)
from tilewright.mapper.works.window import WindowWork


def window_work(channels, taps, seed=0):
    rng = np.random.default_rng(seed)
    return WindowWork(
        input=Operand("x"),
        output=Operand("y"),
        input_shape=(1, 1, taps),
        output_shape=(1, 1, channels),
        region=Region(0, 0, 1, 1),
        kernel=(1, 1),
        stride=(1, 1),
        pad=(0, 0),
        pad_value=0,
        weights=rng.integers(-127, 128, (channels, taps), dtype=np.int8),
        requantisation=Requantisation(
            bias=rng.integers(-(2**31), 2**31, channels).astype(np.int32),
            multipliers=rng.integers(2**30, 2**31, channels).astype(np.int32),
            shifts=rng.integers(-31, 8, channels).astype(np.int32),
        ),
        depthwise=False,
    )


def expected_bytes(work, first, count, config, *, paired=False):
    """Word by word, channel by channel; a pair has the next block's channels in its second half."""
    result, rows, word = bytearray(), config.rows, config.weight_word_bytes
    q, halves = work.requantisation, 1 + paired
    for block in range(-(-count // (rows * halves))):
        columns = []
        for byte in range(word * halves):
            half, row = divmod(byte, word)
            channel = (block * halves + half) * rows + row
            if row >= rows or channel >= count:
                columns.append(bytes(PARAMETER_WORDS + work.weights.shape[1]))
                continue
            channel += first
            columns.append(
                int(q.bias[channel]).to_bytes(4, "little", signed=True)
                + int(q.multipliers[channel]).to_bytes(4, "little", signed=True)
                + int(q.shifts[channel]).to_bytes(1, "little", signed=True)
                + work.weights[channel].tobytes()
            )
        for position in range(PARAMETER_WORDS + work.weights.shape[1]):
            result.extend(column[position] for column in columns)
    return bytes(result)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(("rows", "bus"), [(2, 4), (5, 8), (6, 16), (8, 8), (31, 4)])
def test_layout_in_order_of_use(rows, bus, paired):
    config = NpuConfig(rows=rows, bus_bytes=bus)
    work = window_work(channels=5 * rows - 1, taps=7)
    for first, count in ((0, 5 * rows - 1), (rows, rows + 1), (rows, 3 * rows), (1, rows)):
        found = layout(work, first, count, config, paired=paired).tobytes()
        assert found == expected_bytes(work, first, count, config, paired=paired)


def test_a_pair_of_blocks_by_hand():
    """Three rows, so words of four bytes; five channels, so that the second block lacks one."""
    config = NpuConfig(rows=3)
    work = window_work(channels=5, taps=2)
    found = layout(work, 0, 5, config, paired=True)
    assert found.shape == (1, PARAMETER_WORDS + 2, 2, 4)
    tap = work.weights[:, 1]
    assert found[0, -1].tolist() == [[*tap[:3], 0], [*tap[3:], 0, 0]]


@pytest.mark.parametrize("paired", [False, True])
def test_a_blob_fills_memory_words(paired):
    config = NpuConfig(rows=3, bus_bytes=16)
    blob = replayed_blob(window_work(3, 8), 0, 3, config, paired=paired)
    assert len(blob) % config.weight_memory_bytes == 0
    assert not any(blob[(PARAMETER_WORDS + 8) * config.weight_word_bytes * (1 + paired) :])


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(("rows", "bus"), [(2, 4), (2, 16), (8, 8), (32, 8)])
def test_a_block_in_the_ring_begins_anywhere_in_a_memory_word(rows, bus, paired):
    """The bytes of all memory words that it touches, less those of words before and behind it."""
    config = NpuConfig(rows=rows, bus_bytes=bus)
    memory, step = config.weight_memory_bytes, rows * (1 + paired)
    size = (PARAMETER_WORDS + 5) * step
    touched = [
        (start + size - 1) // memory * memory + memory - start // memory * memory
        for start in range(0, memory, step)
    ]
    assert max(touched) - memory < ring_bytes(5, config, paired=paired) <= max(touched)


@pytest.mark.parametrize(
    ("rows", "bus", "taps"), [(2, 16, 5), (3, 16, 7), (4, 8, 9), (8, 8, 33), (16, 4, 50)]
)
@pytest.mark.parametrize("groups", [1, 2, 3, 7, 20])
def test_restreamed_stretches_join_to_the_stream(rows, bus, taps, groups):
    config = NpuConfig(rows=rows, bus_bytes=bus)
    work = window_work(rows, taps)
    blob, sent = streamed_blob(work, 0, rows, config), restream(work, groups, config)
    window = blob[sent.head : sent.head + sent.window]
    stream = blob[: sent.head] + window * sent.repeats + window[: sent.tail]
    block = expected_bytes(work, 0, rows, config)
    start = PARAMETER_WORDS * config.weight_word_bytes
    wanted = block[:start] + block[start:] * groups
    assert stream[: len(wanted)] == wanted
    assert len(stream) - len(wanted) < config.weight_memory_bytes
    for size in (sent.head, sent.window, sent.tail, len(blob)):
        assert size % config.weight_memory_bytes == 0


def test_packed_weights_are_kept_up_to_a_limit():
    work, other = window_work(8, 6), window_work(8, 60)
    packed = PackedWeights(limit=800)
    sizes: list[int] = []
    for asked in (work, work, other, work):
        for paired in (False, True):
            for config in (NpuConfig(), NpuConfig(rows=4), NpuConfig(bus_bytes=16)):
                blob = packed.replayed(asked, 0, 8, config, paired=paired)
                assert blob == replayed_blob(asked, 0, 8, config, paired=paired)
                sizes.append(packed.kept_bytes)
    assert max(sizes) <= 800
    small = PackedWeights(limit=800)
    once = small.replayed(work, 0, 8, NpuConfig(), paired=False)
    assert small.replayed(work, 0, 8, NpuConfig(), paired=False) is once
    assert small.kept_bytes == len(once)
