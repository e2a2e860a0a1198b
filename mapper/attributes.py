"""The operators of a graph and what each is told besides its tensors.

Every attribute class is frozen. Spatial values are in pixels; `lo` and `hi` bound the int8 result
after requantisation (a fused RELU6, say) and are both inclusive.

Inputs of an operator, in order ([] is a shape, activations are NHWC with batch 1):

| kind              | inputs                                                            |
|-------------------|-------------------------------------------------------------------|
| CONV_2D           | x [1,H,W,Ci], weights int8 [Co,Kh,Kw,Ci], bias int32 [Co]         |
| DEPTHWISE_CONV_2D | x [1,H,W,Ci], weights int8 [Kh,Kw,Ci*m], bias int32 [Ci*m]        |
| FULLY_CONNECTED   | x with Ci elements, weights int8 [Co,Ci], bias int32 [Co]         |
| ADD               | a, b of the result's shape                                        |
| CONCATENATION     | two or more, equal but for one axis                               |
| every other       | x                                                                 |

Output channel c of a depthwise convolution reads input channel c // m. The bias is always there.
"""

from dataclasses import dataclass
from enum import Enum

INT8_MIN = -128
INT8_MAX = 127


class OpKind(Enum):
    """An operator that the rest of the mapper knows."""

    CONV_2D = "CONV_2D"
    DEPTHWISE_CONV_2D = "DEPTHWISE_CONV_2D"
    FULLY_CONNECTED = "FULLY_CONNECTED"
    ADD = "ADD"
    AVERAGE_POOL_2D = "AVERAGE_POOL_2D"
    MAX_POOL_2D = "MAX_POOL_2D"
    RELU = "RELU"
    PAD = "PAD"
    RESHAPE = "RESHAPE"
    SOFTMAX = "SOFTMAX"
    QUANTIZE = "QUANTIZE"
    CONCATENATION = "CONCATENATION"
    MEAN = "MEAN"


@dataclass(frozen=True, kw_only=True)
class Padding:
    """Pixels added around H and W."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0

    def any(self) -> bool:
        """Whether a pixel is added at all."""
        return bool(self.top or self.left or self.bottom or self.right)


@dataclass(frozen=True, kw_only=True)
class Conv2d:
    """CONV_2D: padding contributes the input's zero point. stride is (vertical, horizontal)."""

    stride: tuple[int, int]
    padding: Padding
    lo: int = INT8_MIN
    hi: int = INT8_MAX


@dataclass(frozen=True, kw_only=True)
class DepthwiseConv2d:
    """DEPTHWISE_CONV_2D: `multiplier` output channels for each input channel."""

    stride: tuple[int, int]
    padding: Padding
    multiplier: int = 1
    lo: int = INT8_MIN
    hi: int = INT8_MAX


@dataclass(frozen=True, kw_only=True)
class FullyConnected:
    """FULLY_CONNECTED; the output has Co elements, all along its last axis."""

    lo: int = INT8_MIN
    hi: int = INT8_MAX


@dataclass(frozen=True, kw_only=True)
class Add:
    """ADD of two tensors of the same shape, each with its own quantisation."""

    lo: int = INT8_MIN
    hi: int = INT8_MAX


@dataclass(frozen=True, kw_only=True)
class Pool2d:
    """AVERAGE_POOL_2D or MAX_POOL_2D; window and stride are (vertical, horizontal).

    Only pixels inside the image count; input and output share one quantisation.
    """

    window: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding
    lo: int = INT8_MIN
    hi: int = INT8_MAX


@dataclass(frozen=True, kw_only=True)
class Relu:
    """RELU, RELU6 or any other clamp that is not fused: requantise, then clamp to lo..hi."""

    lo: int
    hi: int


@dataclass(frozen=True, kw_only=True)
class Pad:
    """PAD of H and W with the zero point; input and output share one quantisation."""

    padding: Padding


@dataclass(frozen=True, kw_only=True)
class Reshape:
    """RESHAPE: the same elements in the same order, in the output tensor's shape."""


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """SOFTMAX over the last axis, int8 to int8 with scale 1/256 and zero point -128."""

    beta: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Quantize:
    """QUANTIZE: int8 to int8 of another scale or zero point."""


@dataclass(frozen=True, kw_only=True)
class Concatenation:
    """CONCATENATION along `axis` (counted from 0); all tensors share one quantisation."""

    axis: int


@dataclass(frozen=True, kw_only=True)
class Mean:
    """MEAN over H and W, requantised; the output is [1,1,1,C] or [1,C]."""


Attributes = (
    Conv2d
    | DepthwiseConv2d
    | FullyConnected
    | Add
    | Pool2d
    | Relu
    | Pad
    | Reshape
    | Softmax
    | Quantize
    | Concatenation
    | Mean
)

ATTRIBUTES_OF: dict[OpKind, type[Attributes]] = {
    OpKind.CONV_2D: Conv2d,
    OpKind.DEPTHWISE_CONV_2D: DepthwiseConv2d,
    OpKind.FULLY_CONNECTED: FullyConnected,
    OpKind.ADD: Add,
    OpKind.AVERAGE_POOL_2D: Pool2d,
    OpKind.MAX_POOL_2D: Pool2d,
    OpKind.RELU: Relu,
    OpKind.PAD: Pad,
    OpKind.RESHAPE: Reshape,
    OpKind.SOFTMAX: Softmax,
    OpKind.QUANTIZE: Quantize,
    OpKind.CONCATENATION: Concatenation,
    OpKind.MEAN: Mean,
}
