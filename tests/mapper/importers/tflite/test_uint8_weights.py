"""Old networks of uint8, whose weights have a zero point: against sums of their own integers.

TensorFlow Lite Micro has no kernels of uint8 any more.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.tflite_builder import TfliteBuilder
from tilewright.hw.spec import numerics as nm
from tilewright.hw.spec.config import make_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.sim.functional.backend import run_functional


@pytest.mark.parametrize("seed", range(40))
def test_a_pointwise_convolution_or_matrix(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, channels, outputs = (int(n) for n in rng.integers(1, 9, 3))
    convolution = bool(rng.integers(2))
    x_scale, w_scale = (float(np.float32(s)) for s in rng.uniform(0.01, 0.1, 2))
    y_scale = float(np.float32(rng.uniform(1.0, 1.1)))
    x_zero, w_zero, y_zero = (int(n) for n in rng.integers(0, 256, 3))
    span = 256 if rng.integers(2) else 100  # of 100, int8 holds the differences
    weights = np.clip(rng.integers(0, span, (outputs, channels)) + w_zero - span // 2, 0, 255)
    bias = rng.integers(-3000, 3000, outputs)
    data = rng.integers(0, 256, (rows, channels))

    builder = TfliteBuilder()
    middle = (1, rows, 1) if convolution else (rows,)
    kernel = (outputs, 1, 1, channels) if convolution else (outputs, channels)
    old = {"dtype": "uint8"}
    x = builder.tensor("x", (*middle, channels), scale=x_scale, zero_point=x_zero, **old)
    stored = weights.reshape(kernel).astype(np.uint8)
    w = builder.constant("w", stored, scale=w_scale, zero_point=w_zero)
    b = builder.constant("b", bias.astype(np.int32), scale=x_scale * w_scale)
    y = builder.tensor("y", (*middle, outputs), scale=y_scale, zero_point=y_zero, **old)
    add = builder.conv_2d if convolution else builder.fully_connected
    add(x, w, b, y)
    graph = import_tflite(Path("old.tflite"), builder.finish([x], [y]))
    program = compile_model(graph, make_config({} if seed % 2 else {"npu": "none"}))
    (port,) = program.inputs
    given = (data - 128).astype(np.int8).reshape(port.shape)
    (found,) = run_functional(program, {port.name: given}).outputs.values()

    sums = (data - x_zero) @ (weights - w_zero).T + bias
    factor = nm.quantize_multiplier(x_scale * w_scale / y_scale)
    wanted = np.clip(nm.multiply_by_quantized_multiplier(sums, *factor) + y_zero, 0, 255)
    assert np.array_equal(found.reshape(rows, outputs).astype(np.int64) + 128, wanted)
    fits = weights.min() - w_zero >= -128 and weights.max() - w_zero <= 127
    assert (program.layers[0].engine == "npu") == bool(fits and seed % 2)
