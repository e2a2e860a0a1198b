"""Limits of operators and the messages they make."""

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper import limits as limits

PLACE = limits.Place("net.tflite", "3: pool", "MAX_POOL_2D")


def test_a_limit_speaks_with_its_docstring():
    limits.require(PLACE, limits.dilation_is_one, (1, 1))
    with pytest.raises(RequestError) as caught:
        limits.require(PLACE, limits.dilation_is_one, (2, 1))
    assert str(caught.value) == (
        "net.tflite: layer '3: pool' (MAX_POOL_2D): The dilation of a pool must be 1. Here: (2, 1)."
    )


def test_long_values_are_shortened():
    with pytest.raises(RequestError) as caught:
        limits.require(PLACE, limits.weights_are_symmetric, [1] * 10_000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("limit", "accepted", "refused"),
    [
        (limits.stride_is_positive, [(1, 1), (1024, 3)], [(0, 1), (1, 1025)]),
        (limits.window_is_positive, [(1, 49)], [(0, 1), (1, 5000)]),
        (limits.padding_is_sensible, [(0, 0, 0, 0)], [(0, -1, 0, 0), (5000, 0, 0, 0)]),
        (limits.image_has_four_axes, [(1, 2, 3, 4)], [(1, 2, 3), (2, 2, 3, 4)]),
        (limits.images_are_few, [1, 64], [0, 65]),
        (limits.shape_is_static, [(1, 2)], [(1, -1), (0,)]),
        (limits.folded_constants_are_small, [0, 1 << 24], [(1 << 24) + 1]),
        (limits.tensor_is_addressable, [(1, 1 << 26)], [(2, 1 << 26), (1 << 62, 1 << 62)]),
        (limits.scales_are_sensible, [[1e-20, 1e20]], [[0.0], [float("nan")], [1e30]]),
        (limits.axis_exists, [(-4, 4), (3, 4)], [(-5, 4), (4, 4)]),
        (limits.one_axis, [(1,)], [(), (1, 2)]),
        (limits.permutation_fits, [((1, 0), 2)], [((0, 0), 2), ((0,), 2), ((0, 1, 2), 2)]),
        (limits.one_entry_an_axis, [(3, 3)], [(2, 3)]),
        (limits.pairs_fit_axes, [(8, 8)], [(7, 8)]),
        (limits.slice_vectors_fit, [[2, 2, 2]], [[2, 2, 1], [17, 17]]),
        (limits.slice_stride_is_sensible, [-1, 1 << 20], [0, 1 << 21]),
        (limits.slice_takes_something, [(1, 3)], [(1, 0)]),
        (limits.slice_names_axes, [(0, 1), (2, 0)], [(-1, 0), (0, 2)]),
        (limits.index_exists, [(-3, 3), (2, 3)], [(3, 3), (-4, 3)]),
        (limits.parts_fit, [((1, 2), 3, 2)], [((1, 2), 4, 2), ((3,), 3, 2), ((0, 3), 3, 2)]),
        (limits.pads_with_one_element, [1], [0, 2]),
        (
            limits.pool_keeps_quantisation,
            [(0.5, 1, 0.5, 1), (0.5, 1, 0.5000005, 1)],
            [(0.5, 1, 0.5, 2), (0.5, 1, 0.50001, 1)],
        ),
        (limits.compared_scale_is_below_one, [0.999], [1.0, 2.0]),
        (limits.logistic_zero_point, [-128], [0]),
        (limits.sigmoid_int16_quantisation, [(1 / 32768, 0)], [(1 / 32767, 0), (1 / 32768, 1)]),
        (limits.block_is_sensible, [(2, 3)], [(), (0, 2), (257,), (128, 64)]),
        (limits.pad_value_is_int8, [-128, 127], [128, -129]),
        (limits.pad_value_is_finite, [3.0], [float("inf"), float("nan")]),
        (limits.images_have_four_axes, [(2, 3, 4, 5)], [(1, 2, 3)]),
        (limits.resized_image_is_sensible, [(1, 8192)], [(0, 1), (1,), (1, 8193)]),
        (limits.resized_extents_are_sensible, [(1, 2, 8192)], [(0,), (8193,)]),
        (limits.resize_factors_are_sensible, [(0.5, 2.0)], [(0.0,), (-1.0,), (float("nan"),)]),
        (limits.resizes_image_only, [((1, 2), (1, 2))], [((1, 4), (1, 2))]),
        (limits.one_alignment, [(True, False), (False, False)], [(True, True)]),
        (limits.log_softmax_quantisation, [(1 / 16, 127)], [(1 / 16, 0), (0.1, 127)]),
        (limits.nothing_is_fused, [(-128, 127)], [(0, 127)]),
        (limits.one_quantisation, [[1, 1]], [[1, 2]]),
        (limits.operand_is_no_index, ["int8"], ["int32"]),
        (limits.first_of_equals, [0], [1]),
        (limits.elements_exist, [(1, 5), (5, 5)], [(0, 5), (6, 5)]),
        (limits.only_first_result, [[]], [["mean"]]),
        (limits.one_or_two_operands, [1, 2], [0, 3]),
        (
            limits.cast_keeps_values,
            [("int64", "float32"), ("float32", "float32")],
            [("float32", "int64"), ("int8", "float32"), ("int64", "another type")],
        ),
        (limits.power_is_of_one_tensor, [True], [False]),
        (limits.weights_can_be_negated, [(-127, 0)], [(-128, 0), (-5, 1)]),
        (limits.result_is_not_finer, [(0.1, 0.1), (0.2, 0.1)], [(0.09, 0.1)]),
        (limits.gates_have_default_functions, [(["Tanh"], ["Tanh"])], [(["Relu"], ["Tanh"])]),
        (limits.gates_are_not_clipped, [0.0], [1.0]),
        (limits.gates_are_independent, [0], [1]),
        (limits.has_no_peepholes, [False], [True]),
        (limits.sequences_are_whole, [([3, 3], 3)], [([3, 2], 3)]),
        (limits.state_is_in_range, [(1.0, 1.0)], [(1.1, 1.0)]),
        (
            limits.softmax_quantisation,
            [
                ("int8", "int8", 1 / 256, -128),
                ("int8", "int16", 1 / 65536, -32768),
                ("int16", "int16", 1.0001 / 32768, 0),
            ],
            [
                ("int8", "int8", 1 / 255, -128),
                ("int8", "int8", 1 / 256, 0),
                ("int16", "int8", 1 / 256, -128),
                ("int16", "int16", 1 / 32000, 0),
            ],
        ),
    ],
)
def test_limits(limit, accepted, refused):
    assert [limit(value) for value in accepted] == [True] * len(accepted)
    assert [limit(value) for value in refused] == [False] * len(refused)


def test_every_limit_says_what_is_needed():
    functions = [
        f for f in vars(limits).values() if getattr(f, "__module__", "") == limits.__name__
    ]
    described = [f for f in functions if callable(f) and not isinstance(f, type)]
    assert len(described) > 20
    assert all(f.__doc__ for f in described)


def test_names_are_made_printable():
    assert limits.printable(b"conv\xff\n1") == "conv\ufffd?1"


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        ("custom operator SignalWindow", "audio front end"),
        ("custom operator CIRCULAR_BUFFER", "frames of a stream"),
        ("custom operator TFLite_Detection_PostProcess", "boxes"),
        ("custom operator Mine", "nobody but its maker"),
    ],
)
def test_operators_that_are_known_but_not_supported(operator, words):
    with pytest.raises(RequestError, match=words):
        limits.unsupported(limits.Place("net.tflite", "3: y", operator), ["ADD"])
