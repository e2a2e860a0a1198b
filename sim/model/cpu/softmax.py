"""How often the softmax takes each of its paths: the one operator whose input decides."""

from __future__ import annotations

import numpy as np

from hw.spec import numerics as nm
from hw.spec.numerics import Int8Array
from hw.spec.program import Step
from sim.model.cpu.paths import Paths

KEPT = 64
"""Exponentials of a row that are kept; those behind are worked out twice."""

_QUARTER = 1 << 24
_SMALLEST = -14 * 4 * _QUARTER
_FACTORS = tuple(f"factor_{bit}" for bit in range(6))


def softmax_paths(step: Step, values: Int8Array | None) -> Paths:
    """From the elements; where they are not known, all are computed, with half of the factors.

    ``exponential`` is taken by elements that are not too far from the largest to count,
    ``computed`` if it is neither 1 nor 0, ``factor_0`` and so on by each bit of the difference in
    quarters, and ``counted`` by elements whose probability is not 0 from the start.
    """
    v = step.values
    elements = v["rows"] * v["cols"]
    paths = {"step": 1, "row": v["rows"], "element": elements}
    twice = np.where(np.arange(v["cols"]) < KEPT, 1, 2)
    if values is None:
        computed = v["rows"] * (int(twice.sum()) - 1)
        return {
            **paths,
            "counted": elements,
            "exponential": computed + v["rows"],
            "computed": computed,
            **dict.fromkeys(_FACTORS, computed // 2),
        }
    x = values.reshape(v["rows"], v["cols"]).astype(np.int32)
    difference = x - x.max(axis=1, keepdims=True)
    counted = difference >= v["diff_min"]
    scaled = nm.saturating_rounding_doubling_high_mul(
        nm.wrap_int32(np.where(counted, difference, 0).astype(np.int64) << v["left_shift"]),
        v["multiplier"],
    )
    computed = counted & (scaled != 0) & (scaled >= _SMALLEST)
    quarters = ((scaled & (_QUARTER - 1)) - _QUARTER - scaled) >> 24
    factors = [computed & (quarters >> bit & 1).astype(np.bool_) for bit in range(len(_FACTORS))]
    return {
        **paths,
        "counted": int(counted.sum()),
        "exponential": int((counted * twice).sum()),
        "computed": int((computed * twice).sum()),
        **{name: int((taken * twice).sum()) for name, taken in zip(_FACTORS, factors, strict=True)},
    }
