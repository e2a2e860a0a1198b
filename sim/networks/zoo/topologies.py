"""The four MLPerf Tiny topologies as lists of layers, in the order an exporter writes them.

Shapes are [channels, height, width] (or [features]) without the batch, which is 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

INPUT = "input"


@dataclass(frozen=True, kw_only=True)
class Conv:
    """A convolution with "same" padding; `depthwise` keeps the number of channels."""

    name: str
    source: str
    channels: int
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1
    depthwise: bool = False
    relu: bool = True


@dataclass(frozen=True, kw_only=True)
class Dense:
    """A fully-connected layer. `spread` is the standard deviation its results shall have."""

    name: str
    source: str
    features: int
    relu: bool
    spread: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Add:
    """The sum of two tensors of one shape, then ReLU."""

    name: str
    sources: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The average over height and width, flattened to [features]."""

    name: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """Class probabilities."""

    name: str
    source: str


Layer = Conv | Dense | Add | Pool | Softmax


@dataclass(frozen=True, kw_only=True)
class Topology:
    """A network before it has weights. Inputs are real numbers within `input_range`."""

    name: str
    title: str
    input_shape: tuple[int, ...]
    input_range: tuple[float, float]
    layers: tuple[Layer, ...]


def _head(source: str, classes: int) -> tuple[Layer, ...]:
    return (
        Pool(name="pool", source=source),
        Dense(name="fc", source="pool", features=classes, relu=False),
        Softmax(name="softmax", source="fc"),
    )


def _vww() -> Topology:
    """MobileNetV1 with width 0.25."""
    blocks = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)]
    blocks += [(128, 1)] * 5 + [(256, 2), (256, 1)]
    layers: list[Layer] = [Conv(name="conv0", source=INPUT, channels=8, stride=2)]
    channels = 8
    for index, (width, stride) in enumerate(blocks, start=1):
        before, dw, pw = layers[-1].name, f"dw{index}", f"pw{index}"
        layers += [
            Conv(name=dw, source=before, channels=channels, stride=stride, depthwise=True),
            Conv(name=pw, source=dw, channels=width, kernel=(1, 1)),
        ]
        channels = width
    return Topology(
        name="vww",
        title="visual wake words, MobileNetV1-0.25, 96x96x3",
        input_shape=(3, 96, 96),
        input_range=(0.0, 1.0),
        layers=(*layers, *_head(layers[-1].name, 2)),
    )


def _kws() -> Topology:
    """DS-CNN over 49 frames of 10 MFCCs."""
    layers: list[Layer] = [Conv(name="conv0", source=INPUT, channels=64, kernel=(10, 4), stride=2)]
    for index in range(1, 5):
        before, dw, pw = layers[-1].name, f"dw{index}", f"pw{index}"
        layers += [
            Conv(name=dw, source=before, channels=64, depthwise=True),
            Conv(name=pw, source=dw, channels=64, kernel=(1, 1)),
        ]
    return Topology(
        name="kws",
        title="keyword spotting, DS-CNN, 49x10x1",
        input_shape=(1, 49, 10),
        input_range=(-120.0, 30.0),
        layers=(*layers, *_head(layers[-1].name, 12)),
    )


def _ic() -> Topology:
    """ResNet-8."""
    layers: list[Layer] = [Conv(name="conv0", source=INPUT, channels=16)]
    for index, (channels, stride) in enumerate([(16, 1), (32, 2), (64, 2)], start=1):
        before, a, b, skip = layers[-1].name, f"conv{index}a", f"conv{index}b", f"skip{index}"
        layers += [
            Conv(name=a, source=before, channels=channels, stride=stride),
            Conv(name=b, source=a, channels=channels, relu=False),
        ]
        around = before
        if stride > 1:
            around = skip
            layers.append(
                Conv(
                    name=skip,
                    source=before,
                    channels=channels,
                    kernel=(1, 1),
                    stride=stride,
                    relu=False,
                )
            )
        layers.append(Add(name=f"add{index}", sources=(around, b)))
    return Topology(
        name="ic",
        title="image classification, ResNet-8, 32x32x3",
        input_shape=(3, 32, 32),
        input_range=(0.0, 255.0),
        layers=(*layers, *_head(layers[-1].name, 10)),
    )


def _ad() -> Topology:
    """Autoencoder over five frames of 128 mel bands in dB."""
    widths = [128] * 4 + [8] + [128] * 4
    layers: list[Layer] = []
    source = INPUT
    for index, features in enumerate(widths, start=1):
        layers.append(Dense(name=f"fc{index}", source=source, features=features, relu=True))
        source = layers[-1].name
    layers.append(Dense(name="fc10", source=source, features=640, relu=False, spread=10.0))
    return Topology(
        name="ad",
        title="anomaly detection, autoencoder, 640-128x4-8-128x4-640",
        input_shape=(640,),
        input_range=(-80.0, 20.0),
        layers=tuple(layers),
    )


TOPOLOGIES: MappingProxyType[str, Callable[[], Topology]] = MappingProxyType(
    {"vww": _vww, "kws": _kws, "ic": _ic, "ad": _ad}
)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Padding before and after, so that the result has ceil(size / stride) positions."""
    positions = -(-size // stride)
    total = max((positions - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
