"""A .tflite network of one operator: TFLM's result against the Program's on NumPy."""

from functools import cache
from pathlib import Path

import numpy as np

from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.sim.functional.backend import run_functional


@cache
def config(preset: str) -> Config:
    return load_config(preset)


class Layer:
    """Random tensors for one operator, and what it makes of them."""

    path = Path("layer.tflite")

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

    def plain(self, shape, dtype: str, low: int | None = None, high: int | None = None) -> int:
        """An input without a scale, of integers or booleans."""
        index = self.builder.tensor(f"x{len(self.inputs)}", shape, dtype=dtype)
        self.inputs.append(index)
        ends = np.iinfo(np.int8 if dtype == "bool" else dtype)
        low, high = (ends.min if low is None else low), (ends.max if high is None else high)
        values = self.rng.integers(low, high, shape, endpoint=True, dtype=ends.dtype)
        self.data.append(values % 2 == 1 if dtype == "bool" else values.astype(dtype))
        return index

    def of_type(self, dtype: str, shape) -> int:
        """An input of a type, with a scale where such have one."""
        if dtype == "int8":
            return self.input(shape)
        return self.wide(shape) if dtype == "int16" else self.plain(shape, dtype)

    def pair(self, most: int = 4) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Two shapes that broadcast, and their common one."""
        shape = [self.integer(1, 5) for _ in range(self.integer(1, most))]
        sides = [shape.copy(), shape.copy()]
        for axis in range(len(shape)):
            kind = self.integer(0, 3)
            if kind < 2:
                sides[kind][axis] = 1
        if self.integer(0, 2) == 0:
            side = self.integer(0, 1)
            sides[side] = sides[side][self.integer(0, len(shape) - 1) :]
        a, b = (tuple(side) for side in sides)
        return a, b, tuple(np.broadcast_shapes(a, b))

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
        scale = tensor.scale[0] if tensor.scale else None
        zero_point = tensor.zero_point[0] if tensor.scale else 0
        return self.builder.tensor(
            name, shape, dtype=tensor.dtype, scale=scale, zero_point=zero_point
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
        graph = import_tflite(self.path, content)
        given = dict(zip(graph.inputs, self.data, strict=True))
        found = run_functional(compile_model(graph, config(self.preset)), given).outputs
        for name, value in zip(graph.outputs, wanted, strict=True):
            assert found[name].reshape(-1).tolist() == value.reshape(-1).tolist()
