"""TensorFlow Lite networks into graphs: int8 activations, int8 weights per tensor or per channel.

The operators of a `FileNetwork` are visited in the file's order; each kind has a function that
checks its limits and adds one operator to the graph. What converts the interface (QUANTIZE from
float or uint8, DEQUANTIZE at the end) has become ports before that.
"""

from collections.abc import Callable
from pathlib import Path

from tflite import ActivationFunctionType, Padding, TensorType

from hw.spec import numerics as nm
from hw.spec.errors import RequestError
from mapper import attributes as at
from mapper import operators as limits
from mapper.attributes import OpKind
from mapper.graph import Graph, Op, Tensor
from mapper.importers.flatbuffer import TYPE_NAMES, FileNetwork, FileOperator, read_network
from mapper.importers.geometry import same_padding
from mapper.importers.tflite_interface import strip_interface
from mapper.importers.tflite_operands import Operands, op_name, without_first_axis
from mapper.operators import require

_ACTIVATIONS: dict[int, tuple[float | None, float | None]] = {
    ActivationFunctionType.NONE: (None, None),
    ActivationFunctionType.RELU: (0.0, None),
    ActivationFunctionType.RELU_N1_TO_1: (-1.0, 1.0),
    ActivationFunctionType.RELU6: (0.0, 6.0),
}
_CLAMPS: dict[str, tuple[float | None, float | None]] = {
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}


def import_tflite(path: Path, content: bytes) -> Graph:
    """Turn the bytes of a .tflite file into a verified graph.

    Raises RequestError naming the file, and where known the layer, the limit and the remedy.
    """
    file = str(path)
    try:
        return _graph(file, path.stem, read_network(file, content))
    except RequestError as error:
        if str(error).startswith(file):
            raise
        raise RequestError(f"{file}: {error}") from error


def _graph(file: str, name: str, network: FileNetwork) -> Graph:
    _refuse_float(file, network)
    interface = strip_interface(file, network)
    operands = Operands(file, network)
    ops: list[Op] = []
    for operator in interface.operators:
        add = _OPERATORS.get(operator.name)
        if add is None:
            limits.unsupported(operands.place(operator))
        ops.append(add(operands, operator))
    for index in (*interface.inputs, *interface.outputs):
        operands.activation_at(index, f"{file}: interface tensor")
    return Graph.build(
        name,
        operands.tensors.values(),
        ops,
        [operands.name(index) for index in interface.inputs],
        [operands.name(index) for index in interface.outputs],
        [port.named(operands.name(port.index)) for port in interface.ports],
    )


def _refuse_float(file: str, network: FileNetwork) -> None:
    """A network without a single int8 tensor has not been quantised at all."""
    types = {tensor.type for tensor in network.tensors}
    if TensorType.INT8 not in types:
        found = sorted(TYPE_NAMES.get(type_, f"type {type_}") for type_ in types)
        limits.float_network(file, f"the network computes in {', '.join(found) or 'nothing'}")


def _op(
    kind: OpKind,
    operator: FileOperator,
    inputs: tuple[Tensor, ...],
    result: Tensor,
    attrs: at.Attributes,
) -> Op:
    names = tuple(tensor.name for tensor in inputs)
    return Op(op_name(operator), kind, names, (result.name,), attrs)


def _clamp(
    operands: Operands,
    operator: FileOperator,
    result: Tensor,
    low: float | None,
    high: float | None,
) -> tuple[int, int]:
    lo, hi = nm.activation_range(result.scale, result.zero_point, low, high)
    if lo > hi:
        raise RequestError(
            f"{operands.place(operator)}: the result's scale {result.scale:g} and zero point "
            f"{result.zero_point} cannot represent the activation's range: calibrate again"
        )
    return lo, hi


