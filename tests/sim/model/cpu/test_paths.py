"""Paths of the kernels against loops that go the way of firmware/kernels step by step."""

from collections import Counter

import numpy as np
import pytest

from hw.spec.program import Step
from hw.spec.steps import (
    ADD,
    AVERAGE_POOL_2D,
    CONV_2D,
    COPY,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    MAX_POOL_2D,
    PAD,
    REQUANTISE,
)
from sim.model.cpu.paths import operator_paths, window_counts

WINDOWS = [
    # rows, columns, channels, kernel, stride, padding, output channels or multiplier
    ((5, 6, 3), (3, 2), (2, 1), (1, 1), 6),
    ((4, 4, 8), (1, 1), (1, 1), (0, 0), 4),
    ((3, 7, 5), (2, 4), (1, 3), (0, 2), 3),
    ((6, 5, 1), (5, 4), (1, 1), (3, 2), 9),
]


def window_values(case, **values):
    size, kernel, stride, pad, _ = case
    outputs = [(size[i] + 2 * pad[i] - kernel[i]) // stride[i] + 1 for i in range(2)]
    names = ("input_rows", "input_cols", "channels", "output_rows", "output_cols", "kernel_rows")
    names += ("kernel_cols", "stride_rows", "stride_cols", "pad_top", "pad_left")
    values |= dict(zip(names, (*size, *outputs, *kernel, *stride, *pad), strict=True))
    return values | {"clamp_low": -128, "clamp_high": 127, "output_zero_point": 5}


def paths_of(kind, values):
    return operator_paths(Step(kind, 0, dict.fromkeys(kind.parameters, 0) | values))


def taken(counts):
    return {name: count for name, count in counts.items() if count}


def taps_inside(case, y, x):
    """Of each kernel row that lies in the image, how many of its columns do."""
    size, kernel, stride, pad, _ = case
    rows = []
    for ky in range(kernel[0]):
        if 0 <= y * stride[0] - pad[0] + ky < size[0]:
            cols = [0 <= x * stride[1] - pad[1] + kx < size[1] for kx in range(kernel[1])]
            rows.append(sum(cols))
    return rows


def walk_products(count, name, runs):
    """A group of channels, or a single one, over rows of so many products."""
    count[name] += 1
    for run in runs:
        count[f"{name}_row"] += run > 0
        count[f"{name}_chunks"] += run >= 4
        count[f"{name}_tails"] += run % 4 > 0
        while run >= 4:
            count[f"{name}_chunk"] += 1
            run -= 4
        count[f"{name}_tail"] += run


def walk_channels(count, outputs, runs):
    channel = 0
    count["groups"] += outputs >= 4
    while channel + 4 <= outputs:
        walk_products(count, "group", runs)
        channel += 4
    count["singles"] += channel < outputs
    while channel < outputs:
        walk_products(count, "single", runs)
        channel += 1
    count["unclamped"] += outputs


@pytest.mark.parametrize("case", WINDOWS)
def test_convolution(case):
    values = window_values(case, output_channels=case[-1])
    count = Counter(step=1)
    for y in range(values["output_rows"]):
        count["row"] += 1
        for x in range(values["output_cols"]):
            count["pixel"] += 1
            runs = [cols * case[0][2] for cols in taps_inside(case, y, x)]
            walk_channels(count, case[-1], runs)
    assert taken(paths_of(CONV_2D, values)) == taken(count)


@pytest.mark.parametrize(("channels", "outputs"), [(7, 9), (8, 4), (3, 2)])
def test_fully_connected(channels, outputs):
    values = {"channels": channels, "output_channels": outputs, "clamp_low": -128}
    count = Counter(step=1)
    walk_channels(count, outputs, [channels])
    expected = {name: n for name, n in count.items() if not name.endswith("_row")}
    assert taken(paths_of(FULLY_CONNECTED, values)) == taken(expected)


@pytest.mark.parametrize("case", WINDOWS)
@pytest.mark.parametrize("multiplier", [1, 3])
def test_depthwise_convolution(case, multiplier):
    channels = case[0][2]
    values = window_values(case, depth_multiplier=multiplier)
    count = Counter(step=1)
    for y in range(values["output_rows"]):
        count["row"] += 1
        for x in range(values["output_cols"]):
            rows = taps_inside(case, y, x)
            blocks = ["group"] * (channels // 4 if multiplier == 1 else 0)
            inputs = channels - 4 * len(blocks)
            count["pixel"] += 1
            count["groups"] += bool(blocks)
            count["singles"] += inputs > 0
            count["input"] += inputs
            for name in blocks + ["single"] * inputs * multiplier:
                count[name] += 1
                count[f"{name}_row"] += sum(taps > 0 for taps in rows)
                count[f"{name}_tap"] += sum(rows)
            count["unclamped"] += channels * multiplier
    assert taken(paths_of(DEPTHWISE_CONV_2D, values)) == taken(count)


@pytest.mark.parametrize("case", WINDOWS)
def test_pools(case):
    channels = case[0][2]
    values = window_values(case)
    count, changes = Counter(step=1), 0.0
    for y in range(values["output_rows"]):
        count["row"] += 1
        for x in range(values["output_cols"]):
            rows = taps_inside(case, y, x)
            count["pixel"] += 1
            count["single"] += channels
            count["single_row"] += channels * sum(taps > 0 for taps in rows)
            count["single_tap"] += channels * sum(rows)
            changes += channels * sum(1 / (n + 1) for n in range(sum(rows)))
    assert taken(paths_of(AVERAGE_POOL_2D, values)) == taken(count)
    largest = dict(paths_of(MAX_POOL_2D, values))
    assert largest.pop("single_change") == pytest.approx(changes)
    assert taken(largest) == taken(count)


def test_changes_of_the_largest_element():
    """What the count of changes stands for: random elements, one after the other."""
    x = np.random.default_rng(1).random((4000, 9))
    changes = (
        np.maximum.accumulate(x, axis=1)[:, 1:] > np.maximum.accumulate(x, axis=1)[:, :-1]
    ).sum()
    values = window_values(((3, 3, 4000), (3, 3), (1, 1), (0, 0), 0))
    expected = paths_of(MAX_POOL_2D, values)["single_change"]
    assert expected == pytest.approx(4000 + changes, rel=0.03)


@pytest.mark.parametrize(
    ("zero_point", "share"), [(5, 1.0), (-128, 0.5), (-129, 0.0)], ids=["none", "relu", "all"]
)
def test_outputs_that_a_limit_raises(zero_point, share):
    """A ReLU has its limit at zero, and half of sums around zero lie below it."""
    limits = {"clamp_low": -128, "output_zero_point": zero_point}
    values = limits | {"count": 10, "shift": -3}
    assert paths_of(REQUANTISE, values)["unclamped"] == 10 * share


def test_rescaling_to_the_left_and_to_the_right():
    """A shift to the right by n is one by n - 1, rounding, and one by 1."""
    values = {"count": 6, "a_shift": -1, "b_shift": 2, "output_shift": -19, "clamp_low": -128}
    assert taken(paths_of(ADD, values)) == {
        "step": 1,
        "element": 6,
        "a_right": 6,
        "output_right": 6,
        "shifted": 6 * (0 + 2 + 18),
        "unclamped": 6,
    }


def walk_move(count, name, target, source, size):
    """memcpy or memset, byte by byte as firmware/memory.c."""
    count[name] += 1
    aligned = (target ^ source) % 4 == 0
    before = Counter()
    while aligned and size and target % 4:
        before["head"] += 1
        target, size = target + 1, size - 1
    while aligned and size >= 4:
        before["word"] += 1
        size -= 4
    before["tail"] += size
    for part, number in before.items():
        count[f"{name}_{part}s"] += number > 0
        count[f"{name}_{part}"] += number


@pytest.mark.parametrize(
    ("target", "size", "pitch"), [(0x100, 9, 12), (0x101, 9, 9), (0x102, 2, 5)]
)
def test_copy(target, size, pitch):
    values = {"input": 0x200, "output": target, "chunks": 5, "chunk_bytes": size}
    values |= {"input_pitch": size, "output_pitch": pitch}
    count = Counter(step=1)
    for chunk in range(5):
        walk_move(count, "copied", target + chunk * pitch, 0x200 + chunk * size, size)
    assert taken(paths_of(COPY, values)) == taken(count)


def test_pad():
    values = {"input": 0x203, "output": 0x101, "input_rows": 3, "input_cols": 4, "channels": 5}
    values |= {"top": 2, "left": 1, "bottom": 1, "right": 3}
    count, target = Counter(step=1), 0x101

    def fill(pixels):
        nonlocal target
        walk_move(count, "filled", target, target, 5 * pixels)
        target += 5 * pixels

    fill(2 * 8)
    for row in range(3):
        fill(1)
        walk_move(count, "copied", target, 0x203 + row * 20, 20)
        target += 20
        fill(3)
    fill(8)
    assert taken(paths_of(PAD, values)) == taken(count)


def test_parts_of_a_window_that_lie_in_the_image():
    for axis in [(5, 1, 2, 3, 4), (4, 2, 0, 5, 9), (3, 3, 4, 2, 2)]:
        outputs, stride, padding, kernel, size = axis
        expected = [
            sum(0 <= out * stride - padding + tap < size for tap in range(kernel))
            for out in range(outputs)
        ]
        assert window_counts(*axis).tolist() == expected
