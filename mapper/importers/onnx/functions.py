"""ONNX functions of one operand, element by element: tables of the real function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.graph.tensor import Quant
from tilewright.mapper.importers.onnx.builder import Builder
from tilewright.mapper.importers.onnx.chains import compose, composed
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.importers.onnx.values import Constant, Draft, Function, Pending, Value
from tilewright.mapper.limits import require
from tilewright.mapper.operators import functions, lookup

_PLAIN: Mapping[str, lookup.RealFunction] = {
    "Abs": lookup.Abs(real=True),
    "Ceil": functions.Ceil(),
    "Cos": functions.Cos(),
    "Erf": functions.Erf(),
    "Exp": functions.Exp(),
    "Floor": functions.Floor(),
    "HardSwish": lookup.HardSwish(real=True),
    "Log": functions.Log(),
    "Mish": functions.Mish(),
    "Neg": functions.Neg(),
    "Reciprocal": functions.Reciprocal(),
    "Round": functions.Round(),
    "Sigmoid": lookup.Logistic(real=True),
    "Sign": functions.Sign(),
    "Sin": functions.Sin(),
    "Softplus": functions.Softplus(),
    "Softsign": functions.Softsign(),
    "Sqrt": functions.Sqrt(),
    "Tan": functions.Tan(),
    "Tanh": lookup.Tanh(real=True),
}


def function_of(builder: Builder, node: Node, operator: lookup.RealFunction) -> Value:
    """A function of the first operand, or of what that one is a function of."""
    chain = composed(builder, node, operator.function(), [builder.value(node, 0)])
    if chain is not None:
        return chain
    x, _ = builder.quantised(node, 0)
    if x.dtype != "float32":
        raise RequestError(
            f"{node.place}: computes on integers; the nearest supported form is the same operator "
            "between DequantizeLinear and QuantizeLinear"
        )

    def emit(quant: Quant, lo: int, hi: int) -> Draft:
        clamped = replace(operator, lo=lo, hi=hi)
        return builder.add(node.place, clamped, (x.draft,), x.draft.shape, quant)

    found = compose(operator.function(), [x])
    function = None if found is None else Function(found.draft, found.values)
    return Pending(node.place, x.draft.positions(x.view), emit, function=function)


def _number(node: Node, name: str, default: float) -> float:
    value = node.number(name, default)
    assert value is not None
    return value


def _gelu(node: Node) -> lookup.RealFunction:
    if node.text("approximate", "none") == "tanh":
        return functions.GeluTanh()
    return functions.Gelu()


def _hard_sigmoid(node: Node) -> lookup.RealFunction:
    alpha, beta = _number(node, "alpha", 0.2), _number(node, "beta", 0.5)
    return functions.HardSigmoid(alpha=alpha, beta=beta)


def _selu(node: Node) -> lookup.RealFunction:
    alpha = _number(node, "alpha", 1.67326319217681884765625)
    return functions.Selu(alpha=alpha, gamma=_number(node, "gamma", 1.05070102214813232421875))


_WITH_ATTRIBUTES: Mapping[str, Callable[[Node], lookup.RealFunction]] = {
    "Celu": lambda node: functions.Celu(alpha=_number(node, "alpha", 1.0)),
    "Elu": lambda node: lookup.Elu(alpha=_number(node, "alpha", 1.0), real=True),
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": lambda node: lookup.LeakyRelu(alpha=_number(node, "alpha", 0.01), real=True),
    "QuickGelu": lambda node: functions.QuickGelu(alpha=_number(node, "alpha", 1.702)),
    "Selu": _selu,
    "Swish": lambda node: functions.QuickGelu(alpha=_number(node, "alpha", 1.0)),
    "ThresholdedRelu": lambda node: functions.ThresholdedRelu(alpha=_number(node, "alpha", 1.0)),
}


def _plain(builder: Builder, node: Node) -> Value:
    return function_of(builder, node, _PLAIN[node.op])


def _with_attributes(builder: Builder, node: Node) -> Value:
    return function_of(builder, node, _WITH_ATTRIBUTES[node.op](node))


def _power(builder: Builder, node: Node) -> Value:
    both = [builder.value(node, position) for position in (0, 1)]
    if not isinstance(both[1], Constant):
        power = composed(builder, node, np.power, both, alone=True)
        require(node.place, limits.power_is_of_one_tensor, power is not None)
        assert power is not None
        return power
    exponent = builder.constant(node, 1).real().reshape(-1)
    require(node.place, limits.exponent_is_constant, exponent.size)
    return function_of(builder, node, functions.Power(exponent=float(exponent[0])))


RULES: Mapping[str, Callable[[Builder, Node], Value]] = {
    **dict.fromkeys(_PLAIN, _plain),
    **dict.fromkeys(_WITH_ATTRIBUTES, _with_attributes),
    "Pow": _power,
}
