"""The weight stream, byte by byte, against its definition."""

import numpy as np
import pytest

from hw.spec.commands import PARAMETER_WORDS
from hw.spec.config import NpuConfig
from mapper.weights import layout, replayed_blob, restream, streamed_blob
from mapper.work import Operand, Region, Requantisation, WindowWork


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


def expected_bytes(work, first, count, config):
    """Word by word, channel by channel."""
    result, rows, word = bytearray(), config.rows, config.weight_word_bytes
    q = work.requantisation
    for block in range(-(-count // rows)):
        columns = []
        for row in range(word):
            channel = block * rows + row
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


@pytest.mark.parametrize(("rows", "bus"), [(2, 4), (5, 8), (6, 16), (8, 8), (31, 4)])
def test_layout_in_order_of_use(rows, bus):
    config = NpuConfig(rows=rows, bus_bytes=bus)
    work = window_work(channels=3 * rows - 1, taps=7)
    assert layout(work, 0, 3 * rows - 1, config).tobytes() == expected_bytes(
        work, 0, 3 * rows - 1, config
    )
    assert layout(work, rows, rows + 1, config).tobytes() == expected_bytes(
        work, rows, rows + 1, config
    )


def test_a_blob_fills_memory_words():
    config = NpuConfig(rows=3, bus_bytes=16)
    blob = replayed_blob(window_work(3, 8), 0, 3, config)
    assert len(blob) % config.weight_memory_bytes == 0
    assert not any(blob[(PARAMETER_WORDS + 8) * config.weight_word_bytes :])


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
