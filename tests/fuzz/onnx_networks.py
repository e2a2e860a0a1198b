"""Small sound .onnx networks, at least one for every operator that has a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx

from tests.fuzz.draws import Draws
from tests.onnx_builder import QdqBuilder

Values = dict[str, np.ndarray]


class Sketch(QdqBuilder):
    """A builder that draws what it isn't told."""

    def __init__(self, draws: Draws) -> None:
        super().__init__(dtype=draws.one_of(("int8", "uint8")))
        self.opset = draws.one_of((13, 17, 17, 18, 21))
        self.draws = draws

    def sizes(self, count: int, high: int = 6) -> list[int]:
        return [self.draws.between(1, high) for _ in range(count)]

    def shape(self) -> list[int]:
        return self.draws.one_of(([1, *self.sizes(3)], self.sizes(2), [1, *self.sizes(2)], [2], []))

    def scale(self) -> float:
        return float(self.draws.rng.uniform(0.005, 0.05))

    def real(self, shape: list[int]) -> str:
        """A quantised network input."""
        name = f"x{len(self.inputs)}"
        zero = self.draws.between(-40, 40)
        return self.quantised(self.input(name, shape), self.scale(), zero)

    def fixed(self, *shape: int, axis: int | None = None) -> str:
        """Dequantised int8 weights."""
        count = 1 if axis is None or self.draws.chance(0.3) else shape[axis]
        scales = self.draws.rng.uniform(0.002, 0.02, count)
        name = f"w{len(self.initializers)}"
        scale = scales[0] if count == 1 else scales
        return self.weights(name, self.draws.int8(*shape), scale, axis=axis or 0)

    def integers(self, *values: int) -> str:
        return self.constant(f"i{len(self.initializers)}", np.array(values, np.int64))

    def bias(self, count: int) -> list[str]:
        if self.draws.chance(0.3):
            return []
        data = self.draws.rng.integers(-3000, 3000, count).astype(np.int32)
        return [self.weights(f"b{len(self.initializers)}", data, 0.001)]


def onnx_network(name: str, draws: Draws) -> onnx.ModelProto:
    """A network with this operator."""
    sketch = Sketch(draws)
    make = _MAKERS.get(name)
    result = _unary(name)(sketch) if make is None else make(sketch)
    if name not in _INTEGER:
        result = sketch.quantised(result, sketch.scale(), draws.between(-40, 40))
    dtype = sketch.dtype if name in _INTEGER else "float32"
    return onnx.ModelProto.FromString(sketch.finish([result], dtype))


Maker = Callable[[Sketch], str]


def _unary(name: str, **attributes: Any) -> Maker:
    return lambda net: net.node(name, [net.real(net.shape())], **attributes)


def _binary(name: str) -> Maker:
    def make(net: Sketch) -> str:
        shape = net.shape()
        other = [n if net.draws.chance(0.7) else 1 for n in shape]
        second = net.fixed(*other) if net.draws.chance(0.4) else net.real(other)
        return net.node(name, [net.real(shape), second])

    return make


def _conv(net: Sketch) -> str:
    channels, count, *size = net.sizes(4)
    kernel = [net.draws.between(1, extent) for extent in size]
    inputs = [net.real([1, channels, *size]), net.fixed(count, channels, *kernel, axis=0)]
    return net.node("Conv", [*inputs, *net.bias(count)], kernel_shape=kernel, strides=[1, 1])


def _conv_transpose(net: Sketch) -> str:
    channels, count, *size = net.sizes(4)
    kernel, strides = net.sizes(2, 3), net.sizes(2, 3)
    inputs = [net.real([1, channels, *size]), net.fixed(channels, count, *kernel)]
    return net.node("ConvTranspose", inputs, kernel_shape=kernel, strides=strides)


def _gemm(net: Sketch) -> str:
    rows, depth, count = net.sizes(3, 12)
    inputs = [net.real([rows, depth]), net.fixed(count, depth, axis=0), *net.bias(count)]
    return net.node("Gemm", inputs, transB=1)


def _matmul(net: Sketch) -> str:
    rows, depth, count = net.sizes(3, 12)
    second = net.real([depth, count]) if net.draws.chance() else net.fixed(depth, count, axis=1)
    return net.node("MatMul", [net.real([rows, depth]), second])


