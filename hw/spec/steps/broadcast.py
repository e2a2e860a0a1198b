"""Operands of steps that compute an element from one element of each of two tensors.

Either tensor may be repeated along some axes of the result. The result is a number of runs of
``count`` elements: along a run an operand advances by its step, 0 where it is repeated. From run to
run it advances as a table of loops says, innermost first: (count, a_stride, b_stride) each, int32.
Steps and strides are in bytes. Operands of one shape are one run, and need no table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import prod

import numpy as np
from numpy.typing import NDArray

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.steps.kind import Bound, MainMemory, Values

BROADCAST = ("a*", "b*", "output*", "count", "a_step", "b_step", "runs", "loops*")
MAX_LOOPS = 7
"""The firmware counts so many loops around a run."""


@dataclass(frozen=True, kw_only=True)
class Broadcast:
    """How two operands spread over a result: the parameters ``values``, and the table of loops."""

    values: dict[str, int]
    loops: NDArray[np.int32]


def broadcast(
    a: Sequence[int],
    b: Sequence[int],
    a_bytes: int = 1,
    b_bytes: int | None = None,
    result: Sequence[int] = (),
) -> Broadcast:
    """Spread operands of two shapes over their common one; elements are of so many bytes.

    A ``result`` that is larger repeats both.

    Raises RequestError where the shapes do not fit or change too often which operand is repeated.
    """
    axes: list[tuple[int, bool, bool]] = []
    for m, n, size in zip_longest(reversed(a), reversed(b), reversed(result), fillvalue=1):
        extent = max(m, n, size)
        if m not in (1, extent) or n not in (1, extent):
            raise RequestError(f"shapes {tuple(a)} and {tuple(b)} do not broadcast to each other")
        if extent == 1:
            continue
        if axes and axes[-1][1:] == (m > 1, n > 1):
            axes[-1] = (axes[-1][0] * extent, m > 1, n > 1)
        else:
            axes.append((extent, m > 1, n > 1))
    if len(axes) > MAX_LOOPS + 1:
        raise RequestError(
            f"shapes {tuple(a)} and {tuple(b)} change {len(axes)} times which of them is repeated; "
            f"{MAX_LOOPS + 1} times are possible: reshape them to fewer axes"
        )
    a_size, b_size = a_bytes, a_bytes if b_bytes is None else b_bytes
    table: list[tuple[int, int, int]] = []
    for count, in_a, in_b in axes or [(1, True, True)]:
        table.append((count, a_size * in_a, b_size * in_b))
        a_size, b_size = a_size * (count if in_a else 1), b_size * (count if in_b else 1)
    count, a_step, b_step = table[0]
    runs = prod(entry[0] for entry in table[1:])
    values = {"count": count, "a_step": a_step, "b_step": b_step, "runs": runs}
    return Broadcast(values=values, loops=np.array(table[1:], np.int32).reshape(-1, 3))


def operands(
    v: Values, memory: MainMemory, a_bytes: int, b_bytes: int
) -> tuple[nm.Int32Array, nm.Int32Array]:
    """Return both operands, int32 [runs * count]; elements are of 1, 2 or 4 bytes."""
    a, b = offsets(v, memory)
    return _gather(memory, v["a"], a, a_bytes), _gather(memory, v["b"], b, b_bytes)


def offsets(v: Values, memory: MainMemory) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each element of both operands lies, in bytes: [runs * count]."""
    found = np.zeros((1, 2), np.int64)
    address = v["loops"]
    while len(found) < v["runs"]:
        count, *strides = memory.int32(address, 3).tolist()
        steps = np.arange(count)[:, None, None] * np.array(strides)
        found = (found + steps).reshape(-1, 2)
        address += 12
    index = np.arange(v["count"])
    a, b = (
        (found[:, side, None] + index * v[step]).reshape(-1)
        for side, step in ((0, "a_step"), (1, "b_step"))
    )
    return a, b


def _gather(
    memory: MainMemory, address: int, offsets: NDArray[np.int64], element_bytes: int
) -> nm.Int32Array:
    index = offsets // element_bytes
    return read_elements(memory, address, int(index.max()) + 1, element_bytes)[index]


def read_elements(
    memory: MainMemory, address: int, count: int, element_bytes: int
) -> nm.Int32Array:
    """Return ``count`` signed elements of 1, 2 or 4 bytes as int32."""
    read = {1: memory.read, 2: memory.int16, 4: memory.int32}[element_bytes]
    return read(address, count).astype(np.int32)


def write_elements(
    memory: MainMemory, address: int, values: nm.Int32Array, element_bytes: int
) -> None:
    """Store values as signed elements of 1, 2 or 4 bytes."""
    memory.write(address, values.astype({1: np.int8, 2: np.int16, 4: np.int32}[element_bytes]))


def broadcast_bound(v: Values) -> Bound:
    """Return the bound of one computation for each element, and of a call for each run."""
    elements = v["count"] * v["runs"]
    return Bound(elements + v["runs"], elements)
