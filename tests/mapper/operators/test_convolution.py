"""Convolutions that the accelerator takes in another way, or not at all, and why."""

import numpy as np
import pytest

from tests.mapper.networks import Sketch
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.operators.convolution import Conv2d, DepthwiseConv2d, TransposeConv
from tilewright.mapper.operators.images import Padding

MICROCODE = {"control": "microcode", "rows": 4, "bus_bytes": 4, "memory_bytes": 262144}


def graph(image: tuple, operator, weights: tuple, axis: int, result: tuple) -> Graph:
    sketch = Sketch(shape=image)
    constants = sketch.constants("y", weights, weights[axis], axis)
    sketch.activation("y", result)
    return sketch.graph(sketch.op(operator, ["x", *constants], "y"))


def works(graph: Graph, npu: NpuConfig | None = None) -> list:
    (op,) = graph.ops
    return op.operator.works(graph.site(op), npu or NpuConfig())


def reason(graph: Graph, **values) -> str:
    program = compile_model(graph, make_config(values))
    assert [layer.engine for layer in program.layers] == ["cpu"]
    return program.layers[0].reason


def plain(**changes) -> dict:
    return {"stride": (1, 1), "padding": Padding(), **changes}


def test_a_dense_dilated_convolution_is_one_work():
    dilated = Conv2d(**plain(dilation=(2, 3)))
    (work,) = works(graph((1, 9, 9, 8), dilated, (16, 3, 3, 8), 0, (1, 5, 3, 16)))
    assert (work.dilation, work.kernel, work.weights.shape) == ((2, 3), (3, 3), (16, 72))


def test_a_transposed_convolution_multiplies_each_weight_once_a_pixel():
    transposed = TransposeConv(**plain(stride=(2, 2)))
    found = works(graph((1, 4, 4, 8), transposed, (16, 3, 3, 8), 0, (1, 9, 9, 16)))
    assert len(found) == 4
    assert sum(work.weights.shape[1] for work in found) == 9 * 8
    assert sum(work.region.rows * work.region.cols for work in found) == 81


def test_outputs_that_meet_no_tap_are_the_bias():
    transposed = TransposeConv(**plain(stride=(3, 1)))
    found = works(graph((1, 4, 4, 8), transposed, (16, 1, 1, 8), 0, (1, 10, 4, 16)))
    empty = [work for work in found if not work.weights.any()]
    assert [work.weights.shape for work in empty] == [(16, 1)] * 2


def test_taps_in_the_padding_are_left_out():
    """Dilated by more than the image, only the middle tap meets it."""
    around = Padding(top=9, left=9, bottom=9, right=9)
    dilated = Conv2d(**plain(padding=around, dilation=(9, 9)))
    (work,) = works(graph((1, 5, 5, 8), dilated, (8, 3, 3, 8), 0, (1, 5, 5, 8)))
    assert (work.kernel, work.pad, work.dilation) == ((1, 1), (0, 0), (1, 1))


@pytest.mark.parametrize(("multiplier", "expected"), [(2, 1), (8, 1), (3, 3), (12, 5)])
def test_works_of_a_channel_multiplier(multiplier: int, expected: int):
    """One where it divides the rows, else one for each block of whole groups."""
    count = 5 * multiplier
    depthwise = DepthwiseConv2d(**plain(multiplier=multiplier))
    found = works(graph((1, 6, 6, 5), depthwise, (3, 3, count), 2, (1, 4, 4, count)))
    assert len(found) == expected
    assert all(work.depthwise for work in found)
    assert sum(work.weights.size for work in found) == 9 * count


def test_with_microcode_a_multiplier_is_a_dense_convolution():
    depthwise = DepthwiseConv2d(**plain(multiplier=2))
    layer = graph((1, 6, 6, 5), depthwise, (3, 3, 10), 2, (1, 4, 4, 10))
    npu = make_config(MICROCODE).npu
    (work,) = works(layer, npu)
    assert (work.depthwise, work.weights.shape) == (False, (10, 45))
    assert np.count_nonzero(work.weights.reshape(10, 9, 5).any(axis=1)) == 10


def test_why_a_convolution_is_not_on_the_accelerator():
    wide = Conv2d(**plain(dilation=(1, 256)))
    layer = graph((1, 3, 600, 2), wide, (4, 3, 3, 2), 0, (1, 1, 88, 4))
    assert reason(layer) == "a dilation of 256 pixels exceeds 255"
    transposed = TransposeConv(**plain(stride=(20, 20)))
    layer = graph((1, 3, 3, 2), transposed, (4, 1, 1, 2), 0, (1, 41, 41, 4))
    assert reason(layer) == "its stride divides the result into 400 parts, more than 256"
    dilated = Conv2d(**plain(dilation=(2, 2)))
    layer = graph((1, 9, 9, 2), dilated, (4, 3, 3, 2), 0, (1, 5, 5, 4))
    assert reason(layer, **MICROCODE).startswith("control = microcode reads whole kernel rows")
    large = Conv2d(**plain(dilation=(2, 2)))
    layer = graph((1, 140, 140, 1), large, (1, 65, 65, 1), 0, (1, 12, 12, 1))
    assert reason(layer) == "windows of 4225 taps that lie apart exceed 4095"


def test_weights_that_fit_no_groups_are_refused():
    with pytest.raises(RequestError, match="a constant int8"):
        graph((1, 4, 4, 6), Conv2d(**plain()), (4, 1, 1, 4), 0, (1, 4, 4, 4))
    transposed = TransposeConv(stride=(1, 1), padding=Padding(top=2))
    with pytest.raises(RequestError, match=r"padding .* less than its kernel"):
        graph((1, 4, 4, 6), transposed, (4, 2, 2, 6), 0, (1, 3, 5, 4))
