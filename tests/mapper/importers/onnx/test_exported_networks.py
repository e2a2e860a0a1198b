"""Networks as exporters write them, quantised by onnxruntime, from the file to the outputs.

A step of one layer may become several of a later one (a logit's of a sigmoid), so the last results
are compared with a few steps. Every operator alone is within one step in the other tests.
"""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from tests.mapper.importers.onnx.exported_networks import NETWORKS, FloatNetwork
from tests.onnx_builder import run_ort
from tilewright.hw.spec.config import make_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.mapper.interface import decode_output, encode_input
from tilewright.sim.functional.backend import run_functional

FORMS = {
    "QDQ": (17, QuantFormat.QDQ, QuantType.QInt8, False),
    "QDQ, channels": (18, QuantFormat.QDQ, QuantType.QUInt8, True),
    "QOperator": (13, QuantFormat.QOperator, QuantType.QUInt8, False),
}
NOT_IN_QOPERATOR = ("squeeze_and_excite", "detector", "encoder", "segmenter")
"""Operators that came later, or that this form leaves in floating point."""
MOST, MEAN = 6, 2.0


class Calibration(CalibrationDataReader):
    def __init__(self, shape: list[int]) -> None:
        rng = np.random.default_rng(1)
        self.data = iter([rng.normal(size=shape).astype(np.float32) for _ in range(12)])

    def get_next(self) -> dict[str, np.ndarray] | None:
        data = next(self.data, None)
        return None if data is None else {"x": data}


CASES = [
    (name, form)
    for name in NETWORKS
    for form in FORMS
    if form != "QOperator" or name not in NOT_IN_QOPERATOR
]


@pytest.mark.parametrize(("name", "form"), CASES)
def test_exported_network(tmp_path: Path, name: str, form: str):
    opset, written, activations, channels = FORMS[form]
    net = FloatNetwork(opset)
    model = net.model(NETWORKS[name](net))
    shape = [extent.dim_value or 1 for extent in model.graph.input[0].type.tensor_type.shape.dim]
    source, target = tmp_path / "float.onnx", tmp_path / "net.onnx"
    onnx.save(model, source)
    quantize_static(
        source,
        target,
        Calibration(shape),
        quant_format=written,
        activation_type=activations,
        weight_type=QuantType.QInt8,
        per_channel=channels,
    )
    graph = import_model(target)
    program = compile_model(graph, make_config({}))
    (given,), (tensor,) = graph.inputs, graph.outputs
    rng = np.random.default_rng(9)
    for _ in range(2):
        data = rng.normal(size=shape).astype(np.float32)
        (wanted,) = run_ort(target.read_bytes(), {"x": data})
        found = run_functional(program, {given: encode_input(graph, given, data)}).outputs[tensor]
        got = decode_output(graph, tensor, found)
        assert got.shape == wanted.shape
        steps = np.abs(got - wanted) / graph.tensors[tensor].scale
        assert steps.max() <= MOST
        assert steps.mean() <= MEAN
