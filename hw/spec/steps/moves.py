"""Steps that copy elements to other places."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.steps.kind import Bound, MainMemory, StepKind, Values

LOOPS = 5
"""Loops of MOVE and FILL around their runs; the first is the innermost."""


def _numbered(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{loop}" for loop in range(LOOPS))


def _runs(v: Values, memory: MainMemory, place: str) -> nm.Int8Array:
    """Return a view [extent_4, .., extent_0, run_bytes] of what a MOVE reads or writes."""
    extents = [v[name] for name in _numbered("extent")]
    pitches = [v[name] for name in _numbered(f"{place}_pitch")]
    ends = [(extent - 1) * pitch for extent, pitch in zip(extents, pitches, strict=True)]
    lowest = sum(min(end, 0) for end in ends)
    size = sum(max(end, 0) for end in ends) - lowest + v["run_bytes"]
    data = memory.read(v[place] + lowest, size)
    shape, strides = (*extents[::-1], v["run_bytes"]), (*pitches[::-1], 1)
    return as_strided(data[-lowest:], shape, strides)


def _move(v: Values, memory: MainMemory) -> None:
    _runs(v, memory, "output")[:] = _runs(v, memory, "input")


def _fill(v: Values, memory: MainMemory) -> None:
    _runs(v, memory, "output")[:] = v["value"]


def _runs_bound(v: Values) -> Bound:
    size = v["run_bytes"] * prod(v[name] for name in _numbered("extent"))
    return Bound(size, size)


MOVE = StepKind(
    "MOVE",
    # runs of bytes in five loops; pitches are signed bytes, 0 in the input repeats what was read
    (
        "input*",
        "output*",
        "run_bytes",
        *_numbered("extent"),
        *_numbered("input_pitch"),
        *_numbered("output_pitch"),
    ),
    _move,
    _runs_bound,
)

FILL = StepKind(
    "FILL",
    # every byte of the runs becomes value
    ("output*", "value", "run_bytes", *_numbered("extent"), *_numbered("output_pitch")),
    _fill,
    _runs_bound,
)


def _looked_up(indices: Sequence[int], size: int) -> list[int]:
    for index in indices:
        if not 0 <= index < size:
            raise CheckError(f"GATHER of element {index} of an axis of {size}")
    return list(indices)


def _gather(v: Values, memory: MainMemory) -> None:
    count = v["batches"] * v["coordinates"]
    indices = _looked_up(memory.int32(v["indices"], count).tolist(), v["axis"])
    shape = (v["batches"], v["outer"], v["axis"], v["inner_bytes"])
    x = memory.read(v["input"], prod(shape)).reshape(shape)
    wide = v["coordinates"]
    parts = [x[b][:, indices[b * wide : (b + 1) * wide]] for b in range(v["batches"])]
    size = count * v["outer"] * v["inner_bytes"]
    target = memory.read(v["output"], size).reshape(v["batches"], -1)
    for row, part in zip(target, parts, strict=True):
        row[:] = part.reshape(-1)


def _gather_bound(v: Values) -> Bound:
    size = v["batches"] * v["outer"] * v["coordinates"] * v["inner_bytes"]
    return Bound(size, size)


GATHER = StepKind(
    "GATHER",
    # input [batches][outer][axis][inner_bytes], indices int32 [batches][coordinates] in 0..axis - 1
    ("input*", "indices*", "output*", "batches", "outer", "axis", "coordinates", "inner_bytes"),
    _gather,
    _gather_bound,
)


def _gather_nd(v: Values, memory: MainMemory) -> None:
    depth, inner = v["depth"], v["inner_bytes"]
    pitches = memory.int32(v["pitches"], depth).astype(np.int64)
    indices = memory.int32(v["indices"], v["count"] * depth).reshape(-1, depth)
    places = indices.astype(np.int64) @ pitches
    for place, index in zip(places.tolist(), indices.tolist(), strict=True):
        if not 0 <= place <= v["input_bytes"] - inner:
            raise CheckError(f"GATHER_ND of {index}, which lies outside of the tensor")
    x = memory.read(v["input"], v["input_bytes"])
    memory.write(v["output"], x[places[:, None] + np.arange(inner)].reshape(-1))


def _gather_nd_bound(v: Values) -> Bound:
    size = v["count"] * v["inner_bytes"]
    return Bound(size, size + v["count"] * v["depth"])


GATHER_ND = StepKind(
    "GATHER_ND",
    # indices int32 [count][depth], pitches int32 [depth] in bytes: runs of inner_bytes each
    (
        "input*",
        "indices*",
        "output*",
        "pitches*",
        "count",
        "depth",
        "inner_bytes",
        "input_bytes",
    ),
    _gather_nd,
    _gather_nd_bound,
)


MOST_AXES = 8
"""Axes of UPDATE_SLICE."""


def _update_slice(v: Values, memory: MainMemory) -> None:
    axes = memory.int32(v["axes_table"], 3 * v["axes"]).reshape(-1, 3)
    whole, part, pitch = (column.tolist() for column in axes.T)
    begins = memory.int32(v["begins"], v["axes"]).tolist()
    places = [
        min(max(begin, 0), n - size) for begin, n, size in zip(begins, whole, part, strict=True)
    ]
    element = pitch[-1]
    target = memory.read(v["output"], prod(whole) * element).reshape(*whole, element)
    update = memory.read(v["update"], v["runs"] * v["run_bytes"]).reshape(*part, element)
    target[tuple(slice(p, p + size) for p, size in zip(places, part, strict=True))] = update


def _update_slice_bound(v: Values) -> Bound:
    size = v["runs"] * v["run_bytes"]
    return Bound(size, size)


UPDATE_SLICE = StepKind(
    "UPDATE_SLICE",
    # a dense tensor goes into a part of the output, which keeps the rest. begins int32 [axes] are
    # brought into range; axes_table int32 [axes][3]: extent of the output, of the tensor, pitch in
    # bytes. runs of run_bytes: along the last axis
    ("update*", "begins*", "output*", "axes_table*", "axes", "runs", "run_bytes"),
    _update_slice,
    _update_slice_bound,
)
