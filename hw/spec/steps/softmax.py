"""Steps with exponentials over rows."""

from __future__ import annotations

from hw.spec.softmax import SoftmaxParameters, softmax
from hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _softmax(v: Values, memory: MainMemory) -> None:
    x = memory.read(v["input"], v["rows"] * v["cols"]).reshape(v["rows"], v["cols"])
    parameters = SoftmaxParameters(
        multiplier=v["multiplier"], left_shift=v["left_shift"], smallest_difference=v["diff_min"]
    )
    memory.write(v["output"], softmax(x, parameters).reshape(-1))


def _softmax_bound(v: Values) -> Bound:
    elements = 4 * v["rows"] * v["cols"]
    return Bound(elements, elements)


SOFTMAX = StepKind(
    "SOFTMAX",
    # rows x cols; multiplier, left_shift, diff_min as TFLM's SoftmaxParams
    ("input*", "output*", "rows", "cols", "multiplier", "left_shift", "diff_min"),
    _softmax,
    _softmax_bound,
)
