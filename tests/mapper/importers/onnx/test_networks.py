"""Real ONNX networks, and those that onnxruntime's quantiser writes, against onnxruntime."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from tests.decoding import decode_output
from tests.mapper.graph_executor import execute, execute_op
from tests.onnx_builder import run_ort
from tests.shared_models import INPUTS, inputs, shared_models
from tilewright.hw.spec.config import make_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers import import_model
from tilewright.mapper.interface import encode_input
from tilewright.sim.functional.backend import run_functional

MACS = {"vww": 7_489_664, "kws": 2_656_768, "ic": 12_501_632, "ad": 264_192}


def real_rows(name: str, graph: Graph) -> np.ndarray:
    """The shared inputs as real numbers in the shape of the .onnx network."""
    twin = import_model(shared_models() / "tflite" / f"{name}.tflite")
    tensor = twin.tensors[twin.inputs[0]]
    rows = inputs(name)["x"].reshape(-1, *tensor.shape[1:]).astype(np.float32)
    rows = (rows - tensor.zero_point) * np.float32(tensor.scale)
    if name == "vww":
        rows = rows.transpose(0, 3, 1, 2)
    return rows.reshape(-1, *graph.ports[graph.inputs[0]].shape[1:])


def batch_of(graph: Graph, rows: np.ndarray) -> np.ndarray:
    return np.concatenate([encode_input(graph, graph.inputs[0], row) for row in rows])


@pytest.fixture(params=INPUTS)
def name(request):
    return request.param


@pytest.fixture
def path(name) -> Path:
    return shared_models() / "onnx" / f"{name}.onnx"


def test_same_products_as_the_tflite_twin(path: Path, name: str):
    assert import_model(path).macs() == MACS[name]


def test_every_layer_is_within_one_step(path: Path, name: str):
    """Each layer on onnxruntime's own inputs to it: at most 1, and for few values."""
    graph, model = import_model(path), onnx.load(path)
    reader = {value: node for node in model.graph.node for value in node.input}
    results = {
        node.name: reader[node.output[0]].output[0]
        for node in model.graph.node
        if node.output[0] in reader and reader[node.output[0]].op_type == "QuantizeLinear"
    }
    ops = [op for op in graph.ops if op.name in results]
    for op in ops:
        value = helper.make_tensor_value_info(results[op.name], TensorProto.INT8, None)
        model.graph.output.append(value)
    row = real_rows(name, graph)[:1]
    outputs = run_ort(model.SerializeToString(), {graph.ports[graph.inputs[0]].name: row})
    values = {t.name: t.data for t in graph.tensors.values() if t.data is not None}
    values[graph.inputs[0]] = batch_of(graph, row)
    for op, output in zip(ops, outputs[len(graph.outputs) :], strict=True):
        image = output.transpose(0, 2, 3, 1) if output.ndim == 4 else output
        values[op.outputs[0]] = image.reshape(graph.result(op).shape)
    assert len(ops) >= len(graph.ops) - 2
    for op in graph.ops:
        got = execute_op(graph, op, values).reshape(graph.result(op).shape)
        wanted = values.setdefault(op.outputs[0], got)
        difference = np.abs(got.astype(int) - wanted)
        assert difference.max() <= 1, op.name
        assert (difference > 0).mean() < 0.1, op.name


@pytest.mark.parametrize("name", ["vww", "kws", "ic"])
def test_accuracy_is_within_one_point_of_onnxruntime(path: Path, name: str):
    graph = import_model(path)
    port = graph.ports[graph.inputs[0]]
    rows, labels = real_rows(name, graph), inputs(name)["y"]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    right, wanted = [], []
    for start in range(0, len(rows), 64):
        batch = rows[start : start + 64]
        outputs = execute(graph, {graph.inputs[0]: batch_of(graph, batch)})[graph.outputs[0]]
        right += list(outputs.reshape(len(batch), -1).argmax(1))
        wanted += [session.run(None, {port.name: row[None]})[0].argmax() for row in batch]
    known = labels >= 0
    ours = (np.array(right) == labels)[known].mean()
    theirs = (np.array(wanted) == labels)[known].mean()
    assert abs(ours - theirs) <= 0.01 + 1e-9
    assert (np.array(right) == np.array(wanted)).mean() >= 0.98