def _concat(net: Sketch) -> str:
    shape = [1, *net.sizes(3)]
    axis = net.draws.between(1, 3)
    scale, parts = net.scale(), []
    for extent in net.sizes(2):
        part = [*shape[:axis], extent, *shape[axis + 1 :]]
        parts.append(net.quantised(net.input(f"x{len(net.inputs)}", part), scale, 3))
    return net.quantised(net.node("Concat", parts, axis=axis), scale, 3)


def _pool(name: str) -> Maker:
    def make(net: Sketch) -> str:
        channels, *size = net.sizes(3)
        kernel = [net.draws.between(1, extent) for extent in size]
        attributes = {} if name.startswith("Global") else {"kernel_shape": kernel}
        return net.node(name, [net.real([1, channels, *size])], **attributes)

    return make


def _reduce_mean(net: Sketch) -> str:
    net.opset = 17
    return net.node("ReduceMean", [net.real([1, *net.sizes(3)])], axes=[2, 3], keepdims=1)


def _pad(net: Sketch) -> str:
    image = net.real([1, *net.sizes(3)])
    pads = [0, 0, *net.sizes(2, 2), 0, 0, *net.sizes(2, 2)]
    return net.node("Pad", [image, net.integers(*pads)])


def _clip(net: Sketch) -> str:
    bounds = [net.constant(n, np.float32(v)) for n, v in (("low", 0.0), ("high", 6.0))]
    return net.node("Clip", [net.real(net.shape()), *bounds])


def _softmax(net: Sketch) -> str:
    value = net.node("Softmax", [net.real(net.sizes(2))], axis=-1)
    return net.quantised(value, 1 / 256, -128)


def _reshape(net: Sketch) -> str:
    a, b, c = net.sizes(3)
    return net.node("Reshape", [net.real([1, a, b, c]), net.integers(1, a * b * c)])


def _computed_shape(net: Sketch) -> str:
    x = net.real([2, *net.sizes(2)])
    whole = net.node("Shape", [x])
    first = net.node("Gather", [whole, net.integers(0)])
    rest = net.node("Slice", [net.integers(-1, 7), *(net.integers(n) for n in (0, 1))])
    shape = net.node("Concat", [net.node("Cast", [first], to=7), rest], axis=0)
    return net.node("Reshape", [x, shape])


def _squeeze(net: Sketch) -> str:
    return net.node("Squeeze", [net.real([1, *net.sizes(2)]), net.integers(0)])


def _unsqueeze(net: Sketch) -> str:
    return net.node("Unsqueeze", [net.real(net.sizes(2)), net.integers(0)])


def _transpose(net: Sketch) -> str:
    shape = net.shape() or [3]
    order = net.draws.rng.permutation(len(shape)).tolist()
    return net.node("Transpose", [net.real(shape)], perm=order)


def _constant(net: Sketch) -> str:
    value = onnx.numpy_helper.from_array(np.array([1, -1], np.int64))
    return net.node(
        "Reshape", [net.real([1, *net.sizes(3)]), net.node("Constant", [], value=value)]
    )


def _prelu(net: Sketch) -> str:
    channels, *size = net.sizes(3)
    return net.node("PRelu", [net.real([1, channels, *size]), net.fixed(channels, 1, 1)])


def _power(net: Sketch) -> str:
    exponent = net.constant("e", np.float32(net.draws.one_of((0.5, 2.0, 3.0, -1.0))))
    return net.node("Pow", [net.real(net.shape()), exponent])


def _resize(net: Sketch) -> str:
    scales = net.constant("scales", np.array([1, 1, *net.sizes(2, 2)], np.float32))
    modes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
    modes["nearest_mode"] = "floor"
    return net.node("Resize", [net.real([1, *net.sizes(3)]), "", scales], **modes)


def _upsample(net: Sketch) -> str:
    net.opset = 9
    scales = net.constant("scales", np.array([1, 1, 2, 2], np.float32))
    return net.node("Upsample", [net.real([1, *net.sizes(3)]), scales], mode="nearest")


