"""Steps that compute an output element from one element of each operand."""

from __future__ import annotations

from hw.spec import numerics as nm
from hw.spec.steps.images import CLAMP, QUANT
from hw.spec.steps.kind import Bound, MainMemory, StepKind, Values

_ADD_FACTORS = (
    "a_multiplier",
    "a_shift",
    "b_multiplier",
    "b_shift",
    "output_multiplier",
    "output_shift",
)


def _add(v: Values, memory: MainMemory) -> None:
    total = nm.add(
        memory.read(v["a"], v["count"]),
        v["a_zero_point"],
        memory.read(v["b"], v["count"]),
        v["b_zero_point"],
        nm.AddParameters(**{name: v[name] for name in _ADD_FACTORS}),
        v["output_zero_point"],
        v["clamp_low"],
        v["clamp_high"],
    )
    memory.write(v["output"], total)


def _count_bound(v: Values) -> Bound:
    return Bound(v["count"], v["count"])


ADD = StepKind(
    "ADD",
    (
        "a*",
        "b*",
        "output*",
        "count",
        "a_zero_point",
        "b_zero_point",
        "output_zero_point",
        *_ADD_FACTORS,
        *CLAMP,
    ),
    _add,
    _count_bound,
)


def _requantise(v: Values, memory: MainMemory) -> None:
    result = nm.rescale(
        memory.read(v["input"], v["count"]),
        v["input_zero_point"],
        v["multiplier"],
        v["shift"],
        v["output_zero_point"],
        v["clamp_low"],
        v["clamp_high"],
    )
    memory.write(v["output"], result)


REQUANTISE = StepKind(
    "REQUANTISE",
    # output = clamp(requantise(input - zero point)): RELU, RELU6, QUANTIZE
    ("input*", "output*", "count", "multiplier", "shift", *QUANT),
    _requantise,
    _count_bound,
)
