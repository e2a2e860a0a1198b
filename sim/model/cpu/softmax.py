"""How often the softmax takes each of its paths: the one operator whose input decides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw.spec import numerics as nm
from hw.spec.numerics import Int8Array
from hw.spec.program import Step
from hw.spec.softmax import SUM_BITS, exp_on_negative_values
from sim.model.cpu.paths import Paths

KEPT = 64
"""Exponentials of a row that are kept; those behind are worked out twice."""

_QUARTER = 1 << 24
_SMALLEST = -14 * 4 * _QUARTER
_FACTORS = tuple(f"factor_{bit}" for bit in range(6))
_WORD_BITS = 32
_ZEROS_OF_ONE = SUM_BITS
"""Leading zeros of a sum between 1 and 2."""


def counted(step: Step, values: Int8Array | None) -> NDArray[np.bool_]:
    """Elements (rows, columns) that are not too far from their row's largest to count.

    All of them where the input is not known.
    """
    v = step.values
    if values is None:
        return np.ones((v["rows"], v["cols"]), np.bool_)
    return _differences(step, values) >= v["diff_min"]


def softmax_paths(step: Step, values: Int8Array | None) -> Paths:
    """From the elements; where they are not known, all are computed, with half of the factors.

    ``exponential`` is taken by elements that are not too far from the largest to count,
    ``computed`` if it is neither 1 nor 0, ``factor_0`` and so on by each bit of the difference in
    quarters, ``counted`` by elements whose probability is not 0 from the start, and
    ``leading_zero`` by each of the sum's.
    """
    v = step.values
    elements = v["rows"] * v["cols"]
    paths = {"step": 1, "row": v["rows"], "element": elements}
    twice = np.where(np.arange(v["cols"]) < KEPT, 1, 2)
    if values is None:
        computed = v["rows"] * (int(twice.sum()) - 1)
        half_of_them = 1 + (v["cols"] - 1) / 2
        return {
            **paths,
            "leading_zero": v["rows"] * (_ZEROS_OF_ONE - int(np.log2(half_of_them))),
            "counted": elements,
            "exponential": computed + v["rows"],
            "computed": computed,
            **dict.fromkeys(_FACTORS, computed // 2),
        }
    counts = counted(step, values)
    scaled = _scaled(step, np.where(counts, _differences(step, values), 0))
    computed = counts & (scaled != 0) & (scaled >= _SMALLEST)
    quarters = ((scaled & (_QUARTER - 1)) - _QUARTER - scaled) >> 24
    factors = [computed & (quarters >> bit & 1).astype(np.bool_) for bit in range(len(_FACTORS))]
    terms = nm.rounding_divide_by_pot(exp_on_negative_values(scaled), SUM_BITS)
    sums = np.where(counts, terms, 0).sum(axis=1, dtype=np.int64)
    return {
        **paths,
        "leading_zero": sum(_WORD_BITS - total.bit_length() for total in sums.tolist()),
        "counted": int(counts.sum()),
        "exponential": int((counts * twice).sum()),
        "computed": int((computed * twice).sum()),
        **{name: int((taken * twice).sum()) for name, taken in zip(_FACTORS, factors, strict=True)},
    }


def _differences(step: Step, values: Int8Array) -> NDArray[np.int32]:
    """From each row's largest element."""
    x = values.reshape(step.values["rows"], step.values["cols"]).astype(np.int32)
    return x - x.max(axis=1, keepdims=True)


def _scaled(step: Step, differences: NDArray[np.int32]) -> NDArray[np.int32]:
    """In Q5.26."""
    wide = nm.wrap_int32(differences.astype(np.int64) << step.values["left_shift"])
    return nm.saturating_rounding_doubling_high_mul(wide, step.values["multiplier"])
