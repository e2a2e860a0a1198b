"""From accumulators to int8, and the bytes in which the array takes its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.numerics import Int8Array, Int32Array

IDENTITY = (1 << 30, 1)
"""(multiplier, shift) of a factor of 1."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Requantisation:
    """From accumulators to int8: int32 [channels] each, then zero point and clamp.

    The input's zero point is folded into ``bias`` (modulo 2**32).
    """

    bias: Int32Array
    multipliers: Int32Array
    shifts: Int32Array
    zero_point: int = 0
    lo: int = -128
    hi: int = 127


def uniform(
    channels: int, bias: int, factor: tuple[int, int], zero_point: int = 0, lo: int = -128,
    hi: int = 127,
) -> Requantisation:  # fmt: skip
    """The same parameters for every channel."""
    return Requantisation(
        bias=nm.wrap_int32(np.full(channels, bias)),
        multipliers=np.full(channels, factor[0], dtype=np.int32),
        shifts=np.full(channels, factor[1], dtype=np.int32),
        zero_point=zero_point,
        lo=lo,
        hi=hi,
    )


def byte_planes(values: Int32Array) -> Int8Array:
    """Little-endian bytes of int32 values: int8 [values, 4]."""
    return np.ascontiguousarray(values.astype("<i4")).view(np.int8).reshape(-1, 4)
