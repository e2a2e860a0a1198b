"""What tiles read together, against a count tile by tile."""

import numpy as np

from tilewright.mapper.works.window import _overlapping


def counted(
    first: int, end: int, size: int, stride: int, pad: int, kernel: int, extent: int
) -> int:
    read = 0
    for start in range(first, end, size):
        outputs = np.arange(start, min(start + size, end))
        inputs = np.arange(outputs[0] * stride - pad, outputs[-1] * stride - pad + kernel)
        read += int(((inputs >= 0) & (inputs < extent)).sum())
    return read


def test_equals_a_count_of_each_tile():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        first, stride, size = int(rng.integers(9)), int(rng.integers(1, 5)), int(rng.integers(1, 9))
        end, pad = first + int(rng.integers(1, 30)), int(rng.integers(-3, 8))
        kernel, extent = int(rng.integers(1, 9)), int(rng.integers(1, 60))
        found = _overlapping((first, end), size, stride, pad, kernel, extent)
        assert found == counted(first, end, size, stride, pad, kernel, extent)


def test_a_million_tiles():
    assert _overlapping((0, 1 << 40), 1, 1, 1, 3, 1 << 40) == 3 * (1 << 40) - 2
