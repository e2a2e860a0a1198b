"""Shapes, windows and tiles of a layer in a few letters."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from tilewright.sim.report.units import ABSENT
from tilewright.sim.results.result import Geometry


def dims(shape: Sequence[int]) -> str:
    """[1, 48, 48, 8] -> 48x48x8: a batch of one goes without saying."""
    shown = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    return "x".join(map(str, shown)) or "1"


def window(geometry: Geometry | None) -> str:
    """A kernel of 3 x 3 with stride 2: 3x3/2."""
    if geometry is None or geometry.kernel is None:
        return ABSENT
    text = _pair(geometry.kernel, always=True)
    if geometry.stride not in (None, (1, 1)):
        text += f"/{_pair(geometry.stride)}"
    if geometry.dilation not in (None, (1, 1)):
        text += f" dilated {_pair(geometry.dilation)}"
    return text


def described(geometry: Geometry) -> str:
    """All of it in a line: shapes, window, and the parts of a layer that is cut."""
    parts = [f"{' + '.join(map(dims, geometry.inputs))} → {dims(geometry.output)}"]
    if geometry.kernel is not None:
        parts.append(window(geometry))
    if geometry.tiles > 1:
        parts.append(f"in {geometry.tiles:,} parts{_largest(geometry)}")
    return ", ".join(parts)


def _largest(geometry: Geometry) -> str:
    """The extents of a tile; a layer that begins while its input arrives is cut in strips of it."""
    if geometry.tile is None or prod(geometry.tile) == prod(geometry.output):
        return ""
    return f" of up to {'x'.join(map(str, geometry.tile))}"


def _pair(extents: Sequence[int] | None, *, always: bool = False) -> str:
    """(3, 3) -> 3x3 or, unless ``always``, 3."""
    rows, cols = extents or (1, 1)
    return f"{rows}x{cols}" if always or rows != cols else str(rows)
