"""What the project supports, operator by operator: each limit is a function.

A limit returns whether a value is accepted. Its docstring is the message the user gets where not,
so it says what is needed and what to do.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn, TypeVar

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import printable as printable
from tilewright.hw.spec.quoted import shown

Value = TypeVar("Value")

LARGEST_TENSOR = 1 << 26
"""Elements: more than any memory that a configuration can have."""


@dataclass(frozen=True)
class Place:
    """Where in a file something is: the start of every message."""

    file: str
    layer: str
    operator: str

    def __str__(self) -> str:
        return f"{shown(self.file)}: layer '{shown(self.layer)}' ({shown(self.operator)})"


def require(place: Place, limit: Callable[[Value], bool], value: Value) -> None:
    """Raise RequestError with the limit's docstring where it does not accept the value."""
    if not limit(value):
        found = str(value) if len(str(value)) <= 80 else f"{str(value)[:80]}..."
        raise RequestError(f"{place}: {' '.join((limit.__doc__ or '').split())} Here: {found}.")


_WHAT = {
    "IF ": "it chooses a subgraph while the network runs; export the network with one path",
    "WHILE ": "it repeats a subgraph while the network runs; export the network unrolled",
    "custom operator CIRCULAR_BUFFER": "it collects the frames of a stream and skips the layers "
    "behind it until enough are there; give the network whole windows, or keep them in a variable "
    "(VAR_HANDLE)",
    "custom operator Signal": "it is a part of TensorFlow Lite Micro's audio front end (frames, "
    "windows, FFT, filter banks); export the network from its features on",
    "custom operator TFLite_Detection_PostProcess": "it decodes and filters boxes in floating "
    "point; end the network in front of it",
    "custom operator": "nobody but its maker knows what it computes; end the network before it",
}
"""What operators are that nothing can do, by the beginning of their names."""


def unsupported(place: Place, supported: Iterable[str]) -> NoReturn:
    """Raise RequestError for an operator that nothing can do: what it is, or similar names."""
    found = [text for begin, text in _WHAT.items() if f"{place.operator} ".startswith(begin)]
    if found:
        raise RequestError(f"{place}: this operator is not supported: {found[0]}")
    known = sorted(supported)
    near = get_close_matches(place.operator, known, n=3, cutoff=0.75)
    advice = f"did you mean {' or '.join(near)}?" if near else f"supported are {', '.join(known)}"
    raise RequestError(f"{place}: this operator is not supported; {advice}")


class ObstructedError(RequestError):
    """A file that cannot be imported; ``obstacles`` are the reasons, without the file's name."""

    def __init__(self, file: str, obstacles: Sequence[str]) -> None:
        self.obstacles = tuple(obstacles)
        if len(obstacles) == 1:
            super().__init__(f"{file}: {obstacles[0]}")
            return
        listed = "".join(f"\n  {number}. {text}" for number, text in enumerate(obstacles, 1))
        super().__init__(f"{file}: {len(obstacles)} obstacles:{listed}")