def _tile(name: str) -> Maker:
    def make(net: Sketch) -> str:
        x = net.real([1, 1, *net.sizes(2)])
        times = [1, *net.sizes(1, 3), 1, 1]
        return net.node(name, [x, net.integers(*times)])

    return make


def _gather(net: Sketch) -> str:
    return net.node("Gather", [net.real([1, 3, *net.sizes(2)]), net.integers(2, 0)], axis=1)


def _slice(net: Sketch) -> str:
    x = net.real([1, 4, *net.sizes(2)])
    return net.node("Slice", [x, *(net.integers(n) for n in (1, 3, 1))])


def _split(net: Sketch) -> str:
    x = net.real([1, 4, *net.sizes(2)])
    result = net.node("Split", [x, net.integers(1, 3)], axis=1)
    net.nodes[-1].output.append("rest")
    return result


def _blocks(net: Sketch) -> str:
    channels, *size = net.sizes(3, 3)
    return net.node("DepthToSpace", [net.real([1, 4 * channels, *size])], blocksize=2)


def _of_blocks(net: Sketch) -> str:
    channels, rows, cols = net.sizes(3, 3)
    return net.node("SpaceToDepth", [net.real([1, channels, 2 * rows, 2 * cols])], blocksize=2)


def _reduced(name: str) -> Maker:
    def make(net: Sketch) -> str:
        net.opset = 17
        x, axis = net.real([1, *net.sizes(3)]), net.draws.between(1, 3)
        if name == "ReduceSum":
            return net.node(name, [x, net.integers(axis)], keepdims=1)
        return net.node(name, [x], axes=[axis], keepdims=1)

    return make


def _reals(net: Sketch, *shape: int) -> str:
    data = net.draws.rng.uniform(0.1, 1, shape).astype(np.float32)
    return net.constant(f"r{len(net.initializers)}", data)


def _top_k(net: Sketch) -> str:
    x = net.real([net.draws.between(1, 4), 6])
    value = net.node("TopK", [x, net.integers(3)], axis=1)
    net.nodes[-1].output.append("indices")
    return value


def _cumsum(net: Sketch) -> str:
    return net.node("CumSum", [net.real([1, *net.sizes(2)]), net.integers(1)])


def _cast(net: Sketch) -> str:
    return net.node("Cast", [net.real(net.shape())], to=1)


def _normalised(name: str) -> Maker:
    def make(net: Sketch) -> str:
        channels, *size = net.sizes(3)
        x = net.real([1, channels, *size])
        own = size[-1] if "Layer" in name or name == "RMSNormalization" else channels
        constants = [_reals(net, own) for _ in range(4 if name == "BatchNormalization" else 2)]
        if name == "RMSNormalization" or name.startswith("Simplified"):
            constants.pop()
        return net.node(name, [x, *constants])

    return make


def _recurrent(name: str) -> Maker:
    def make(net: Sketch) -> str:
        steps, batches, inputs, units = net.sizes(4, 4)
        gates = 4 if name == "LSTM" else 3
        operands = [net.real([steps, batches, inputs]), net.fixed(1, gates * units, inputs)]
        operands += [net.fixed(1, gates * units, units), _reals(net, 1, 2 * gates * units)]
        if net.draws.chance():
            operands += ["", _reals(net, 1, batches, units)]
        return net.node(name, operands, hidden_size=units)

    return make


def _block(net: Sketch) -> str:
    """Convolution, clip, channels last, pool, flatten, matrix product, softmax."""
    x = net.real([1, 2, 6, 5])
    y = net.node("Conv", [x, net.fixed(4, 2, 3, 3, axis=0)], pads=[1, 1, 1, 1])
    y = net.quantised(net.node("Relu", [y]), 0.03, -128)
    y = net.quantised(net.node("Add", [y, y]), 0.05, -10)
    y = net.quantised(net.node("GlobalAveragePool", [y]), 0.05, -10)
    y = net.node("Flatten", [y])
    y = net.quantised(net.node("MatMul", [y, net.fixed(4, 3)]), 0.05, 0)
    return net.node("Softmax", [y], axis=1)


