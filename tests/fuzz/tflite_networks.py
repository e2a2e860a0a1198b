"""Small sound .tflite networks, at least one for every operator that has a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tests.fuzz.draws import Draws
from tests.fuzz.tflite_file import File, Operator, Subgraph, code_of, read_file
from tests.fuzz.tflite_file import Tensor as FileTensor
from tests.fuzz.tflite_logic import MAKERS as LOGIC
from tests.fuzz.tflite_moves import MAKERS as MOVES
from tests.fuzz.tflite_sketch import Ends, Sketch
from tests.tflite_options import options


def tflite_network(name: str, draws: Draws) -> File:
    """A network with this operator, or of this kind."""
    if name in _FILES:
        return _FILES[name](draws)
    sketch = Sketch(draws)
    make = _MAKERS.get(name)
    inputs, outputs = _unknown(sketch, name) if make is None else make(sketch)
    return read_file(sketch.finish(inputs, outputs))


def _window(sketch: Sketch, size: Sequence[int]) -> tuple[tuple[int, int], list[int]]:
    kernel = tuple(sketch.draws.between(1, extent) for extent in size)
    return kernel, [extent - k + 1 for extent, k in zip(size, kernel, strict=True)]  # type: ignore[return-value]


def _conv(sketch: Sketch) -> Ends:
    _, *size, channels = shape = sketch.image()
    kernel, result = _window(sketch, size)
    if sketch.draws.chance():
        result = size
    x, count = sketch.activation(shape), sketch.sizes(1)[0]
    weights = sketch.weights((count, *kernel, channels), 0)
    y = sketch.activation((1, *result, count))
    same = result == size
    sketch.conv_2d(x, weights, sketch.bias(count), y, same=same, activation=sketch.fused())
    return [x], [y]


def _depthwise(sketch: Sketch) -> Ends:
    _, *size, channels = shape = sketch.image()
    kernel, result = _window(sketch, size)
    x, multiplier = sketch.activation(shape), sketch.sizes(1, 3)[0]
    count = channels * multiplier
    weights = sketch.weights((1, *kernel, count), 3)
    y = sketch.activation((1, *result, count))
    bias = sketch.bias(count)
    sketch.depthwise_conv_2d(x, weights, bias, y, multiplier=multiplier, activation=sketch.fused())
    return [x], [y]


def _transpose_conv(sketch: Sketch) -> Ends:
    _, *size, channels = shape = sketch.image()
    kernel, stride, (count,) = sketch.sizes(2, 4), sketch.sizes(2, 3), sketch.sizes(1)
    result = [(n - 1) * s + k for n, s, k in zip(size, stride, kernel, strict=True)]
    x, weights = sketch.activation(shape), sketch.weights((count, *kernel, channels), 0)
    y, bias = sketch.activation((1, *result, count)), sketch.bias(count)
    sketch.transpose_conv(x, weights, bias, y, stride=(stride[0], stride[1]))
    return [x], [y]


def _fully_connected(sketch: Sketch) -> Ends:
    rows, channels, count = sketch.sizes(3, 20)
    x = sketch.activation((rows, channels))
    computed = sketch.draws.chance(0.3)
    weights = (
        sketch.activation((count, channels), zero_point=0)
        if computed
        else sketch.weights((count, channels), 0)
    )
    y = sketch.activation((rows, count))
    sketch.fully_connected(x, weights, sketch.bias(count), y, activation=sketch.fused())
    return ([x, weights] if computed else [x]), [y]


def _batch_matmul(sketch: Sketch) -> Ends:
    batch, rows, depth, cols = sketch.sizes(4)
    a = sketch.activation((batch, rows, depth))
    b = sketch.activation((batch, depth, cols))
    y = sketch.activation((batch, rows, cols))
    sketch.batch_matmul(a, b, y)
    return [a, b], [y]


def _pool(name: str) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        _, *size, channels = shape = sketch.image()
        window, result = _window(sketch, size)
        x = sketch.activation(shape)
        y = sketch.like(x, (1, *result, channels))
        sketch.pool_2d(name, x, y, window=window, activation=sketch.fused())
        return [x], [y]

    return make


def _binary(name: str, table: str | None, *, alike: bool = False) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        shape = sketch.sizes(sketch.draws.between(0, 4))
        other = [draw if sketch.draws.chance(0.6) else 1 for draw in shape]
        a = sketch.activation(shape)
        b = sketch.like(a, other) if alike else sketch.activation(other)
        inputs = [a, b]
        if sketch.draws.chance(0.4):
            sketch.tensors[b].data = sketch.draws.int8(*other)
            inputs = [a]
        y = sketch.like(a, shape) if alike else sketch.activation(shape)
        sketch.binary(name, [a, b], y, options=table)
        return inputs, [y]

    return make


def _unary(name: str, *, scale: float = 0.0, zero_point: int = 0) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        shape = sketch.sizes(sketch.draws.between(0, 4))
        x = sketch.activation(shape)
        fixed = {"scale": scale, "zero_point": zero_point} if scale else {}
        y = sketch.activation(shape, **fixed)
        sketch.operator(name, [x], [y], _plain(name))
        return [x], [y]

    return make


def _plain(name: str):
    tables = {
        "LEAKY_RELU": ("LeakyReluOptions", {"Alpha": 0.2}),
        "GELU": ("GeluOptions", {"Approximate": True}),
        "SOFTMAX": ("SoftmaxOptions", {"Beta": 1.0}),
    }
    return None if name not in tables else options(tables[name][0], **tables[name][1])


def _pad(name: str) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        shape = sketch.image()
        pairs = [(0, 0), *(tuple(sketch.sizes(2, 3)) for _ in range(2)), (0, 0)]
        x = sketch.activation(shape)
        wider = [n + sum(pair) for n, pair in zip(shape, pairs, strict=True)]
        y, amounts = sketch.like(x, wider), sketch.constant("pads", np.array(pairs, np.int32))
        inputs = [x, amounts]
        if name == "PADV2":
            value = np.array(sketch.tensors[x].zero_point[:1], np.int8)
            inputs.append(sketch.like(x, (1,)))
            sketch.tensors[inputs[2]].data = value
        sketch.operator(name, inputs, [y])
        return [x], [y]

    return make


def _view(name: str) -> Callable[[Sketch], Ends]:
    def make(sketch: Sketch) -> Ends:
        a, b = sketch.sizes(2)
        before, after = {
            "SQUEEZE": ((1, a, b), (a, b)),
            "EXPAND_DIMS": ((a, b), (1, a, b)),
        }.get(name, ((a, b), (1, a * b)))
        x = sketch.activation(before)
        y = sketch.like(x, after)
        parameters = {"RESHAPE": after, "EXPAND_DIMS": (0,)}.get(name)
        extra = [] if parameters is None else [sketch.integers(*parameters)]
        sketch.operator(name, [x, *extra], [y])
        return [x], [y]

    return make


def _transpose(sketch: Sketch) -> Ends:
    shape = sketch.sizes(sketch.draws.between(2, 4))
    order = sketch.draws.rng.permutation(len(shape)).tolist()
    x = sketch.activation(shape)
    y = sketch.like(x, [shape[axis] for axis in order])
    sketch.operator("TRANSPOSE", [x, sketch.integers(*order)], [y])
    return [x], [y]


def _concatenation(sketch: Sketch) -> Ends:
    shape = sketch.sizes(sketch.draws.between(1, 4))
    axis = sketch.draws.below(len(shape))
    first = sketch.activation(shape)
    others = sketch.sizes(sketch.draws.between(1, 3))
    parts = [first]
    parts += [sketch.like(first, [*shape[:axis], n, *shape[axis + 1 :]]) for n in others]
    total = shape[axis] + sum(others)
    y = sketch.like(first, [*shape[:axis], total, *shape[axis + 1 :]])
    sketch.concatenation(parts, y, axis=axis)
    return parts, [y]


def _mean(sketch: Sketch) -> Ends:
    shape = sketch.image()
    x, y = sketch.activation(shape), sketch.activation((1, 1, 1, shape[3]))
    sketch.mean(x, y)
    return [x], [y]


def _svdf(sketch: Sketch) -> Ends:
    inputs, units, slots, rank = sketch.sizes(4, 5)
    wide = sketch.draws.chance()
    kind = np.int16 if wide else np.int8
    x, filters = sketch.activation((1, inputs)), units * rank
    times = sketch.draws.rng.integers(-100, 100, (filters, slots)).astype(kind)
    state = {"dtype": kind.__name__, "scale": 0.05, "zero_point": 0}
    operands = [
        x,
        sketch.constant("features", sketch.draws.int8(filters, inputs), scale=0.01),
        sketch.constant("times", times, scale=0.01),
        sketch.constant("bias", np.zeros(units, np.int32), scale=0.0005),
        sketch.tensor("state", (1, filters * slots), variable=True, **state),
    ]
    y = sketch.activation((1, units))
    sketch.svdf(operands, y, rank=rank)
    return [x], [y]


def _lstm(sketch: Sketch) -> Ends:
    batches, steps, inputs, units = sketch.sizes(4, 4)
    x, hidden = sketch.activation((batches, steps, inputs)), {"scale": 1 / 128, "zero_point": 0}
    operands = [x] + [-1] * 23
    for gate in range(4):
        for place, width in ((1 + gate, inputs), (5 + gate, units)):
            data = sketch.draws.int8(units, width)
            operands[place] = sketch.constant(f"w{place}", data, scale=0.005)
        bias = np.zeros(units, np.int32)
        operands[12 + gate] = sketch.constant(f"b{gate}", bias, scale=1e-4)
    operands[18] = sketch.tensor("hidden", (batches, units), variable=True, **hidden)
    cell = {"dtype": "int16", "scale": 2.0**-11}
    operands[19] = sketch.tensor("cell", (batches, units), variable=True, **cell)
    y = sketch.tensor("y", (batches, steps, units), **hidden)
    sketch.lstm(operands, y, cell_clip=sketch.draws.one_of((0.0, 1.5)))
    return [x], [y]


def _unknown(sketch: Sketch, name: str) -> Ends:
    """An operator that has no maker: one input, and perhaps another or a vector of integers."""
    shape = sketch.image()
    x = sketch.activation(shape)
    second = [[], [sketch.integers(1, 2)], [sketch.like(x, shape)]]
    y = sketch.like(x, shape)
    sketch.operator(name, [x, *sketch.draws.one_of(second)], [y])
    return [x], [y]


def _classifier(sketch: Sketch) -> Ends:
    """From float to float: QUANTIZE, shape arithmetic, convolution, pool, softmax, DEQUANTIZE."""
    (count,) = sketch.sizes(1)
    source = sketch.tensor("x", (1, 6, 5, 2), dtype="float32")
    x, h = sketch.activation((1, 6, 5, 2)), sketch.activation((1, 6, 5, count))
    p, flat = sketch.like(h, (1, 3, 2, count)), sketch.like(h, (1, 6 * count))
    y = sketch.activation((1, 6 * count), scale=1 / 256, zero_point=-128)
    result = sketch.tensor("y", (1, 6 * count), dtype="float32")
    sketch.quantize(source, x)
    weights, bias = sketch.weights((count, 3, 2, 2), 0), sketch.bias(count)
    sketch.conv_2d(x, weights, bias, h, same=True, activation="RELU6")
    sketch.pool_2d("MAX_POOL_2D", h, p, window=(2, 2), stride=(2, 2))
    whole, batch, parts = (
        sketch.tensor(name, shape, dtype="int32")
        for name, shape in (("whole", (4,)), ("batch", (1,)), ("parts", (2,)))
    )
    sketch.operator("SHAPE", [p], [whole], options("ShapeOptions"))
    bounds = [sketch.integers(at) for at in (0, 1, 1)]
    sketch.operator("STRIDED_SLICE", [whole, *bounds], [batch], options("StridedSliceOptions"))
    rest = sketch.integers(-1)
    sketch.operator(
        "CONCATENATION", [batch, rest], [parts], options("ConcatenationOptions", Axis=0)
    )
    sketch.operator("RESHAPE", [p, parts], [flat])
    sketch.softmax(flat, y)
    sketch.dequantize(y, result)
    return [source], [result]


def _residual(sketch: Sketch) -> Ends:
    """PAD, convolution, ADD with the input, joined with the input."""
    channels, shape = 3, (1, 5, 4, 3)
    x, y, total = (sketch.activation(shape) for _ in range(3))
    padded, joined = sketch.like(x, (1, 7, 6, 3)), sketch.like(x, (1, 5, 4, 6))
    alike = sketch.like(x, shape)
    sketch.pad(x, padded, [(0, 0), (1, 1), (1, 1), (0, 0)])
    sketch.conv_2d(padded, sketch.weights((channels, 3, 3, channels), 0), None, y)
    sketch.add(x, y, total, activation="RELU")
    sketch.quantize(total, alike)
    sketch.concatenation([alike, x], joined, axis=3)
    return [x], [joined, total]


def _variables(draws: Draws) -> File:
    """A variable that another subgraph initialises: read, added to and assigned."""
    sketch = Sketch(draws)
    x = sketch.activation((1, 4))
    handle = sketch.tensor("handle", (1,), dtype="int32")
    old, new = sketch.like(x, (1, 4)), sketch.like(x, (1, 4))
    sketch.add(x, old, new)
    file = read_file(sketch.finish([x], [new]))
    names = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")
    file.codes += [code_of(name) for name in names]
    begin = Operator(1, [], [handle], "VarHandleOptions", {"SharedName": b"v", "Container": b""})
    main = file.subgraphs[0]
    main.operators = [
        Operator(4, [], [], "CallOnceOptions", {"InitSubgraphIndex": 1}),
        begin,
        Operator(2, [handle], [old], None, {}),
        *main.operators,
        Operator(3, [handle, new], [], None, {}),
    ]
    file.buffers.append(draws.int8(4).tobytes())
    main.tensors[handle].type = 13  # a resource
    quant = main.tensors[old]
    first = FileTensor(
        b"first", [1, 4], quant.type, len(file.buffers) - 1, quant.scale, [0], 0, [], False
    )
    tensors = [FileTensor(b"handle", [1], 13, 0, [], [], 0, [], False), first]
    assign = Operator(3, [0, 1], [], None, {})
    own = Operator(1, [], [0], begin.table, dict(begin.options))
    file.subgraphs.append(Subgraph(tensors, [own, assign], [], []))
    return file


_FILES: Mapping[str, Callable[[Draws], File]] = {"variables": _variables}
_FIXED = {"LOGISTIC": (1 / 256, -128), "SOFTMAX": (1 / 256, -128), "TANH": (1 / 128, 0)}
_MAKERS: Mapping[str, Callable[[Sketch], Ends]] = {
    **LOGIC,
    **MOVES,
    **{
        name: _binary(name, f"{name.title()}Options")
        for name in ("ADD", "SUB", "MUL", "DIV")
    },
    **{name: _binary(name, None) for name in ("SQUARED_DIFFERENCE", "PRELU")},
    **{name: _binary(name, None, alike=True) for name in ("MAXIMUM", "MINIMUM")},
    **{
        name: _unary(name, scale=scale, zero_point=zero)
        for name, (scale, zero) in _FIXED.items()
    },
    **{
        name: _unary(name)
        for name in (
            "ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG",
            "NEG", "QUANTIZE", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "RSQRT",
            "SIGN", "SIN", "SQRT", "SQUARE",
        )
    },
    **{name: _pool(name) for name in ("AVERAGE_POOL_2D", "MAX_POOL_2D")},
    **{name: _pad(name) for name in ("PAD", "PADV2")},
    **{name: _view(name) for name in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")},
    "BATCH_MATMUL": _batch_matmul,
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
    "MEAN": _mean,
    "SVDF": _svdf,
    "TRANSPOSE": _transpose,
    "TRANSPOSE_CONV": _transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
    "classifier": _classifier,
    "residual": _residual,
}  # fmt: skip
KINDS = (*_FILES, "classifier", "residual")
"""Networks of several operators."""
