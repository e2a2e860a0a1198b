"""Random ONNX moves, reductions and resizes against onnxruntime, on the Program in NumPy."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.decoding import decode_output
from tests.onnx_builder import QdqBuilder, run_ort
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.interface import encode_input
from tilewright.sim.functional.backend import run_functional

CASES = 15


@cache
def config(preset: str):
    return load_config(preset)


class Network(QdqBuilder):
    """Random quantisation and data; the result is that of a Program."""

    def __init__(self, seed: int, opset: int = 17) -> None:
        super().__init__(dtype="uint8" if seed % 2 else "int8", opset=opset)
        self.rng = np.random.default_rng(seed)
        self.preset = ("cpu-only", "default")[seed // 2 % 2]

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def shape(self, low: int, high: int, largest: int = 6) -> tuple[int, ...]:
        return (1, *(self.integer(1, largest) for _ in range(self.integer(low, high) - 1)))

    def vector(self, values) -> str:
        return self.constant(f"v{len(self.initializers)}", np.array(values, np.int64))

    def image(self, *shape: int) -> str:
        """A quantised network input over about -2..2, often behind an operator of its own."""
        self.scale, zero = float(np.float32(self.rng.uniform(0.01, 0.02))), self.integer(-20, 20)
        self.zero = zero
        x = self.quantised(self.input("x", shape), self.scale, zero)
        self.bare = len(shape) != 4 or self.rng.random() < 0.5
        if not self.bare:
            x = self.quantised(self.node("MaxPool", [x], kernel_shape=[1, 1]), self.scale, zero)
        return x

    def computed(self, value: str) -> str:
        """The value after some operator: a network's output must not be its input."""
        if not self.bare:
            return value
        bounds = [self.constant(f"b{len(self.initializers)}", np.float32(b)) for b in (-1.5, 1.5)]
        return self.node("Clip", [value, *bounds])

    def same(self, value: str) -> str:
        """The quantisation of the input again."""
        self.step = self.scale
        return self.quantised(self.computed(value), self.scale, self.zero)

    def other(self, value: str, scale: float = 0.03) -> str:
        self.step = float(np.float32(scale))
        return self.quantised(value, scale, self.integer(-40, 40))

    def check(self, *outputs: str, steps: float = 1.01):
        content = self.finish(outputs)
        graph = import_onnx(Path("layer.onnx"), content)
        data = {
            value.name: self.rng.normal(
                size=[extent.dim_value for extent in value.type.tensor_type.shape.dim]
            ).astype(np.float32)
            for value in self.inputs
        }
        wanted = run_ort(content, data)
        given = {
            name: encode_input(graph, name, data[graph.ports[name].name]) for name in graph.inputs
        }
        found = run_functional(compile_model(graph, config(self.preset)), given).outputs
        for name, value, expected in zip(graph.outputs, found.values(), wanted, strict=True):
            got = decode_output(graph, name, value)
            assert got.shape == expected.shape
            assert np.abs(got - expected).max() <= steps * self.step
        return graph


SEEDS = [pytest.param(seed, marks=() if seed < 3 else pytest.mark.slow) for seed in range(20)]
"""300 networks of each operator, 45 of them in every run."""


@pytest.fixture(params=SEEDS)
def nets(request):
    return [Network(CASES * request.param + case) for case in range(CASES)]


EXACT = 0.01
"""Steps of the scale: floating point, but no other integer."""


def test_transpose(nets):
    for net in nets:
        shape = net.shape(2, 5)
        order = [int(n) for n in net.rng.permutation(len(shape))]
        net.check(net.same(net.node("Transpose", [net.image(*shape)], perm=order)), steps=EXACT)


def test_slice(nets):
    for net in nets:
        shape = net.shape(2, 5, 8)
        starts, ends, steps, axes = [], [], [], []
        for axis, n in enumerate(shape):
            while net.integer(0, 3):
                start, end, step = (
                    net.integer(-n - 1, n),
                    net.integer(-n - 2, n + 2),
                    net.integer(-2, 3),
                )
                stop = None if step < 0 and end < -n else end
                if step and np.arange(n)[slice(start, stop, step)].size:
                    starts, ends, steps, axes = (
                        [*starts, start], [*ends, end], [*steps, step], [*axes, axis],
                    )  # fmt: skip
                    break
        vectors = [net.vector(v) for v in (starts, ends, axes, steps)]
        net.check(net.same(net.node("Slice", [net.image(*shape), *vectors])), steps=EXACT)


def test_split(nets):
    for net in nets:
        shape = list(net.shape(2, 4))
        axis, sizes = net.integer(1, len(shape) - 1), [net.integer(1, 4) for _ in range(3)]
        shape[axis] = sum(sizes)
        node = net.node("Split", [net.image(*shape), net.vector(sizes)], axis=axis)
        net.nodes[-1].output.extend([f"{node}_b", f"{node}_c"])
        net.check(*(net.same(name) for name in (node, f"{node}_b", f"{node}_c")), steps=EXACT)


def test_gather(nets):
    for net in nets:
        shape = net.shape(2, 4, 9)
        axis = net.integer(1, len(shape) - 1)
        indices = net.rng.integers(-shape[axis], shape[axis], net.integer(1, 9))
        if net.integer(0, 3) == 0:
            indices = indices[0]
        node = net.node("Gather", [net.image(*shape), net.vector(indices)], axis=axis)
        net.check(net.same(node), steps=EXACT)


