"""Operators of TensorFlow Lite Micro that look at a window, a row or a whole image, in NumPy.

Tensors are NHWC. The batch N may be any number: networks have 1, tests run many inputs at once.
`padding` is (top, left, bottom, right), `stride` and `window` are (vertical, horizontal), all in
pixels. Convolutions return int32 accumulators; `hw.spec.numerics.requantise` makes int8 of them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.exact import exact_matmul

Window = tuple[int, int]
Padding = tuple[int, int, int, int]
_LARGEST_DIFFERENCE = 255
"""Of an int8 value and a zero point."""


def pad(x: NDArray[np.int8], padding: Padding, value: int) -> nm.Int8Array:
    """PAD of H and W with `value` (the tensor's zero point): [N,H,W,C] int8."""
    return _surrounded(x, padding, value)


def _surrounded(x: NDArray[Any], padding: Padding, value: int) -> NDArray[Any]:
    """Return [N,H,W,C] with pixels of one value around the image."""
    top, left, bottom, right = padding
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)


def conv_2d(
    x: NDArray[np.int8],
    weights: NDArray[np.int8],
    bias: NDArray[np.int32],
    *,
    input_zero_point: int,
    stride: Window,
    padding: Padding,
    dilation: Window = (1, 1),
    upsampling: Window = (1, 1),
    weights_zero_point: int = 0,
) -> nm.Int32Array:
    """CONV_2D: x [N,H,W,Ci], weights [Co,Kh,Kw,Ci/groups], bias [Co] to sums [N,Ho,Wo,Co].

    With `upsampling` (as of TRANSPOSE_CONV) x is a larger image, in which so many pixels less one
    that count nothing lie between its own; `padding` surrounds that.
    """
    windows = _Windows(weights.shape[1:3], stride, padding, dilation, upsampling)
    # At most 255 in magnitude: whole numbers that float32 holds, so that no later copy converts.
    centred = x.astype(np.float32) - np.float32(input_zero_point)
    factors = weights.astype(np.float32) - np.float32(weights_zero_point)
    sums = _products(centred, factors, windows, _LARGEST_DIFFERENCE * _LARGEST_DIFFERENCE)
    return nm.wrap_int32(sums + bias)


def conv_2d_16x8(
    x: NDArray[np.int16],
    weights: NDArray[np.int8],
    bias: NDArray[Any],
    *,
    stride: Window,
    padding: Padding,
    dilation: Window = (1, 1),
    upsampling: Window = (1, 1),
) -> nm.Int64Array:
    """CONV_2D of int16 without zero points: `conv_2d` with int64 sums."""
    windows = _Windows(weights.shape[1:3], stride, padding, dilation, upsampling)
    sums = _products(x.astype(np.float32), weights.astype(np.float32), windows, 1 << 22)
    return sums + bias.astype(np.int64)


