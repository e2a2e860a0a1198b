"""How TensorFlow's masks of STRIDED_SLICE read as slices of an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import EllipsisType

Index = tuple[slice | int | EllipsisType | None, ...]


def strided_slices(
    shape: Sequence[int],
    begin: Sequence[int],
    end: Sequence[int],
    stride: Sequence[int],
    masks: Mapping[str, int],
) -> Index:
    """Return the index of a NumPy array of this shape that the operator takes.

    ``masks`` are bit masks over the entries of begin: Begin, End, Ellipsis, NewAxis, Shrink.
    Raises ValueError where a stride is 0, IndexError where a single element does not exist.
    """
    index: list[slice | int | EllipsisType | None] = []
    axis = 0
    named = sum(not (masks[m] >> i & 1) for i in range(len(begin)) for m in ("NewAxis",)) - bin(
        masks["Ellipsis"]
    ).count("1")
    for i, (first, last, step) in enumerate(zip(begin, end, stride, strict=True)):
        if masks["Ellipsis"] >> i & 1:
            index.append(Ellipsis)
            axis += max(len(shape) - named, 0)
        elif masks["NewAxis"] >> i & 1:
            index.append(None)
        else:
            if step == 0:
                raise ValueError("a stride of 0")
            if axis >= len(shape):
                raise IndexError(f"{len(begin)} bounds for {len(shape)} axes")
            index.append(_axis_index(shape[axis], first, last, step, i, masks))
            axis += 1
    return tuple(index)


def _axis_index(
    extent: int, first: int, last: int, step: int, position: int, masks: Mapping[str, int]
) -> slice | int:
    if masks["Shrink"] >> position & 1:
        if not -extent <= first < extent:
            raise IndexError(f"element {first} of {extent}")
        return first
    start = None if masks["Begin"] >> position & 1 else first
    stop = None if masks["End"] >> position & 1 else last
    return slice(start, stop, step)
