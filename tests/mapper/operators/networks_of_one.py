"""A network of one operator, run by the functional backend and compared with TFLM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator

from tests.tflite_builder import TfliteBuilder, run_tflm_sequence
from tilewright.hw.spec.config import Config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.sim.functional.backend import FunctionalBackend


class NetworkOfOne:
    """A random operator in the making: its file's builder and seeded randomness."""

    def __init__(self, seed: int) -> None:
        self.rng: Generator = np.random.default_rng([seed, 12])
        self.builder = TfliteBuilder()

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def sizes(self, count: int, high: int) -> list[int]:
        return [self.integer(1, high) for _ in range(count)]

    def chance(self, probability: float = 0.5) -> bool:
        return bool(self.rng.random() < probability)

    def scale(self, low: float = 0.01, high: float = 0.2) -> float:
        return float(np.float32(self.rng.uniform(low, high)))

    def zero_point(self) -> int:
        return int(self.rng.choice([-128, 127, 0, self.integer(-128, 127)]))

    def int8(self, *shape: int) -> np.ndarray:
        return self.rng.integers(-128, 128, shape).astype(np.int8)

    def tensor(self, name: str, shape: Sequence[int]) -> int:
        """An activation of any quantisation."""
        return self.builder.tensor(
            name, tuple(shape), scale=self.scale(), zero_point=self.zero_point()
        )

    def values(self, index: int) -> np.ndarray:
        """Random data of a tensor's type."""
        tensor = self.builder.tensors[index]
        range_ = np.iinfo(tensor.dtype)
        values = self.rng.integers(range_.min, range_.max, tensor.shape, endpoint=True)
        return values.astype(tensor.dtype)

    def imported(self, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
        """The network's graph."""
        return import_tflite(Path("network.tflite"), self.builder.finish(inputs, outputs))

    def check(
        self, inputs: Sequence[int], output: int, config: Config, *, inferences: int = 1
    ) -> str:
        """Every inference's result equals TFLM's; returns the engine that computed the operator."""
        content = self.builder.finish(inputs, [output])
        sequence = [[self.values(index) for index in inputs] for _ in range(inferences)]
        wanted = run_tflm_sequence(content, sequence)
        program = compile_model(import_tflite(Path("network.tflite"), content), config)
        names = [port.name for port in program.inputs]
        backend, states = FunctionalBackend(program), {}
        for values, (expected,) in zip(sequence, wanted, strict=True):
            result = backend.run({**dict(zip(names, values, strict=True)), **states})
            (found,) = result.outputs.values()
            assert np.array_equal(found.reshape(expected.shape), expected)
            states = result.states
        return program.layers[0].engine