_INTEGER = frozenset(
    (
        "QLinearConv", "QLinearMatMul", "QGemm", "QLinearAdd", "QLinearMul", "QLinearSigmoid",
        "QLinearLeakyRelu", "QLinearConcat", "QLinearGlobalAveragePool", "QLinearAveragePool",
        "QLinearReduceMean", "QLinearSoftmax",
    )
)  # fmt: skip
"""Operators whose operands and results are integers."""


def _qlinear(name: str) -> Maker:
    def make(net: Sketch) -> str:
        channels, count, *size = net.sizes(4)
        flat = name in ("QLinearMatMul", "QGemm", "QLinearSoftmax")
        shape = [1, channels] if flat else [1, channels, *size]
        first = net.parameters(net.scale(), 3)
        x = net.node("QuantizeLinear", [net.input("x", shape), *first])
        last = net.parameters(net.scale(), -3)
        kernel = [net.draws.between(1, extent) for extent in size]
        weights = {
            "QLinearConv": (count, channels, *kernel),
            "QLinearMatMul": (channels, count),
            "QGemm": (channels, count),
        }.get(name)
        domain = "" if name in ("QLinearConv", "QLinearMatMul") else "com.microsoft"
        attributes: dict[str, Any] = {}
        if weights is not None:
            stored = net.constant("w", net.draws.int8(*weights))
            zero = net.constant("w_zero", np.int8(0))
            operands = [x, *first, stored, net.constant("w_scale", np.float32(0.01)), zero]
            operands += ["", *last] if name == "QGemm" else last
        elif name in ("QLinearAdd", "QLinearMul"):
            operands = [x, *first, x, *first, *last]
        elif name == "QLinearConcat":
            operands, attributes = [*last, x, *first, x, *first], {"axis": 1}
        else:
            operands = [x, *first, *last]
            attributes = {
                "QLinearAveragePool": {"kernel_shape": kernel},
                "QLinearReduceMean": {"axes": [2, 3]},
                "QLinearLeakyRelu": {"alpha": 0.1},
                "QLinearSoftmax": {"axis": 1, "opset": 13},
            }.get(name, {})
        return net.node(name, operands, domain=domain, **attributes)

    return make


_POOLS = ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool")
_REDUCTIONS = (
    "ReduceMax", "ReduceMin", "ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare",
)  # fmt: skip
_NORMALISATIONS = (
    "BatchNormalization", "InstanceNormalization", "LayerNormalization", "RMSNormalization",
    "SimplifiedLayerNormalization",
)  # fmt: skip
_MAKERS: Mapping[str, Maker] = {
    **{name: _binary(name) for name in ("Add", "Sub", "Sum", "Mul", "Div", "Max", "Min")},
    **{name: _pool(name) for name in _POOLS},
    **{name: _normalised(name) for name in _NORMALISATIONS},
    **{name: _recurrent(name) for name in ("LSTM", "GRU")},
    **{name: _qlinear(name) for name in sorted(_INTEGER)},
    **{name: _tile(name) for name in ("Tile", "Expand")},
    **{name: _reduced(name) for name in _REDUCTIONS},
    "Cast": _cast,
    "CumSum": _cumsum,
    "TopK": _top_k,
    "Clip": _clip,
    "Concat": _concat,
    "Constant": _constant,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DepthToSpace": _blocks,
    "Gather": _gather,
    "Gemm": _gemm,
    "Gelu": _unary("Gelu", domain="com.microsoft"),
    "QuickGelu": _unary("QuickGelu", domain="com.microsoft"),
    "MatMul": _matmul,
    "PRelu": _prelu,
    "Pad": _pad,
    "Pow": _power,
    "QuantizeLinear": lambda net: net.real(net.shape()),
    "DequantizeLinear": lambda net: net.real(net.shape()),
    "ReduceMean": _reduce_mean,
    "Reshape": _reshape,
    "Resize": _resize,
    "Shape": _computed_shape,
    "Slice": _slice,
    "Softmax": _softmax,
    "SpaceToDepth": _of_blocks,
    "Split": _split,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Upsample": _upsample,
    "Unsqueeze": _unsqueeze,
    "block": _block,
}
KINDS = (*sorted(_INTEGER), "Softmax", "block")
"""Networks besides those of the operators in the importer's table."""
