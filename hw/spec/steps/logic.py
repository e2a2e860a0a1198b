"""Steps of comparisons and choices: booleans are bytes of 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.steps.broadcast import (
    BROADCAST,
    broadcast_bound,
    offsets,
    read_elements,
    write_elements,
)
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values

LEFT_SHIFT = 8
"""Bits by which COMPARISON widens scaled operands."""

_SIDES = ("a", "b")
_SCALES = ("zero_point", "multiplier", "shift")


def _comparison(v: Values, memory: MainMemory) -> None:
    a, b = (
        _operand(v, memory, side, where)
        for side, where in zip(_SIDES, offsets(v, memory), strict=True)
    )
    holds = a == b if v["equal"] else a > b
    memory.write(v["output"], (holds != bool(v["inverted"])).astype(np.int8))


def _operand(v: Values, memory: MainMemory, side: str, where: NDArray[np.int64]) -> NDArray[Any]:
    """One operand, rescaled where it has a scale."""
    size = v["element_bytes"]
    index = where // size
    count = int(index.max()) + 1
    if size == 8:
        return memory.int64(v[side], count)[index]
    x = read_elements(memory, v[side], count, size)[index]
    if not v["scaled"]:
        return x
    zero_point, *factor = (v[f"{side}_{name}"] for name in _SCALES)
    wide = nm.wrap_int32((x.astype(np.int64) - zero_point) << LEFT_SHIFT)
    return nm.multiply_by_quantized_multiplier(wide, *factor)


COMPARISON = StepKind(
    "COMPARISON",
    # a == b where equal is 1, else a > b; inverted is 1 for the opposite. Elements of 1, 2, 4 or
    # 8 bytes; where scaled is 1 both are brought to the unit 1/256 first, those of 1 or 2 bytes
    (
        *BROADCAST,
        "element_bytes",
        "equal",
        "inverted",
        "scaled",
        *(f"{side}_{name}" for side in _SIDES for name in _SCALES),
    ),
    _comparison,
    broadcast_bound,
)


def _select(v: Values, memory: MainMemory) -> None:
    size = v["element_bytes"]
    condition, values = offsets(v, memory)
    chosen = memory.read(v["a"], int(condition.max()) + 1)[condition].astype(bool)
    places = np.flatnonzero(chosen == bool(v["when"]))
    source = memory.read(v["b"], int(values.max()) + size)
    target = memory.read(v["output"], len(chosen) * size).reshape(-1, size)
    target[places] = source[values[places, None] + np.arange(size)]


SELECT = StepKind(
    "SELECT",
    # elements of b, of 1, 2 or 4 bytes, go to where the boolean a is when; the others stay
    (*BROADCAST, "element_bytes", "when"),
    _select,
    broadcast_bound,
)


def _cast(v: Values, memory: MainMemory) -> None:
    x = read_elements(memory, v["input"], v["count"], v["input_bytes"])
    write_elements(memory, v["output"], x != 0 if v["to_bool"] else x, v["output_bytes"])


CAST = StepKind(
    "CAST",
    # integers of 1, 2 or 4 bytes to others, modulo 2**bits; to_bool: what is not 0 becomes 1
    ("input*", "output*", "count", "input_bytes", "output_bytes", "to_bool"),
    _cast,
    lambda v: Bound(v["count"], v["count"]),
)