def _fused(operands: Operands, operator: FileOperator, result: Tensor) -> tuple[int, int]:
    """The int8 range of the fused activation."""
    code = int(operator.options["FusedActivationFunction"])
    if code not in _ACTIVATIONS:
        raise RequestError(
            f"{operands.place(operator)}: fused activation {code} is not supported; "
            "RELU, RELU6 and RELU_N1_TO_1 are"
        )
    return _clamp(operands, operator, result, *_ACTIVATIONS[code])


def _window(
    operands: Operands, operator: FileOperator, image: Tensor, window: tuple[int, int]
) -> tuple[tuple[int, int], at.Padding]:
    """Stride and padding of a windowed operator."""
    place, options = operands.place(operator), operator.options
    require(place, limits.image_has_four_axes, image.shape)
    stride = (int(options["StrideH"]), int(options["StrideW"]))
    require(place, limits.stride_is_positive, stride)
    require(place, limits.window_is_positive, window)
    if "DilationHFactor" in options:
        dilation = (int(options["DilationHFactor"]), int(options["DilationWFactor"]))
        require(place, limits.dilation_is_one, dilation)
    if options["Padding"] == Padding.VALID:
        return stride, at.Padding()
    if options["Padding"] != Padding.SAME:
        raise RequestError(f"{place}: padding {options['Padding']} is neither SAME nor VALID")
    return stride, same_padding(image.shape[1:3], window, stride)


