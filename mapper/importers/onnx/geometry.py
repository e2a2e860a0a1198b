"""Windows, strides and padding of ONNX operators in their attributes."""

from collections.abc import Sequence

from hw.spec.errors import RequestError
from mapper import limits
from mapper.importers.geometry import same_padding
from mapper.importers.onnx.model import Node
from mapper.limits import require
from mapper.operators.images import Padding

Pair = tuple[int, int]


def sliding(node: Node, image: Sequence[int], window: Pair) -> tuple[Pair, Padding, bool]:
    """Stride and padding of a windowed operator on an image (height, width).

    The third value tells whether the file itself asks for padding: the pixels that ceil_mode adds
    are none and never count. Raises RequestError where a limit is passed.
    """
    place = node.place
    stride = _pair(node, "strides", (1, 1))
    require(place, limits.stride_is_positive, stride)
    require(place, limits.window_is_positive, window)
    require(place, limits.dilation_is_one, _pair(node, "dilations", (1, 1)))
    if node.integers("kernel_shape") not in (None, window):
        raise RequestError(f"{place}: kernel_shape {node.integers('kernel_shape')} is not {window}")
    auto, given = node.text("auto_pad", "NOTSET"), node.integers("pads") or (0, 0, 0, 0)
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        same = same_padding(image, window, stride, odd_first=auto == "SAME_LOWER")
        return stride, same, same.any()
    if auto == "VALID":
        given = (0, 0, 0, 0)
    elif auto != "NOTSET":
        raise RequestError(f"{place}: auto_pad '{auto}' is not known")
    if len(given) != 4:
        raise RequestError(f"{place}: pads {given} must be top, left, bottom, right")
    require(place, limits.padding_is_sensible, given)
    top, left, bottom, right = given
    if node.integer("ceil_mode", 0):
        extra_rows = _ceiling(image[0], window[0], stride[0], top, bottom)
        extra_columns = _ceiling(image[1], window[1], stride[1], left, right)
        padding = Padding(
            top=top, left=left, bottom=bottom + extra_rows, right=right + extra_columns
        )
        return stride, padding, any(given)
    return stride, Padding(top=top, left=left, bottom=bottom, right=right), any(given)


def _ceiling(size: int, kernel: int, stride: int, before: int, after: int) -> int:
    """Pixels to add behind an axis for the last, partial window of ceil_mode."""
    padded = size + before + after
    extent = -(-(padded - kernel) // stride) + 1
    if (extent - 1) * stride >= size + before:
        extent -= 1
    return max((extent - 1) * stride + kernel - padded, 0)


def kernel_shape(node: Node) -> Pair:
    """The window of a pooling operator."""
    return _pair(node, "kernel_shape", None)


def _pair(node: Node, name: str, default: Pair | None) -> Pair:
    values = node.integers(name) or default
    if values is None or len(values) != 2:
        raise RequestError(
            f"{node.place}: {name} {values} must be two numbers; the nearest supported form of a "
            "one- or three-dimensional operator is the two-dimensional one"
        )
    return (values[0], values[1])
