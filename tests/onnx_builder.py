"""Writes small QDQ networks in ONNX, for onnxruntime and the importer alike.

    net = QdqBuilder()
    x = net.input("x", (1, 3, 8, 8))                      # real, float32
    q = net.quantised(x, 0.05, -3)                        # QuantizeLinear, DequantizeLinear
    y = net.node("Conv", [q, net.weights("w", int8, scales)], pads=[1, 1, 1, 1])
    y = net.quantised(y, 0.1, 5)
    content = net.finish([y])

Every method takes and returns names of values. `dtype` is that of the activations. `run_ort` gives
onnxruntime's outputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

TYPES = {"float32": TensorProto.FLOAT, "int8": TensorProto.INT8, "uint8": TensorProto.UINT8}


@dataclass
class QdqBuilder:
    """Collects nodes; `finish` writes the file."""

    dtype: str = "int8"
    opset: int = 17
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def input(self, name: str, shape: Sequence[int | str], dtype: str = "float32") -> str:
        """A network input; a string in the shape is a free extent."""
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[dtype], list(shape)))
        return name

    def constant(self, name: str, data: np.ndarray) -> str:
        """An initialiser."""
        self.initializers.append(numpy_helper.from_array(np.asarray(data), name))
        return name

    def node(self, op: str, inputs: Sequence[str], *, domain: str = "", **attributes) -> str:
        """Any operator with one output."""
        output = f"{op.lower()}_{len(self.nodes)}"
        node = helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes)
        self.nodes.append(node)
        return output

    def parameters(self, scale: float, zero_point: int) -> list[str]:
        """Scale and zero point; the zero point is int8's and moves by 128 for uint8."""
        stem = f"q{len(self.initializers)}"
        zero = zero_point + (128 if self.dtype == "uint8" else 0)
        return [
            self.constant(f"{stem}_scale", np.float32(scale)),
            self.constant(f"{stem}_zero", np.array(zero, self.dtype)),
        ]

    def quantised(self, value: str, scale: float, zero_point: int) -> str:
        """The value after QuantizeLinear and DequantizeLinear."""
        parameters = self.parameters(scale, zero_point)
        integers = self.node("QuantizeLinear", [value, *parameters])
        return self.node("DequantizeLinear", [integers, *parameters])

    def weights(
        self, name: str, data: np.ndarray, scale: float | Sequence[float], *, axis: int = 0
    ) -> str:
        """A dequantised constant with zero point 0; int32 for a bias."""
        scales = np.asarray(scale, np.float32)
        parameters = [
            self.constant(f"{name}_scale", scales),
            self.constant(f"{name}_zero", np.zeros(scales.shape, data.dtype)),
        ]
        stored = self.constant(name, data)
        return self.node("DequantizeLinear", [stored, *parameters], axis=axis)

    def finish(self, outputs: Sequence[str], dtype: str = "float32") -> bytes:
        """The file, checked by onnx."""
        declared = [helper.make_tensor_value_info(name, TYPES[dtype], None) for name in outputs]
        graph = helper.make_graph(self.nodes, "net", self.inputs, declared, self.initializers)
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def run_ort(content: bytes, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs of onnxruntime, node by node (no fusion)."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return list(session.run(None, inputs))
