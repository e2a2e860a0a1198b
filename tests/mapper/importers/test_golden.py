"""Imported .tflite networks against every tensor of TensorFlow Lite Micro."""

import numpy as np
import pytest

from tests.mapper.graph_executor import execute
from tests.shared_models import INPUTS, golden, inputs, shared_models
from tilewright.mapper.importers import import_model

MACS = {"vww": 7_489_664, "kws": 2_656_768, "ic": 12_501_632, "ad": 264_192}


@pytest.fixture(params=INPUTS)
def name(request):
    return request.param


@pytest.fixture
def graph(name):
    return import_model(shared_models() / "tflite" / f"{name}.tflite")


def test_products_of_the_network(graph, name):
    assert graph.macs() == MACS[name]


def test_every_intermediate_tensor(graph, name):
    expected = golden(name)
    values = execute(graph, {graph.inputs[0]: expected["inputs"][0]})
    checked = set()
    for tensor, value in values.items():
        key = f"tensor_{graph.tensors[tensor].index}"
        if key in expected:
            checked.add(key)
            assert np.array_equal(value, expected[key]), f"{tensor} ({key}) differs"
    assert checked == {key for key in expected if key.startswith("tensor_")}


def test_outputs_of_every_input(graph, name):
    shape = graph.tensors[graph.inputs[0]].shape
    rows = inputs(name)["x"].reshape(-1, *shape[1:])
    wanted = golden(name)["all_outputs"].reshape(len(rows), -1)
    for start in range(0, len(rows), 64):
        batch = rows[start : start + 64]
        got = execute(graph, {graph.inputs[0]: batch})[graph.outputs[0]]
        assert np.array_equal(got.reshape(len(batch), -1), wanted[start : start + 64])
