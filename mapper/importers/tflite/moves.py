"""PAD, RESHAPE and its relatives, CONCATENATION."""

from __future__ import annotations

from collections.abc import Mapping

from hw.spec.errors import RequestError
from mapper import limits
from mapper.graph.op import Op
from mapper.importers.tflite.activation import fused_activation
from mapper.importers.tflite.flatbuffer import FileOperator
from mapper.importers.tflite.operands import Operands, Rule
from mapper.limits import require
from mapper.operators.concatenation import Concatenation
from mapper.operators.images import Padding
from mapper.operators.moves import Pad, Reshape


def _pad(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    place = operands.place(operator)
    require(place, limits.image_has_four_axes, image.shape)
    flat = operands.integers(operator, 1)
    pairs = [flat[i : i + 2] for i in range(0, len(flat), 2)]
    require(place, limits.pads_image_only, pairs)
    if operator.name == "PADV2":
        offset = int(operands.constant(operator, 2).reshape(-1)[0]) - image.zero_point
        require(place, limits.pads_with_zero_point, offset)
    (top, bottom), (left, right) = pairs[1:3]
    require(place, limits.padding_is_sensible, (top, left, bottom, right))
    require(place, limits.one_quantisation, [image.quant, result.quant])
    padding = Padding(top=top, left=left, bottom=bottom, right=right)
    return operands.op(operator, Pad(padding=padding), (image,), result)


def _reshape(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    require(operands.place(operator), limits.one_quantisation, [x.quant, result.quant])
    return operands.op(operator, Reshape(), (x,), result)


def _concatenation(operands: Operands, operator: FileOperator) -> Op:
    inputs = tuple(operands.activation(operator, i) for i in range(len(operator.inputs)))
    result, place = operands.result(operator), operands.place(operator)
    require(place, limits.one_quantisation, [*(t.quant for t in inputs), result.quant])
    if fused_activation(operands, operator, result) != (-128, 127):
        raise RequestError(f"{place}: CONCATENATION must not fuse an activation: use RELU after it")
    axis = int(operator.options["Axis"])
    axis += len(result.shape) if axis < 0 else 0
    return operands.op(operator, Concatenation(axis=axis), inputs, result)


RULES: Mapping[str, Rule] = {
    "PAD": _pad,
    "PADV2": _pad,
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "CONCATENATION": _concatenation,
}
