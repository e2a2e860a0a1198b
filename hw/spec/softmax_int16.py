"""SOFTMAX of TensorFlow Lite Micro, int16 to int16 of scale 1/32768, by interpolated tables.

A table has 513 entries over the range of an int16, 128 apart; values between them lie on a line.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm

Int16Array = NDArray[np.int16]
ENTRIES = 513
"""Of a table; the last one is the end of the last line."""
_OUTPUT = 1 << 15


def softmax_int16_parameters(input_scale: float, beta: float = 1.0) -> tuple[int, int]:
    """(multiplier, shift) that take the int16 range of differences to -10..0."""
    return nm.quantize_multiplier(input_scale * beta / (10.0 / 65535.0))


@cache
def exponential_table() -> tuple[int, ...]:
    """exp of -10..0 as Q0.15."""
    return tuple(_table(math.exp, -10.0, 0.0))


@cache
def reciprocal_table() -> tuple[int, ...]:
    """1 / (1 + x) for x of 0..1 as Q0.15."""
    return tuple(_table(lambda x: 1.0 / (1.0 + x), 0.0, 1.0))


def look_up(value: NDArray[Any], table: NDArray[np.int16]) -> nm.Int32Array:
    """The table's values for int16 inputs, on the line between two entries."""
    index, offset = 256 + (value >> 7), value & 127
    base, after = table[index].astype(np.int32), table[index + 1].astype(np.int32)
    return base + (((after - base) * offset + 64) >> 7)


def softmax_int16(
    x: Int16Array,
    factor: tuple[int, int],
    exponentials: Int16Array,
    reciprocals: Int16Array,
) -> Int16Array:
    """SOFTMAX over the last axis of int16 [rows, cols]; zero points are 0."""
    wide = x.astype(np.int64)
    difference = nm.wrap_int32(wide - wide.max(axis=-1, keepdims=True))
    scaled = nm.multiply_by_quantized_multiplier(difference, *factor).astype(np.int64)
    terms = look_up(np.clip(scaled + 32767, -32768, 32767), exponentials).astype(np.int64)
    total = terms.sum(axis=-1, keepdims=True)
    bits = np.frexp(total.astype(np.float64))[1]
    place = (((total << (31 - bits)) + (1 << 13)) >> 14) - ((1 << 15) + (1 << 16))
    reciprocal = look_up(np.clip(place, -32768, 32767), reciprocals)
    shift = bits.astype(np.int64) - 1
    result = (terms * reciprocal + (np.int64(1) << (shift - 1))) >> shift
    return np.clip(result, 0, 32767).astype(np.int16)


def _table(function: Callable[[float], float], low: float, high: float) -> list[int]:
    """Sample a function in single precision as TFLM does; entries make up for lines that err."""
    single = np.float32
    step = single((single(high) - single(low)) / single(ENTRIES - 1))
    half = single(step / single(2))

    def sample(x: np.float32) -> np.float32:
        return single(single(function(float(x))) * single(_OUTPUT))

    entries: list[float] = []
    for number in range(ENTRIES - 1):
        place = single(single(low) + single(number) * step)
        value = _rounded(sample(place))
        after = sample(single(single(low) + single(number + 1) * step))
        line = _rounded(single((after + value) / single(2)))
        error = single(line - _rounded(sample(single(place + half))))
        entries.append(float(value - _rounded(single(error / single(2)))))
    entries.append(float(_rounded(sample(single(high)))))
    return [int(min(max(entry, -32768.0), 32767.0)) for entry in entries]


def _rounded(x: np.float32) -> np.float32:
    """To the nearest integer, half away from zero."""
    return np.float32(math.copysign(math.floor(abs(float(x)) + 0.5), float(x)))
