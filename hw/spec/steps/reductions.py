"""Steps that reduce axes of a tensor."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.steps.images import QUANT
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values

_AXES = 3
"""Loops over what is kept, and loops over what is reduced; the first is the innermost."""


def _loops(name: str) -> tuple[str, ...]:
    extents, pitches = (
        tuple(f"{name}_{part}_{loop}" for loop in range(_AXES)) for part in ("extent", "pitch")
    )
    return (*extents, *pitches)


VIEW = ("input*", "output*", "element_bytes", *_loops("kept"), *_loops("reduced"))
"""Fields of a step that reduces axes of a tensor."""


def view(v: Values, memory: MainMemory) -> NDArray[Any]:
    """Return a view [kept_2, kept_1, kept_0, reduced_2, reduced_1, reduced_0] of the input."""
    extents, pitches = (
        [v[f"{name}_{part}_{loop}"] for name in ("kept", "reduced") for loop in (2, 1, 0)]
        for part in ("extent", "pitch")
    )
    count = 1 + sum((n - 1) * pitch for n, pitch in zip(extents, pitches, strict=True))
    read = memory.read if v["element_bytes"] == 1 else memory.int16
    data = read(v["input"], count)
    return as_strided(data, extents, [pitch * data.itemsize for pitch in pitches], writeable=False)


def reduce_bound(v: Values) -> Bound:
    """Return the bound of a step that reads every element once."""
    kept, reduced = (
        prod(v[f"{name}_extent_{loop}"] for loop in range(_AXES)) for name in ("kept", "reduced")
    )
    return Bound(kept, kept * reduced)


def _reduce_sum(v: Values, memory: MainMemory) -> None:
    x = view(v, memory)
    count = prod(x.shape[_AXES:])
    sums = x.sum(axis=(3, 4, 5), dtype=np.int64) - v["input_zero_point"] * count
    scaled = nm.multiply_by_quantized_multiplier(nm.wrap_int32(sums), v["multiplier"], v["shift"])
    total = nm.wrap_int32(scaled.astype(np.int64) + v["output_zero_point"])
    result = np.clip(total, v["clamp_low"], v["clamp_high"]).astype(x.dtype)
    memory.write(v["output"], result.reshape(-1))


REDUCE_SUM = StepKind(
    "REDUCE_SUM",
    # the rescaled sum of elements less their zero point: SUM, and MEAN, whose factor divides;
    # extents and pitches in elements of 1 or 2 bytes
    (*VIEW, "multiplier", "shift", *QUANT),
    _reduce_sum,
    reduce_bound,
)


def _reduce_max(v: Values, memory: MainMemory) -> None:
    flipped = view(v, memory) ^ v["flip"]
    memory.write(v["output"], (flipped.max(axis=(3, 4, 5)) ^ v["flip"]).reshape(-1))


REDUCE_MAX = StepKind(
    "REDUCE_MAX",
    # the largest element, or the smallest where flip is -1, which turns every bit; else 0
    (*VIEW, "flip"),
    _reduce_max,
    reduce_bound,
)


def _arg_max(v: Values, memory: MainMemory) -> None:
    shape = (v["outer"], v["axis"], v["inner"])
    flipped = memory.read(v["input"], prod(shape)).reshape(shape) ^ v["flip"]
    memory.write(v["output"], flipped.argmax(axis=1).astype("<i4").reshape(-1))


def _arg_max_bound(v: Values) -> Bound:
    kept = v["outer"] * v["inner"]
    return Bound(kept, kept * v["axis"])


ARG_MAX = StepKind(
    "ARG_MAX",
    # int8 [outer][axis][inner] to int32 [outer][inner]: the first of the largest, of the smallest
    # where flip is -1
    ("input*", "output*", "outer", "axis", "inner", "flip"),
    _arg_max,
    _arg_max_bound,
)


def _top_k(v: Values, memory: MainMemory) -> None:
    shape = (v["outer"], v["axis"], v["inner"])
    x = memory.read(v["input"], prod(shape)).reshape(shape)
    # The complement turns the order over, so that the largest come first; equal ones keep theirs.
    keys = x.astype(np.int32) ^ (v["flip"] ^ -1)
    order = np.argsort(keys, axis=1, kind="stable")[:, : v["k"]]
    memory.write(v["output"], np.take_along_axis(x, order, axis=1).reshape(-1))
    memory.write(v["indices"], order.astype("<i4").reshape(-1))


def _top_k_bound(v: Values) -> Bound:
    rows = v["outer"] * v["inner"]
    return Bound(rows * v["axis"], rows * v["axis"] * v["k"])


TOP_K = StepKind(
    "TOP_K",
    # int8 [outer][axis][inner] to int8 [outer][k][inner] and int32 indices of that shape: the k
    # largest along axis, or the smallest where flip is -1, in order; of equal ones the first
    ("input*", "output*", "indices*", "outer", "axis", "inner", "k", "flip"),
    _top_k,
    _top_k_bound,
)
