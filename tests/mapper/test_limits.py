"""Limits of operators and the messages they make."""

import pytest

from hw.spec.errors import RequestError
from mapper import limits as limits

PLACE = limits.Place("net.tflite", "3: pool", "MAX_POOL_2D")


def test_a_limit_speaks_with_its_docstring():
    limits.require(PLACE, limits.dilation_is_one, (1, 1))
    with pytest.raises(RequestError) as caught:
        limits.require(PLACE, limits.dilation_is_one, (2, 1))
    assert str(caught.value) == (
        "net.tflite: layer '3: pool' (MAX_POOL_2D): Dilation must be 1: use a larger kernel, or a "
        "stride, instead. Here: (2, 1)."
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
        (limits.batch_is_one, [(1, 5), ()], [(2, 5)]),
        (limits.image_has_four_axes, [(1, 2, 3, 4)], [(1, 2, 3), (2, 2, 3, 4)]),
        (limits.shape_is_static, [(1, 2)], [(1, -1), (0,)]),
        (limits.tensor_is_addressable, [(1, 1 << 26)], [(2, 1 << 26), (1 << 62, 1 << 62)]),
        (limits.scales_are_sensible, [[1e-20, 1e20]], [[0.0], [float("nan")], [1e30]]),
        (limits.mean_is_over_image, [[2, 1]], [[1], [1, 2, 3], [2, 3]]),
        (limits.one_quantisation, [[1, 1]], [[1, 2]]),
        (limits.softmax_quantisation, [(1 / 256, -128)], [(1 / 255, -128), (1 / 256, 0)]),
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
