"""DEPTH_TO_SPACE, SPACE_TO_DEPTH, SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND."""

from __future__ import annotations

from collections.abc import Mapping

from tilewright.mapper import limits
from tilewright.mapper.graph.op import Op
from tilewright.mapper.importers.tflite.axes import constant_pairs
from tilewright.mapper.importers.tflite.flatbuffer import FileOperator
from tilewright.mapper.importers.tflite.operands import Operands, Rule
from tilewright.mapper.limits import require
from tilewright.mapper.operators.blocks import (
    BatchToSpaceNd,
    DepthToSpace,
    SpaceToBatchNd,
    SpaceToDepth,
)

_DEPTH = {"DEPTH_TO_SPACE": DepthToSpace, "SPACE_TO_DEPTH": SpaceToDepth}


def _depth(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    place, block = operands.place(operator), int(operator.options["BlockSize"])
    require(place, limits.block_is_sensible, (block,))
    return operands.op(operator, _DEPTH[operator.name](block=block), (x,), result)


def _batch(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.moved(operator)
    place, block = operands.place(operator), tuple(operands.integers(operator, 1))
    require(place, limits.block_is_sensible, block)
    pairs = constant_pairs(operands, operator, 2, len(block))
    if operator.name == "SPACE_TO_BATCH_ND":
        return operands.op(operator, SpaceToBatchNd(block=block, pads=pairs), (x,), result)
    return operands.op(operator, BatchToSpaceNd(block=block, crops=pairs), (x,), result)


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_DEPTH, _depth),
    "SPACE_TO_BATCH_ND": _batch,
    "BATCH_TO_SPACE_ND": _batch,
}
