"""Runs, joined loops and divided loops."""

import numpy as np
import pytest

from tests.mapper.moves.executor import carry_out
from tilewright.mapper.moves import copy
from tilewright.mapper.moves.copy import Axis, Loop, Move, is_view, moves


def test_dense_copy_is_one_run_and_a_view():
    planned = moves([Axis(3, 20, 20), Axis(4, 5, 5), Axis(5, 1, 1)], 2)
    assert planned == [Move(input=0, output=0, run=120)]
    assert is_view(planned, 120)
    assert not is_view(planned, 240)


def test_a_part_that_starts_elsewhere_is_no_view():
    assert not is_view(moves([Axis(5, 1, 1)], 1, input_start=3), 5)


def test_nothing_to_copy():
    assert moves([Axis(3, 1, 1), Axis(0, 1, 1)], 1) == []


def test_scalar():
    assert moves([], 4) == [Move(input=0, output=0, run=4)]


def test_neighbouring_loops_are_joined():
    planned = moves([Axis(2, 150, 24), Axis(3, 40, 8), Axis(4, 10, 2), Axis(2, 1, 1)], 1)
    assert planned == [Move(input=0, output=0, run=2, loops=(Loop(12, 10, 2), Loop(2, 150, 24)))]


def test_a_fill_joins_whatever_its_output_joins():
    planned = moves([Axis(4, 0, 6), Axis(6, 0, 1)], 2, output_start=3, value=-7)
    assert planned == [Move(input=0, output=6, run=48, value=-7)]


def test_repeated_runs_keep_a_pitch_of_zero():
    planned = moves([Axis(3, 0, 5), Axis(5, 1, 1)], 1)
    assert planned == [Move(input=0, output=0, run=5, loops=(Loop(3, 0, 5),))]


@pytest.mark.parametrize(("loops", "largest"), [(5, 3), (2, 65535), (1, 2), (3, 4)])
def test_loops_are_divided(monkeypatch, loops, largest):
    monkeypatch.setattr(copy, "MOVE_LOOPS", loops)
    monkeypatch.setattr(copy, "LARGEST_EXTENT", largest)
    rng = np.random.default_rng(loops * largest)
    for _ in range(20):
        shape = rng.integers(1, 6, int(rng.integers(1, 7)))
        order = rng.permutation(len(shape))
        x = rng.integers(-128, 128, shape, dtype=np.int8)
        wanted = x.transpose(order)
        axes = [
            Axis(n, x.strides[axis], pitch)
            for n, axis, pitch in zip(
                wanted.shape, order, np.ascontiguousarray(wanted).strides, strict=True
            )
        ]
        planned = moves(axes, 1)
        assert all(len(move.loops) <= loops for move in planned)
        assert all(loop.extent <= largest for move in planned for loop in move.loops)
        assert np.array_equal(carry_out(planned, x, wanted.shape), wanted)
