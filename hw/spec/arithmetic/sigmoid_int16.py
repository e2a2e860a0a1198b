"""LOGISTIC and TANH on int16: straight lines between the entries of one table.

The operand has 1/(3 * 4096) as its unit for both; the table has the logistic function at multiples
of 1/24. TANH is read from it at twice the operand: tanh(x) = 2 * logistic(2 * x) - 1.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

OUTPUT_SCALE = 1 / 32768
_INTEGER_BITS = 3
_ENTRIES = 256


@cache
def table() -> NDArray[np.uint16]:
    """Return the logistic function of 0, 1/24, 2/24 ... as uint16 [256] of 16 fraction bits.

    The entries are raised by half of what a line between two of them lacks in the middle. The last
    one is 1.
    """

    def logistic(places: NDArray[np.float64]) -> NDArray[np.float64]:
        return 65536 / (1 + np.exp(-places / 24))

    places = np.arange(_ENTRIES, dtype=np.float64)
    middle = (logistic(places) + logistic(places + 1)) / 2
    entries = np.rint(logistic(places) + (logistic(places + 0.5) - middle) / 2).astype(np.uint16)
    entries[-1] = 65535
    entries.flags.writeable = False
    return entries


def factor(scale: float, symmetric: bool) -> tuple[int, int]:
    """Return (multiplier, right shift) of the operand; ``symmetric``: for TANH."""
    bits = np.float32(math.log(np.float32(scale))) * np.float32(1 / math.log(2))
    power = round(float(bits))
    left = 15 - _INTEGER_BITS + power
    if abs(float(bits) - power) < 1e-3 and left in ((0, 1) if symmetric else (0,)):
        return 3 << left, 0
    multiplier, shift = scale * 4096 * 3, 0
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    return int(multiplier), shift


def sigmoid(
    x: NDArray[Any], entries: NDArray[Any], multiplier: int, shift: int, symmetric: bool
) -> NDArray[np.int16]:
    """LOGISTIC, or TANH where ``symmetric``, of int16 [...]."""
    half = 1 << (shift - 1) if shift else 0
    scaled = (x.astype(np.int64) * multiplier + half) >> shift
    size, bits = np.abs(scaled), 8 if symmetric else 9
    at, wide = size >> bits, entries.astype(np.int64)
    low, high = (wide[np.minimum(at + next_, _ENTRIES - 1)] for next_ in (0, 1))
    line = (low << bits) + (size & ((1 << bits) - 1)) * (high - low)
    beyond = at >= _ENTRIES - 1
    if symmetric:
        line = np.where(beyond, 0xFFFF << 8, line) - (1 << 23)
        return (np.where(scaled >= 0, line + 128, 127 - line) >> 8).astype(np.int16)
    line = np.where(beyond, 0x7FFF << 10, line)
    return (np.where(scaled >= 0, line + 512, (1 << 25) - line + 511) >> 10).astype(np.int16)