class Obstacles:
    """Collects why a file cannot be imported, so that one refusal names everything."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[str] = []

    @contextmanager
    def noted(self) -> Generator[None]:
        """Note a RequestError instead of raising it."""
        try:
            yield
        except RequestError as error:
            self._found.append(str(error).removeprefix(f"{self._file}: "))

    def check(self) -> None:
        """Raise one ObstructedError with all that was noted; nothing where there was none."""
        found = list(dict.fromkeys(self._found))
        if found:
            raise ObstructedError(self._file, found)


def float_network(file: str, what: str) -> NoReturn:
    """Raise RequestError for a network that is not quantised, with the ways to quantise it."""
    raise RequestError(
        f"{file}: {what}, but only networks quantised to int8 run here. Quantise it: "
        "onnxruntime.quantization.quantize_static(..., quant_format=QuantFormat.QDQ, "
        "activation_type=QuantType.QInt8, weight_type=QuantType.QInt8) for ONNX, or TensorFlow "
        "Lite post-training quantisation with a representative dataset and "
        "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"
    )


def floating_point_between(file: str, places: Sequence[Place]) -> NoReturn:
    """Raise RequestError for layers in floating point that lie between quantised ones."""
    named = [f"'{place.layer}' ({place.operator})" for place in places]
    more = f" and {len(named) - 8} more" if len(named) > 8 else ""
    raise RequestError(
        f"{file}: layers between quantised ones compute in floating point ({len(named)} of them): "
        f"{', '.join(named[:8])}{more}. Only the layers at a network's ends may, and functions of "
        "one int8 tensor's elements: quantise these too, with a representative dataset and "
        "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"
    )


def dilation_is_positive(dilation: Sequence[int]) -> bool:
    """Dilation must be 1 to 1024 pixels."""
    return all(1 <= extent <= 1024 for extent in dilation)


def stride_is_positive(stride: Sequence[int]) -> bool:
    """Strides must be 1 to 1024 pixels."""
    return all(1 <= extent <= 1024 for extent in stride)


def window_is_positive(window: Sequence[int]) -> bool:
    """A window must be 1 to 4096 pixels high and wide."""
    return all(1 <= extent <= 4096 for extent in window)


def padding_is_sensible(padding: Sequence[int]) -> bool:
    """Padding must be 0 to 4096 pixels (top, left, bottom, right)."""
    return all(0 <= extent <= 4096 for extent in padding)


def image_has_three_or_four_axes(shape: Sequence[int]) -> bool:
    """A convolution needs a tensor of three or four axes with batch 1: [1,C,W] or [1,C,H,W]."""
    return len(shape) in (3, 4) and shape[0] == 1


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


def dilation_is_one(dilation: Sequence[int]) -> bool:
    """The dilation of a pool must be 1."""
    return all(extent == 1 for extent in dilation)


def whole_groups(channels: tuple[int, int, int]) -> bool:
    """The channels of input and result must be a multiple of the groups, which are the input's
    channels divided by those of a kernel. (Channels of input, of a kernel, of the result)"""
    read, depth, made = channels
    return depth > 0 and read % depth == 0 and read > 0 and made % (read // depth) == 0


def shapes_broadcast(shapes: Sequence[Sequence[int]]) -> bool:
    """Two operands must have shapes that broadcast: extents, from the last one on, are equal or
    one of them is 1."""
    a, b = shapes
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a), reversed(b), strict=False))


def an_operand_is_computed(computed: Sequence[bool]) -> bool:
    """An operator on two constants does not depend on the input: store its result as a constant."""
    return any(computed)


def compared_scale_is_below_one(scale: float) -> bool:
    """Operands of a comparison must have a scale below 1, as in TensorFlow Lite Micro."""
    return scale < 1


def cast_is_signed(found: bool) -> bool:
    """CAST must be from and to int8, int16, int32 or bool, as in TensorFlow Lite Micro: put a
    QUANTIZE between uint8 and int8. (Whether it is uint8)"""
    return not found


def int32_sum_fuses_nothing(found: tuple[str, int, int]) -> bool:
    """ADD of int32 must not fuse an activation, which TensorFlow Lite Micro leaves out: use RELU
    after it. (Operator, range of the result)"""
    return found[0] != "ADD" or found[1:] == (-(1 << 31), (1 << 31) - 1)


def terms_are_few(count: int) -> bool:
    """ADD_N must have 2 to 8 operands: chain several of them. (Operands found)"""
    return 2 <= count <= 8


def logistic_zero_point(zero_point: int) -> bool:
    """The result of LOGISTIC must have zero point -128, as in TensorFlow Lite Micro."""
    return zero_point == -128


def sigmoid_int16_quantisation(quantisation: tuple[float, int]) -> bool:
    """The int16 result of LOGISTIC and TANH must have scale 1/32768 and zero point 0."""
    return quantisation == (1.0 / 32768.0, 0)


def slope_is_sensible(slope: float) -> bool:
    """The slope of a LEAKY_RELU must be a number from -1000 to 1000."""
    return -1000 <= slope <= 1000


def two_operands(count: int) -> bool:
    """Max and Min must have two operands: chain several of them. (Operands found)"""
    return count == 2


def range_is_not_empty(bounds: tuple[int, int]) -> bool:
    """The lower end of a Clip must not exceed the upper one. (Ends, as int8)"""
    return bounds[0] <= bounds[1]


def chooses_a_number(constants: Sequence[bool]) -> bool:
    """Where must choose between a computed tensor and a stored number, by a stored condition.
    (Whether each is stored)"""
    return list(constants) in ([True, False], [False, True])


def chooses_one_number(count: int) -> bool:
    """What Where puts in place of a tensor's elements must be one number. (Numbers found)"""
    return count == 1


