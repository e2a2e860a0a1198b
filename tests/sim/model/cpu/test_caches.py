"""Misses against a cache that is walked load by load; loads against what a kernel must read."""

import numpy as np
import pytest

from hw.spec.program import Step
from hw.spec.steps import (
    ADD,
    AVERAGE_POOL_2D,
    CONV_2D,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    MAX_POOL_2D,
    MEAN,
    SOFTMAX,
)
from sim.model.cpu import cache
from sim.model.cpu.cache import LINE_BYTES, LINES, Units, miss_flags, misses
from sim.model.cpu.loads import Places, loads, softmax_loads
from sim.model.cpu.spills import SOFTMAX_KEPT

INPUT, WEIGHTS, BIAS, MULTIPLIERS, SHIFTS = (0x4010_0000 + 0x1_0000 * i for i in range(5))
PLACES = Places(values=0x4000_8100, frame=0x4000_7E40)


def walked_misses(addresses):
    held: dict[int, int] = {}
    missed = []
    for address in addresses:
        line = address // LINE_BYTES
        missed.append(held.get(line % LINES) != line)
        held[line % LINES] = line
    return missed


def test_misses_of_a_direct_mapped_cache():
    rng = np.random.default_rng(1)
    addresses = 0x4000_0000 + rng.integers(0, 3 * LINES * LINE_BYTES, 3000)
    assert miss_flags(addresses).tolist() == walked_misses(addresses.tolist())


def test_misses_of_many_loads_are_estimated(monkeypatch):
    """Units that walk an array larger than the cache, beside a table that stays the same."""
    table = np.arange(0, 600, 4)

    def unit(i):
        return np.concatenate([0x4000_0000 + 24 * i + np.arange(200), 0x4000_8000 + table])

    units = Units(2000, unit)
    exact = misses(Units(2000, unit))
    monkeypatch.setattr(cache, "EXACT_LOADS", 200_000)
    assert misses(units) == pytest.approx(exact, rel=0.1)
    assert misses(Units(3, unit)) == sum(
        walked_misses(np.concatenate([unit(i) for i in range(3)]).tolist())
    )


