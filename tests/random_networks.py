"""Seeded random networks and configurations: small, odd, and with every operator.

The same seed gives the same network on every machine. Zero points, scales and clamps differ from
tensor to tensor; output scales are chosen so that most values are not saturated.
"""

import numpy as np

from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op
from tilewright.mapper.graph.operator import Operator
from tilewright.mapper.graph.tensor import Quant, Tensor
from tilewright.mapper.operators.concatenation import Concatenation
from tilewright.mapper.operators.convolution import Conv2d, DepthwiseConv2d, TransposeConv
from tilewright.mapper.operators.elementwise import Add
from tilewright.mapper.operators.images import Padding, window_extent
from tilewright.mapper.operators.matrix import FullyConnected
from tilewright.mapper.operators.moves import Reshape
from tilewright.mapper.operators.pads import Pad
from tilewright.mapper.operators.pooling import AveragePool2d, MaxPool2d
from tilewright.mapper.operators.reductions import Mean
from tilewright.mapper.operators.requantise import Quantize, Relu
from tilewright.mapper.operators.softmax import Softmax

KERNELS = ((1, 1), (3, 3), (2, 2), (1, 5), (5, 1), (3, 2), (10, 4), (5, 5), (4, 7))
STRIDES = ((1, 1), (2, 2), (1, 2), (2, 1), (3, 3))


def random_network(
    seed: int, *, largest: int = 16, channels: int = 24, ops: int = 6, spread: bool = False
) -> Graph:
    """A network with images of up to ``largest`` pixels a side and up to so many channels.

    ``spread``: convolutions are dilated, grouped or transposed, too.
    """
    return _Maker(seed, largest, channels, spread=spread).network(ops)


def random_input(graph: Graph, seed: int) -> np.ndarray:
    """int8 values for the network's input."""
    shape = graph.tensors[graph.inputs[0]].shape
    return np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)


def random_config(seed: int, *, largest: int = 32) -> Config:
    """An array of 2..largest rows and columns, with small and large memories."""
    rng = np.random.default_rng([seed, 1])
    while True:
        rows, cols = (int(rng.integers(2, largest + 1)) for _ in range(2))
        if rng.random() < 0.3:
            rows, cols = (int(rng.integers(2, min(9, largest + 1))) for _ in range(2))
        values = {
            "rows": rows,
            "cols": cols,
            "scratchpad_banks": int(rng.choice([2, 4, 8])),
            "scratchpad_bytes": int(rng.choice([4096, 4096, 8192, 16384, 65536])),
            "weight_buffer_bytes": int(rng.choice([1024, 1024, 2048, 4096, 16384])),
            "requantiser_lanes": int(rng.integers(1, rows + 1)),
            "depthwise_kernel": int(rng.integers(1, 6)),
            "bus_bytes": int(rng.choice([4, 8, 8, 16])),
            "accumulator_bits": int(rng.choice([22, 24, 32, 32])),
            "memory_latency": int(rng.choice([1, 4, 8, 20])),
        }
        try:
            return make_config(values)
        except RequestError:
            continue


def random_microcode_config(seed: int) -> Config:
    """A design with control = microcode, with few and many columns."""
    rng = np.random.default_rng([seed, 2])
    return make_config(
        {
            "control": "microcode",
            "rows": 4,
            "cols": int(rng.integers(2, 32)),
            "bus_bytes": 4,
            "accumulator_bits": int(rng.choice([22, 24, 32])),
            "scratchpad_bytes": int(rng.choice([8, 16, 32, 64])) * 1024,
            "weight_buffer_bytes": int(rng.choice([4096, 16384])),
            "memory_bytes": 256 * 1024,
            "memory_latency": int(rng.choice([1, 1, 3, 8])),
            "cpu": str(rng.choice(["lite", "min"])),
        }
    )


