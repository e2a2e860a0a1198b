"""Inputs and outputs of an ONNX network: what they are in the graph and in the file."""

from dataclasses import replace
from itertools import permutations
from math import prod

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.op import Port
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.model import Interface
from tilewright.mapper.importers.onnx.values import (
    Activation,
    Constant,
    Draft,
    Pending,
    in_order,
    positions,
)
from tilewright.mapper.operators.moves import Reshape


def enter(builder: Builder, interface: Interface) -> None:
    """Make a network input a value."""
    if interface.shape[:1] == (-1,) and limits.shape_is_static(interface.shape[1:]):
        interface = replace(interface, shape=(1, *interface.shape[1:]))
        builder.remarks.append(
            f"The batch of input '{interface.name}' is free in the file; it is taken as 1."
        )
    if not limits.shape_is_static(interface.shape):
        raise RequestError(
            f"{builder.file}: input '{interface.name}' has the dynamic shape "
            f"{list(interface.shape)}: export the network with a static shape and batch 1 "
            "(python -m onnxruntime.tools.make_dynamic_shape_fixed)"
        )
    if interface.dtype not in ("float32", "int8", "uint8"):
        raise RequestError(
            f"{builder.file}: input '{interface.name}' must be float32, int8 or uint8: export the "
            "network with one of these"
        )
    draft = builder.draft(interface.name, interface.shape, None)
    draft.declared = interface
    whole = positions(interface.shape)
    builder.values[interface.name] = Activation(draft, whole, interface.dtype)


def is_computed(builder: Builder, name: str) -> bool:
    """Whether a value is more than a network input, or part of one."""
    value = builder.values.get(name)
    return isinstance(value, Pending) or (
        isinstance(value, Activation) and value.draft.declared is None
    )


def leave(builder: Builder, name: str) -> tuple[Draft, Port]:
    """The tensor of a network output and how the file declares it."""
    value = builder.values.get(name)
    if value is None or isinstance(value, Constant):
        raise RequestError(f"{builder.file}: output '{name}' is never computed")
    if isinstance(value, Pending):
        value = builder.settled_alone(value)
    draft, axes = value.draft, _axes_to(value.draft, value.view)
    if axes is None:
        place = limits.Place(builder.file, name, "output")
        draft, axes = builder.stored(place, value), ()
    draft.used = True
    if draft.leaves or draft.declared is not None:
        # Two outputs, or an input and an output, are no one tensor: each has its own port.
        place = limits.Place(builder.file, name, "output")
        draft = builder.add(place, Reshape(), (draft,), draft.shape, draft.quant)
    draft.leaves = True
    return draft, Port(draft.name, name, value.view.shape, value.dtype, axes or None)


def _axes_to(draft: Draft, given: np.ndarray) -> tuple[int, ...] | None:
    """The transposition from the file's output to its tensor, () for none; None: it needs moves."""
    if in_order(draft, given):
        return ()
    view = draft.positions(given)
    # From one element to the next along an axis: the further, the earlier stands the axis.
    long = [axis for axis in range(view.ndim) if view.shape[axis] > 1]
    steps = {axis: view.take(1, axis).flat[0] - view.flat[0] for axis in long}
    outer_first = sorted(long, key=steps.__getitem__, reverse=True)
    turned = view.transpose(*outer_first, *(axis for axis in range(view.ndim) if axis not in long))
    if not np.array_equal(turned.reshape(-1), np.arange(prod(draft.shape), dtype=np.int32)):
        return None
    # Axes of one element may stand anywhere; better where that needs no other shape.
    orders = permutations(range(view.ndim))
    fits = [axes for axes in orders if [axis for axis in axes if axis in steps] == outer_first]
    return min(fits, key=lambda axes: view.transpose(axes).shape != draft.shape)


def input_port(draft: Draft) -> Port:
    """How the file declares a network input."""
    declared = draft.declared
    assert declared is not None
    return Port(draft.name, declared.name, declared.shape, declared.dtype, draft.permutation)