def lines(addresses, first, size):
    """Lines of ``addresses`` within a tensor."""
    inside = [a for a in addresses if first <= a < first + size]
    return {a // LINE_BYTES for a in inside}


def window_step(kind, **values):
    tables = {"input": INPUT, "weights": WEIGHTS, "bias": BIAS}
    tables |= {"multipliers": MULTIPLIERS, "shifts": SHIFTS}
    return Step(kind, 0, dict.fromkeys(kind.parameters, 0) | tables | values)


GEOMETRY = {
    "input_rows": 5,
    "input_cols": 7,
    "output_rows": 3,
    "output_cols": 4,
    "kernel_rows": 3,
    "kernel_cols": 2,
    "stride_rows": 2,
    "stride_cols": 2,
    "pad_top": 1,
    "pad_left": 1,
}


def taps(y, x):
    """(image row, image column, kernel row, kernel column) of an output's window."""
    for ky in range(3):
        for kx in range(2):
            row, col = y * 2 - 1 + ky, x * 2 - 1 + kx
            if 0 <= row < 5 and 0 <= col < 7:
                yield row, col, ky, kx


@pytest.mark.parametrize(("channels", "outputs"), [(6, 6), (37, 4), (3, 3)])
def test_loads_of_a_convolution(channels, outputs):
    values = GEOMETRY | {"channels": channels, "output_channels": outputs}
    units = loads(window_step(CONV_2D, **values), PLACES)
    assert units.count == 12
    for position in range(12):
        found = units.unit(position).tolist()
        y, x = divmod(position, 4)
        image, weights = set(), set()
        for row, col, ky, kx in taps(y, x):
            for channel in range(channels):
                image.add((INPUT + (row * 7 + col) * channels + channel) // LINE_BYTES)
                for output in range(outputs):
                    tap = (output * 3 + ky) * 2 + kx
                    weights.add((WEIGHTS + tap * channels + channel) // LINE_BYTES)
        assert lines(found, INPUT, 0x1_0000) == image
        assert lines(found, WEIGHTS, 0x1_0000) == weights
        for table in (BIAS, MULTIPLIERS, SHIFTS):
            read = {a for a in found if table <= a < table + 0x1_0000}
            assert read == {table + 4 * output for output in range(outputs)}


@pytest.mark.parametrize(("channels", "multiplier"), [(6, 1), (40, 1), (3, 5)])
def test_loads_of_a_depthwise_convolution(channels, multiplier):
    values = GEOMETRY | {"channels": channels, "depth_multiplier": multiplier}
    units = loads(window_step(DEPTHWISE_CONV_2D, **values), PLACES)
    outputs = channels * multiplier
    for position in range(12):
        found = units.unit(position).tolist()
        image, weights = set(), set()
        for row, col, ky, kx in taps(*divmod(position, 4)):
            for output in range(outputs):
                channel = (row * 7 + col) * channels + output // multiplier
                image.add((INPUT + channel) // LINE_BYTES)
                weights.add((WEIGHTS + (ky * 2 + kx) * outputs + output) // LINE_BYTES)
        assert lines(found, INPUT, 0x1_0000) == image
        assert lines(found, WEIGHTS, 0x1_0000) == weights


def test_loads_of_a_fully_connected_layer():
    step = window_step(FULLY_CONNECTED, channels=70, output_channels=7)
    units = loads(step, PLACES)
    found = [a for i in range(units.count) for a in units.unit(i).tolist()]
    assert lines(found, WEIGHTS, 0x1_0000) == set(
        range(WEIGHTS // LINE_BYTES, (WEIGHTS + 7 * 70 - 1) // LINE_BYTES + 1)
    )
    assert max(a for a in found if a < WEIGHTS) == INPUT + 69


@pytest.mark.parametrize("kind", [AVERAGE_POOL_2D, MAX_POOL_2D])
def test_loads_of_a_pool(kind):
    """Channel by channel, each tap in turn."""
    units = loads(window_step(kind, **GEOMETRY, channels=5), PLACES)
    for position in range(12):
        expected = [
            INPUT + (row * 7 + col) * 5 + channel
            for channel in range(5)
            for row, col, _, _ in taps(*divmod(position, 4))
        ]
        assert units.unit(position).tolist() == expected


def test_loads_of_a_mean_miss_where_the_image_is_larger_than_the_cache():
    """Pixels of 64 bytes: each of the 128 has a line to itself, and two of them share a place."""
    step = window_step(MEAN, input_rows=8, input_cols=16, channels=64)
    assert misses(loads(step, PLACES)) >= 64 * 128


def test_loads_of_elements():
    step = Step(ADD, 0, dict.fromkeys(ADD.parameters, 0) | {"count": 130})
    step = Step(step.kind, 0, {**step.values, "a": 0x1000, "b": 0x2000 + 64})
    units = loads(step, PLACES)
    found = np.concatenate([units.unit(i) for i in range(units.count)])
    assert found[::2].tolist() == [0x1000 + i for i in range(130)]
    assert found[1::2].tolist() == [0x2040 + i for i in range(130)]
    # Not in each other's way: every line is filled once, 5 of one and 5 of the other.
    assert misses(units) == 10


def test_loads_of_a_softmax():
    """Each row three times, and the exponentials of those that count."""
    values = {"input": INPUT, "rows": 2, "cols": 3}
    step = Step(SOFTMAX, 0, dict.fromkeys(SOFTMAX.parameters, 0) | values)
    counted = np.array([[True, False, True], [True, True, False]])
    units = softmax_loads(step, PLACES, counted)
    assert units.count == 2
    kept = PLACES.frame + SOFTMAX_KEPT
    for row in range(2):
        found = units.unit(row).tolist()
        assert found[:6] == [INPUT + 3 * row + i for i in range(3)] * 2
        assert [a for a in found if kept <= a < kept + 12] == [
            kept + 4 * i for i in range(3) if counted[row, i]
        ]
