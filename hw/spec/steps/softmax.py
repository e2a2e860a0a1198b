"""Steps with exponentials over rows."""

from __future__ import annotations

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.softmax import SoftmaxParameters, softmax, softmax_wide
from tilewright.hw.spec.softmax_int16 import ENTRIES, softmax_int16
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _read(v: Values, memory: MainMemory) -> tuple[nm.Int8Array, SoftmaxParameters]:
    x = memory.read(v["input"], v["rows"] * v["cols"]).reshape(v["rows"], v["cols"])
    parameters = SoftmaxParameters(
        multiplier=v["multiplier"], left_shift=v["left_shift"], smallest_difference=v["diff_min"]
    )
    return x, parameters


def _softmax(v: Values, memory: MainMemory) -> None:
    memory.write(v["output"], softmax(*_read(v, memory)).reshape(-1))


def _softmax_wide(v: Values, memory: MainMemory) -> None:
    memory.write(v["output"], softmax_wide(*_read(v, memory)).reshape(-1))


def _softmax_bound(v: Values) -> Bound:
    elements = 4 * v["rows"] * v["cols"]
    return Bound(elements, elements)


_FIELDS = ("input*", "output*", "rows", "cols", "multiplier", "left_shift", "diff_min")

SOFTMAX = StepKind(
    "SOFTMAX",
    # rows x cols; multiplier, left_shift, diff_min as TFLM's SoftmaxParams
    _FIELDS,
    _softmax,
    _softmax_bound,
)


SOFTMAX_WIDE = StepKind(
    "SOFTMAX_WIDE",
    # int8 to int16 of scale 1/65536 and zero point -32768
    _FIELDS,
    _softmax_wide,
    _softmax_bound,
)


def _softmax_int16(v: Values, memory: MainMemory) -> None:
    x = memory.int16(v["input"], v["rows"] * v["cols"]).reshape(v["rows"], v["cols"])
    tables = [memory.int16(v[name], ENTRIES) for name in ("exponentials", "reciprocals")]
    result = softmax_int16(x, (v["multiplier"], v["shift"]), *tables)
    memory.write(v["output"], result.reshape(-1))


SOFTMAX_INT16 = StepKind(
    "SOFTMAX_INT16",
    # int16 to int16 of scale 1/32768; tables int16 [513]
    (
        "input*",
        "output*",
        "rows",
        "cols",
        "multiplier",
        "shift",
        "exponentials*",
        "reciprocals*",
    ),
    _softmax_int16,
    _softmax_bound,
)
