"""Writes small .tflite networks, for the reference interpreter and the importer alike.

    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 8, 8, 3), scale=0.05, zero_point=-3)
    w = builder.constant("w", weights_int8, scale=[0.01] * 4, axis=0)       # [Co,Kh,Kw,Ci]
    b = builder.constant("b", bias_int32)
    y = builder.tensor("y", (1, 4, 4, 4), scale=0.1, zero_point=5)
    builder.conv_2d(x, w, b, y, stride=(2, 2), same=True, activation="RELU6")
    content = builder.finish(inputs=[x], outputs=[y])

`tensor` and `constant` return indices, which the operator methods take; each operator method adds
one operator. `operator` adds any other by its builtin name, with options written by the caller.
`run_tflm(content, x)` gives the outputs of TensorFlow Lite Micro for int8 (or other) arrays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import flatbuffers
import numpy as np
import tflite

TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "int32": tflite.TensorType.INT32,
    "uint8": tflite.TensorType.UINT8,
    "int64": tflite.TensorType.INT64,
    "int16": tflite.TensorType.INT16,
    "int8": tflite.TensorType.INT8,
    "int4": tflite.TensorType.INT4,
    "bool": tflite.TensorType.BOOL,
}
Pair = tuple[int, int]
Options = tuple[str, Callable[[flatbuffers.Builder], int]]


@dataclass
class _Tensor:
    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int
    data: np.ndarray | None
    signature: tuple[int, ...] | None
    variable: bool


@dataclass
class TfliteBuilder:
    """Collects tensors and operators; `finish` writes the file."""

    tensors: list[_Tensor] = field(default_factory=list)
    operators: list[tuple[str, list[int], list[int], Options | None]] = field(default_factory=list)

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        *,
        dtype: str = "int8",
        scale: float | Sequence[float] | None = None,
        zero_point: int | Sequence[int] = 0,
        axis: int = 0,
        data: np.ndarray | None = None,
        signature: Sequence[int] | None = None,
        variable: bool = False,
    ) -> int:
        """A tensor; without `scale` it is not quantised. Returns its index.

        A `variable` keeps its values from inference to inference.
        """
        scales = () if scale is None else tuple(np.atleast_1d(scale))
        zeros = tuple(np.broadcast_to(zero_point, len(scales)))
        known = None if signature is None else tuple(signature)
        self.tensors.append(
            _Tensor(name, tuple(shape), dtype, scales, zeros, axis, data, known, variable)
        )
        return len(self.tensors) - 1

    def constant(self, name: str, data: np.ndarray, **quantisation) -> int:
        """A tensor with data; `quantisation` as for `tensor`."""
        data = np.asarray(data)
        return self.tensor(name, data.shape, dtype=data.dtype.name, data=data, **quantisation)

    def constant_int4(self, name: str, data: np.ndarray, **quantisation) -> int:
        """A tensor of 4 bits an element, two in a byte, the lower one first."""
        nibbles = np.append(data.reshape(-1), [0] * (data.size % 2)).astype(np.uint8) & 15
        packed = nibbles[::2] | nibbles[1::2] << 4
        return self.tensor(name, data.shape, dtype="int4", data=packed, **quantisation)

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Options | None = None,
    ) -> None:
        """Any operator: its builtin name, and (options class, function that writes the options)."""
        self.operators.append((name, list(inputs), list(outputs), options))

    def conv_2d(
        self,
        x: int,
        weights: int,
        bias: int | None,
        y: int,
        *,
        stride: Pair = (1, 1),
        same: bool = False,
        activation: str = "NONE",
        dilation: Pair = (1, 1),
    ) -> None:
        """CONV_2D."""
        options = _conv_options(stride, same, activation, dilation)
        self.operator("CONV_2D", _operands(x, weights, bias), [y], ("Conv2DOptions", options))

    def depthwise_conv_2d(
        self,
        x: int,
        weights: int,
        bias: int | None,
        y: int,
        *,
        multiplier: int = 1,
        stride: Pair = (1, 1),
        same: bool = False,
        activation: str = "NONE",
        dilation: Pair = (1, 1),
    ) -> None:
        """DEPTHWISE_CONV_2D; weights [1,Kh,Kw,Ci*multiplier], per channel along axis 3."""
        options = _depthwise_options(multiplier, stride, same, activation, dilation)
        operands = _operands(x, weights, bias)
        self.operator("DEPTHWISE_CONV_2D", operands, [y], ("DepthwiseConv2DOptions", options))

    def transpose_conv(
        self,
        x: int,
        weights: int,
        bias: int | None,
        y: int,
        *,
        stride: Pair = (1, 1),
        same: bool = False,
        activation: str = "NONE",
    ) -> None:
        """TRANSPOSE_CONV; weights [Co,Kh,Kw,Ci]."""

        def write(b: flatbuffers.Builder) -> int:
            tflite.TransposeConvOptionsStart(b)
            tflite.TransposeConvOptionsAddPadding(b, _padding(same))
            tflite.TransposeConvOptionsAddStrideH(b, stride[0])
            tflite.TransposeConvOptionsAddStrideW(b, stride[1])
            tflite.TransposeConvOptionsAddFusedActivationFunction(b, _activation(activation))
            return tflite.TransposeConvOptionsEnd(b)

        shape = self.constant(f"shape_of_{y}", np.array(self.tensors[y].shape, np.int32))
        operands = [shape, weights, x, *([] if bias is None else [bias])]
        self.operator("TRANSPOSE_CONV", operands, [y], ("TransposeConvOptions", write))

    def batch_matmul(
        self, a: int, b: int, y: int, *, adj_x: bool = False, adj_y: bool = False
    ) -> None:
        """BATCH_MATMUL."""

        def write(builder: flatbuffers.Builder) -> int:
            tflite.BatchMatMulOptionsStart(builder)
            tflite.BatchMatMulOptionsAddAdjX(builder, adj_x)
            tflite.BatchMatMulOptionsAddAdjY(builder, adj_y)
            return tflite.BatchMatMulOptionsEnd(builder)

        self.operator("BATCH_MATMUL", [a, b], [y], ("BatchMatMulOptions", write))

    def svdf(self, operands: Sequence[int], y: int, *, rank: int) -> None:
        """SVDF: input, feature weights, time weights, bias, state."""

        def write(b: flatbuffers.Builder) -> int:
            tflite.SVDFOptionsStart(b)
            tflite.SVDFOptionsAddRank(b, rank)
            return tflite.SVDFOptionsEnd(b)

        self.operator("SVDF", operands, [y], ("SVDFOptions", write))

    def lstm(
        self, operands: Sequence[int], y: int, *, time_major: bool = False, cell_clip: float = 0.0
    ) -> None:
        """UNIDIRECTIONAL_SEQUENCE_LSTM with its 24 operands, -1 where there is none."""

        def write(b: flatbuffers.Builder) -> int:
            tflite.UnidirectionalSequenceLSTMOptionsStart(b)
            tflite.UnidirectionalSequenceLSTMOptionsAddTimeMajor(b, time_major)
            tflite.UnidirectionalSequenceLSTMOptionsAddCellClip(b, cell_clip)
            tflite.UnidirectionalSequenceLSTMOptionsAddFusedActivationFunction(
                b, _activation("TANH")
            )
            return tflite.UnidirectionalSequenceLSTMOptionsEnd(b)

        options = ("UnidirectionalSequenceLSTMOptions", write)
        self.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, [y], options)

    def fully_connected(
        self, x: int, weights: int, bias: int | None, y: int, *, activation: str = "NONE"
    ) -> None:
        """FULLY_CONNECTED; weights [Co,Ci]."""
        options = _activation_options("FullyConnectedOptions", activation)
        self.operator("FULLY_CONNECTED", _operands(x, weights, bias), [y], options)

    def add(self, a: int, b: int, y: int, *, activation: str = "NONE") -> None:
        """ADD."""
        self.operator("ADD", [a, b], [y], _activation_options("AddOptions", activation))

    def binary(
        self,
        name: str,
        inputs: Sequence[int],
        y: int,
        *,
        options: str | None = None,
        activation: str = "NONE",
    ) -> None:
        """An operator on two operands; `options` is the class that holds the activation."""
        written = None if options is None else _activation_options(options, activation)
        self.operator(name, inputs, [y], written)

    def leaky_relu(self, x: int, y: int, *, alpha: float) -> None:
        """LEAKY_RELU."""

        def write(b: flatbuffers.Builder) -> int:
            tflite.LeakyReluOptionsStart(b)
            tflite.LeakyReluOptionsAddAlpha(b, alpha)
            return tflite.LeakyReluOptionsEnd(b)

        self.operator("LEAKY_RELU", [x], [y], ("LeakyReluOptions", write))

    def gelu(self, x: int, y: int, *, approximate: bool) -> None:
        """GELU."""

        def write(b: flatbuffers.Builder) -> int:
            tflite.GeluOptionsStart(b)
            tflite.GeluOptionsAddApproximate(b, approximate)
            return tflite.GeluOptionsEnd(b)

        self.operator("GELU", [x], [y], ("GeluOptions", write))

    def pool_2d(
        self,
        kind: str,
        x: int,
        y: int,
        *,
        window: Pair,
        stride: Pair = (1, 1),
        same: bool = False,
        activation: str = "NONE",
    ) -> None:
        """AVERAGE_POOL_2D or MAX_POOL_2D, as `kind` says."""
        options = _pool_options(window, stride, same, activation)
        self.operator(kind, [x], [y], ("Pool2DOptions", options))

    def concatenation(self, inputs: Sequence[int], y: int, *, axis: int) -> None:
        """CONCATENATION along an axis."""

        def write(b: flatbuffers.Builder) -> int:
            tflite.ConcatenationOptionsStart(b)
            tflite.ConcatenationOptionsAddAxis(b, axis)
            return tflite.ConcatenationOptionsEnd(b)

        self.operator("CONCATENATION", inputs, [y], ("ConcatenationOptions", write))

    def softmax(self, x: int, y: int, *, beta: float = 1.0) -> None:
        """SOFTMAX."""

        def write(b: flatbuffers.Builder) -> int:
            tflite.SoftmaxOptionsStart(b)
            tflite.SoftmaxOptionsAddBeta(b, beta)
            return tflite.SoftmaxOptionsEnd(b)

        self.operator("SOFTMAX", [x], [y], ("SoftmaxOptions", write))

    def pad(self, x: int, y: int, pairs: Sequence[Pair]) -> None:
        """PAD with (before, after) for each axis."""
        amounts = self.constant(f"pads_of_{y}", np.array(pairs, np.int32))
        self.operator("PAD", [x, amounts], [y], ("PadOptions", _empty("PadOptions")))

    def reshape(self, x: int, y: int) -> None:
        """RESHAPE to the shape of y."""
        shape = self.constant(f"shape_of_{y}", np.array(self.tensors[y].shape, np.int32))
        self.operator("RESHAPE", [x, shape], [y], ("ReshapeOptions", _empty("ReshapeOptions")))

    def mean(self, x: int, y: int, *, axes: Sequence[int] = (1, 2), keep: bool = True) -> None:
        """MEAN over axes."""

        def write(b: flatbuffers.Builder) -> int:
            tflite.ReducerOptionsStart(b)
            tflite.ReducerOptionsAddKeepDims(b, keep)
            return tflite.ReducerOptionsEnd(b)

        constant = self.constant(f"axes_of_{y}", np.array(axes, np.int32))
        self.operator("MEAN", [x, constant], [y], ("ReducerOptions", write))

    def quantize(self, x: int, y: int) -> None:
        """QUANTIZE."""
        self.operator("QUANTIZE", [x], [y], ("QuantizeOptions", _empty("QuantizeOptions")))

    def dequantize(self, x: int, y: int) -> None:
        """DEQUANTIZE."""
        self.operator("DEQUANTIZE", [x], [y], ("DequantizeOptions", _empty("DequantizeOptions")))

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file."""
        b = flatbuffers.Builder(4096)
        names = list(dict.fromkeys(name for name, *_ in self.operators))
        buffers = [_buffer(b, None)]
        tensors = []
        for tensor in self.tensors:
            number = 0
            if tensor.data is not None:
                number = len(buffers)
                buffers.append(_buffer(b, tensor.data))
            tensors.append(_write_tensor(b, tensor, number))
        operators = [_write_operator(b, names.index(op[0]), *op[1:]) for op in self.operators]
        parts = [_offsets(b, tensors), _int32s(b, inputs), _int32s(b, outputs)]
        parts.append(_offsets(b, operators))
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, parts[0])
        tflite.SubGraphAddInputs(b, parts[1])
        tflite.SubGraphAddOutputs(b, parts[2])
        tflite.SubGraphAddOperators(b, parts[3])
        graphs = _offsets(b, [tflite.SubGraphEnd(b)])
        codes = _offsets(b, [_operator_code(b, name) for name in names])
        held = _offsets(b, buffers)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, codes)
        tflite.ModelAddSubgraphs(b, graphs)
        tflite.ModelAddBuffers(b, held)
        b.Finish(tflite.ModelEnd(b), file_identifier=b"TFL3")
        return bytes(b.Output())


