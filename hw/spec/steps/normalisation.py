"""Steps that normalise or sum up rows of int8."""

from __future__ import annotations

from math import prod

from tilewright.hw.spec.normalisation import (
    LogSoftmaxParameters,
    cumsum,
    l2_normalization,
    log_softmax,
)
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _l2_normalization(v: Values, memory: MainMemory) -> None:
    x = memory.read(v["input"], v["rows"] * v["cols"]).reshape(v["rows"], v["cols"])
    memory.write(v["output"], l2_normalization(x, v["input_zero_point"]).reshape(-1))


def _rows_bound(v: Values) -> Bound:
    elements = 4 * v["rows"] * v["cols"] + 16 * v["rows"]
    return Bound(elements, elements)


L2_NORMALIZATION = StepKind(
    "L2_NORMALIZATION",
    # rows x cols, each row divided by its Euclidean norm; scale 1/128, zero point 0
    ("input*", "output*", "rows", "cols", "input_zero_point"),
    _l2_normalization,
    _rows_bound,
)

_LOG_SOFTMAX = ("multiplier", "left_shift", "reverse_multiplier", "reverse_shift", "diff_min")


def _log_softmax(v: Values, memory: MainMemory) -> None:
    x = memory.read(v["input"], v["rows"] * v["cols"]).reshape(v["rows"], v["cols"])
    names = (*_LOG_SOFTMAX[:-1], "smallest_difference")
    values = dict(zip(names, (v[name] for name in _LOG_SOFTMAX), strict=True))
    output = v["output_multiplier"], v["output_shift"], v["output_zero_point"]
    result = log_softmax(x, LogSoftmaxParameters(**values), output if output[0] else None)
    memory.write(v["output"], result.reshape(-1))


LOG_SOFTMAX = StepKind(
    "LOG_SOFTMAX",
    # rows x cols; factor of differences and its reciprocal, diff_min as SOFTMAX; factor of the
    # logarithm, output_multiplier 0: the result has scale 1/16
    (
        "input*",
        "output*",
        "rows",
        "cols",
        *_LOG_SOFTMAX,
        "output_multiplier",
        "output_shift",
        "output_zero_point",
    ),
    _log_softmax,
    _rows_bound,
)


def _cumsum(v: Values, memory: MainMemory) -> None:
    shape = (v["outer"], v["depth"], v["inner"])
    result = cumsum(
        memory.read(v["input"], prod(shape)).reshape(shape),
        (v["input_zero_point"], v["output_zero_point"]),
        (v["multiplier"], v["shift"]),
        exclusive=bool(v["exclusive"]),
        reverse=bool(v["reverse"]),
        first=v["first"],
        left_shift=v["left_shift"],
    )
    memory.write(v["output"], result.reshape(-1))


def _cumsum_bound(v: Values) -> Bound:
    elements = v["outer"] * v["depth"] * v["inner"]
    return Bound(elements, elements)


CUMSUM = StepKind(
    "CUMSUM",
    # int8 [outer][depth][inner], summed along depth from first on, widened by left_shift bits and
    # rescaled; exclusive and reverse are 0 or 1
    (
        "input*",
        "output*",
        "outer",
        "depth",
        "inner",
        "exclusive",
        "reverse",
        "first",
        "left_shift",
        "multiplier",
        "shift",
        "input_zero_point",
        "output_zero_point",
    ),
    _cumsum,
    _cumsum_bound,
)
