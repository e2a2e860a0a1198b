"""A calibrated network as an ONNX file in QDQ form: NCHW, float operators between
QuantizeLinear/DequantizeLinear pairs, as the usual exporters write it."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tilewright.sim.networks.zoo.calibrate import Calibrated, Quantisation
from tilewright.sim.networks.zoo.topologies import (
    INPUT,
    Add,
    Conv,
    Dense,
    Layer,
    Pool,
    Softmax,
    same_padding,
)

OPSET = 13
IR_VERSION = 8
OUTPUT = "output"

_PLUMBING = ("QuantizeLinear", "DequantizeLinear", "Relu", "Reshape")
"""Operators whose name is that of their output: they belong to a layer of another name."""


class _Writer:
    """Collects the nodes and constants of one network.

    `real` is the name of the dequantised tensor of each layer, `shapes` its shape without batch.
    """

    def __init__(self, network: Calibrated) -> None:
        self.network = network
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.real: dict[str, str] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Store a constant under this name."""
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add an operator with one output, of which it gets the name up to the last slash."""
        name = output if op in _PLUMBING else output.rpartition("/")[0]
        self.nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    def quantised(self, layer: str, source: str, shape: tuple[int, ...], output: str = "") -> None:
        """Pass the real tensor `source` through the layer's int8 form."""
        q = self.network.activations[layer]
        around = self._scale_and_zero(layer, q)
        quantised = self.node("QuantizeLinear", [source, *around], f"{layer}/q")
        name = output or f"{layer}/dq"
        self.real[layer] = self.node("DequantizeLinear", [quantised, *around], name)
        self.shapes[layer] = shape

    def weights(self, layer: str, input_scale: float) -> list[str]:
        """Dequantised weights and bias of a layer, one scale for each output channel."""
        weights = self.network.weights[layer]
        bias_scale = weights.scale * np.float32(input_scale)
        result: list[str] = []
        for kind, values, scale in (
            ("weight", weights.values, weights.scale),
            ("bias", weights.bias, bias_scale),
        ):
            inputs = [
                self.constant(f"{layer}/{kind}_int", values),
                self.constant(f"{layer}/{kind}_scale", scale),
                self.constant(f"{layer}/{kind}_zero", np.zeros(len(scale), values.dtype)),
            ]
            result.append(self.node("DequantizeLinear", inputs, f"{layer}/{kind}", axis=0))
        return result

    def _scale_and_zero(self, layer: str, q: Quantisation) -> list[str]:
        return [
            self.constant(f"{layer}/scale", np.array(q.scale, np.float32)),
            self.constant(f"{layer}/zero", np.array(q.zero_point, np.int8)),
        ]


def to_onnx(network: Calibrated) -> bytes:
    """The bytes of the .onnx file; the same for the same network."""
    topology = network.topology
    writer = _Writer(network)
    writer.quantised(INPUT, INPUT, topology.input_shape)
    names = [layer.name for layer in topology.layers]
    for layer, output in zip(topology.layers, [""] * (len(names) - 1) + [OUTPUT], strict=True):
        _write(writer, layer, output)
    graph = helper.make_graph(
        writer.nodes,
        topology.name,
        [_value(INPUT, topology.input_shape)],
        [_value(OUTPUT, writer.shapes[names[-1]])],
        writer.constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tilewright",
        doc_string=f"{topology.title}; synthetic weights",
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def _value(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *shape])


def _write(writer: _Writer, layer: Layer, output: str) -> None:
    match layer:
        case Conv():
            _write_conv(writer, layer, output)
        case Dense():
            x = layer.source
            inputs = [writer.real[x], *writer.weights(layer.name, _scale(writer, x))]
            y = writer.node("Gemm", inputs, f"{layer.name}/gemm", transB=1)
            _activated(writer, layer.name, y, (layer.features,), layer.relu, output)
        case Add():
            inputs = [writer.real[source] for source in layer.sources]
            y = writer.node("Add", inputs, f"{layer.name}/add")
            _activated(writer, layer.name, y, writer.shapes[layer.sources[0]], True, output)
        case Pool():
            _write_pool(writer, layer)
        case Softmax():
            y = writer.node("Softmax", [writer.real[layer.source]], f"{layer.name}/p", axis=-1)
            writer.quantised(layer.name, y, writer.shapes[layer.source], output)


def _write_conv(writer: _Writer, layer: Conv, output: str) -> None:
    _, *size = writer.shapes[layer.source]
    pads = [same_padding(size[i], layer.kernel[i], layer.stride) for i in range(2)]
    y = writer.node(
        "Conv",
        [writer.real[layer.source], *writer.weights(layer.name, _scale(writer, layer.source))],
        f"{layer.name}/conv",
        kernel_shape=list(layer.kernel),
        strides=[layer.stride, layer.stride],
        pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
        group=layer.channels if layer.depthwise else 1,
    )
    shape = (layer.channels, *(-(-extent // layer.stride) for extent in size))
    _activated(writer, layer.name, y, shape, layer.relu, output)


def _write_pool(writer: _Writer, layer: Pool) -> None:
    """Average, in the input's scale as integer kernels want it, then flatten."""
    channels, *size = writer.shapes[layer.source]
    y = writer.node(
        "AveragePool",
        [writer.real[layer.source]],
        f"{layer.name}/average",
        kernel_shape=size,
        strides=size,
    )
    writer.quantised(layer.name, y, (channels,))
    flat = writer.constant(f"{layer.name}/shape", np.array([1, channels], np.int64))
    writer.real[layer.name] = writer.node(
        "Reshape", [writer.real[layer.name], flat], f"{layer.name}/flat"
    )


def _activated(
    writer: _Writer, name: str, source: str, shape: tuple[int, ...], relu: bool, output: str
) -> None:
    y = writer.node("Relu", [source], f"{name}/relu") if relu else source
    writer.quantised(name, y, shape, output)


def _scale(writer: _Writer, layer: str) -> float:
    return writer.network.activations[layer].scale
