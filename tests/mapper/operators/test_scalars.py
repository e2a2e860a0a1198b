"""Tensors without axes, which are single numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.sim.functional.backend import FunctionalBackend

PATH = Path("net.tflite")


def network(name: str, shape: tuple[int, ...], scale: float, zero_point: int) -> bytes:
    builder = TfliteBuilder()
    x = builder.tensor("x", shape, scale=0.05, zero_point=-7)
    y = builder.tensor("y", shape, scale=scale, zero_point=zero_point)
    builder.operator(name, [x], [y])
    return builder.finish([x], [y])


@pytest.mark.parametrize("npu", ["hardwired", "none"])
@pytest.mark.parametrize("name", ["QUANTIZE", "RELU", "LOGISTIC"])
def test_equal_a_vector_of_one(name: str, npu: str):
    pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")
    result = (1 / 256, -128) if name == "LOGISTIC" else (0.08, 3)
    config = make_config({"npu": "none"} if npu == "none" else {})
    backend = FunctionalBackend(
        compile_model(import_tflite(PATH, network(name, (), *result)), config)
    )
    for value in (-128, -8, -7, 0, 45, 127):
        (wanted,) = run_tflm(network(name, (1,), *result), np.array([value], np.int8))
        (found,) = backend.run({"x": np.array(value, np.int8)}).outputs.values()
        assert found.shape == ()
        assert found == wanted[0]


@pytest.mark.parametrize(
    ("name", "scale", "zero_point"),
    [("SOFTMAX", 1 / 256, -128), ("LOG_SOFTMAX", 1 / 16, 127), ("L2_NORMALIZATION", 1 / 128, 0)],
)
def test_have_no_last_axis(name: str, scale: float, zero_point: int):
    with pytest.raises(RequestError, match="works along the last axis"):
        import_tflite(PATH, network(name, (), scale, zero_point))


def test_a_matrix_product_does_not_give_one():
    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 1), scale=0.05, zero_point=-7)
    w = builder.constant("w", np.ones((1, 1), np.int8), scale=0.1)
    y = builder.tensor("y", (), scale=0.1, zero_point=0)
    builder.fully_connected(x, w, None, y)
    with pytest.raises(RequestError, match=r"its inputs give \(1, 1\)"):
        import_tflite(PATH, builder.finish([x], [y]))
