"""Random chains of layers on images, which a small scratchpad computes as cascades."""

import numpy as np

from tests.mapper.networks import Sketch
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.convolution import Conv2d, DepthwiseConv2d
from tilewright.mapper.operators.elementwise import Add
from tilewright.mapper.operators.images import Padding
from tilewright.mapper.operators.pooling import MaxPool2d


def random_chain(seed: int) -> Graph:
    """Three to seven layers, each the only reader of the one before; some read the input too."""
    rng = np.random.default_rng(seed)
    shape = (1, int(rng.integers(14, 40)), int(rng.integers(6, 30)), int(rng.integers(2, 20)))
    s = Sketch(shape=shape)
    y = "x"
    for number in range(int(rng.integers(3, 8))):
        layer = LAYERS[int(rng.integers(len(LAYERS)))]
        y = layer(s, rng, y, f"{number} {layer.__name__}")
    return s.graph(y)


def _window(s: Sketch, rng, x: str, kernels) -> tuple[tuple[int, int], tuple[int, int], Padding]:
    """A random kernel, stride and padding that leave the image two rows and columns at least."""
    _, rows, cols, _ = s.tensors[x].shape
    kernel = (int(rng.choice(kernels)), int(rng.choice(kernels)))
    stride = (1, 1) if min(rows, cols) < 8 else (int(rng.integers(1, 3)),) * 2
    edges = [int(rng.integers(0, (size + 1) // 2 + 1)) for size in (*kernel, *kernel)]
    pads = Padding(top=edges[0], left=edges[1], bottom=edges[2], right=edges[3])
    return kernel, stride, pads


def _result(s, x, kernel, stride, pad, channels, name):
    _, rows, cols, _ = s.tensors[x].shape
    shape = (
        1,
        (rows + pad.top + pad.bottom - kernel[0]) // stride[0] + 1,
        (cols + pad.left + pad.right - kernel[1]) // stride[1] + 1,
        channels,
    )
    return s.activation(name, shape, 0.3, int(s.rng.integers(-20, 20)))


def pointwise(s: Sketch, rng, x: str, name: str) -> str:
    return s.conv(x, name, int(rng.integers(3, 30)))


def convolution(s: Sketch, rng, x: str, name: str) -> str:
    kernel, stride, pad = _window(s, rng, x, (1, 2, 3))
    channels, depth = int(rng.integers(3, 20)), s.tensors[x].shape[3]
    operands = [x, *s.constants(name, (channels, *kernel, depth), channels, 0)]
    out = _result(s, x, kernel, stride, pad, channels, name)
    return s.op(Conv2d(stride=stride, padding=pad), operands, out)


def depthwise(s: Sketch, rng, x: str, name: str) -> str:
    kernel, stride, pad = _window(s, rng, x, (1, 3, 5))
    depth = s.tensors[x].shape[3]
    operands = [x, *s.constants(name, (*kernel, depth), depth, 2)]
    out = _result(s, x, kernel, stride, pad, depth, name)
    return s.op(DepthwiseConv2d(stride=stride, padding=pad, multiplier=1), operands, out)


def pool(s: Sketch, rng, x: str, name: str) -> str:
    window = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    stride = (int(rng.integers(1, 3)), 1) if s.tensors[x].shape[1] > 8 else (1, 1)
    pad, source = Padding(), s.tensors[x]
    _result(s, x, window, stride, pad, source.shape[3], name)
    s.like(x, name, shape=s.tensors[name].shape)
    return s.op(MaxPool2d(window=window, stride=stride, padding=pad), [x], name)


def sum_with_a_constant(s: Sketch, rng, x: str, name: str) -> str:
    depth = s.tensors[x].shape[3]
    shape = [(depth,), (1, 1, 1, 1), s.tensors[x].shape][int(rng.integers(2))]
    data = rng.integers(-128, 128, shape).astype(np.int8)
    s.tensors[f"{name} k"] = Tensor(f"{name} k", shape, "int8", Quant((0.1,), (3,)), data)
    operands = [x, f"{name} k"] if rng.integers(2) else [f"{name} k", x]
    return s.op(Add(), operands, s.like(x, name, scale=s.tensors[x].scale * 1.5))


def sum_with_the_input(s: Sketch, rng, x: str, name: str) -> str:
    if s.tensors[x].shape != s.tensors["x"].shape:
        return pointwise(s, rng, x, name)
    operands = [x, "x"] if rng.integers(2) else ["x", x]
    return s.op(Add(), operands, s.like(x, name, scale=s.tensors[x].scale * 1.5))


LAYERS = (
    pointwise, pointwise, convolution, depthwise, depthwise, pool, sum_with_a_constant,
    sum_with_the_input,
)  # fmt: skip