def test_reconstruction_is_close_to_onnxruntime():
    graph = import_model(shared_models() / "onnx" / "ad.onnx")
    rows = real_rows("ad", graph)[::20]
    output = graph.tensors[graph.outputs[0]]
    values = execute(graph, {graph.inputs[0]: batch_of(graph, rows)})[output.name]
    session = onnxruntime.InferenceSession(
        shared_models() / "onnx" / "ad.onnx", providers=["CPUExecutionProvider"]
    )
    port = graph.ports[graph.inputs[0]]
    wanted = np.concatenate([session.run(None, {port.name: row[None]})[0] for row in rows])
    real = (values.astype(float) - output.zero_point) * output.scale
    assert np.abs(real - wanted).mean() < output.scale


class Calibration(CalibrationDataReader):
    """Twenty random images."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.images = iter([rng.normal(size=(1, 3, 16, 16)).astype(np.float32) for _ in range(20)])

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self.images, None)
        return None if image is None else {"x": image}


def float_network() -> onnx.ModelProto:
    """Every supported operator at least once, with branches that join."""
    rng = np.random.default_rng(11)
    constants: dict[str, np.ndarray] = {}
    nodes: list[onnx.NodeProto] = []

    def weights(*shape: int) -> str:
        name = f"w{len(constants)}"
        size = max(int(np.prod(shape[1:])), 4)
        constants[name] = (rng.normal(size=shape) / np.sqrt(size)).astype(np.float32)
        return name

    def constant(value: object) -> str:
        name = f"c{len(constants)}"
        constants[name] = np.asarray(value)
        return name

    def node(op: str, inputs: list[str], **attributes) -> str:
        name = f"{op.lower()}{len(nodes)}"
        nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    stem = node("Conv", ["x", weights(8, 3, 3, 3), weights(8)], strides=[2, 2], pads=[0, 0, 1, 1])
    stem = node("Relu", [stem])
    deep = node("Conv", [stem, weights(8, 1, 3, 3), weights(8)], group=8, auto_pad="SAME_UPPER")
    deep = node("Clip", [deep, constant(np.float32(0)), constant(np.float32(6))])
    deep = node("Conv", [deep, weights(8, 8, 1, 1), weights(8)])
    joined = node("Relu", [node("Add", [deep, stem])])
    largest = node("MaxPool", [joined], kernel_shape=[2, 2], strides=[2, 2])
    average = node("AveragePool", [joined], kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])
    wide = node("Concat", [largest, average], axis=1)
    padded = node("Pad", [wide, constant(np.array([0, 0, 1, 0, 0, 0, 0, 2]))])
    double = node("Conv", [padded, weights(32, 1, 2, 3), weights(32)], group=16)
    flat = node("Flatten", [node("GlobalAveragePool", [double])])
    left = node("Gemm", [flat, weights(10, 32), weights(10)], transB=1)
    order = node("Reshape", [wide, constant(np.array([1, -1]))])
    right = node("MatMul", [order, weights(256, 10)])
    right = node("Add", [right, weights(10)])
    node("Softmax", [node("Add", [left, right])], axis=-1)
    nodes[-1].output[0] = "y"
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator])
@pytest.mark.parametrize("activations", [QuantType.QInt8, QuantType.QUInt8])
@pytest.mark.parametrize("per_channel", [False, True])
def test_what_the_quantiser_of_onnxruntime_writes(tmp_path, form, activations, per_channel):
    source, target = tmp_path / "float.onnx", tmp_path / "quantised.onnx"
    onnx.save(float_network(), source)
    quantize_static(
        source,
        target,
        Calibration(),
        quant_format=form,
        activation_type=activations,
        weight_type=QuantType.QInt8,
        per_channel=per_channel,
    )
    graph = import_model(target)
    assert graph.macs() == 8 * 8 * 8 * (27 + 9 + 8) + 4 * 4 * 32 * 6 + 320 + 2560
    content = target.read_bytes()
    (logits,) = (graph.operands(op)[0] for op in graph.ops if op.kind == "SOFTMAX")
    rng, program = np.random.default_rng(3), compile_model(graph, make_config({}))
    for _ in range(5):
        x = rng.normal(size=(1, 3, 16, 16)).astype(np.float32)
        given = {graph.inputs[0]: encode_input(graph, graph.inputs[0], x)}
        values = run_functional(program, given).outputs[graph.outputs[0]]
        got = decode_output(graph, graph.outputs[0], values)
        (wanted,) = run_ort(content, {"x": x})
        # Sixteen layers, each at most a step apart; a step of the logits moves a probability by
        # up to a quarter of their scale.
        assert np.abs(got - wanted).max() <= 8 / 256 + logits.scale / 4