def _conv_2d(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    weights = operands.enter(operands.weights(operator, 4, 0))
    co, kh, kw, ci = weights.shape
    stride, padding = _window(operands, operator, image, (kh, kw))
    require(operands.place(operator), limits.one_group, (image.shape[3], ci))
    lo, hi = _fused(operands, operator, result)
    attrs = at.Conv2d(stride=stride, padding=padding, lo=lo, hi=hi)
    inputs = (image, weights, operands.bias(operator, co))
    return _op(OpKind.CONV_2D, operator, inputs, result, attrs)


def _depthwise_conv_2d(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    stored = operands.weights(operator, 4, 3)
    one, kh, kw, co = stored.shape
    stride, padding = _window(operands, operator, image, (kh, kw))
    multiplier, rest = divmod(co, image.shape[3])
    if one != 1 or rest or not multiplier:
        raise RequestError(
            f"{operands.place(operator)}: weights {list(stored.shape)} do not fit "
            f"{image.shape[3]} input channels; [1,Kh,Kw,C*m] is needed"
        )
    weights = operands.enter(without_first_axis(stored))
    lo, hi = _fused(operands, operator, result)
    attrs = at.DepthwiseConv2d(stride=stride, padding=padding, multiplier=multiplier, lo=lo, hi=hi)
    inputs = (image, weights, operands.bias(operator, co))
    return _op(OpKind.DEPTHWISE_CONV_2D, operator, inputs, result, attrs)


def _fully_connected(operands: Operands, operator: FileOperator) -> Op:
    vector, result = operands.activation(operator, 0), operands.result(operator)
    weights = operands.enter(operands.weights(operator, 2, 0))
    if operator.options["WeightsFormat"] != 0:
        raise RequestError(
            f"{operands.place(operator)}: the weights are shuffled; convert without that option"
        )
    rows = max(1, vector.elements // weights.shape[1])
    require(operands.place(operator), limits.one_row, rows)
    lo, hi = _fused(operands, operator, result)
    inputs = (vector, weights, operands.bias(operator, weights.shape[0]))
    return _op(OpKind.FULLY_CONNECTED, operator, inputs, result, at.FullyConnected(lo=lo, hi=hi))


def _add(operands: Operands, operator: FileOperator) -> Op:
    inputs = (operands.activation(operator, 0), operands.activation(operator, 1))
    result = operands.result(operator)
    shapes = [tensor.shape for tensor in inputs]
    require(operands.place(operator), limits.operands_have_one_shape, shapes)
    lo, hi = _fused(operands, operator, result)
    return _op(OpKind.ADD, operator, inputs, result, at.Add(lo=lo, hi=hi))


def _pool_2d(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    window = (int(operator.options["FilterHeight"]), int(operator.options["FilterWidth"]))
    stride, padding = _window(operands, operator, image, window)
    require(operands.place(operator), limits.one_quantisation, [image.quant, result.quant])
    lo, hi = _fused(operands, operator, result)
    attrs = at.Pool2d(window=window, stride=stride, padding=padding, lo=lo, hi=hi)
    return _op(OpKind(operator.name), operator, (image,), result, attrs)


def _relu(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    lo, hi = _clamp(operands, operator, result, *_CLAMPS[operator.name])
    return _op(OpKind.RELU, operator, (x,), result, at.Relu(lo=lo, hi=hi))


def _pad(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    place = operands.place(operator)
    require(place, limits.image_has_four_axes, image.shape)
    flat = operands.integers(operator, 1)
    pairs = [flat[i : i + 2] for i in range(0, len(flat), 2)]
    require(place, limits.pads_image_only, pairs)
    if operator.name == "PADV2":
        offset = int(operands.constant(operator, 2).reshape(-1)[0]) - image.zero_point
        require(place, limits.pads_with_zero_point, offset)
    (top, bottom), (left, right) = pairs[1:3]
    require(place, limits.padding_is_sensible, (top, left, bottom, right))
    require(place, limits.one_quantisation, [image.quant, result.quant])
    padding = at.Padding(top=top, left=left, bottom=bottom, right=right)
    return _op(OpKind.PAD, operator, (image,), result, at.Pad(padding=padding))


def _reshape(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    require(operands.place(operator), limits.one_quantisation, [x.quant, result.quant])
    return _op(OpKind.RESHAPE, operator, (x,), result, at.Reshape())


def _softmax(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    quantisation = (result.scale, result.zero_point)
    require(operands.place(operator), limits.softmax_quantisation, quantisation)
    attrs = at.Softmax(beta=float(operator.options["Beta"]))
    return _op(OpKind.SOFTMAX, operator, (x,), result, attrs)


def _concatenation(operands: Operands, operator: FileOperator) -> Op:
    inputs = tuple(operands.activation(operator, i) for i in range(len(operator.inputs)))
    result, place = operands.result(operator), operands.place(operator)
    require(place, limits.one_quantisation, [*(t.quant for t in inputs), result.quant])
    if _fused(operands, operator, result) != (-128, 127):
        raise RequestError(f"{place}: CONCATENATION must not fuse an activation: use RELU after it")
    axis = int(operator.options["Axis"])
    axis += len(result.shape) if axis < 0 else 0
    return _op(OpKind.CONCATENATION, operator, inputs, result, at.Concatenation(axis=axis))


def _mean(operands: Operands, operator: FileOperator) -> Op:
    image, result = operands.activation(operator, 0), operands.result(operator)
    require(operands.place(operator), limits.image_has_four_axes, image.shape)
    axes = [axis + 4 if axis < 0 else axis for axis in operands.integers(operator, 1)]
    require(operands.place(operator), limits.mean_is_over_image, axes)
    return _op(OpKind.MEAN, operator, (image,), result, at.Mean())


def _quantize(operands: Operands, operator: FileOperator) -> Op:
    x, result = operands.activation(operator, 0), operands.result(operator)
    return _op(OpKind.QUANTIZE, operator, (x,), result, at.Quantize())


_OPERATORS: dict[str, Callable[[Operands, FileOperator], Op]] = {
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "FULLY_CONNECTED": _fully_connected,
    "ADD": _add,
    "AVERAGE_POOL_2D": _pool_2d,
    "MAX_POOL_2D": _pool_2d,
    **dict.fromkeys(_CLAMPS, _relu),
    "PAD": _pad,
    "PADV2": _pad,
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "SOFTMAX": _softmax,
    "CONCATENATION": _concatenation,
    "MEAN": _mean,
    "QUANTIZE": _quantize,
}