def run_tflm(content: bytes, *inputs: np.ndarray) -> list[np.ndarray]:
    """The outputs of TensorFlow Lite Micro's reference kernels, one array an output."""
    return run_tflm_sequence(content, [inputs])[0]


def run_tflm_sequence(
    content: bytes, sequence: Sequence[Sequence[np.ndarray]]
) -> list[list[np.ndarray]]:
    """The outputs of inferences one after the other, with state kept between them."""
    from tflite_micro.python.tflite_micro import runtime

    # By default the arena is ten times the file, which large tensors in small files outgrow.
    arena = 10 * len(content) + (1 << 20)
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=arena)
    count = tflite.Model.GetRootAs(content, 0).Subgraphs(0).OutputsLength()
    results = []
    for inputs in sequence:
        for index, value in enumerate(inputs):
            interpreter.set_input(value, index)
        interpreter.invoke()
        results.append([interpreter.get_output(index) for index in range(count)])
    return results


def _operands(x: int, weights: int, bias: int | None) -> list[int]:
    return [x, weights] if bias is None else [x, weights, bias]


def _conv_options(stride: Pair, same: bool, activation: str, dilation: Pair):
    def write(b: flatbuffers.Builder) -> int:
        tflite.Conv2DOptionsStart(b)
        tflite.Conv2DOptionsAddPadding(b, _padding(same))
        tflite.Conv2DOptionsAddStrideH(b, stride[0])
        tflite.Conv2DOptionsAddStrideW(b, stride[1])
        tflite.Conv2DOptionsAddDilationHFactor(b, dilation[0])
        tflite.Conv2DOptionsAddDilationWFactor(b, dilation[1])
        tflite.Conv2DOptionsAddFusedActivationFunction(b, _activation(activation))
        return tflite.Conv2DOptionsEnd(b)

    return write


