import numpy as np

from tilewright.hw.spec import kernels
from tilewright.hw.spec import numerics as nm
from tilewright.mapper.operators.pooling import MAX_AVERAGE, average_factor


def test_the_factor_divides_every_sum_as_an_average_pool_does():
    """Both are monotone steps, so that equality on both sides of each step proves all sums."""
    steps = np.arange(-128, 128, dtype=np.int64)
    for count in range(1, MAX_AVERAGE + 1):
        near = steps * count + count // 2
        sums = np.concatenate([near - 1, near, near + 1, -near - 1, -near, -near + 1])
        sums = sums[np.abs(sums) <= 128 * count]
        expected = np.sign(sums) * ((np.abs(sums) + count // 2) // count)
        scaled = nm.requantise(sums.astype(np.int32), *average_factor(count), 0)
        assert np.array_equal(scaled, np.clip(expected, -128, 127)), count


def test_the_factor_against_the_kernel():
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, (1, 25, 5, 64), dtype=np.int8)
    pooled = kernels.average_pool_2d(x, window=(25, 5), stride=(1, 1), padding=(0, 0, 0, 0))
    sums = x.sum(axis=(1, 2), dtype=np.int32)
    assert np.array_equal(nm.requantise(sums, *average_factor(125), 0), pooled[:, 0, 0])