class _Windows(NamedTuple):
    """Where the windows of a convolution lie; (vertical, horizontal) but for the padding."""

    kernel: tuple[int, ...]
    stride: Window
    padding: Padding
    dilation: Window
    upsampling: Window

    def of(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the views [N,Ho,Wo,C,Kh,Kw] of an image whose padding is zero."""
        n, h, w, channels = image.shape
        (top, left, bottom, right), (up_rows, up_cols) = self.padding, self.upsampling
        rows, cols = (h - 1) * up_rows + 1, (w - 1) * up_cols + 1
        larger = np.zeros((n, top + rows + bottom, left + cols + right, channels), np.float32)
        larger[:, top : top + rows : up_rows, left : left + cols : up_cols] = image
        extents = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]
        views = sliding_window_view(larger, extents, axis=(1, 2))  # pyright: ignore
        views = views[:, :: self.stride[0], :: self.stride[1]]
        return views[..., :: self.dilation[0], :: self.dilation[1]]


def _products(
    image: NDArray[np.float32], weights: NDArray[np.float32], windows: _Windows, largest: int
) -> nm.Int64Array:
    """Return the sums of products [N,Ho,Wo,Co]; `largest` bounds the magnitude of a product."""
    outputs, _, _, depth = weights.shape
    groups = image.shape[3] // depth
    share = outputs // groups
    parts: list[nm.Int64Array] = []
    for group in range(groups):
        views = windows.of(image[..., group * depth : (group + 1) * depth])
        n, ho, wo = views.shape[:3]
        columns = views.transpose(0, 1, 2, 4, 5, 3).reshape(n * ho * wo, -1)
        own = weights[group * share : (group + 1) * share].reshape(share, -1)
        parts.append(exact_matmul(columns, own.T, largest).reshape(n, ho, wo, share))
    return np.concatenate(parts, axis=3)


def depthwise_conv_2d(
    x: NDArray[np.int8],
    weights: NDArray[np.int8],
    bias: NDArray[np.int32],
    *,
    input_zero_point: int,
    stride: Window,
    padding: Padding,
    dilation: Window = (1, 1),
    weights_zero_point: int = 0,
) -> nm.Int32Array:
    """DEPTHWISE_CONV_2D: x [N,H,W,Ci], weights [Kh,Kw,Ci*m], bias [Ci*m] to [N,Ho,Wo,Ci*m]."""
    kh, kw, channels = weights.shape
    factors = weights.astype(np.int32) - np.int32(weights_zero_point)
    centred = pad(x, padding, input_zero_point).astype(np.int32) - np.int32(input_zero_point)
    centred = np.repeat(centred, channels // x.shape[3], axis=3)
    ho = (centred.shape[1] - (kh - 1) * dilation[0] - 1) // stride[0] + 1
    wo = (centred.shape[2] - (kw - 1) * dilation[1] - 1) // stride[1] + 1
    sums = np.broadcast_to(bias.astype(np.int32), (x.shape[0], ho, wo, channels)).copy()
    for row in range(kh):
        for column in range(kw):
            top, left = row * dilation[0], column * dilation[1]
            rows = slice(top, top + (ho - 1) * stride[0] + 1, stride[0])
            columns = slice(left, left + (wo - 1) * stride[1] + 1, stride[1])
            sums += centred[:, rows, columns] * factors[row, column]
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
    return nm.wrap_int32(exact_matmul(rows, weights.T, _LARGEST_DIFFERENCE * 128) + bias)


def matmul(
    left: NDArray[Any], right: NDArray[Any], left_zero_point: int, right_zero_point: int
) -> nm.Int64Array:
    """BATCH_MATMUL of one batch: int8 or int16 [M,K] and [N,K] to sums [M,N]."""
    largest = 1 << 30 if left.dtype == np.int16 else _LARGEST_DIFFERENCE**2
    wide = left.astype(np.int32) - left_zero_point, right.astype(np.int32) - right_zero_point
    return exact_matmul(wide[0], wide[1].T, largest)


def average_pool_2d(
    x: NDArray[nm.Activation],
    *,
    window: Window,
    stride: Window,
    padding: Padding,
    lo: int = -128,
    hi: int = 127,
) -> NDArray[nm.Activation]:
    """AVERAGE_POOL_2D of [N,H,W,C]: over the pixels inside the image, half away from zero."""
    zeros = _surrounded(x.astype(np.int32), padding, 0)
    sums = sliding_window_view(zeros, window, axis=(1, 2)).sum(axis=(4, 5), dtype=np.int64)
    inside = _surrounded(np.ones((1, *x.shape[1:3], 1), np.int8), padding, 0)
    counts = sliding_window_view(inside, window, axis=(1, 2)).sum(axis=(4, 5), dtype=np.int64)
    sums, counts = (a[:, :: stride[0], :: stride[1]] for a in (sums, counts))
    magnitude = (np.abs(sums) + counts // 2) // counts
    return np.clip(np.sign(sums) * magnitude, lo, hi).astype(x.dtype)


def max_pool_2d(
    x: NDArray[nm.Activation],
    *,
    window: Window,
    stride: Window,
    padding: Padding,
    lo: int = -128,
    hi: int = 127,
) -> NDArray[nm.Activation]:
    """MAX_POOL_2D of [N,H,W,C]; pixels outside the image never win."""
    lowest = _surrounded(x, padding, int(np.iinfo(x.dtype).min))
    windows = sliding_window_view(lowest, window, axis=(1, 2))
    largest = windows[:, :: stride[0], :: stride[1]].max(axis=(4, 5))
    return np.clip(largest, lo, hi).astype(x.dtype)


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
