"""What firmware and the CPU's operators take: instruction paths, and refills of the caches.

The figures belong to the compiled firmware. Those of the driver are differences of the time stamps
of RTL runs at memory latencies of 3, 8, 20 and 30 cycles, on which they lie exactly. Those of the
softmax are a least-squares fit of the kernel's paths to 42 runs, 14 inputs of each MLPerf Tiny
classifier; tests/verification/test_model.py holds it within 3% on one input of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hw.spec import numerics as nm
from hw.spec.config import SocConfig
from hw.spec.errors import RequestError
from hw.spec.numerics import Int8Array
from hw.spec.program import Step, StepKind


@dataclass(frozen=True)
class Cost:
    """Cycles of a piece of firmware: its own, and refills of a cache line from main memory."""

    cycles: int
    refills: int

    def at(self, soc: SocConfig) -> int:
        """Cycles with this main memory."""
        return self.cycles + self.refills * soc.memory_latency


@dataclass(frozen=True)
class Firmware:
    """The driver and the kernels on a CPU.

    Attributes
    ----------
    start: from a step's time stamp to the pulse that starts its command stream.
    finish: from the interrupt to the step's second time stamp.
    awake: of an NPU step, all that the CPU is not asleep.
    return_from_npu, return_from_cpu: from the last step's second time stamp to the end of the
        inference, by the kind of that step.
    softmax: a softmax without its elements.
    """

    start: Cost
    finish: Cost
    awake: Cost
    return_from_npu: Cost
    return_from_cpu: Cost
    softmax: Cost


_FIRMWARE: Mapping[str, Firmware] = {
    "full": Firmware(
        start=Cost(102, 5),
        finish=Cost(106, 3),
        awake=Cost(213, 9),
        return_from_npu=Cost(72, 4),
        return_from_cpu=Cost(44, 2),
        softmax=Cost(833, 38),
    ),
    "imac": Firmware(
        start=Cost(98, 5),
        finish=Cost(104, 3),
        awake=Cost(204, 9),
        return_from_npu=Cost(63, 4),
        return_from_cpu=Cost(43, 2),
        softmax=Cost(756, 38),
    ),
}

SOFTMAX_EXPONENTIAL = Cost(167, 11)
"""The first exponential that is computed: its code is not in the cache."""

SOFTMAX_ELEMENT = 41
"""Of each element: the search for the largest one, and both loops."""

SOFTMAX_COUNTED = 79
"""Of each that is not too far from the largest one to count."""

SOFTMAX_COMPUTED = 81
"""Of each whose exponential is neither 1 nor 0: see firmware/kernels/softmax.c."""

SOFTMAX_FACTOR = 13
"""Of each factor of such an exponential, a bit of the difference in quarters."""

_QUARTER = 1 << 24
_SMALLEST = -14 * 4 * _QUARTER
_FACTOR_BITS = 6


@dataclass(frozen=True)
class SoftmaxPaths:
    """How often the kernel takes each of its paths."""

    elements: int
    counted: int
    computed: int
    factors: int


def firmware_of(soc: SocConfig) -> Firmware:
    """Figures of a CPU. Raises RequestError if there are none."""
    if soc.cpu not in _FIRMWARE:
        raise RequestError(
            f"the model backend has no figures for the CPU {soc.cpu}; set cpu to "
            f"{' or '.join(_FIRMWARE)}, or use --backend rtl"
        )
    return _FIRMWARE[soc.cpu]


def step_cycles(step: Step, values: Int8Array | None, soc: SocConfig) -> int:
    """Cycles of an operator on the CPU.

    ``values``: its input, if that is known. Raises RequestError for an operator without figures.
    """
    if step.kind is not StepKind.SOFTMAX:
        raise RequestError(
            f"the model backend has no figures for {step.kind.name} on the CPU (layer "
            f"{step.layer}); use --backend rtl"
        )
    paths = softmax_paths(step, values)
    cycles = (
        firmware_of(soc).softmax.at(soc)
        + paths.elements * SOFTMAX_ELEMENT
        + paths.counted * SOFTMAX_COUNTED
        + paths.computed * SOFTMAX_COMPUTED
        + paths.factors * SOFTMAX_FACTOR
    )
    return cycles + (SOFTMAX_EXPONENTIAL.at(soc) if paths.computed else 0)


def softmax_paths(step: Step, values: Int8Array | None) -> SoftmaxPaths:
    """From the elements; where they are not known, all are computed, with half of the factors."""
    v = step.values
    elements = v["rows"] * v["cols"]
    if values is None:
        computed = elements - v["rows"]
        return SoftmaxPaths(elements, elements, computed, computed * _FACTOR_BITS // 2)
    x = values.reshape(v["rows"], v["cols"]).astype(np.int32)
    difference = x - x.max(axis=1, keepdims=True)
    counted = difference[difference >= v["diff_min"]].astype(np.int64)
    scaled = nm.saturating_rounding_doubling_high_mul(
        nm.wrap_int32(counted << v["left_shift"]), v["multiplier"]
    )
    computed = scaled[(scaled != 0) & (scaled >= _SMALLEST)]
    quarters = ((computed & (_QUARTER - 1)) - _QUARTER - computed) >> 24
    factors = sum(int((quarters >> bit & 1).sum()) for bit in range(_FACTOR_BITS))
    return SoftmaxPaths(elements, counted.size, computed.size, factors)
