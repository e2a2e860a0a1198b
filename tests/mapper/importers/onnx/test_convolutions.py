"""Convolutions of every kind in ONNX files against onnxruntime, many random ones of each."""

import pytest

from tests.mapper.importers.onnx.test_layers import Network, kinds

BLOCKS, EACH = 20, 15


def spatial(net: Network, axes: int, reach: list[int]) -> list[int]:
    """An image in which a window finds room."""
    return [extent + net.integer(0, 6) for extent in reach[-axes:]]


def conv(net: Network, axes: int, groups: int, dilation: int) -> str:
    ci, co = groups * net.integer(1, 4), groups * net.integer(1, 5)
    kernel = [net.integer(1, 4) for _ in range(axes)]
    dilations = [net.integer(1, dilation) for _ in range(axes)]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    x = net.image(1, ci, *spatial(net, axes, reach))
    w = net.weights("w", net.int8(co, ci // groups, *kernel), net.scales(co))
    padding = {"auto_pad": "SAME_UPPER"}
    if max(dilations) > 1 or net.integer(0, 1):  # onnxruntime takes no dilation with auto_pad
        padding = {"pads": [net.integer(0, extent - 1) for extent in (*reach, *reach)]}
    strides = [net.integer(1, 3) for _ in range(axes)]
    operands = [x, w]
    if net.integer(0, 2):
        operands.append(net.constant("b", net.rng.normal(size=co).astype("float32")))
    return net.node("Conv", operands, strides=strides, dilations=dilations, group=groups, **padding)


def dilated(net: Network) -> str:
    return conv(net, 2, 1, 3)


def grouped(net: Network) -> str:
    return conv(net, 2, net.integer(2, 4), 2)


def along_one_axis(net: Network) -> str:
    return conv(net, 1, net.integer(1, 2), 3)


def transposed(net: Network) -> str:
    axes, groups = net.integer(1, 2), net.integer(1, 2)
    ci, per_group = groups * net.integer(1, 4), net.integer(1, 5)
    kernel = [net.integer(1, 4) for _ in range(axes)]
    strides = [net.integer(1, 3) for _ in range(axes)]
    dilations = [net.integer(1, 2) for _ in range(axes)]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    x = net.image(1, ci, *[net.integer(2, 6) for _ in range(axes)])
    by_channel = net.scales(per_group) if groups == 1 else 0.004
    w = net.weights("w", net.int8(ci, per_group, *kernel), by_channel, axis=1)
    padding = {}
    match net.integer(0, 2):
        case 0:
            padding["pads"] = [net.integer(0, (extent - 1) // 2) for extent in (*reach, *reach)]
            # Less than a stride or a dilation, as onnxruntime wants it.
            padding["output_padding"] = [net.integer(0, step - 1) for step in strides]
        case 1:
            padding["auto_pad"] = "SAME_UPPER" if net.integer(0, 1) else "SAME_LOWER"
    return net.node(
        "ConvTranspose", [x, w], strides=strides, dilations=dilations, group=groups, **padding
    )


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("kind", [dilated, grouped, along_one_axis, transposed])
def test_against_onnxruntime(kind, block: int):
    for seed in range(block * EACH, (block + 1) * EACH):
        net = Network(seed)
        graph = net.check(net.result(kind(net), 0.05))
        found = {name for name in kinds(graph) if name != "RESHAPE"}
        assert found <= {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"}
