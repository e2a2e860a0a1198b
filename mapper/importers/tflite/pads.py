"""PAD, PADV2 and MIRROR_PAD."""

from __future__ import annotations

from collections.abc import Mapping

from tflite import MirrorPadMode

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.importers.tflite.axes import constant_pairs
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.pads import Mirror, MirrorPad, Pad


def _pad(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    pads = constant_pairs(operands, operator, 1, len(x.shape))
    value = None
    if operator.name == "PADV2":
        operands.constant(operator, 2)
        given = operands.operand(operator, 2, (x.dtype,))
        require(operands.place(operator), limits.pads_with_one_element, given.elements)
        assert given.data is not None
        value = int(given.data.reshape(-1)[0])
    return operands.op(operator, Pad(pads=pads, value=value), (x,), result)


def _mirror_pad(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    pads = constant_pairs(operands, operator, 1, len(x.shape))
    reflects = operator.options["Mode"] == MirrorPadMode.REFLECT
    mirror = Mirror.REFLECT if reflects else Mirror.SYMMETRIC
    return operands.op(operator, MirrorPad(pads=pads, mirror=mirror), (x,), result)


RULES: Mapping[str, Rule] = {"PAD": _pad, "PADV2": _pad, "MIRROR_PAD": _mirror_pad}
