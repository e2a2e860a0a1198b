"""What an ONNX value is while a graph is being built.

Every activation is an int8 tensor in channels-last order (`Draft`), but ONNX speaks of real numbers
in whatever order of axes. An `Activation` therefore holds a *view*: an array of ONNX's shape whose
entries are positions in the stored tensor. Transpose, Reshape, Flatten, Squeeze and Unsqueeze only
rearrange the view, so they cost nothing, and so do slices, repeats and interleavings, which take
part of it or take it twice; `Builder.stored` turns a view into a tensor again, and moves data if
need be.
A `Pending` is the real result of an operator that waits for the QuantizeLinear that scales it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.model import Array, DType, Interface
from tilewright.mapper.limits import Place

View = NDArray[np.int32]
Vector = NDArray[np.float64]
Axes = tuple[int, ...]
CHANNELS_LAST: Axes = (0, 2, 3, 1)
"""From NCHW to NHWC."""


@dataclass(eq=False)
class Draft:
    """A tensor of the graph whose quantisation, or layout, may still be open; int32 for indices.

    `declared` is there for the network's inputs: their layout is what the first operator needs, and
    `moved` then maps positions in the file's order to positions in the tensor.
    """

    name: str
    shape: tuple[int, ...]
    quant: Quant | None
    declared: Interface | None = None
    permutation: Axes | None = None
    moved: View | None = None
    used: bool = False
    before: Draft | None = None
    dtype: Literal["int8", "int16", "int32"] = "int8"
    leaves: bool = False
    """Whether it is an output of the network."""

    def positions(self, view: View) -> View:
        """The view's positions in the tensor as it is laid out now."""
        return view if self.moved is None else self.moved[view]


@dataclass(frozen=True, eq=False)
class Constant:
    """A stored array; with scales it stands for scale * (data - zero_point) along `axis`."""

    data: Array
    scale: NDArray[np.float64] | None = None
    zero_point: Array | None = None
    axis: int = 0

    def real(self) -> NDArray[np.float64]:
        """The real numbers it stands for."""
        if self.scale is None or self.zero_point is None:
            return self.data.astype(np.float64)
        shape = [1] * self.data.ndim
        if self.scale.size > 1:
            shape[self.axis] = -1
        centred = self.data.astype(np.float64) - self.zero_point.reshape(shape)
        return centred * self.scale.reshape(shape)


@dataclass(frozen=True, eq=False)
class Activation:
    """Part of the network's data: real numbers (dtype float32) or the integers themselves.

    Indices are int32 in the graph, and int64 or what a Cast makes of them in the file.
    """

    draft: Draft
    view: View
    dtype: DType


@dataclass(frozen=True, eq=False)
class Function:
    """A real function of each element of a tensor: 256 results, by the element's byte."""

    draft: Draft
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pending:
    """A real result before its quantisation is known.

    `emit(quant, lo, hi)` adds the operator and gives the tensor that `view` refers to. `natural` is
    the quantisation that the result has if nothing else is asked for. `with_affine` gives the same
    operator with its result multiplied by a real vector, one number for each of `channels`, and
    another one added; None where that is not exact. `function` is there where the result, before
    the clamp to `low..high`, depends on one tensor element by element.
    """

    place: Place
    view: View
    emit: Callable[[Quant, int, int], Draft]
    natural: Quant | None = None
    low: float | None = None
    high: float | None = None
    with_affine: Callable[[Vector, Vector], Pending | None] | None = None
    channels: int = 0
    function: Function | None = None

    def clamped(self, values: Vector) -> Vector:
        """Real values within the clamp."""
        raised = values if self.low is None else np.maximum(values, self.low)
        return raised if self.high is None else np.minimum(raised, self.high)

    def own_quant(self) -> Quant | None:
        """The quantisation that the result has, or that covers all of its values."""
        if self.natural is not None or self.function is None:
            return self.natural
        values = self.clamped(self.function.values)
        low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
        if not limits.scales_are_sensible([high - low]):
            return None
        scale = float(np.float32((high - low) / 255))
        return Quant((scale,), (round(-128 - low / scale),))


Value = Constant | Activation | Pending


def positions(shape: tuple[int, ...]) -> View:
    """The view of a whole tensor in its own order."""
    return np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.int32).reshape(shape)


def in_order(draft: Draft, view: View) -> bool:
    """Whether a view is a whole tensor in its own order."""
    return is_whole(draft, view) and np.array_equal(
        draft.positions(view).reshape(-1), np.arange(view.size, dtype=np.int32)
    )


def is_whole(draft: Draft, view: View) -> bool:
    """Whether a view has as many elements as its tensor."""
    return view.size == int(np.prod(draft.shape, dtype=np.int64))


def view_of(shape: tuple[int, ...], axes: Axes) -> View:
    """The file's view of a tensor that was stored with `axes`, () for no transposition."""
    whole = positions(shape)
    return whole.transpose(np.argsort(axes)) if axes else whole
