"""Floating point between a DEQUANTIZE and a QUANTIZE: all 256 operands against TFLM."""

import numpy as np
import pytest

from tests.mapper.importers.tflite.layer import Layer
from tests.tflite_options import options
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.importers.tflite.importer import import_tflite

pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")

CASES = 15


SEEDS = [pytest.param(seed, marks=() if seed < 2 else pytest.mark.slow) for seed in range(20)]
"""300 networks of each function, 30 of them in every run."""


@pytest.fixture(params=SEEDS)
def layers(request):
    return [Layer(CASES * request.param + case) for case in range(CASES)]


class Island:
    """A chain that begins with every int8 and ends in one of another scale."""

    def __init__(self, layer: Layer, *, positive: bool = False) -> None:
        self.layer = layer
        point = layer.quantisation() | ({"zero_point": -128} if positive else {})
        self.source = layer.input((256,), **point)
        layer.data[0][:] = np.arange(-128 + positive, 128 + positive).clip(-128, 127)
        self.last = self.real()
        layer.builder.dequantize(self.source, self.last)

    def real(self) -> int:
        name = f"real{len(self.layer.builder.tensors)}"
        return self.layer.builder.tensor(name, (256,), dtype="float32")

    def then(self, name: str, *others: int, option=None, first: bool = True) -> None:
        operands = [self.last, *others] if first else [*others, self.last]
        self.last = self.real()
        self.layer.add(name, operands, [self.last], option)

    def number(self, value: float) -> int:
        name = f"number{len(self.layer.builder.tensors)}"
        return self.layer.builder.constant(name, np.array(value, np.float32))

    def check(self) -> None:
        y = self.layer.builder.tensor("y", (256,), **self.layer.quantisation())
        self.layer.builder.quantize(self.last, y)
        self.layer.check(y)


@pytest.mark.parametrize(
    "name",
    [
        "ABS",
        "CEIL",
        "COS",
        "ELU",
        "EXP",
        "FLOOR",
        "HARD_SWISH",
        "LOGISTIC",
        "NEG",
        "RELU",
        "RELU6",
        "ROUND",
        "SIN",
        "SQUARE",
        "TANH",
    ],
)
def test_functions(layers, name):
    for layer in layers:
        island = Island(layer)
        if name == "EXP":  # so that no result is beyond int32
            layer.builder.tensors[island.source].scale = (float(layer.rng.choice([0.03, 0.06])),)
        island.then(name)
        island.check()


@pytest.mark.parametrize("name", ["LOG", "SQRT", "RSQRT"])
def test_functions_of_positive_numbers(layers, name):
    for layer in layers:
        island = Island(layer, positive=True)
        island.then(name)
        island.check()


def test_nothing_in_between(layers):
    for layer in layers:
        Island(layer).check()


def test_an_island_is_remarked():
    island = Island(Layer(0))
    y = island.layer.builder.tensor("y", (256,), scale=0.1)
    island.layer.builder.quantize(island.last, y)
    content = island.layer.builder.finish(island.layer.inputs, [y])
    (remark,) = import_tflite(island.layer.path, content).remarks
    assert "between 'x0' and 'y'" in remark
    assert "looked up" in remark


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM"])
def test_chains_with_numbers(layers, name):
    """With a number on either side, and a function behind it."""
    for layer in layers:
        island = Island(layer)
        value = island.number(layer.rng.uniform(0.5, 3))
        fuses = name in ("ADD", "SUB", "MUL", "DIV")
        activation = {"FusedActivationFunction": layer.integer(0, 3)}
        option = options(f"{name.title()}Options", **activation) if fuses else None
        first = name == "DIV" or bool(layer.integer(0, 1))
        island.then(name, value, option=option, first=first)
        island.then("LEAKY_RELU", option=options("LeakyReluOptions", Alpha=0.3))
        island.check()


def test_what_somebody_else_reads_is_no_island():
    """The layers are named where they are floating point in the middle."""
    island = Island(Layer(0))
    island.then("EXP")
    layer, middle = island.layer, island.last
    y = layer.builder.tensor("y", (256,), scale=0.1)
    layer.builder.quantize(middle, y)
    with pytest.raises(RequestError, match=r"floating point \(1 of them\): .*\(EXP\)"):
        import_tflite(layer.path, layer.builder.finish(layer.inputs, [y, middle]))
