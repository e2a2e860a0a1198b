"""Random QDQ networks of one operator or a few, run by the functional backend and onnxruntime."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from tests.onnx_builder import QdqBuilder, run_ort
from tilewright.hw.spec.config import make_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.interface import decode_output, encode_input
from tilewright.sim.functional.backend import run_functional

SEEDS = [pytest.param(seed, marks=() if seed < 3 else pytest.mark.slow) for seed in range(20)]
"""Three of them by default, all with -m slow; each is CASES networks."""
CASES = 15
_CONFIGS = [make_config({}), make_config({"npu": "none"})]


class Network(QdqBuilder):
    """Random quantisation and data; every other one runs without an accelerator."""

    def __init__(self, seed: int, case: int, opset: int = 17) -> None:
        super().__init__(dtype=("int8", "uint8")[case % 2], opset=opset)
        self.rng = np.random.default_rng([seed, case])
        self.config = _CONFIGS[case // 2 % 2]
        self.steps: dict[str, float] = {}
        self.scale = 0.0

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def chance(self, likely: float = 0.5) -> bool:
        return bool(self.rng.random() < likely)

    def sizes(self, count: int, high: int = 6) -> list[int]:
        return [self.integer(1, high) for _ in range(count)]

    def real(self, *shape: int, low: float = -1.0, high: float = 1.0) -> str:
        """A constant in floating point."""
        data = self.rng.uniform(low, high, shape).astype(np.float32)
        return self.constant(f"r{len(self.initializers)}", data)

    def integers(self, *values: int) -> str:
        return self.constant(f"i{len(self.initializers)}", np.array(values, np.int64))

    def fixed(self, *shape: int) -> str:
        """Dequantised int8 weights over about -1..1."""
        data = self.rng.integers(-127, 128, shape).astype(np.int8)
        return self.weights(f"w{len(self.initializers)}", data, 1 / 127)

    def operand(self, *shape: int, low: float = -2.0, high: float = 2.0) -> str:
        """A quantised network input, now and then an image that a layer of the network makes."""
        self.low, self.high = low, high
        x = self.input(f"x{len(self.inputs)}", shape)
        self.scale = float(np.float32((high - low) / 255))
        self.zero = round(-low / self.scale) - 128
        x = self.quantised(x, self.scale, self.zero)
        if len(shape) == 4 and shape[0] == 1 and self.chance():
            x = self.quantised(
                self.node("MaxPool", [x], kernel_shape=[1, 1]), self.scale, self.zero
            )
        return x

    def result(self, value: str, low: float, high: float) -> str:
        """The value quantised to about this range."""
        step = float(np.float32((high - low) / 255))
        zero = int(np.clip(np.rint(-low / step - 128), -128, 127))
        result = self.quantised(value, step, zero)
        self.steps[result] = step
        return result

    def second(self, value: str) -> str:
        """The second result of the last node."""
        self.nodes[-1].output.append(f"{value}_second")
        return f"{value}_second"

    def file(self, *outputs: str, indices: tuple[str, ...] = ()) -> bytes:
        """The file; ``indices`` are outputs of int64."""
        model = onnx.ModelProto.FromString(self.finish([*outputs, *indices]))
        for value in model.graph.output:
            if value.name in indices:
                value.type.tensor_type.elem_type = TensorProto.INT64
        return model.SerializeToString()

    def check(self, *outputs: str, indices: tuple[str, ...] = (), steps: float = 1.01) -> Graph:
        """Run it and compare: real outputs within so many steps, indices exactly."""
        content = self.file(*outputs, indices=indices)
        graph = import_onnx(Path("net.onnx"), content)
        data = {
            value.name: self.rng.uniform(
                self.low, self.high, [e.dim_value for e in value.type.tensor_type.shape.dim]
            ).astype(np.float32)
            for value in self.inputs
        }
        wanted = run_ort(content, data)
        given = {n: encode_input(graph, n, data[graph.ports[n].name]) for n in graph.inputs}
        found = run_functional(compile_model(graph, self.config), given).outputs
        for tensor, name, real in zip(graph.outputs, (*outputs, *indices), wanted, strict=True):
            got = decode_output(graph, tensor, found[tensor].reshape(graph.tensors[tensor].shape))
            assert got.shape == real.shape
            assert got.dtype == real.dtype
            step = self.steps.get(name, self.scale)
            most = 0 if name in indices else steps * step
            assert np.abs(got.astype(np.float64) - real).max() <= most, name
        return graph
