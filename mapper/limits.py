"""What the project supports, operator by operator: each limit is a function.

A limit returns whether a value is accepted. Its docstring is the message the user gets where not,
so it says what is needed and what to do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from hw.spec.errors import RequestError

Value = TypeVar("Value")

LARGEST_TENSOR = 1 << 26
"""Elements: more than any memory that a configuration can have."""

SUPPORTED = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "ADD",
    "SUB",
    "MUL",
    "DIV",
    "SQUARED_DIFFERENCE",
    "MAXIMUM",
    "MINIMUM",
    "PRELU",
    "LEAKY_RELU",
    "LOGISTIC",
    "TANH",
    "HARD_SWISH",
    "ELU",
    "GELU",
    "ABS",
    "RSQRT and other functions of one operand",
    "AVERAGE_POOL_2D",
    "MAX_POOL_2D",
    "RELU",
    "RELU6",
    "PAD",
    "RESHAPE",
    "SOFTMAX",
    "QUANTIZE",
    "DEQUANTIZE",
    "CONCATENATION",
    "MEAN",
)

_NEAREST = {
    ("TRANSPOSE_CONV", "CONVTRANSPOSE"): "CONV_2D at the input's resolution",
    ("CONV_3D",): "CONV_2D",
    ("FLOOR_DIV", "FLOOR_MOD", "MOD"): "DIV",
    ("SUM", "ADD_N"): "ADD of two tensors",
    ("BATCHNORMALIZATION", "INSTANCENORMALIZATION", "LAYERNORMALIZATION"): (
        "CONV_2D with the normalisation folded into its weights before quantisation"
    ),
    ("BATCH_MATMUL", "MATMULINTEGER"): "FULLY_CONNECTED with constant weights",
    ("CONVINTEGER", "DYNAMICQUANTIZELINEAR"): "CONV_2D of a statically quantised network",
    ("REDUCE_MAX", "REDUCEMAX", "GLOBALMAXPOOL"): "MAX_POOL_2D with the image as its window",
    ("L2_POOL_2D", "REDUCESUM"): "AVERAGE_POOL_2D",
    ("MIRROR_PAD",): "PAD with the zero point",
    ("LOG_SOFTMAX", "LOGSOFTMAX", "ARG_MAX", "ARGMAX"): "SOFTMAX as the last layer",
    ("LSTM", "GRU", "RNN", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"): "CONV_2D over time",
    ("TRANSPOSE",): "RESHAPE, or the channels-last layout throughout",
    ("STRIDED_SLICE", "SLICE", "SPLIT", "GATHER"): "CONV_2D that selects the channels",
    ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR", "RESIZE", "UPSAMPLE"): (
        "CONV_2D at one resolution"
    ),
}


@dataclass(frozen=True)
class Place:
    """Where in a file something is: the start of every message."""

    file: str
    layer: str
    operator: str

    def __str__(self) -> str:
        return f"{self.file}: layer '{self.layer}' ({self.operator})"


def printable(name: str | bytes) -> str:
    """A name from a file, fit for a message of one line whatever the file holds."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def require(place: Place, limit: Callable[[Value], bool], value: Value) -> None:
    """Raise RequestError with the limit's docstring where it does not accept the value."""
    if not limit(value):
        found = str(value) if len(str(value)) <= 80 else f"{str(value)[:80]}..."
        raise RequestError(f"{place}: {' '.join((limit.__doc__ or '').split())} Here: {found}.")


def unsupported(place: Place) -> NoReturn:
    """Raise RequestError for an operator that nothing can do, naming the nearest that exists."""
    wanted = place.operator.upper()
    nearest = next((near for names, near in _NEAREST.items() if wanted in names), None)
    if nearest is None:
        advice = f"supported are {', '.join(SUPPORTED)}"
    else:
        advice = f"the nearest supported form is {nearest}"
    raise RequestError(f"{place}: this operator is not supported; {advice}")


def float_network(file: str, what: str) -> NoReturn:
    """Raise RequestError for a network that is not quantised, with the ways to quantise it."""
    raise RequestError(
        f"{file}: {what}, but only networks quantised to int8 run here. Quantise it: "
        "onnxruntime.quantization.quantize_static(..., quant_format=QuantFormat.QDQ, "
        "activation_type=QuantType.QInt8, weight_type=QuantType.QInt8) for ONNX, or TensorFlow "
        "Lite post-training quantisation with a representative dataset and "
        "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"
    )


def dilation_is_one(dilation: Sequence[int]) -> bool:
    """Dilation must be 1: use a larger kernel, or a stride, instead."""
    return all(extent == 1 for extent in dilation)


def stride_is_positive(stride: Sequence[int]) -> bool:
    """Strides must be 1 to 1024 pixels."""
    return all(1 <= extent <= 1024 for extent in stride)


def window_is_positive(window: Sequence[int]) -> bool:
    """A window must be 1 to 4096 pixels high and wide."""
    return all(1 <= extent <= 4096 for extent in window)


