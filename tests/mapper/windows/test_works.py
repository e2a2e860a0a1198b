"""Convolutions of every kind as works: each against the convolution written out in Python."""

from __future__ import annotations

import numpy as np
import pytest

from tests.mapper.windows_reference import results, run
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import array_of
from tilewright.mapper.windows.correlation import Axis, Correlation
from tilewright.mapper.windows.phases import dilated_phases, transposed_phases
from tilewright.mapper.windows.works import convolution_works
from tilewright.mapper.works.geometry import Operand
from tilewright.mapper.works.window import WindowWork

ARRAYS = [
    array_of(NpuConfig(rows=rows, cols=cols, depthwise_kernel=kernel))
    for rows, cols, kernel in ((8, 8, 3), (3, 5, 2), (16, 4, 3))
]


class Random:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def axis(self, *, dilation: int = 1, stride: int = 3) -> Axis:
        """Any padding, as much as a window before and behind the image."""
        size, taps = self.integer(1, 9), self.integer(1, 4)
        step, spread = self.integer(1, stride), self.integer(1, dilation)
        extent = (taps - 1) * spread + 1
        before = self.integer(0, extent)
        around = max(before + self.integer(0, extent) + size, extent)
        outputs = (around - extent) // step + 1
        return Axis(
            inputs=size, outputs=outputs, taps=taps, stride=step, dilation=spread, before=before
        )

    def transposed_axis(self, *, dilation: int = 1) -> Axis:
        size, taps, step = self.integer(1, 6), self.integer(1, 5), self.integer(1, 4)
        spread = self.integer(1, dilation)
        before = self.integer(0, 2)
        whole = (size - 1) * step + (taps - 1) * spread + 1
        outputs = max(whole - before - self.integer(-2, 2), 1)
        return Axis(
            inputs=size, outputs=outputs, taps=taps, stride=step, dilation=spread, before=before
        )

    def convolution(self, rows: Axis, cols: Axis, groups: int, channels: tuple[int, int]):
        inputs, outputs = channels
        count = groups * outputs
        image = (rows.inputs, cols.inputs, groups * inputs)
        return Correlation(
            source=Operand("x", image=image),
            target=Operand("y", image=(rows.outputs, cols.outputs, count)),
            rows=rows,
            cols=cols,
            groups=groups,
            zero_point=self.integer(-128, 127),
            weights=self.int8(count, rows.taps, cols.taps, inputs),
            bias=self.rng.integers(-4000, 4000, count).astype(np.int32),
            multipliers=self.rng.integers(1 << 30, 1 << 31, count).astype(np.int32),
            shifts=self.rng.integers(-9, -5, count).astype(np.int32),
            output_zero_point=self.integer(-40, 40),
            lo=-128,
            hi=self.integer(60, 127),
        )

    def int8(self, *shape: int) -> np.ndarray:
        return self.rng.integers(-128, 128, shape).astype(np.int8)


def all_of_them(_: WindowWork) -> bool:
    return True


def check(random: Random, convolution: Correlation, *, transposed: bool = False) -> None:
    x = random.int8(*convolution.input_shape)
    wanted = results(convolution, x, transposed=transposed)
    parts = transposed_phases(convolution) if transposed else [convolution]
    for array in ARRAYS:
        works = convolution_works(parts, array, all_of_them)
        assert np.array_equal(run(works, x, convolution.output_shape), wanted)


@pytest.mark.parametrize("seed", range(60))
def test_dilated(seed: int) -> None:
    random = Random(seed)
    rows, cols = random.axis(dilation=4), random.axis(dilation=4)
    convolution = random.convolution(rows, cols, 1, (random.integer(1, 5), random.integer(1, 9)))
    check(random, convolution)
    x = random.int8(*convolution.input_shape)
    works = convolution_works(dilated_phases(convolution), ARRAYS[0], all_of_them)
    found = run(works, x, convolution.output_shape)
    assert np.array_equal(found, results(convolution, x))
    assert all(work.dilation == (1, 1) for work in works)


@pytest.mark.parametrize("seed", range(60))
def test_grouped(seed: int) -> None:
    random = Random(seed)
    rows, cols = random.axis(dilation=2), random.axis(dilation=2)
    groups = random.integer(2, 6)
    check(
        random, random.convolution(rows, cols, groups, (random.integer(2, 4), random.integer(1, 5)))
    )


@pytest.mark.parametrize("seed", range(60))
def test_depthwise(seed: int) -> None:
    random = Random(seed)
    rows, cols = random.axis(dilation=3), random.axis(dilation=3)
    groups = random.integer(1, 12)
    check(random, random.convolution(rows, cols, groups, (1, random.integer(1, 10))))


@pytest.mark.parametrize("seed", range(60))
def test_transposed(seed: int) -> None:
    random = Random(seed)
    rows, cols = random.transposed_axis(dilation=3), random.transposed_axis(dilation=2)
    groups = random.integer(1, 3)
    channels = random.integer(1, 5), random.integer(1, 9)
    check(random, random.convolution(rows, cols, groups, channels), transposed=True)


@pytest.mark.parametrize("seed", range(20))
def test_along_one_axis(seed: int) -> None:
    random = Random(seed)
    one = Axis(inputs=1, outputs=1, taps=1)
    long = random.axis(dilation=3)
    rows, cols = (long, one) if seed % 2 else (one, long)
    convolution = random.convolution(rows, cols, 1, (random.integer(1, 5), random.integer(1, 9)))
    check(random, convolution)
    works = convolution_works([convolution], ARRAYS[0], all_of_them)
    assert works[0].kernel[0] == 1
