"""Seeded random operators: shapes, windows and quantisation that reach every path of a kernel."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm

PLAIN_DEPTHWISE = {"dilation_rows": 1, "dilation_cols": 1, "weights_zero_point": 0}
"""Parameters of a DEPTHWISE_CONV_2D without anything special."""
PLAIN_CONV = PLAIN_DEPTHWISE | {
    "upsampling_rows": 1,
    "upsampling_cols": 1,
    "groups": 1,
    "element_bytes": 1,
    "bias_bytes": 4,
}
"""Parameters of a CONV_2D of int8 without anything special."""

SMALLEST_MULTIPLIER, LARGEST_MULTIPLIER = 1 << 30, (1 << 31) - 1


@dataclass(frozen=True)
class Image:
    """A window over an image; ``padding`` is (top, left, bottom, right)."""

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]

    @property
    def output(self) -> tuple[int, int]:
        (top, left, bottom, right), (kh, kw) = self.padding, self.kernel
        rows = (self.size[0] + top + bottom - kh) // self.stride[0] + 1
        return rows, (self.size[1] + left + right - kw) // self.stride[1] + 1

    def values(self, channels: int) -> dict[str, int]:
        """Parameters of a step of the Program."""
        return {
            "input_rows": self.size[0],
            "input_cols": self.size[1],
            "channels": channels,
            "output_rows": self.output[0],
            "output_cols": self.output[1],
            "kernel_rows": self.kernel[0],
            "kernel_cols": self.kernel[1],
            "stride_rows": self.stride[0],
            "stride_cols": self.stride[1],
            "pad_top": self.padding[0],
            "pad_left": self.padding[1],
        }


def random_image(rng: Generator) -> Image:
    """Every window keeps at least one pixel of the image."""
    while True:
        kernel = tuple(int(n) for n in rng.integers(1, 6, 2))
        size = tuple(int(n) for n in rng.integers(1, 10, 2))
        stride = tuple(int(n) for n in rng.integers(1, 4, 2))
        before = [int(rng.integers(0, k)) for k in kernel]
        after = [int(rng.integers(0, k)) for k in kernel]
        image = Image(size, kernel, stride, (*before, *after))
        if min(image.output) >= 1:
            return image


def random_int8(rng: Generator, *shape: int) -> NDArray[np.int8]:
    """Now and then nothing but the ends of the range."""
    if rng.random() < 0.2:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    return rng.integers(-128, 128, shape, dtype=np.int8)


def random_bias(rng: Generator, channels: int) -> NDArray[np.int32]:
    """Mostly of the size of the sums; sometimes so large that the total overflows."""
    limit = 1 << int(rng.choice([10, 16, 31]))
    return rng.integers(-limit, limit, channels).astype(np.int32)


def random_factors(rng: Generator, count: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(multipliers, shifts) from -31 to 7, most of them where sums of products end up in int8."""
    multipliers = rng.integers(SMALLEST_MULTIPLIER, LARGEST_MULTIPLIER, count, endpoint=True)
    shifts = rng.integers(-9, -2, count)
    extremes = rng.random(count) < 0.25
    shifts = np.where(extremes, rng.integers(-31, 8, count), shifts)
    ends = [SMALLEST_MULTIPLIER, LARGEST_MULTIPLIER]
    multipliers = np.where(extremes, rng.choice(ends, count), multipliers)
    return multipliers.astype(np.int32), shifts.astype(np.int32)


def random_quantisation(rng: Generator) -> dict[str, int]:
    """Zero points and clamp."""
    low, high = sorted(int(n) for n in rng.integers(-128, 128, 2))
    if rng.random() < 0.5:
        low, high = -128, 127
    return {
        "input_zero_point": int(rng.integers(-128, 128)),
        "output_zero_point": int(rng.integers(-128, 128)),
        "clamp_low": low,
        "clamp_high": high,
    }


def random_scale(rng: Generator) -> float:
    return float(np.float32(2.0 ** rng.uniform(-7, -1)))


def random_zero_point(rng: Generator) -> int:
    return int(rng.choice([-128, 127, int(rng.integers(-128, 128))]))


def random_window(rng: Generator, same: bool) -> Image:
    """A window as TFLM's SAME or VALID padding gives it."""
    kernel, stride = (tuple(int(n) for n in rng.integers(1, high, 2)) for high in (5, 4))
    size = tuple(int(n) + k - 1 for n, k in zip(rng.integers(1, 9, 2), kernel, strict=True))
    before, after = [], []
    for n, k, step in zip(size, kernel, stride, strict=True):
        total = max((-(-n // step) - 1) * step + k - n, 0) if same else 0
        before.append(total // 2)
        after.append(total - total // 2)
    return Image(size, kernel, stride, (*before, *after))


def random_activation(rng: Generator, y: tuple[float, int]) -> tuple[str, int, int]:
    """Name and the clamp that it means for the output's (scale, zero point)."""
    name = str(rng.choice(["NONE", "RELU", "RELU6"]))
    low, high = {"NONE": (None, None), "RELU": (0.0, None), "RELU6": (0.0, 6.0)}[name]
    return name, *nm.activation_range(*y, low, high)


def random_int16(rng: Generator, *shape: int) -> NDArray[np.int16]:
    """Now and then nothing but the ends of the range."""
    if rng.random() < 0.2:
        return rng.choice(np.array([-32768, 32767], np.int16), shape)
    return rng.integers(-32768, 32768, shape, dtype=np.int16)


def random_int16_activation(rng: Generator, scale: float) -> tuple[str, int, int]:
    """Name and the clamp that it means for int16 with zero point 0."""
    name = str(rng.choice(["NONE", "RELU", "RELU6"]))
    six = min(32767, int(np.floor(np.float32(6.0) / np.float32(scale) + 0.5)))
    return name, *{"NONE": (-32768, 32767), "RELU": (0, 32767), "RELU6": (0, six)}[name]
