"""Steps that compute an output element from one element of each operand."""

from __future__ import annotations

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.arithmetic import binary, sigmoid_int16
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.steps.broadcast import (
    BROADCAST,
    broadcast_bound,
    operands,
    read_elements,
    write_elements,
)
from tilewright.hw.spec.steps.images import CLAMP, QUANT
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values

ZERO_POINTS = ("a_zero_point", "b_zero_point", "output_zero_point")
FACTOR = ("multiplier", "shift")
FACTORS = (
    "a_multiplier",
    "a_shift",
    "b_multiplier",
    "b_shift",
    "output_multiplier",
    "output_shift",
)


def _quantisation(v: Values) -> binary.Quantisation:
    return binary.Quantisation(
        a=v["a_zero_point"],
        b=v["b_zero_point"],
        output=v["output_zero_point"],
        lo=v["clamp_low"],
        hi=v["clamp_high"],
    )


def _add(v: Values, memory: MainMemory) -> None:
    size = v["element_bytes"]
    parameters = nm.AddParameters(**{name: v[name] for name in FACTORS})
    a, b = operands(v, memory, size, size)
    total = binary.combine(v["operation"], a, b, parameters, v["left_shift"], _quantisation(v))
    write_elements(memory, v["output"], total, size)


ADD = StepKind(
    "ADD",
    # operation 0 ADD, 1 SUB, 2 SQUARED_DIFFERENCE; left_shift widens both operands
    (*BROADCAST, "element_bytes", "operation", "left_shift", *ZERO_POINTS, *FACTORS, *CLAMP),
    _add,
    broadcast_bound,
)


def _mul(v: Values, memory: MainMemory) -> None:
    size = v["element_bytes"]
    a, b = operands(v, memory, size, size)
    result = binary.mul(a, b, v["multiplier"], v["shift"], _quantisation(v))
    write_elements(memory, v["output"], result, size)


MUL = StepKind(
    "MUL", (*BROADCAST, "element_bytes", *ZERO_POINTS, *FACTOR, *CLAMP), _mul, broadcast_bound
)


def _div(v: Values, memory: MainMemory) -> None:
    a, b = operands(v, memory, 1, 1)
    result = binary.div(a, b, v["multiplier"], v["shift"], _quantisation(v))
    write_elements(memory, v["output"], result, 1)


DIV = StepKind(
    "DIV",
    # int8; reciprocals as `hw.spec.arithmetic.binary.reciprocals` gives them
    (*BROADCAST, *ZERO_POINTS, *FACTOR, "reciprocals*", *CLAMP),
    _div,
    broadcast_bound,
)


def _arithmetic_int32(v: Values, memory: MainMemory) -> None:
    a, b = (x.astype(np.int64) for x in operands(v, memory, 4, 4))
    if v["operation"] == INT32_DIV and not b.all():
        raise CheckError("ARITHMETIC_INT32 divides by 0")
    difference = nm.wrap_int32(a - b).astype(np.int64)
    # Products of 32 bits wrap in int64 as they do in int32.
    results = {
        INT32_ADD: lambda: a + b,
        INT32_SUB: lambda: difference,
        INT32_MUL: lambda: a * b,
        INT32_SQUARED_DIFFERENCE: lambda: difference * difference,
        INT32_MAXIMUM: lambda: np.maximum(a, b),
        INT32_MINIMUM: lambda: np.minimum(a, b),
        INT32_DIV: lambda: np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)),
    }
    total = nm.wrap_int32(results[v["operation"]]())
    write_elements(memory, v["output"], np.clip(total, v["clamp_low"], v["clamp_high"]), 4)


(
    INT32_ADD,
    INT32_SUB,
    INT32_MUL,
    INT32_SQUARED_DIFFERENCE,
    INT32_DIV,
    INT32_MAXIMUM,
    INT32_MINIMUM,
) = range(7)
"""Operations of ARITHMETIC_INT32."""

ARITHMETIC_INT32 = StepKind(
    "ARITHMETIC_INT32",
    # operation 0 ADD, 1 SUB, 2 MUL, 3 SQUARED_DIFFERENCE of int32, modulo 2**32; 4 DIV,
    # whose quotients are cut off towards 0; 5 MAXIMUM, 6 MINIMUM
    (*BROADCAST, "operation", *CLAMP),
    _arithmetic_int32,
    broadcast_bound,
)


_TERMS = tuple(f"input_{term}" for term in range(8))
ADD_N_SHIFT = 19
"""Bits by which ADD_N widens its operands."""


