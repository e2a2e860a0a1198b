"""Windows, strides and padding of ONNX operators in their attributes."""

from collections.abc import Sequence

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits
from tilewright.mapper.importers.geometry import same_padding
from tilewright.mapper.importers.onnx.model import Node
from tilewright.mapper.limits import require
from tilewright.mapper.operators.convolution import TransposeConv
from tilewright.mapper.operators.images import Padding

Pair = tuple[int, int]


def pooling(node: Node, image: Sequence[int], window: Pair) -> tuple[Pair, Padding, bool]:
    """As `sliding`, without dilation."""
    stride, padding, asked, dilation = sliding(node, image, window)
    require(node.place, limits.dilation_is_one, dilation)
    return stride, padding, asked


def sliding(node: Node, image: Sequence[int], window: Pair) -> tuple[Pair, Padding, bool, Pair]:
    """Stride, padding and dilation of a windowed operator on an image (height, width).

    The third value tells whether the file itself asks for padding: the pixels that ceil_mode adds
    are none and never count. Raises RequestError where a limit is passed.
    """
    place = node.place
    stride = pair(node, "strides", (1, 1))
    require(place, limits.stride_is_positive, stride)
    require(place, limits.window_is_positive, window)
    dilation = pair(node, "dilations", (1, 1))
    require(place, limits.dilation_is_positive, dilation)
    check_kernel_shape(node, window)
    reach = (window[0] - 1) * dilation[0] + 1, (window[1] - 1) * dilation[1] + 1
    auto, given = node.text("auto_pad", "NOTSET"), given_padding(node)
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        same = same_padding(image, reach, stride, odd_first=auto == "SAME_LOWER")
        return stride, same, same.any(), dilation
    if auto == "VALID":
        given = (0, 0, 0, 0)
    elif auto != "NOTSET":
        raise RequestError(f"{place}: auto_pad '{auto}' is not known")
    top, left, bottom, right = given
    if node.integer("ceil_mode", 0):
        extra_rows = _ceiling(image[0], reach[0], stride[0], top, bottom)
        extra_columns = _ceiling(image[1], reach[1], stride[1], left, right)
        padding = Padding(
            top=top, left=left, bottom=bottom + extra_rows, right=right + extra_columns
        )
        return stride, padding, any(given), dilation
    return stride, Padding(top=top, left=left, bottom=bottom, right=right), any(given), dilation


def transposed(node: Node, image: Sequence[int], window: Pair) -> tuple[TransposeConv, Pair]:
    """A ConvTranspose on an image (height, width), and the size of its result."""
    place = node.place
    stride, dilation = pair(node, "strides", (1, 1)), pair(node, "dilations", (1, 1))
    require(place, limits.stride_is_positive, stride)
    require(place, limits.window_is_positive, window)
    require(place, limits.dilation_is_positive, dilation)
    check_kernel_shape(node, window)
    behind, wanted = pair(node, "output_padding", (0, 0)), node.integers("output_shape")
    auto, given = node.text("auto_pad", "NOTSET"), given_padding(node)
    before, size = [0, 0], [0, 0]
    for axis in (0, 1):
        whole = (image[axis] - 1) * stride[axis] + (window[axis] - 1) * dilation[axis] + 1
        whole += behind[axis]
        before[axis] = given[axis]
        size[axis] = whole - given[axis] - given[axis + 2]
        if wanted is not None or auto.startswith("SAME"):
            same = min(image[axis] * stride[axis], whole)
            size[axis] = same if wanted is None else wanted[axis - 2]
            total = max(whole - size[axis], 0)
            before[axis] = total // 2 if auto == "SAME_UPPER" else total - total // 2
    padding = Padding(top=before[0], left=before[1])
    return TransposeConv(stride=stride, padding=padding, dilation=dilation), (size[0], size[1])


def given_padding(node: Node) -> tuple[int, int, int, int]:
    """The file's padding: top, left, bottom, right."""
    given = node.integers("pads") or (0, 0, 0, 0)
    if len(given) == 2:
        given = (0, given[0], 0, given[1])
    if len(given) != 4:
        raise RequestError(f"{node.place}: pads {given} must be top, left, bottom, right")
    require(node.place, limits.padding_is_sensible, given)
    return given[0], given[1], given[2], given[3]


def check_kernel_shape(node: Node, window: Pair) -> None:
    """Raise RequestError where the attribute says something else than the weights."""
    given = node.integers("kernel_shape")
    if given not in (None, window, window[1:]):
        raise RequestError(f"{node.place}: kernel_shape {given} is not {window}")


def _ceiling(size: int, kernel: int, stride: int, before: int, after: int) -> int:
    """Pixels to add behind an axis for the last, partial window of ceil_mode."""
    padded = size + before + after
    extent = -(-(padded - kernel) // stride) + 1
    if (extent - 1) * stride >= size + before:
        extent -= 1
    return max((extent - 1) * stride + kernel - padded, 0)


def kernel_shape(node: Node) -> Pair:
    """The window of a pooling operator; along one axis it is one pixel high."""
    given = node.integers("kernel_shape") or ()
    return (1, given[0]) if len(given) == 1 else pair(node, "kernel_shape", None)


def pair(node: Node, name: str, default: Pair | None) -> Pair:
    """The (vertical, horizontal) values of an attribute; along one axis (default, value)."""
    values = node.integers(name) or default
    if values is not None and default is not None and len(values) == 1:
        values = (default[0], values[0])
    if values is None or len(values) != 2:
        raise RequestError(
            f"{node.place}: {name} {values} must be two numbers; the nearest supported form of a "
            "one- or three-dimensional operator is the two-dimensional one"
        )
    return (values[0], values[1])
