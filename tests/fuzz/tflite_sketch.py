"""A writer of .tflite networks that draws what it isn't told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.fuzz.draws import Draws
from tests.tflite_builder import TfliteBuilder

Ends = tuple[list[int], list[int]]
"""Inputs and outputs of a network."""


class Sketch(TfliteBuilder):
    """A builder that draws what it isn't told."""

    def __init__(self, draws: Draws) -> None:
        super().__init__()
        self.draws = draws

    def sizes(self, count: int, high: int = 7) -> list[int]:
        return [self.draws.between(1, high) for _ in range(count)]

    def image(self) -> list[int]:
        return [1, *self.sizes(3)]

    def activation(self, shape: Sequence[int], **changed) -> int:
        """An int8 tensor."""
        quant = {"scale": self.scale(), "zero_point": self.draws.between(-128, 127), **changed}
        return self.tensor(f"t{len(self.tensors)}", shape, **quant)

    def like(self, index: int, shape: Sequence[int]) -> int:
        """A tensor of the same quantisation."""
        source = self.tensors[index]
        return self.activation(shape, scale=source.scale, zero_point=source.zero_point[0])

    def scale(self) -> float:
        return float(np.float32(self.draws.rng.uniform(0.01, 0.2)))

    def weights(self, shape: Sequence[int], axis: int) -> int:
        count = 1 if self.draws.chance(0.3) else shape[axis]
        scales = self.draws.rng.uniform(0.001, 0.02, count).astype(np.float32).tolist()
        data = self.draws.int8(*shape)
        return self.constant(f"w{len(self.tensors)}", data, scale=scales, axis=axis)

    def bias(self, count: int) -> int | None:
        if self.draws.chance(0.2):
            return None
        data = self.draws.rng.integers(-3000, 3000, count).astype(np.int32)
        return self.constant(f"b{len(self.tensors)}", data)

    def integers(self, *values: int) -> int:
        return self.constant(f"i{len(self.tensors)}", np.array(values, np.int32))

    def fused(self) -> str:
        return self.draws.one_of(("NONE", "RELU", "RELU6", "RELU_N1_TO_1"))