def _add_n(v: Values, memory: MainMemory) -> None:
    terms = [memory.read(v[name], v["count"]).astype(np.int64) for name in _TERMS[: v["terms"]]]
    # The reference begins with the negative zero point as if it were a term.
    total = sum(terms) - (v["terms"] + 1) * v["input_zero_point"]
    wide = nm.wrap_int32(np.asarray(total) << ADD_N_SHIFT)
    scaled = nm.multiply_by_quantized_multiplier(wide, v["multiplier"], v["shift"])
    result = nm.wrap_int32(scaled.astype(np.int64) + v["output_zero_point"])
    clamped = np.clip(result, v["clamp_low"], v["clamp_high"])
    memory.write(v["output"], clamped.astype(np.int8))


ADD_N = StepKind(
    "ADD_N",
    # the sum of the first terms inputs, int8 of one scale and shape
    (*(f"{name}*" for name in _TERMS), "output*", "count", "terms", *FACTOR, *QUANT),
    _add_n,
    lambda v: Bound(v["count"], v["count"] * v["terms"]),
)
MOST_TERMS = len(_TERMS)


def _maximum_minimum(v: Values, memory: MainMemory) -> None:
    size = v["element_bytes"]
    choose = np.minimum if v["smaller"] else np.maximum
    result = choose(*operands(v, memory, size, size))
    write_elements(memory, v["output"], result, size)


MAXIMUM_MINIMUM = StepKind(
    "MAXIMUM_MINIMUM",
    # smaller: 1 for MINIMUM, 0 for MAXIMUM
    (*BROADCAST, "element_bytes", "smaller"),
    _maximum_minimum,
    broadcast_bound,
)


def _prelu(v: Values, memory: MainMemory) -> None:
    x, alpha = operands(v, memory, v["element_bytes"], 1)
    above, below = ((v[f"{side}_multiplier"], v[f"{side}_shift"]) for side in ("above", "below"))
    result = binary.prelu(x, alpha, above, below, _quantisation(v))
    write_elements(memory, v["output"], result, v["element_bytes"])


PRELU = StepKind(
    "PRELU",
    # b is alpha, int8; LEAKY_RELU (of a slope of 0 or more) and ABS of int16 have one, 1 or -1
    (
        *BROADCAST,
        "element_bytes",
        *ZERO_POINTS,
        "above_multiplier",
        "above_shift",
        "below_multiplier",
        "below_shift",
        *CLAMP,
    ),
    _prelu,
    broadcast_bound,
)


def _count_bound(v: Values) -> Bound:
    return Bound(v["count"], v["count"])


def _requantise(v: Values, memory: MainMemory) -> None:
    x = read_elements(memory, v["input"], v["count"], v["input_bytes"]).astype(np.int64)
    scaled = nm.multiply_by_quantized_multiplier(
        nm.wrap_int32(x - v["input_zero_point"]), v["multiplier"], v["shift"]
    )
    result = nm.wrap_int32(scaled.astype(np.int64) + v["output_zero_point"])
    clamped = np.clip(result, v["clamp_low"], v["clamp_high"])
    write_elements(memory, v["output"], clamped, v["output_bytes"])


REQUANTISE = StepKind(
    "REQUANTISE",
    # output = clamp(requantise(input - zero point)): RELU, RELU6, QUANTIZE of signed integers
    ("input*", "output*", "count", *FACTOR, *QUANT, "input_bytes", "output_bytes"),
    _requantise,
    _count_bound,
)


def _lookup(v: Values, memory: MainMemory) -> None:
    index = memory.read(v["input"], v["count"]).view(np.uint8)
    memory.write(v["output"], memory.read(v["table"], 256)[index])


LOOKUP = StepKind(
    "LOOKUP",
    # table [256] bytes, indexed by the input's byte: any function of one 8-bit operand
    ("input*", "output*", "count", "table*"),
    _lookup,
    _count_bound,
)


def _sigmoid_int16(v: Values, memory: MainMemory) -> None:
    x = memory.int16(v["input"], v["count"])
    entries = memory.int16(v["table"], 256).view("<u2")
    result = sigmoid_int16.sigmoid(x, entries, v["multiplier"], v["shift"], bool(v["symmetric"]))
    memory.write(v["output"], result)


SIGMOID_INT16 = StepKind(
    "SIGMOID_INT16",
    # LOGISTIC, or TANH where symmetric is 1; table uint16 [256]
    ("input*", "output*", "count", *FACTOR, "table*", "symmetric"),
    _sigmoid_int16,
    _count_bound,
)