def test_tile_and_expand(nets):
    for net in nets:
        shape = net.shape(2, 4, 4)
        x = net.image(*shape)
        repeats = [1, *(net.integer(1, 3) for _ in shape[1:])]
        tiled = net.node("Tile", [x, net.vector(repeats)])
        wanted = [net.integer(1, 4) if n == 1 and axis else n for axis, n in enumerate(shape)]
        net.check(
            net.same(tiled), net.same(net.node("Expand", [x, net.vector(wanted)])), steps=EXACT
        )


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_to_space(nets, mode):
    for net in nets:
        c, h, w, block = (net.integer(1, 4) for _ in range(4))
        x = net.image(1, c * block * block, h, w)
        net.check(net.same(net.node("DepthToSpace", [x], blocksize=block, mode=mode)), steps=EXACT)


def test_space_to_depth(nets):
    for net in nets:
        c, h, w, block = (net.integer(1, 4) for _ in range(4))
        x = net.image(1, c, h * block, w * block)
        net.check(net.same(net.node("SpaceToDepth", [x], blocksize=block)), steps=EXACT)


def test_channel_shuffle_between_convolutions(nets):
    for net in nets:
        groups, per, h, w = (net.integer(1, 4) for _ in range(4))
        channels = groups * per
        x = net.image(1, channels, h, w)
        data = net.rng.integers(-127, 128, (channels, channels, 1, 1)).astype(np.int8)
        kernel = net.weights("w", data, [0.004] * channels)
        x = net.other(net.node("Conv", [x, kernel]), 0.05)
        split = net.node("Reshape", [x, net.vector([1, groups, per, h, w])])
        moved = net.node("Transpose", [split], perm=[0, 2, 1, 3, 4])
        joined = net.node("Reshape", [moved, net.vector([1, channels, h, w])])
        net.check(net.other(net.node("Conv", [joined, kernel]), 0.2))


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_pad(nets, mode):
    for net in nets:
        shape = tuple(n + (axis > 0) for axis, n in enumerate(net.shape(2, 5, 5)))
        before, after = ([0, *(net.integer(0, n - 1) for n in shape[1:])] for _ in range(2))
        inputs = [net.image(*shape), net.vector([*before, *after])]
        if mode == "constant" and net.integer(0, 1):
            inputs.append(net.constant("value", np.float32(net.rng.uniform(-1, 1))))
        net.check(net.same(net.node("Pad", inputs, mode=mode)))


@pytest.mark.parametrize("name", ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"])
def test_reductions(nets, name):
    for net in nets:
        shape = net.shape(2, 5)
        axes = net.rng.permutation(len(shape))[: net.integer(1, len(shape) - 1)].tolist()
        x = net.image(*shape)
        more = {"axes": axes} if name != "ReduceSum" else {}
        inputs = [x] if more else [x, net.vector(axes)]
        node = net.node(name, inputs, keepdims=net.integer(0, 1), **more)
        if name in ("ReduceMax", "ReduceMin"):
            net.check(net.same(node), steps=EXACT)
        else:
            net.check(net.other(node, 0.1 if name == "ReduceSum" else 0.03))


def test_lp_normalization(nets):
    for net in nets:
        shape = net.shape(2, 4, 9)
        axis = net.integer(1, len(shape) - 1)
        node = net.node("LpNormalization", [net.image(*shape)], axis=axis, p=2)
        net.check(net.other(node, 1 / 100))


def test_log_softmax(nets):
    for net in nets:
        shape = net.shape(2, 4, 9)
        axis = net.integer(1, len(shape) - 1)
        node = net.node("LogSoftmax", [net.image(*shape)], axis=axis)
        net.check(net.other(node, 1 / 12))


NEAREST = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]
ROUNDING = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


@pytest.mark.parametrize("coordinates", NEAREST)
def test_resize_nearest(nets, coordinates):
    for net in nets:
        c, h, w = (net.integer(1, 8) for _ in range(3))
        x, rounding = net.image(1, c, h, w), ROUNDING[net.integer(0, 3)]
        sizes = [1, c, net.integer(1, 20), net.integer(1, 20)]
        node = net.node(
            "Resize", [x, "", "", net.vector(sizes)], mode="nearest",
            coordinate_transformation_mode=coordinates, nearest_mode=rounding,
        )  # fmt: skip
        net.check(net.same(node), steps=EXACT)


def test_resize_nearest_by_factors(nets):
    for net in nets:
        c, h, w = (net.integer(1, 8) for _ in range(3))
        factors = np.array([1, 1, *(net.integer(1, 6) / 2 for _ in range(2))], np.float32)
        factors = np.maximum(factors, 1 / np.array([1, c, h, w], np.float32))
        x, scales = net.image(1, c, h, w), net.constant("scales", factors)
        node = net.node(
            "Resize", [x, "", scales], mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip
        net.check(net.same(node), steps=EXACT)


@pytest.mark.parametrize("coordinates", ["half_pixel", "asymmetric", "align_corners"])
def test_resize_linear(nets, coordinates):
    for net in nets:
        c, h, w = (net.integer(1, 8) for _ in range(3))
        x = net.image(1, c, h, w)
        sizes = [1, c, net.integer(1, 20), net.integer(1, 20)]
        node = net.node(
            "Resize", [x, "", "", net.vector(sizes)], mode="linear",
            coordinate_transformation_mode=coordinates,
        )  # fmt: skip
        net.check(net.same(node))