def _depthwise_options(multiplier: int, stride: Pair, same: bool, activation: str, dilation: Pair):
    def write(b: flatbuffers.Builder) -> int:
        tflite.DepthwiseConv2DOptionsStart(b)
        tflite.DepthwiseConv2DOptionsAddPadding(b, _padding(same))
        tflite.DepthwiseConv2DOptionsAddStrideH(b, stride[0])
        tflite.DepthwiseConv2DOptionsAddStrideW(b, stride[1])
        tflite.DepthwiseConv2DOptionsAddDepthMultiplier(b, multiplier)
        tflite.DepthwiseConv2DOptionsAddDilationHFactor(b, dilation[0])
        tflite.DepthwiseConv2DOptionsAddDilationWFactor(b, dilation[1])
        tflite.DepthwiseConv2DOptionsAddFusedActivationFunction(b, _activation(activation))
        return tflite.DepthwiseConv2DOptionsEnd(b)

    return write


def _pool_options(window: Pair, stride: Pair, same: bool, activation: str):
    def write(b: flatbuffers.Builder) -> int:
        tflite.Pool2DOptionsStart(b)
        tflite.Pool2DOptionsAddPadding(b, _padding(same))
        tflite.Pool2DOptionsAddStrideH(b, stride[0])
        tflite.Pool2DOptionsAddStrideW(b, stride[1])
        tflite.Pool2DOptionsAddFilterHeight(b, window[0])
        tflite.Pool2DOptionsAddFilterWidth(b, window[1])
        tflite.Pool2DOptionsAddFusedActivationFunction(b, _activation(activation))
        return tflite.Pool2DOptionsEnd(b)

    return write


