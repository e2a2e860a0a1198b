"""ONNX Where with a stored condition: some elements of a tensor give way to a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.elementwise import widened, with_constant
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.values import Constant, Draft, Pending, Value
from tilewright.mapper.limits import require
from tilewright.mapper.operators.extremes import Maximum, Minimum


def _where(builder: Builder, node: Node) -> Value:
    """Where: the tensor within bounds of each element, both of them the number where it counts."""
    condition = builder.constant(node, 0).data.astype(bool)
    values = [builder.value(node, position) for position in (1, 2)]
    constant = [isinstance(value, Constant) for value in values]
    require(node.place, limits.chooses_a_number, constant)
    position = 1 if constant[0] else 0
    number = values[1 - position]
    assert isinstance(number, Constant)
    require(node.place, limits.chooses_one_number, number.data.size)
    given_way = condition if constant[0] else ~condition
    real = float(number.real().reshape(-1)[0])
    x, _ = builder.quantised(node, 1 + position)
    require(node.place, limits.shapes_broadcast, [x.view.shape, given_way.shape])
    x = widened(x, max(x.view.ndim, given_way.ndim))
    draft, mask, shape, view = with_constant(builder, node, x, Constant(given_way))

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        steps = np.clip(real / quant.scale[0], -1e4, 1e4) + quant.zero_point[0]
        step = int(np.clip(np.rint(steps), -128, 127))
        result = builder.rescaled(node.place, draft, quant, -128, 127)
        for kind, end in ((Minimum, 127), (Maximum, -128)):
            if step != end:
                data = np.where(mask.data, step, end).astype(np.int8)
                bounds = builder.stored_constant(f"{node.name}/bounds", data, quant)
                result = builder.add(node.place, kind(), (result, bounds), shape, quant)
        return builder.rescaled(node.place, result, quant, lo, hi)

    return Pending(node.place, view, emit)


RULES: Mapping[str, Callable[[Builder, Node], Value]] = {"Where": _where}