def one_or_two_operands(count: int) -> bool:
    """Sum must have one or two operands: chain Add with a quantisation behind each. (Operands
    found)"""
    return 1 <= count <= 2


def cast_keeps_values(types: tuple[str, str]) -> bool:
    """A Cast may make int64, int32 or float32 of indices, and float32 of real numbers: leave others
    out. (From, to)"""
    source, target = types
    kept = ("int64", "int32", "float32") if source in ("int64", "int32") else (source,)
    return target in kept


def operand_is_no_index(dtype: str) -> bool:
    """Indices (of ArgMax, of TopK) can only be results of the network: compute with them outside.
    (Type found)"""
    return dtype == "int8"


def first_of_equals(last: int) -> bool:
    """ArgMax and ArgMin must tell the first of equal elements: set select_last_index to 0."""
    return not last


def elements_exist(count: tuple[int, int]) -> bool:
    """TopK must take 1 to all elements of its axis. (Elements to take, elements)"""
    return 1 <= count[0] <= count[1]


def only_first_result(names: Sequence[str]) -> bool:
    """Only this operator's first result is computed; leave the others out. (Results used)"""
    return not names


def power_is_of_one_tensor(found: bool) -> bool:
    """A power with a computed exponent must have a number as its base. (Whether it has)"""
    return found


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


def scales_of_constants_are_sensible(scales: Sequence[float]) -> bool:
    """A scale of a constant must be a number from 0 to 1e20: calibrate the network again."""
    return all(0 <= scale <= 1e20 for scale in scales)


def one_quantisation(quantisations: Sequence[object]) -> bool:
    """All these tensors must share one scale and zero point: put a QUANTIZE before the operator,
    or let the converter restrict their scales."""
    return all(quantisation == quantisations[0] for quantisation in quantisations)


def pool_keeps_quantisation(points: tuple[float, int, float, int]) -> bool:
    """A pool must keep the zero point, and the scale but for 1e-6, as in TensorFlow Lite Micro: put
    a QUANTIZE behind it. (Scale and zero point of input and result)"""
    scale, zero_point, result_scale, result_zero_point = points
    return abs(scale - result_scale) <= 1e-6 and zero_point == result_zero_point


def softmax_quantisation(found: tuple[str, str, float, int]) -> bool:
    """The result of SOFTMAX must have scale 1/256 and zero point -128 where int8 becomes int8,
    1/65536 and -32768 where it becomes int16, 1/32768 and 0 where int16 becomes int16. (Types of
    input and result, scale, zero point)"""
    source, target, scale, zero_point = found
    if (source, target) == ("int8", "int8"):
        return (scale, zero_point) == (1.0 / 256.0, -128)
    wanted, zero = {
        ("int8", "int16"): (1.0 / 65536.0, -(1 << 15)),
        ("int16", "int16"): (1.0 / 32768.0, 0),
    }.get((source, target), (0.0, 0))
    return abs(scale - wanted) <= 1e-3 * wanted and zero_point == zero


def tensor_is_addressable(shape: Sequence[int]) -> bool:
    """A tensor may have at most 2**26 elements."""
    elements = 1
    for extent in shape:
        elements *= max(extent, 1)
    return elements <= LARGEST_TENSOR


def activation_is_small(shape: Sequence[int]) -> bool:
    """An activation of an .onnx file may have at most 2**24 elements."""
    return tensor_is_addressable((*shape, LARGEST_TENSOR >> 24))


def folded_constants_are_small(elements: int) -> bool:
    """The constants that an .onnx file computes may have at most 2**24 elements in all."""
    return elements <= 1 << 24


def rows_are_whole(sizes: tuple[int, int]) -> bool:
    """FULLY_CONNECTED must read whole rows, each as long as one of its weights' rows. (Elements of
    the input, of a row of weights)"""
    return sizes[1] > 0 and sizes[0] % sizes[1] == 0


def weights_can_be_negated(weights: tuple[int, int]) -> bool:
    """With a negative alpha, weights must be -127 or more with zero point 0: negate the weights and
    alpha. (Smallest weight, zero point)"""
    return weights[0] > -128 and weights[1] == 0


def weights_have_two_axes(shape: Sequence[int]) -> bool:
    """Computed weights of FULLY_CONNECTED must have two axes: put a RESHAPE before them."""
    return len(shape) == 2


def matrices_have_two_axes(shapes: Sequence[Sequence[int]]) -> bool:
    """BATCH_MATMUL needs operands of 2 to 5 axes: reshape them."""
    return all(2 <= len(shape) <= 5 for shape in shapes)