class _Maker:
    def __init__(self, seed: int, largest: int, channels: int, *, spread: bool) -> None:
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.largest, self.channels, self.spread = largest, channels, spread
        self.tensors: dict[str, Tensor] = {}
        self.ops: list[Op] = []
        self.images: list[str] = []

    def network(self, count: int) -> Graph:
        rng = self.rng
        shape = (1, *(int(rng.integers(1, self.largest + 1)) for _ in range(2)), self._channels())
        source = self._activation(shape, "input")
        self.images.append(source)
        makers = (
            self._conv, self._conv, self._conv, self._depthwise, self._depthwise, self._add,
            self._concatenation, self._pool, self._pool, self._relu, self._quantize, self._pad,
        )  # fmt: skip
        if self.spread:
            makers = (self._conv, self._depthwise, self._transposed, self._concatenation)
        for _ in range(count):
            self.images.append(makers[int(rng.integers(len(makers)))](self._recent()))
        last = self._tail(self.images[-1])
        outputs = [last]
        spare = [n for n in self.images[1:-1] if n != last]
        if spare and rng.random() < 0.3:
            outputs.append(spare[int(rng.integers(len(spare)))])
        return Graph.build(
            f"random {self.seed}", self.tensors.values(), self.ops, [source], outputs
        )

    def _channels(self) -> int:
        return int(self.rng.choice([1, 2, 3, 5, 7, 8, 9, 13, 16, self.channels]))

    def _recent(self) -> str:
        """Mostly the last tensor, sometimes an earlier one."""
        back = 1 if self.rng.random() < 0.8 else int(self.rng.integers(1, len(self.images) + 1))
        return self.images[-back]

    def _quant(self) -> Quant:
        return Quant((float(np.float32(self.rng.uniform(0.005, 0.2))),), (self._zero_point(),))

    def _zero_point(self) -> int:
        return int(self.rng.choice([-128, 0, 127, int(self.rng.integers(-128, 128))]))

    def _activation(self, shape: tuple[int, ...], stem: str, quant: Quant | None = None) -> str:
        name = f"{stem}{len(self.tensors)}"
        self.tensors[name] = Tensor(name, shape, "int8", quant or self._quant())
        return name

    def _constant(self, data: np.ndarray, quant: Quant | None) -> str:
        name = f"constant{len(self.tensors)}"
        kind = "int8" if data.dtype == np.int8 else "int32"
        self.tensors[name] = Tensor(name, data.shape, kind, quant, data)
        return name

    def _append(self, operator: Operator, inputs: list[str], output: str) -> str:
        self.ops.append(Op(f"op{len(self.ops)}", operator, tuple(inputs), (output,)))
        return output

    def _clamp(self) -> tuple[int, int]:
        if self.rng.random() < 0.6:
            return -128, 127
        low = int(self.rng.integers(-128, 20))
        return low, int(self.rng.integers(max(low, 20), 128))

    def _window(self, shape, kernels=KERNELS):
        """Kernel, stride, padding and output size that fit an image."""
        rng = self.rng
        while True:
            kernel = kernels[int(rng.integers(len(kernels)))]
            stride = STRIDES[int(rng.integers(len(STRIDES)))]
            most = [max(1, (k + 1) // 2) if rng.random() < 0.7 else 1 for k in kernel]
            top, bottom = (int(v) for v in rng.integers(0, most[0], 2))
            left, right = (int(v) for v in rng.integers(0, most[1], 2))
            rows = window_extent(shape[1], kernel[0], stride[0], top, bottom)
            cols = window_extent(shape[2], kernel[1], stride[1], left, right)
            if rows >= 1 and cols >= 1 and top < kernel[0] and left < kernel[1]:
                padding = Padding(top=top, left=left, bottom=bottom, right=right)
                return kernel, stride, padding, (rows, cols)

    def _weights(self, shape: tuple[int, ...], channels: int, axis: int) -> str:
        data = self.rng.integers(-127, 128, shape, dtype=np.int8)
        whole = self.rng.random() < 0.2
        scales = self.rng.uniform(0.002, 0.03, 1 if whole else channels).astype(np.float32)
        zeros = (0,) * len(scales)
        quant = Quant(tuple(map(float, scales)), zeros, None if whole else axis)
        return self._constant(data, quant)

    def _convolved(self, x: str, weights: str, shape: tuple[int, ...], taps: int) -> str:
        """The result of a convolution, with a scale that suits its sums."""
        source, scales = self.tensors[x], self.tensors[weights].quant.scale
        spread = source.scale * float(np.mean(scales)) * 75 * 75 * taps**0.5
        scale = float(np.float32(spread / 60 * self.rng.uniform(0.7, 1.5)))
        return self._activation(shape, "t", Quant((scale,), (self._zero_point(),)))

    def _bias(self, count: int) -> str:
        data = self.rng.integers(-3000, 3000, count).astype(np.int32)
        return self._constant(data, None)

    def _conv(self, x: str) -> str:
        shape = self.tensors[x].shape
        kernel, stride, padding, dilation, (rows, cols) = self._dilated_window(shape)
        groups = self._groups(shape[3])
        depth, count = shape[3] // groups, groups * -(-self._channels() // groups)
        weights = self._weights((count, *kernel, depth), count, 0)
        taps = kernel[0] * kernel[1] * depth
        out = self._convolved(x, weights, (1, rows, cols, count), taps)
        lo, hi = self._clamp()
        attrs = Conv2d(stride=stride, padding=padding, dilation=dilation, lo=lo, hi=hi)
        return self._append(attrs, [x, weights, self._bias(count)], out)

    def _depthwise(self, x: str) -> str:
        shape = self.tensors[x].shape
        kernel, stride, padding, dilation, (rows, cols) = self._dilated_window(shape)
        times = int(self.rng.choice([1, 1, 1, 2, 3]))
        count = shape[3] * times
        weights = self._weights((*kernel, count), count, 2)
        out = self._convolved(x, weights, (1, rows, cols, count), kernel[0] * kernel[1])
        lo, hi = self._clamp()
        attrs = DepthwiseConv2d(
            stride=stride, padding=padding, dilation=dilation, multiplier=times, lo=lo, hi=hi
        )
        return self._append(attrs, [x, weights, self._bias(count)], out)

    def _groups(self, channels: int) -> int:
        if not self.spread or self.rng.random() < 0.5:
            return 1
        return int(self.rng.choice([n for n in range(1, channels + 1) if channels % n == 0]))

    def _dilated_window(self, shape):
        """As `_window`, with the dilation before the output size."""
        kernel, stride, padding, (rows, cols) = self._window(shape)
        dilation = (1, 1)
        if self.spread and self.rng.random() < 0.7:
            dilation = (int(self.rng.integers(1, 4)), int(self.rng.integers(1, 4)))
            reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
            rows = window_extent(shape[1], reach[0], stride[0], padding.top, padding.bottom)
            cols = window_extent(shape[2], reach[1], stride[1], padding.left, padding.right)
            if min(rows, cols) < 1:
                return self._dilated_window(shape)
        return kernel, stride, padding, dilation, (rows, cols)

    def _transposed(self, x: str) -> str:
        shape, rng = self.tensors[x].shape, self.rng
        if max(shape[1:3]) > 2 * self.largest:
            return self._conv(x)
        kernel, stride = (
            (int(rng.integers(1, high)), int(rng.integers(1, high))) for high in (5, 4)
        )
        before = [int(rng.integers(0, extent)) for extent in kernel]
        size = [
            max((shape[1 + i] - 1) * stride[i] + kernel[i] - before[i] - int(rng.integers(2)), 1)
            for i in (0, 1)
        ]
        groups = self._groups(shape[3])
        depth, count = shape[3] // groups, groups * -(-self._channels() // groups)
        weights = self._weights((count, *kernel, depth), count, 0)
        out = self._convolved(x, weights, (1, *size, count), kernel[0] * kernel[1] * depth)
        lo, hi = self._clamp()
        padding = Padding(top=before[0], left=before[1])
        attrs = TransposeConv(stride=stride, padding=padding, lo=lo, hi=hi)
        return self._append(attrs, [x, weights, self._bias(count)], out)

    def _add(self, x: str) -> str:
        shape = self.tensors[x].shape
        twins = [n for n in self.images if self.tensors[n].shape == shape]
        other = twins[int(self.rng.integers(len(twins)))]
        if other == x:
            other = self._pointwise(x)
        scale = max(self.tensors[n].scale for n in (x, other)) * float(self.rng.uniform(1, 2))
        quant = Quant((float(np.float32(scale)),), (self._zero_point(),))
        lo, hi = self._clamp()
        operands = [x, other] if self.rng.random() < 0.5 else [other, x]
        return self._append(Add(lo=lo, hi=hi), operands, self._activation(shape, "t", quant))

    def _pointwise(self, x: str, quant: Quant | None = None, count: int = 0) -> str:
        """A 1x1 convolution, for a tensor of the same image."""
        shape = self.tensors[x].shape
        count = count or shape[3]
        weights = self._weights((count, 1, 1, shape[3]), count, 0)
        out = self._convolved(x, weights, (*shape[:3], count), shape[3])
        if quant is not None:
            self.tensors[out] = Tensor(out, self.tensors[out].shape, "int8", quant)
        attrs = Conv2d(stride=(1, 1), padding=Padding())
        return self._append(attrs, [x, weights, self._bias(count)], out)

    def _concatenation(self, x: str) -> str:
        source = self.tensors[x]
        axis = int(self.rng.integers(1, 4))
        parts = [x]
        for _ in range(int(self.rng.integers(1, 3))):
            count = self._channels() if axis == 3 else source.shape[3]
            parts.append(self._pointwise(x, source.quant, count))
        if self.rng.random() < 0.3:
            parts.append(parts[-1])
        if self.rng.random() < 0.5:
            parts.reverse()
        extent = sum(self.tensors[part].shape[axis] for part in parts)
        shape = (*source.shape[:axis], extent, *source.shape[axis + 1 :])
        out = self._activation(shape, "t", source.quant)
        return self._append(Concatenation(axis=axis), parts, out)

    def _pool(self, x: str) -> str:
        source = self.tensors[x]
        window, stride, padding, (rows, cols) = self._window(source.shape, KERNELS[1:])
        lo, hi = self._clamp()
        pool = AveragePool2d if self.rng.random() < 0.5 else MaxPool2d
        attrs = pool(window=window, stride=stride, padding=padding, lo=lo, hi=hi)
        out = self._activation((1, rows, cols, source.shape[3]), "t", source.quant)
        return self._append(attrs, [x], out)

    def _relu(self, x: str) -> str:
        source = self.tensors[x]
        lo, hi = self._clamp()
        quant = source.quant if self.rng.random() < 0.6 else self._near(source)
        return self._append(Relu(lo=lo, hi=hi), [x], self._activation(source.shape, "t", quant))

    def _near(self, source: Tensor) -> Quant:
        scale = float(np.float32(source.scale * self.rng.uniform(0.3, 3)))
        return Quant((scale,), (self._zero_point(),))

    def _quantize(self, x: str) -> str:
        source = self.tensors[x]
        out = self._activation(source.shape, "t", self._near(source))
        return self._append(Quantize(), [x], out)

    def _pad(self, x: str) -> str:
        source = self.tensors[x]
        top, left, bottom, right = (int(v) for v in self.rng.integers(0, 3, 4))
        padding = Padding(top=top, left=left, bottom=bottom, right=right)
        _, rows, cols, channels = source.shape
        shape = (1, rows + top + bottom, cols + left + right, channels)
        out = self._activation(shape, "t", source.quant)
        return self._append(Pad.image(padding), [x], out)

    def _tail(self, x: str) -> str:
        """Nothing, or what classifiers end with."""
        if self.rng.random() < 0.4:
            return x
        source = self.tensors[x]
        if self.rng.random() < 0.5 and max(source.shape[1:3]) <= 255:
            out = self._activation((1, 1, 1, source.shape[3]), "t", self._near(source))
            x = self._append(Mean(), [x], out)
        flat = self._activation((1, self.tensors[x].elements), "t", self.tensors[x].quant)
        x = self._append(Reshape(), [x], flat)
        count, taps = self._channels() + 1, self.tensors[x].elements
        if taps <= 4096:
            weights = self._weights((count, taps), count, 0)
            out = self._convolved(x, weights, (1, count), taps)
            operands = [x, weights, self._bias(count)]
            x = self._append(FullyConnected(), operands, out)
        if self.rng.random() < 0.5:
            quant = Quant((1 / 256,), (-128,))
            out = self._activation(self.tensors[x].shape, "t", quant)
            x = self._append(Softmax(), [x], out)
        return x
