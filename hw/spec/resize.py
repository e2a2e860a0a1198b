"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR of TensorFlow Lite Micro: which pixels are read.

An axis is resized from ``size`` to ``result`` pixels. ``align_corners`` makes the corners' centres
coincide, ``half_pixel_centers`` counts positions from the pixels' centres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm

FRACTION_BITS = 10
"""Bits behind the point of a bilinear position."""
_ONE = 1 << FRACTION_BITS


def nearest_indices(
    size: int, result: int, *, align_corners: bool, half_pixel_centers: bool
) -> list[int]:
    """Return the input index of each output index, computed in single precision as TFLM does."""
    steps = (size - 1, result - 1) if align_corners and result > 1 else (size, result)
    scale = np.float32(steps[0]) / np.float32(steps[1])
    places = np.arange(result, dtype=np.float32)
    if half_pixel_centers:
        places += np.float32(0.5)
    places *= scale
    # std::round goes away from zero at ties; nothing is negative here. The sum is exact in double.
    whole = np.floor(places.astype(np.float64) + 0.5) if align_corners else np.floor(places)
    return np.minimum(whole.astype(np.int64), size - 1).tolist()


@dataclass(frozen=True, kw_only=True)
class Taps:
    """Two neighbours of each output index of an axis, and how far it is from the lower one.

    fraction: in 1/2**FRACTION_BITS; where both neighbours are one pixel it may be out of 0..1.
    """

    lower: tuple[int, ...]
    upper: tuple[int, ...]
    fraction: tuple[int, ...]


def bilinear_taps(size: int, result: int, *, align_corners: bool, half_pixel_centers: bool) -> Taps:
    """Return what TFLM's integer arithmetic interpolates between along an axis."""
    steps = (size - 1, result - 1) if align_corners and result > 1 else (size, result)
    scale = (_ONE * steps[0] + steps[1] // 2) // steps[1]
    places = [index * scale for index in range(result)]
    if half_pixel_centers:
        places = [place + scale // 2 - _ONE // 2 for place in places]
    # TFLM would read outside of the image where a rounded scale leads there (a single pixel into
    # more than 1023).
    lower = [min(max(place, 0) // _ONE, size - 1) for place in places]
    # C rounds quotients towards zero: the ceiling of a negative position is 0 as well.
    upper = [min(max(place + _ONE - 1, 0) // _ONE, size - 1) for place in places]
    return Taps(
        lower=tuple(lower),
        upper=tuple(upper),
        fraction=tuple(place - _ONE * low for place, low in zip(places, lower, strict=True)),
    )


def resize_bilinear(x: NDArray[np.int8], rows: Taps, cols: Taps) -> nm.Int8Array:
    """RESIZE_BILINEAR of int8 [N,H,W,C]: four pixels weighted, half away from zero."""
    wide = x.astype(np.int64)
    total = np.int64(0)
    for row_places, row_weights in _sides(rows):
        for col_places, col_weights in _sides(cols):
            part = wide[:, list(row_places)][:, :, list(col_places)]
            total = total + part * row_weights[:, None, None] * col_weights[:, None]
    bits = 2 * FRACTION_BITS
    rounded = np.where(total > 0, 1, -1) * (1 << (bits - 1)) + total
    return (np.sign(rounded) * (np.abs(rounded) >> bits)).astype(np.int8)


def _sides(taps: Taps) -> list[tuple[tuple[int, ...], NDArray[np.int64]]]:
    fraction = np.array(taps.fraction, np.int64)
    return [(taps.lower, _ONE - fraction), (taps.upper, fraction)]