def zero_points_are_int8(zero_points: Sequence[int]) -> bool:
    """The zero points of int8 values must be -128 to 127: convert the network again."""
    return all(-128 <= point <= 127 for point in zero_points)


def weights_have_one_scale(scales: Sequence[int]) -> bool:
    """The weights of SVDF and LSTM must have one scale for each tensor: quantise them per tensor.
    (Scales found)"""
    return tuple(scales) == (1,)


def state_is_variable(variable: bool) -> bool:
    """The state of SVDF and LSTM must be a variable tensor: convert the network again."""
    return variable


def state_has_type_of_weights(types: tuple[str, str]) -> bool:
    """SVDF's state and time weights must have one type, int8 or int16. (Of state, of weights)"""
    return types[0] == types[1]


def filters_are_whole_units(sizes: tuple[int, int]) -> bool:
    """SVDF's rank must divide its number of filters. (Filters, rank)"""
    return sizes[1] > 0 and sizes[0] % sizes[1] == 0


def lstm_is_plain(parts: Sequence[str]) -> bool:
    """UNIDIRECTIONAL_SEQUENCE_LSTM must have no peepholes, projection or layer normalisation, as in
    TensorFlow Lite Micro: train it without. (Parts found)"""
    return not parts


def lstm_function_is_tanh(found: bool) -> bool:
    """The cell of UNIDIRECTIONAL_SEQUENCE_LSTM must have TANH as its function. (Whether it has)"""
    return found


def gates_have_default_functions(functions: tuple[Sequence[str], Sequence[str]]) -> bool:
    """The gates of LSTM and GRU must have their default functions. (Functions found, wanted)"""
    return list(functions[0]) == list(functions[1])


def gates_are_not_clipped(clip: float) -> bool:
    """LSTM and GRU must not clip the inputs of their gates: train without clip. (Clip)"""
    return clip == 0


def gates_are_independent(coupled: int) -> bool:
    """The input and forget gates of an LSTM must not be coupled: set input_forget to 0."""
    return not coupled


def has_no_peepholes(found: bool) -> bool:
    """An LSTM must have no peepholes: train it without. (Whether it has)"""
    return not found


def sequences_are_whole(lengths: tuple[Sequence[int], int]) -> bool:
    """Every sequence of LSTM and GRU must have all time steps: leave sequence_lens out. (Lengths,
    time steps)"""
    return all(length == lengths[1] for length in lengths[0])


def state_is_in_range(state: tuple[float, float]) -> bool:
    """An initial state of LSTM or GRU must be within the range of its int16. (Largest magnitude,
    end of the range)"""
    return state[0] <= state[1]


def cell_is_symmetric(quantisation: tuple[float, int]) -> bool:
    """The cell state of an LSTM must be int16 with zero point 0 and a scale of 2**-15 to 1."""
    scale, zero_point = quantisation
    return zero_point == 0 and 2.0**-15 <= scale <= 1.0


def clip_is_expressible(units: float) -> bool:
    """The clip of an LSTM's cell must be 0 (none), or at least one unit of its state. (Units)"""
    return units == 0 or units >= 1


def weights_share_a_zero_point(zero_points: Sequence[int]) -> bool:
    """Weights must have zero point 0, or one for all of them: quantise them symmetrically."""
    return len(zero_points) == 1


def integers_have_8_bits(dtype: str) -> bool:
    """Quantised operands must be int8 or uint8: quantise the network to 8 bits."""
    return dtype in ("int8", "uint8")


def matrices_have_one_scale(scales: int) -> bool:
    """A constant operand of a product of matrices must have one scale, unless it has two axes and
    is the second one: quantise it per tensor. (Scales found)"""
    return scales == 1


def axis_exists(axis: tuple[int, int]) -> bool:
    """An axis must be one of the tensor's, counted from either end. (Axis, number of axes)"""
    return -axis[1] <= axis[0] < axis[1]


def one_axis(axes: Sequence[int]) -> bool:
    """Exactly one axis must be given."""
    return len(axes) == 1


def permutation_fits(permutation: tuple[Sequence[int], int]) -> bool:
    """A permutation must name every axis once. (Permutation, number of axes)"""
    return sorted(permutation[0]) == list(range(permutation[1]))


