"""Small graphs built by hand for the mapper's tests."""

import numpy as np

from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op, State
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.concatenation import Concatenation
from tilewright.mapper.operators.convolution import Conv2d, DepthwiseConv2d
from tilewright.mapper.operators.elementwise import Add
from tilewright.mapper.operators.images import Padding
from tilewright.mapper.operators.pads import Pad
from tilewright.mapper.operators.requantise import Relu
from tilewright.mapper.operators.slices import Slice


class Sketch:
    """Collects tensors and operators; each method returns the name of its result."""

    def __init__(self, shape=(1, 6, 5, 3), scale=0.05, zero_point=3):
        self.rng = np.random.default_rng(7)
        self.tensors, self.ops, self.states = {}, [], []
        self.input = self.activation("x", shape, scale, zero_point)

    def activation(self, name, shape, scale=0.05, zero_point=3):
        self.tensors[name] = Tensor(name, shape, "int8", Quant((scale,), (zero_point,)))
        return name

    def op(self, operator, inputs, output):
        self.ops.append(Op(f"make {output}", operator, tuple(inputs), (output,)))
        return output

    def constants(self, name, shape, channels, axis):
        weights = self.rng.integers(-127, 128, shape, dtype=np.int8)
        scales = tuple(float(np.float32(0.003 + 0.001 * c)) for c in range(channels))
        self.tensors[f"{name} w"] = Tensor(
            f"{name} w", shape, "int8", Quant(scales, (0,) * channels, axis), weights
        )
        bias = self.rng.integers(-500, 500, channels).astype(np.int32)
        self.tensors[f"{name} b"] = Tensor(f"{name} b", (channels,), "int32", None, bias)
        return [f"{name} w", f"{name} b"]

    def conv(self, x, name, channels, kernel=(1, 1), pad=None, scale=0.6, zero_point=-4, **clamp):
        pad = pad or Padding()
        _, rows, cols, depth = self.tensors[x].shape
        out = (
            1,
            rows + pad.top + pad.bottom - kernel[0] + 1,
            cols + pad.left + pad.right - kernel[1] + 1,
            channels,
        )
        operands = [x, *self.constants(name, (channels, *kernel, depth), channels, 0)]
        self.activation(name, out, scale, zero_point)
        attrs = Conv2d(stride=(1, 1), padding=pad, **clamp)
        return self.op(attrs, operands, name)

    def depthwise(self, x, name, multiplier=1, kernel=(3, 3), stride=(1, 1)):
        _, rows, cols, depth = self.tensors[x].shape
        out = (
            1,
            (rows - kernel[0]) // stride[0] + 1,
            (cols - kernel[1]) // stride[1] + 1,
            depth * multiplier,
        )
        operands = [x, *self.constants(name, (*kernel, out[3]), out[3], 2)]
        self.activation(name, out, 0.2, 5)
        attrs = DepthwiseConv2d(stride=stride, padding=Padding(), multiplier=multiplier)
        return self.op(attrs, operands, name)

    def like(self, x, name, **changes):
        source = self.tensors[x]
        return self.activation(
            name,
            changes.get("shape", source.shape),
            changes.get("scale", source.scale),
            changes.get("zero_point", source.zero_point),
        )

    def pad(self, x, name, padding):
        _, rows, cols, depth = self.tensors[x].shape
        shape = (
            1, rows + padding.top + padding.bottom, cols + padding.left + padding.right, depth,
        )  # fmt: skip
        return self.op(Pad.image(padding), [x], self.like(x, name, shape=shape))

    def relu(self, x, name, lo=-4, hi=60, **changes):
        return self.op(Relu(lo=lo, hi=hi), [x], self.like(x, name, **changes))

    def add(self, a, b, name):
        out = self.like(a, name, scale=self.tensors[a].scale * 1.7)
        return self.op(Add(), [a, b], out)

    def concatenation(self, parts, name, axis):
        shape = list(self.tensors[parts[0]].shape)
        shape[axis] = sum(self.tensors[part].shape[axis] for part in parts)
        out = self.like(parts[0], name, shape=tuple(shape))
        return self.op(Concatenation(axis=axis), parts, out)

    def slice(self, x, name, first):
        """All rows from one on."""
        shape = self.tensors[x].shape
        sizes = (shape[0], shape[1] - first, *shape[2:])
        operator = Slice(begins=(0, first, 0, 0), strides=(1, 1, 1, 1), sizes=sizes)
        return self.op(operator, [x], self.like(x, name, shape=sizes))

    def assign(self, reads, writes):
        """The tensor that is read is a state, and what is written the next inference reads."""
        initial = self.rng.integers(-128, 128, self.tensors[reads].shape, dtype=np.int8)
        self.states.append(State(reads, writes, initial))

    def graph(self, *outputs):
        tensors = self.tensors.values()
        return Graph.build("sketch", tensors, self.ops, [self.input], outputs, states=self.states)
