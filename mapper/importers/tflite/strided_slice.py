"""STRIDED_SLICE: begins, ends, strides and masks into one slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mapper import limits
from mapper.limits import Place, require
from mapper.operators.slices import Slice


class _Entry(NamedTuple):
    """What is said of one axis; a masked begin or end counts for nothing."""

    begin: int
    end: int
    stride: int
    from_start: bool
    to_end: bool
    shrinks: bool


_WHOLE = _Entry(0, 0, 1, from_start=True, to_end=True, shrinks=False)


def strided_slice(
    place: Place,
    shape: Sequence[int],
    vectors: Sequence[Sequence[int]],
    options: Mapping[str, float],
) -> Slice:
    """Return the slice of ``vectors`` (begins, ends, strides) with the masks of the options."""
    require(place, limits.slice_vectors_fit, [len(vector) for vector in vectors])
    entries = _entries(place, len(shape), vectors, options)
    require(place, limits.one_entry_an_axis, (len(entries), len(shape)))
    found = [_axis(place, n, entry) for n, entry in zip(shape, entries, strict=True)]
    begins, strides, sizes = (tuple(part) for part in zip(*found, strict=True))
    require(place, limits.slice_takes_something, sizes)
    return Slice(begins=begins, strides=strides, sizes=sizes)


def _entries(
    place: Place,
    rank: int,
    vectors: Sequence[Sequence[int]],
    options: Mapping[str, float],
) -> list[_Entry]:
    """An entry for each axis: an ellipsis stands for many, a new axis for none."""

    def marked(mask: str, number: int) -> bool:
        return bool(int(options[mask]) >> number & 1)

    numbers = range(len(vectors[0]))
    new = sum(marked("NewAxisMask", n) and not marked("EllipsisMask", n) for n in numbers)
    dots = [n for n in numbers if marked("EllipsisMask", n)]
    require(place, limits.one_ellipsis, len(dots))
    missing = rank - (len(vectors[0]) - new - len(dots))
    entries: list[_Entry] = []
    for number, (begin, end, stride) in enumerate(zip(*vectors, strict=True)):
        if number in dots:
            entries += [_WHOLE] * missing
        elif not marked("NewAxisMask", number):
            masks = marked("BeginMask", number), marked("EndMask", number)
            entries.append(_Entry(begin, end, stride, *masks, marked("ShrinkAxisMask", number)))
    return entries if dots else entries + [_WHOLE] * missing


def _axis(place: Place, extent: int, entry: _Entry) -> tuple[int, int, int]:
    """(begin, stride, size) along an axis."""
    require(place, limits.slice_stride_is_sensible, entry.stride)
    if entry.shrinks:
        require(place, limits.index_exists, (entry.begin, extent))
        return entry.begin % extent, 1, 1
    begin, end = None if entry.from_start else entry.begin, None if entry.to_end else entry.end
    taken = range(*slice(begin, end, entry.stride).indices(extent))
    return (taken.start if taken else 0), entry.stride, len(taken)