def one_entry_an_axis(lengths: tuple[int, int]) -> bool:
    """Begins, sizes and multiples must have an entry for each axis. (Entries, axes)"""
    return lengths[0] == lengths[1]


def pairs_fit_axes(lengths: tuple[int, int]) -> bool:
    """Paddings and crops must have two entries for each axis. (Entries found, wanted)"""
    return lengths[0] == lengths[1]


def slice_vectors_fit(lengths: Sequence[int]) -> bool:
    """Begins, ends and strides must have one length, at most 16 entries."""
    return len(set(lengths)) == 1 and lengths[0] <= 16


def slice_stride_is_sensible(stride: int) -> bool:
    """The stride of a slice must not be 0, and at most 2**20 either way."""
    return stride != 0 and abs(stride) <= 1 << 20


def slice_takes_something(sizes: Sequence[int]) -> bool:
    """A slice must take at least one element of each axis: empty tensors cannot be computed."""
    return all(size >= 1 for size in sizes)


def index_exists(index: tuple[int, int]) -> bool:
    """An index must lie within its axis, counted from either end. (Index, extent)"""
    return -index[1] <= index[0] < index[1]


def parts_fit(parts: tuple[Sequence[int], int, int]) -> bool:
    """The parts of a split must make up the axis, one for each output. (Parts, extent, outputs)"""
    sizes, extent, outputs = parts
    return len(sizes) == outputs and sum(sizes) == extent and all(size >= 1 for size in sizes)


def block_is_sensible(block: Sequence[int]) -> bool:
    """A block must have 1 to 4 axes of 1 to 256 elements, 4096 in all."""
    product = 1
    for extent in block:
        product *= max(extent, 1)
    return 1 <= len(block) <= 4 and all(1 <= n <= 256 for n in block) and product <= 4096


def pads_with_one_element(elements: int) -> bool:
    """PADV2 must pad with one element. (Elements found)"""
    return elements == 1


def pad_value_is_int8(value: int) -> bool:
    """A padded element must be an int8 value: -128 to 127."""
    return -128 <= value <= 127


def images_have_four_axes(shape: Sequence[int]) -> bool:
    """Operators on images need tensors of four axes: reshape to [N,H,W,C]."""
    return len(shape) == 4


def images_are_few(count: int) -> bool:
    """A convolution or pool may have at most 64 images: run the network several times."""
    return 1 <= count <= 64


def resized_image_is_sensible(size: Sequence[int]) -> bool:
    """An image must be resized to two extents of 1 to 8192 pixels."""
    return len(size) == 2 and all(1 <= extent <= 8192 for extent in size)


def one_alignment(flags: tuple[bool, ...]) -> bool:
    """A bilinear resize may align corners or count from half pixels, not both. (align_corners,
    half_pixel_centers)"""
    return not all(flags)


def log_softmax_quantisation(quantisation: tuple[float, int]) -> bool:
    """The result of LOG_SOFTMAX must have scale 1/16 and zero point 127."""
    return quantisation == (1.0 / 16.0, 127)


def nothing_is_fused(bounds: tuple[int, int]) -> bool:
    """This operator must not fuse an activation: use RELU after it. (Range of the result)"""
    return bounds == (-128, 127)


def pad_value_is_finite(value: float) -> bool:
    """A padded element must be a number of the tensor's range."""
    return abs(value) < float("inf")


def resize_factors_are_sensible(factors: Sequence[float]) -> bool:
    """The factors of a resize must be positive numbers of at most 1024."""
    return all(0 < factor <= 1024 for factor in factors)


def resized_extents_are_sensible(size: Sequence[int]) -> bool:
    """A resize must give extents of 1 to 8192."""
    return all(1 <= extent <= 8192 for extent in size)


def resizes_image_only(extents: tuple[Sequence[int], Sequence[int]]) -> bool:
    """A linear resize must leave batch and channels as they are. (Found, wanted)"""
    return tuple(extents[0]) == tuple(extents[1])


def result_is_not_finer(scales: tuple[float, float]) -> bool:
    """The result of a linear resize must not have a finer scale than its input: let the quantiser
    give both the same one. (Scale of the result, of the input)"""
    return scales[0] >= scales[1] * (1 - 1e-6)


def slice_names_axes(missing: tuple[int, int]) -> bool:
    """A slice must name no more axes than there are, and one ellipsis at most. (Axes not named,
    ellipses)"""
    return missing[0] >= 0 and missing[1] <= 1
