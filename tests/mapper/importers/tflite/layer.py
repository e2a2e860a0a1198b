"""A .tflite network of one operator: TFLM's result against the Program's on NumPy."""

from functools import cache
from pathlib import Path

import numpy as np

from hw.spec.config import Config
from hw.spec.settings import load_config
from mapper.compile import compile_model
from mapper.importers.tflite.importer import import_tflite
from sim.functional.backend import run_functional
from tests.tflite_builder import TfliteBuilder, run_tflm


@cache
def config(preset: str) -> Config:
    return load_config(preset)


class Layer:
    """Random tensors for one operator, and what it makes of them."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.preset = ("cpu-only", "default")[seed % 2]
        self.builder = TfliteBuilder()
        self.inputs: list[int] = []
        self.data: list[np.ndarray] = []

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def shape(self, low: int, high: int, largest: int = 6) -> tuple[int, ...]:
        return tuple(self.integer(1, largest) for _ in range(self.integer(low, high)))

    def quantisation(self) -> dict:
        scale = float(np.float32(2.0 ** self.rng.uniform(-7, -1)))
        return {"scale": scale, "zero_point": self.integer(-128, 127)}

    def wide(self, shape) -> int:
        """An int16 input."""
        quantisation = self.quantisation() | {"zero_point": 0}
        name = f"x{len(self.inputs)}"
        self.inputs.append(self.builder.tensor(name, shape, dtype="int16", **quantisation))
        self.data.append(self.rng.integers(-(1 << 15), 1 << 15, shape).astype(np.int16))
        return self.inputs[-1]

    def input(self, shape, **quantisation) -> int:
        index = self.builder.tensor(
            f"x{len(self.inputs)}", shape, **(quantisation or self.quantisation())
        )
        self.inputs.append(index)
        self.data.append(self.rng.integers(-128, 128, shape).astype(np.int8))
        return index

    def like(self, x: int, shape, name: str = "y") -> int:
        """A result with the quantisation of x."""
        tensor = self.builder.tensors[x]
        return self.builder.tensor(
            name, shape, scale=tensor.scale[0], zero_point=tensor.zero_point[0]
        )

    def vector(self, values) -> int:
        name = f"c{len(self.builder.tensors)}"
        return self.builder.constant(name, np.array(values, np.int32))

    def add(self, name: str, inputs, outputs, options=None) -> None:
        self.builder.operator(name, inputs, outputs, options)

    def check(self, *outputs: int, reference=None) -> None:
        """The Program gives TFLM's integers, or `reference` where TFLM has none."""
        content = self.builder.finish(self.inputs, outputs)
        wanted = reference or run_tflm(content, *self.data)
        graph = import_tflite(Path("layer.tflite"), content)
        given = dict(zip(graph.inputs, self.data, strict=True))
        found = run_functional(compile_model(graph, config(self.preset)), given).outputs
        for name, value in zip(graph.outputs, wanted, strict=True):
            assert found[name].reshape(-1).tolist() == value.reshape(-1).tolist()
