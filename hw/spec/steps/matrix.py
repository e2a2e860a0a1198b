"""Steps that are matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from tilewright.hw.spec import kernels
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.steps.images import CLAMP, QUANT, TABLES, write_requantised
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values


def _fully_connected(v: Values, memory: MainMemory) -> None:
    shape = (v["output_channels"], v["channels"])
    sums = kernels.fully_connected(
        memory.read(v["input"], shape[1]),
        memory.read(v["weights"], shape[0] * shape[1]).reshape(shape),
        memory.int32(v["bias"], shape[0]),
        input_zero_point=v["input_zero_point"],
    )
    write_requantised(v, memory, sums)


def _fully_connected_bound(v: Values) -> Bound:
    return Bound(v["output_channels"], v["output_channels"] * v["channels"])


FULLY_CONNECTED = StepKind(
    "FULLY_CONNECTED",
    # weights [output_channels][channels], constant or computed. Several rows, and weights with a
    # zero point, are a CONV_2D whose pixels are the rows.
    ("input*", "channels", "output*", "output_channels", *TABLES, *QUANT),
    _fully_connected,
    _fully_connected_bound,
)


def _batch_matmul(v: Values, memory: MainMemory) -> None:
    rows, depth, cols = v["rows"], v["depth"], v["cols"]
    wide = v["element_bytes"] == 2
    parts: list[NDArray[Any]] = []
    for batch in range(v["batches"]):
        offsets = memory.int32(v["offsets"] + 8 * batch, 2)
        left, right = (
            _matrix(v, memory, side, int(offset), (outer, depth))
            for side, offset, outer in zip("ab", offsets, (rows, cols), strict=True)
        )
        sums = kernels.matmul(left, right, v["a_zero_point"], v["b_zero_point"])
        if wide:
            scaled = nm.multiply_by_quantized_multiplier_64(sums, v["multiplier"], v["shift"])
        else:
            scaled = nm.multiply_by_quantized_multiplier(
                nm.wrap_int32(sums), v["multiplier"], v["shift"]
            )
        parts.append(scaled.astype(np.int64) + v["output_zero_point"])
    result = np.clip(np.stack(parts), v["clamp_low"], v["clamp_high"])
    memory.write(v["output"], result.astype(np.int16 if wide else np.int8).reshape(-1))


def _matrix(
    v: Values, memory: MainMemory, side: str, offset: int, shape: tuple[int, int]
) -> NDArray[Any]:
    """Return one operand [rows or cols, depth], which lies in memory with any two steps."""
    steps = v[f"{side}_step"], v[f"{side}_depth_step"]
    count = sum((n - 1) * step for n, step in zip(shape, steps, strict=True)) + 1
    size = v["element_bytes"]
    read = memory.int16 if size == 2 else memory.read
    elements = read(v[side] + size * offset, count)
    return as_strided(elements, shape, tuple(size * step for step in steps), writeable=False)


def _batch_matmul_bound(v: Values) -> Bound:
    elements = v["batches"] * v["rows"] * v["cols"]
    return Bound(elements, 4 * elements * v["depth"])


BATCH_MATMUL = StepKind(
    "BATCH_MATMUL",
    # output [batches][rows][cols] = sum over depth of a[row][depth] * b[col][depth]. Neighbours in
    # an operand are so many elements apart: a_step from row to row, b_step from column to column,
    # a_depth_step and b_depth_step along the sum. offsets [batches][2] int32: where the matrices of
    # a batch begin, in elements.
    # element_bytes 1: int8 with int32 sums. 2: int16 with zero points 0 and int64 sums.
    (
        "a*",
        "b*",
        "output*",
        "offsets*",
        "batches",
        "rows",
        "cols",
        "depth",
        "a_step",
        "a_depth_step",
        "b_step",
        "b_depth_step",
        "a_zero_point",
        "b_zero_point",
        "output_zero_point",
        "multiplier",
        "shift",
        *CLAMP,
        "element_bytes",
    ),
    _batch_matmul,
    _batch_matmul_bound,
)
