"""The built-in networks: topology, bytes, and outputs that mean something to a comparison."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, shape_inference

from tests.decoding import decode_output
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.interface import encode_input
from tilewright.sim.functional.backend import FunctionalBackend
from tilewright.sim.networks.zoo import ZOO_NAMES, zoo_model, zoo_topology
from tilewright.sim.networks.zoo.calibrate import SAMPLES, sample_input
from tilewright.sim.networks.zoo.topologies import same_padding

# Published by MLPerf Tiny for the same topologies.
MACS = {"vww": 7_489_664, "kws": 2_656_768, "ic": 12_501_632, "ad": 264_192}


def zoo_input(name, seed=2000):
    """A signal that the calibration has not seen, in the file's layout."""
    assert seed >= SAMPLES
    return sample_input(zoo_topology(name), seed)[np.newaxis].astype(np.float32)


def test_the_four_networks_are_there():
    assert set(ZOO_NAMES) == {"vww", "kws", "ic", "ad"}


@pytest.mark.parametrize("name", MACS)
def test_macs_from_the_files_own_shapes(name):
    model = shape_inference.infer_shapes(onnx.load_from_string(zoo_model(name)))
    shapes = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*model.graph.value_info, *model.graph.output)
    }
    weights = {t.name: numpy_helper.to_array(t).size for t in model.graph.initializer}
    macs = 0
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm"):
            pixels = np.prod(shapes[node.output[0]][2:], dtype=int)
            macs += weights[f"{node.input[1]}_int"] * pixels
    assert macs == MACS[name]


@pytest.mark.parametrize("name", MACS)
def test_bytes_do_not_change(name):
    zoo_model.cache_clear()
    first = zoo_model(name)
    zoo_model.cache_clear()
    assert zoo_model(name) == first


@pytest.mark.parametrize("name", MACS)
def test_outputs_vary_and_are_not_saturated(name):
    ort = pytest.importorskip("onnxruntime")
    session = ort.InferenceSession(zoo_model(name))
    rows = [session.run(None, {"input": zoo_input(name, seed)})[0][0] for seed in range(2000, 2024)]
    outputs = np.stack(rows)
    assert len({row.argmax() for row in rows}) >= min(4, outputs.shape[1])
    assert np.unique(outputs).size > 20
    high, low = outputs.max(), outputs.min()
    assert np.mean((outputs == high) | (outputs == low)) < 0.5
    if name != "ad":
        assert np.median(outputs.max(axis=1)) < 0.97


@pytest.mark.parametrize("name", MACS)
def test_no_activation_is_dead_or_clipped_much(name):
    """Every int8 tensor after the input uses a good part of its range."""
    ort = pytest.importorskip("onnxruntime")
    model = onnx.load_from_string(zoo_model(name))
    taps = [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"][1:]
    model.graph.output.extend(onnx.ValueInfoProto(name=tap) for tap in taps)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options)
    runs = [session.run(taps, {"input": zoo_input(name, seed)}) for seed in range(2000, 2016)]
    for tap, *values in zip(taps, *runs, strict=True):
        assert np.unique(values).size > 20, tap
        assert np.mean(np.stack(values) == 127) < 0.1, tap


@pytest.mark.parametrize("name", MACS)
def test_rounding_does_not_decide_the_answer(name):
    """Fixed-point results follow onnxruntime's floating-point ones, over all layers."""
    ort = pytest.importorskip("onnxruntime")
    graph = import_onnx(Path(f"{name}.onnx"), zoo_model(name))
    backend = FunctionalBackend(compile_model(graph, Config()))
    session = ort.InferenceSession(zoo_model(name))
    (source,), (sink,) = graph.inputs, graph.outputs
    found, expected = [], []
    for seed in range(2000, 2012):
        x = zoo_input(name, seed)
        outputs = backend.run({source: encode_input(graph, source, x)}).outputs
        found.append(decode_output(graph, sink, outputs[sink]))
        expected.append(session.run(None, {"input": x})[0])
    assert np.corrcoef(np.ravel(found), np.ravel(expected))[0, 1] > 0.98


def test_input_is_seeded():
    assert np.array_equal(zoo_input("kws", 30), zoo_input("kws", 30))
    assert not np.array_equal(zoo_input("kws", 30), zoo_input("kws", 40))
    assert zoo_input("vww").shape == (1, 3, 96, 96)
    assert zoo_input("ad").shape == (1, 640)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(RequestError, match=r"vwv.*vww, kws, ic, ad"):
        zoo_model("vwv")


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [
        (96, 3, 2, (0, 1)),
        (49, 10, 2, (4, 5)),
        (10, 4, 2, (1, 1)),
        (5, 3, 1, (1, 1)),
        (8, 1, 2, (0, 0)),
    ],
)
def test_same_padding_puts_the_odd_pixel_after(size, kernel, stride, padding):
    assert same_padding(size, kernel, stride) == padding
