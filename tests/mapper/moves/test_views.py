"""Rearrangements given as positions, against NumPy."""

import numpy as np
import pytest

from tests.mapper.moves.executor import carry_out
from tilewright.mapper.moves.nests import PADDING, Nest, Turn, nests
from tilewright.mapper.moves.views import offsets_of, view_moves


def test_nests():
    assert nests([4]) == [Nest(0, 4, ())]
    assert nests([0, 1, 2, PADDING, PADDING, 5, 3]) == [
        Nest(0, 0, (Turn(3, 1, 1),)),
        Nest(3, PADDING, (Turn(2, 0, 1),)),
        Nest(5, 5, (Turn(2, -2, 1),)),
    ]
    assert nests([0, 0, 3, 3, 6, 6]) == [Nest(0, 0, (Turn(2, 0, 1), Turn(3, 3, 2)))]


def test_nests_of_three_loops():
    whole = np.arange(60).reshape(3, 4, 5)
    assert nests(whole.transpose(2, 0, 1).reshape(-1)) == [
        Nest(0, 0, (Turn(12, 5, 1), Turn(5, 1, 12)))
    ]
    assert nests(whole[:, ::2, 1:4].transpose(1, 2, 0).reshape(-1)) == [
        Nest(0, 1, (Turn(3, 20, 1), Turn(3, 1, 3), Turn(2, 10, 9)))
    ]


def test_more_nests_than_wanted_are_not_found():
    assert len(nests(np.random.default_rng(1).permutation(1000), 4)) == 5


def rearranged(rng, whole: np.ndarray) -> np.ndarray:
    """A few random rearrangements, one after the other."""
    view = whole
    for kind in rng.choice(["transpose", "slice", "reshape", "gather", "tile", "flip"], 3):
        axis = int(rng.integers(view.ndim))
        if kind == "transpose":
            view = view.transpose(rng.permutation(view.ndim))
        elif kind == "slice":
            start, step = int(rng.integers(view.shape[axis])), int(rng.integers(1, 3))
            view = view.take(range(start, view.shape[axis], step), axis)
        elif kind == "reshape":
            extents = view.shape
            view = view.reshape(extents[0], -1) if rng.random() < 0.5 else view.reshape(-1)
        elif kind == "gather":
            view = view.take(rng.integers(0, view.shape[axis], 5), axis)
        elif kind == "tile":
            view = np.tile(view, [2 if n == axis else 1 for n in range(view.ndim)])
        else:
            view = np.flip(view, axis)
    return view


@pytest.mark.parametrize("seed", range(300))
def test_rearrangements(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 6, int(rng.integers(1, 5))))
    whole = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)
    view = rearranged(rng, whole)
    x = rng.integers(-128, 128, whole.size).astype(np.int16)
    planned = view_moves(offsets_of(view), 2)
    assert np.array_equal(carry_out(planned, x, view.shape), x[view])


def test_a_shuffle_of_channels_is_one_move():
    whole = np.arange(12 * 5 * 7, dtype=np.int32).reshape(1, 12, 5, 7)
    view = whole.reshape(1, 3, 4, 5, 7).transpose(0, 2, 1, 3, 4).reshape(1, 12, 5, 7)
    (move,) = view_moves(offsets_of(view), 1)
    assert move.run == 35
    (move,) = view_moves(offsets_of(view.transpose(0, 2, 3, 1).reshape(-1)), 1)
    assert move.run == 1


def test_what_takes_too_many_moves_is_told():
    view = np.random.default_rng(3).permutation(500).astype(np.int32)
    assert view_moves(offsets_of(view), 1, 16) is None
