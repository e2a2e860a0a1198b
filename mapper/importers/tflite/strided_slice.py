"""STRIDED_SLICE: begins, ends, strides and masks into one slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.limits import Place, require
from tilewright.mapper.operators.slices import Slice, strided_slices

_MASKS = {
    "Begin": "BeginMask",
    "End": "EndMask",
    "Ellipsis": "EllipsisMask",
    "NewAxis": "NewAxisMask",
    "Shrink": "ShrinkAxisMask",
}


def strided_slice(
    place: Place,
    shape: Sequence[int],
    vectors: Sequence[Sequence[int]],
    options: Mapping[str, Any],
) -> Slice:
    """Return the slice of ``vectors`` (begins, ends, strides) with the masks of the options."""
    require(place, limits.slice_vectors_fit, [len(vector) for vector in vectors])
    masks = {name: int(options[field]) for name, field in _MASKS.items()}
    try:
        index = strided_slices(shape, vectors[0], vectors[1], vectors[2], masks)
    except (IndexError, ValueError) as error:
        raise RequestError(f"{place}: begins, ends and strides do not fit: {error}") from error
    taken = [entry for entry in index if entry is not None]
    missing = len(shape) - sum(entry is not Ellipsis for entry in taken)
    require(place, limits.slice_names_axes, (missing, taken.count(Ellipsis)))
    entries: list[slice | int] = []
    for entry in taken if Ellipsis in taken else [*taken, Ellipsis]:
        entries += [slice(None)] * missing if not isinstance(entry, slice | int) else [entry]
    found = [_axis(n, entry) for n, entry in zip(shape, entries, strict=True)]
    begins, strides, sizes = (tuple(part) for part in zip(*found, strict=True))
    require(place, limits.slice_takes_something, sizes)
    return Slice(begins=begins, strides=strides, sizes=sizes)


def _axis(extent: int, entry: slice | int) -> tuple[int, int, int]:
    """(begin, stride, size) along an axis."""
    if not isinstance(entry, slice):
        return entry % extent, 1, 1
    taken = range(*entry.indices(extent))
    return (taken.start if taken else 0), taken.step, len(taken)
