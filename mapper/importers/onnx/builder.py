"""The graph that grows while an ONNX file is read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Literal, cast

import numpy as np

from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph import tensor
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.operator import Operator
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.importers.onnx.model import Array, Node
from tilewright.mapper.importers.onnx.values import (
    Activation,
    Axes,
    Constant,
    Draft,
    Pending,
    Value,
    View,
    in_order,
    is_whole,
    positions,
)
from tilewright.mapper.limits import Place, require
from tilewright.mapper.operators.moves import Reshape
from tilewright.mapper.operators.rearranged import rearrangement
from tilewright.mapper.operators.requantise import Quantize, Relu


@dataclass(eq=False)
class Builder:
    """Operators and tensors of the graph so far, and what each ONNX value is."""

    file: str
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    ops: list[Op] = field(default_factory=list[Op])
    drafts: dict[str, Draft] = field(default_factory=dict[str, Draft])
    constants: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    remarks: list[str] = field(default_factory=list[str])
    settled: dict[int, Pending] = field(default_factory=dict[int, Pending])
    """By id of a draft: the operator that it came from."""
    moved: dict[tuple[str, Axes, bytes], Draft] = field(
        default_factory=dict[tuple[str, Axes, bytes], Draft]
    )
    """By tensor, shape and positions: the tensors that views were moved to."""
    folded: int = 0
    """Elements of all constants that were computed so far."""

    def value(self, node: Node, position: int) -> Value:
        """The operand at a position."""
        if not node.has(position):
            raise RequestError(f"{node.place} lacks input {position}: export the network again")
        name = node.inputs[position]
        if name not in self.values:
            raise RequestError(f"{node.place} reads '{name}', which nothing before it computes")
        return self.values[name]

    def constant(self, node: Node, position: int) -> Constant:
        """The operand at a position, which must be stored in the file."""
        value = self.value(node, position)
        computed = None if isinstance(value, Constant) else node.inputs[position]
        require(node.place, limits.weights_are_constant, computed)
        assert isinstance(value, Constant)
        return value

    def integers(self, node: Node, position: int) -> tuple[int, ...]:
        """A short constant vector of axes, extents or paddings."""
        data = self.constant(node, position).data
        if data.dtype.kind not in "iu" or data.size > 16:
            raise RequestError(f"{node.place}: input {position} must be a few integers")
        return tuple(int(item) for item in data.reshape(-1))

    def activation(self, node: Node, position: int) -> Activation:
        """The operand at a position as data of the network."""
        value = self.value(node, position)
        if isinstance(value, Constant):
            raise RequestError(
                f"{node.place}: input '{node.inputs[position]}' is a constant where a computed "
                "tensor is needed: fold it into the weights or bias of a neighbouring layer"
            )
        if isinstance(value, Pending):
            value = self.settled_alone(value)
            self.values[node.inputs[position]] = value
        return value

    def quantised(self, node: Node, position: int) -> tuple[Activation, Quant]:
        """The operand at a position with its quantisation, which must be known."""
        value = self.activation(node, position)
        require(node.place, limits.operand_is_no_index, value.draft.dtype)
        if value.draft.quant is None:
            limits.float_network(
                str(node.place), f"its input '{node.inputs[position]}' is not quantised"
            )
        return value, value.draft.quant

    def settled_alone(self, pending: Pending) -> Activation:
        """The result in a quantisation of its own, since the file has none for it.

        Raises RequestError where its range is not known.
        """
        if pending.natural is None:
            self.remarks.append(
                f"The file leaves the result of layer '{pending.place.layer}' in floating point; "
                "here it has 8 bits over its whole range."
            )
        quant = pending.own_quant()
        if quant is None:
            limits.float_network(str(pending.place), "its result goes on without a QuantizeLinear")
        return self.settle(pending, quant)

    def settle(self, pending: Pending, quant: Quant) -> Activation:
        """Add a pending operator, now that the quantisation of its result is known."""
        lo, hi = nm.activation_range(quant.scale[0], quant.zero_point[0], pending.low, pending.high)
        if lo > hi:
            raise RequestError(
                f"{pending.place}: the result's scale {quant.scale[0]:g} cannot represent the "
                "activation's range: calibrate again"
            )
        draft = pending.emit(quant, lo, hi)
        self.settled[id(draft)] = pending
        return Activation(draft, pending.view, "float32")

    def draft(self, name: str, shape: tuple[int, ...], quant: Quant | None) -> Draft:
        """A new tensor; its name is made unique."""
        if not limits.activation_is_small(shape) or any(extent < 1 for extent in shape):
            raise RequestError(f"{self.file}: tensor '{name}' has the impossible shape {shape}")
        unique, suffix = name, 1
        while unique in self.drafts or unique in self.constants:
            unique, suffix = f"{name}#{suffix}", suffix + 1
        self.drafts[unique] = Draft(unique, shape, quant)
        return self.drafts[unique]

    def stored_constant(self, name: str, data: Array, quant: Quant | None = None) -> Tensor:
        """A constant of the graph, of the data's type; its name is made unique."""
        unique, suffix = name, 1
        while unique in self.drafts or unique in self.constants:
            unique, suffix = f"{name}#{suffix}", suffix + 1
        dtype = cast("tensor.DType", data.dtype.name)
        self.constants[unique] = Tensor(unique, data.shape, dtype, quant, data)
        return self.constants[unique]

    def add(
        self,
        place: Place,
        operator: Operator,
        inputs: tuple[Draft | Tensor, ...],
        shape: tuple[int, ...],
        quant: Quant | None,
        dtype: Literal["int8", "int16"] = "int8",
    ) -> Draft:
        """Add an operator with a new result."""
        result = self.draft(place.layer, shape, quant)
        result.dtype = dtype
        self.add_op(operator, inputs, (result,))
        return result

    def add_op(
        self, operator: Operator, inputs: tuple[Draft | Tensor, ...], results: tuple[Draft, ...]
    ) -> None:
        """Add an operator that gives these tensors; it has the name of the first one."""
        for operand in inputs:
            if isinstance(operand, Draft):
                operand.used = True
        names = (tuple(tensor.name for tensor in tensors) for tensors in (inputs, results))
        self.ops.append(Op(results[0].name, operator, *names))

    def stored(self, place: Place, activation: Activation, axes: Axes | None = None) -> Draft:
        """The tensor whose elements in order are the view, transposed by `axes`.

        That is the tensor as it is, or after a RESHAPE, or a network input laid out so, or a tensor
        that its elements are moved to.
        """
        view = activation.view if axes is None else activation.view.transpose(axes)
        draft = activation.draft
        if not in_order(draft, view) and not self._lay_out(draft, view):
            return self._moved(place, draft, draft.positions(view))
        draft.used = True
        return self.reshaped(place, draft, view.shape)

    def permuted(self, place: Place, activation: Activation) -> Activation:
        """The same elements where the view has each of its tensor's once, in whatever order."""
        draft, view = activation.draft, activation.view
        if is_whole(draft, view) and np.unique(view).size == view.size:
            return activation
        return replace(activation, draft=self.stored(place, activation), view=positions(view.shape))

    def _moved(self, place: Place, draft: Draft, view: View) -> Draft:
        """The tensor that a view's elements are moved to, each view once."""
        key = (draft.name, view.shape, view.tobytes())
        if key not in self.moved:
            where = replace(place, layer=f"{draft.name}/moved", operator="Transpose")
            operator = rearrangement(draft.shape, view)
            self.moved[key] = self.add(where, operator, (draft,), view.shape, draft.quant)
        return self.moved[key]

    def _lay_out(self, draft: Draft, view: View) -> bool:
        """Let the network's input have the order of a view; False where that is not possible."""
        if draft.declared is None or draft.used or not is_whole(draft, view):
            return False
        whole = positions(draft.declared.shape)
        orders = [*permutations(range(whole.ndim))]
        # Better one that needs no other shape.
        orders.sort(key=lambda axes: whole.transpose(axes).shape != view.shape)
        for axes in orders:
            laid = whole.transpose(axes)
            if (laid.reshape(-1) == view.reshape(-1)).all():
                draft.shape, draft.permutation = laid.shape, axes
                draft.moved = np.empty(view.size, np.int32)
                draft.moved[view.reshape(-1)] = np.arange(view.size, dtype=np.int32)
                return True
        return False

    def reshaped(self, place: Place, draft: Draft, shape: tuple[int, ...]) -> Draft:
        """The tensor in another shape, from the first of a chain of RESHAPEs."""
        while draft.shape != shape and draft.before is not None:
            draft = draft.before
        if draft.shape == shape:
            return draft
        where = replace(place, layer=f"{draft.name}/reshape", operator="Reshape")
        result = self.add(where, Reshape(), (draft,), shape, draft.quant)
        result.before = draft
        return result

    def rescaled(self, place: Place, draft: Draft, quant: Quant, lo: int, hi: int) -> Draft:
        """The tensor in another quantisation, clamped; itself where nothing changes."""
        if (lo, hi) != (-128, 127):
            return self.add(place, Relu(lo=lo, hi=hi), (draft,), draft.shape, quant)
        if draft.quant == quant:
            return draft
        return self.add(place, Quantize(), (draft,), draft.shape, quant)