def _activation_options(name: str, activation: str) -> Options:
    def write(b: flatbuffers.Builder) -> int:
        getattr(tflite, f"{name}Start")(b)
        getattr(tflite, f"{name}AddFusedActivationFunction")(b, _activation(activation))
        return getattr(tflite, f"{name}End")(b)

    return name, write


def _empty(name: str) -> Callable[[flatbuffers.Builder], int]:
    def write(b: flatbuffers.Builder) -> int:
        getattr(tflite, f"{name}Start")(b)
        return getattr(tflite, f"{name}End")(b)

    return write


def _padding(same: bool) -> int:
    return tflite.Padding.SAME if same else tflite.Padding.VALID


def _activation(name: str) -> int:
    return getattr(tflite.ActivationFunctionType, name)


def _offsets(b: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()


def _int32s(b: flatbuffers.Builder, values: Sequence[int]) -> int:
    return b.CreateNumpyVector(np.array(values, dtype=np.int32))


def _buffer(b: flatbuffers.Builder, data: np.ndarray | None) -> int:
    vector = None
    if data is not None:
        b.StartVector(1, data.nbytes, 16)
        b.head -= data.nbytes
        b.Bytes[b.head : b.head + data.nbytes] = np.ascontiguousarray(data).tobytes()
        vector = b.EndVector()
    tflite.BufferStart(b)
    if vector is not None:
        tflite.BufferAddData(b, vector)
    return tflite.BufferEnd(b)


def _write_tensor(b: flatbuffers.Builder, tensor: _Tensor, buffer: int) -> int:
    name, shape = b.CreateString(tensor.name), _int32s(b, tensor.shape)
    signature = None if tensor.signature is None else _int32s(b, tensor.signature)
    quantisation = None
    if tensor.scale:
        scales = b.CreateNumpyVector(np.array(tensor.scale, np.float32))
        zeros = b.CreateNumpyVector(np.array(tensor.zero_point, np.int64))
        tflite.QuantizationParametersStart(b)
        tflite.QuantizationParametersAddScale(b, scales)
        tflite.QuantizationParametersAddZeroPoint(b, zeros)
        tflite.QuantizationParametersAddQuantizedDimension(b, tensor.axis)
        quantisation = tflite.QuantizationParametersEnd(b)
    tflite.TensorStart(b)
    tflite.TensorAddShape(b, shape)
    tflite.TensorAddType(b, TYPES[tensor.dtype])
    tflite.TensorAddBuffer(b, buffer)
    tflite.TensorAddName(b, name)
    if quantisation is not None:
        tflite.TensorAddQuantization(b, quantisation)
    if signature is not None:
        tflite.TensorAddShapeSignature(b, signature)
    if tensor.variable:
        tflite.TensorAddIsVariable(b, True)
    return tflite.TensorEnd(b)


def _write_operator(
    b: flatbuffers.Builder,
    code: int,
    inputs: list[int],
    outputs: list[int],
    options: Options | None,
) -> int:
    vectors = _int32s(b, inputs), _int32s(b, outputs)
    table = None if options is None else options[1](b)
    tflite.OperatorStart(b)
    tflite.OperatorAddOpcodeIndex(b, code)
    tflite.OperatorAddInputs(b, vectors[0])
    tflite.OperatorAddOutputs(b, vectors[1])
    if options is not None and table is not None:
        tflite.OperatorAddBuiltinOptionsType(b, getattr(tflite.BuiltinOptions, options[0]))
        tflite.OperatorAddBuiltinOptions(b, table)
    return tflite.OperatorEnd(b)


def _operator_code(b: flatbuffers.Builder, name: str) -> int:
    number = getattr(tflite.BuiltinOperator, name)
    tflite.OperatorCodeStart(b)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(number, 127))
    tflite.OperatorCodeAddBuiltinCode(b, number)
    tflite.OperatorCodeAddVersion(b, 1)
    return tflite.OperatorCodeEnd(b)
