"""Shape arithmetic in a file vanishes; resource variables become states."""

from pathlib import Path

import numpy as np
import pytest

from tilewright.mapper.operators.slices import strided_slices

PATH = Path("net.tflite")


def masks(**bits: int) -> dict[str, int]:
    return {**dict.fromkeys(("Begin", "End", "Ellipsis", "NewAxis", "Shrink"), 0), **bits}


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (([0, 1], [3, 4], [2, 1], masks()), lambda a: a[0:3:2, 1:4]),
        (([2], [0], [-1], masks(Begin=1, End=1)), lambda a: a[::-1]),
        (([1, 0], [2, 0], [1, 1], masks(Shrink=1, End=2)), lambda a: a[1]),
        (([0, -2], [0, 5], [1, 1], masks(Ellipsis=1)), lambda a: a[..., -2:5]),
        (([0, 1], [0, 3], [1, 1], masks(NewAxis=1)), lambda a: a[None, 1:3]),
        (([-1], [0], [1], masks(Shrink=1)), lambda a: a[-1]),
    ],
)
def test_masks_of_strided_slices(index, expected):
    array = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    assert np.array_equal(array[strided_slices(array.shape, *index)], expected(array))


@pytest.mark.parametrize(
    ("index", "error"),
    [(([0], [1], [0], masks()), ValueError), (([4], [5], [1], masks(Shrink=1)), IndexError)],
)
def test_slices_of_nothing(index, error):
    with pytest.raises(error):
        strided_slices((4,), *index)