def padding_is_sensible(padding: Sequence[int]) -> bool:
    """Padding must be 0 to 4096 pixels (top, left, bottom, right)."""
    return all(0 <= extent <= 4096 for extent in padding)


def batch_is_one(shape: Sequence[int]) -> bool:
    """The batch must be 1: export the network for one input at a time."""
    return len(shape) == 0 or shape[0] == 1


def image_has_four_axes(shape: Sequence[int]) -> bool:
    """Two-dimensional operators need a tensor of four axes with batch 1: reshape to [1,H,W,C]."""
    return len(shape) == 4 and shape[0] == 1


def shape_is_static(shape: Sequence[int]) -> bool:
    """Every shape must be fixed: export the network with a static input shape and batch 1."""
    return all(extent >= 1 for extent in shape)


def weights_are_constant(name: str | None) -> bool:
    """Weights, biases, axes and shapes must be constants stored in the file."""
    return name is None


def weights_are_symmetric(zero_points: Sequence[int]) -> bool:
    """Weights must have zero point 0: quantise them symmetrically (int8)."""
    return not any(zero_points)


def one_group(channels: tuple[int, int]) -> bool:
    """A convolution must read all channels (or be depthwise): split a grouped one into several
    and join them with CONCATENATION. (Channels of input, of weights)"""
    return channels[0] == channels[1]


def shapes_broadcast(shapes: Sequence[Sequence[int]]) -> bool:
    """Two operands must have shapes that broadcast: extents, from the last one on, are equal or
    one of them is 1."""
    a, b = shapes
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a), reversed(b), strict=False))


def an_operand_is_computed(computed: Sequence[bool]) -> bool:
    """An operator on two constants does not depend on the input: store its result as a constant."""
    return any(computed)


def logistic_quantisation(quantisation: tuple[float, int]) -> bool:
    """The result of LOGISTIC must have scale 1/256 and zero point -128."""
    return quantisation == (1.0 / 256.0, -128)


def tanh_quantisation(quantisation: tuple[float, int]) -> bool:
    """The result of TANH must have scale 1/128 and zero point 0."""
    return quantisation == (1.0 / 128.0, 0)


def slope_is_sensible(slope: float) -> bool:
    """The slope of a LEAKY_RELU must be a number from -1000 to 1000."""
    return -1000 <= slope <= 1000


def two_operands(count: int) -> bool:
    """Max and Min must have two operands: chain several of them. (Operands found)"""
    return count == 2


def exponent_is_constant(count: int) -> bool:
    """The exponent of a power must be one number, stored in the file. (Numbers found)"""
    return count == 1


def constant_operand_is_quantised(values: Sequence[float]) -> bool:
    """A constant operand must be one number, or be quantised to int8 or uint8 with one scale
    (DequantizeLinear of the stored integers)."""
    return len(set(values)) == 1


def axis_is_output_channel(axis: tuple[int, int]) -> bool:
    """Per-channel weights must be quantised along their output channels. (Axis found, wanted)"""
    return axis[0] == axis[1]


def scales_are_sensible(scales: Sequence[float]) -> bool:
    """A scale must be a number from 1e-20 to 1e20: calibrate the network again."""
    return all(1e-20 <= scale <= 1e20 for scale in scales)


def one_quantisation(quantisations: Sequence[object]) -> bool:
    """All these tensors must share one scale and zero point: put a QUANTIZE before the operator,
    or let the converter restrict their scales."""
    return all(quantisation == quantisations[0] for quantisation in quantisations)


def pads_image_only(pairs: Sequence[Sequence[int]]) -> bool:
    """PAD may add pixels around H and W only: pad channels with CONCATENATION or in the weights
    of the next convolution."""
    return len(pairs) == 4 and not any((*pairs[0], *pairs[3]))


def pads_with_zero_point(offset: float) -> bool:
    """PAD must add the zero point (the real number 0). (Difference from it)"""
    return offset == 0


def mean_is_over_image(axes: Sequence[int]) -> bool:
    """MEAN must be over H and W of a [1,H,W,C] tensor (axes 1 and 2)."""
    return sorted(axes) == [1, 2]


def softmax_is_over_last_axis(axis: tuple[int, int]) -> bool:
    """SOFTMAX must run along the last axis. (Axis found, wanted)"""
    return axis[0] == axis[1]


def softmax_quantisation(quantisation: tuple[float, int]) -> bool:
    """The result of SOFTMAX must have scale 1/256 and zero point -128."""
    return quantisation == (1.0 / 256.0, -128)


def tensor_is_addressable(shape: Sequence[int]) -> bool:
    """A tensor may have at most 2**26 elements."""
    elements = 1
    for extent in shape:
        elements *= max(extent, 1)
    return elements <= LARGEST_TENSOR


def one_row(rows: int) -> bool:
    """FULLY_CONNECTED must have one row of input: use CONV_2D with a 1x1 kernel for several."""
    return rows == 1
