"""Operators of TensorFlow Lite Micro that look at a window, a row or a whole image, in NumPy.

Tensors are NHWC. The batch N may be any number: networks have 1, tests run many inputs at once.
`padding` is (top, left, bottom, right), `stride` and `window` are (vertical, horizontal), all in
pixels. Convolutions return int32 accumulators; `hw.spec.numerics.requantise` makes int8 of them.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hw.spec import numerics as nm
from hw.spec.exact import exact_matmul

Window = tuple[int, int]
Padding = tuple[int, int, int, int]
_LARGEST_PRODUCT = 255 * 128
"""Of a value less its zero point, and a weight."""


def pad(x: NDArray[np.int8], padding: Padding, value: int) -> nm.Int8Array:
    """PAD of H and W with `value` (the tensor's zero point): [N,H,W,C] int8."""
    top, left, bottom, right = padding
    around = ((0, 0), (top, bottom), (left, right), (0, 0))
    return np.pad(x, around, constant_values=np.int8(value))


def conv_2d(
    x: NDArray[np.int8],
    weights: NDArray[np.int8],
    bias: NDArray[np.int32],
    *,
    input_zero_point: int,
    stride: Window,
    padding: Padding,
) -> nm.Int32Array:
    """CONV_2D: x [N,H,W,Ci], weights [Co,Kh,Kw,Ci], bias [Co] to accumulators [N,Ho,Wo,Co]."""
    channels, kh, kw, _ = weights.shape
    taps = weights[0].size
    # At most 255 in magnitude: whole numbers that float32 holds, so that no later copy converts.
    centred = pad(x, padding, input_zero_point).astype(np.float32) - np.float32(input_zero_point)
    windows = sliding_window_view(centred, (kh, kw), axis=(1, 2))[:, :: stride[0], :: stride[1]]
    n, ho, wo = windows.shape[:3]
    columns = windows.transpose(0, 1, 2, 4, 5, 3).reshape(n * ho * wo, taps)
    sums = exact_matmul(columns, weights.reshape(channels, taps).T, _LARGEST_PRODUCT)
    return nm.wrap_int32(sums + bias).reshape(n, ho, wo, channels)


def depthwise_conv_2d(
    x: NDArray[np.int8],
    weights: NDArray[np.int8],
    bias: NDArray[np.int32],
    *,
    input_zero_point: int,
    stride: Window,
    padding: Padding,
) -> nm.Int32Array:
    """DEPTHWISE_CONV_2D: x [N,H,W,Ci], weights [Kh,Kw,Ci*m], bias [Ci*m] to [N,Ho,Wo,Ci*m]."""
    kh, kw, channels = weights.shape
    centred = pad(x, padding, input_zero_point).astype(np.int32) - np.int32(input_zero_point)
    centred = np.repeat(centred, channels // x.shape[3], axis=3)
    ho = (centred.shape[1] - kh) // stride[0] + 1
    wo = (centred.shape[2] - kw) // stride[1] + 1
    sums = np.broadcast_to(bias.astype(np.int32), (x.shape[0], ho, wo, channels)).copy()
    for row in range(kh):
        for column in range(kw):
            rows = slice(row, row + (ho - 1) * stride[0] + 1, stride[0])
            columns = slice(column, column + (wo - 1) * stride[1] + 1, stride[1])
            sums += centred[:, rows, columns] * weights[row, column].astype(np.int32)
    return sums


def fully_connected(
    x: NDArray[np.int8],
    weights: NDArray[np.int8],
    bias: NDArray[np.int32],
    *,
    input_zero_point: int,
) -> nm.Int32Array:
    """FULLY_CONNECTED: x [N,...] of Ci elements a row, weights [Co,Ci], bias [Co] to [N,Co]."""
    rows = x.reshape(-1, weights.shape[1]).astype(np.int32) - input_zero_point
    return nm.wrap_int32(exact_matmul(rows, weights.T, _LARGEST_PRODUCT) + bias)


def average_pool_2d(
    x: NDArray[np.int8],
    *,
    window: Window,
    stride: Window,
    padding: Padding,
    lo: int = -128,
    hi: int = 127,
) -> nm.Int8Array:
    """AVERAGE_POOL_2D of [N,H,W,C]: over the pixels inside the image, half away from zero."""
    zeros = pad(x, padding, 0).astype(np.int32)
    sums = sliding_window_view(zeros, window, axis=(1, 2)).sum(axis=(4, 5), dtype=np.int64)
    inside = pad(np.ones((1, *x.shape[1:3], 1), np.int8), padding, 0)
    counts = sliding_window_view(inside, window, axis=(1, 2)).sum(axis=(4, 5), dtype=np.int64)
    sums, counts = (a[:, :: stride[0], :: stride[1]] for a in (sums, counts))
    magnitude = (np.abs(sums) + counts // 2) // counts
    return nm.clamp_int8(np.sign(sums) * magnitude, lo, hi)


def max_pool_2d(
    x: NDArray[np.int8],
    *,
    window: Window,
    stride: Window,
    padding: Padding,
    lo: int = -128,
    hi: int = 127,
) -> nm.Int8Array:
    """MAX_POOL_2D of [N,H,W,C]; pixels outside the image never win."""
    windows = sliding_window_view(pad(x, padding, -128), window, axis=(1, 2))
    return nm.clamp_int8(windows[:, :: stride[0], :: stride[1]].max(axis=(4, 5)), lo, hi)


def mean_parameters(input_scale: float, output_scale: float, pixels: int) -> tuple[int, int]:
    """(multiplier, shift) of MEAN over so many pixels; the division is part of the factor."""
    multiplier, shift = nm.rescale_parameters(input_scale, output_scale)
    # TFLM keeps both the widened multiplier and the resulting shift in range.
    widen = min(pixels.bit_length() - 1, 32, 31 + shift)
    return (multiplier << widen) // pixels, shift - widen


def mean(
    x: NDArray[np.int8],
    *,
    input_zero_point: int,
    multiplier: int,
    shift: int,
    output_zero_point: int,
) -> nm.Int8Array:
    """MEAN over H and W: [N,H,W,C] to [N,C], with the factor that `mean_parameters` gives."""
    pixels = x.shape[1] * x.shape[2]
    sums = x.sum(axis=(1, 2), dtype=np.int64) - input_zero_point * pixels
    return nm.requantise(nm.wrap_int32(sums), multiplier, shift, output_zero_point)
