"""Paths of a softmax, by hand."""

import numpy as np

from hw.spec.program import Step
from hw.spec.softmax import softmax_parameters
from hw.spec.steps import SOFTMAX
from sim.model.cpu.softmax import KEPT, softmax_paths


def test_paths():
    """At a scale of 1/16 a difference of 4 is a quarter, so that its factors are its bits."""
    values = {"rows": 1, "cols": 6, "multiplier": 1 << 30, "left_shift": 23, "diff_min": -240}
    step = Step(SOFTMAX, 0, {**values, "input": 0, "output": 0})
    x = np.array([100, 99, 96, 87, 68, -128], dtype=np.int8)
    # Differences 0 (one), -1, -4, -13, -32 (computed), -228 (beyond -14: zero).
    paths = softmax_paths(step, x)
    assert (paths["row"], paths["element"], paths["counted"], paths["computed"]) == (1, 6, 6, 4)
    # Quarters beyond the first: 0, 0, 3, 7 of differences in (-1/4, 0].
    factors = [paths[f"factor_{bit}"] for bit in range(6)]
    assert factors == [sum(n >> bit & 1 for n in (0, 0, 3, 7)) for bit in range(6)]


def test_leading_zeros_of_the_sum():
    """A sum between 1 and 2 has 12 of them (Q12.19), one between 4 and 8 has 10."""
    p = softmax_parameters(0.1)
    values = {"multiplier": p.multiplier, "left_shift": p.left_shift, "input": 0, "output": 0}
    values |= {"diff_min": p.smallest_difference, "rows": 2, "cols": 5}
    x = np.array([[90, 0, 0, 0, 0], [7, 7, 7, 7, 7]], np.int8)
    assert softmax_paths(Step(SOFTMAX, 0, values), x)["leading_zero"] == 12 + 10


def test_exponentials_that_are_not_kept_are_computed_twice():
    p = softmax_parameters(0.1)
    values = {"rows": 1, "cols": KEPT + 3, "multiplier": p.multiplier, "input": 0, "output": 0}
    values |= {"left_shift": p.left_shift, "diff_min": p.smallest_difference}
    x = np.zeros(KEPT + 3, np.int8)
    x[0] = 1
    paths = softmax_paths(Step(SOFTMAX, 0, values), x)
    assert paths["counted"] == KEPT + 3
    assert paths["exponential"] == KEPT + 2 * 3
    assert paths["computed"] == KEPT - 1 + 2 * 3


def test_unknown_inputs():
    """All but the largest of a row are computed, with half of the six factors."""
    values = {"rows": 2, "cols": 10, "multiplier": 0, "left_shift": 0, "diff_min": 0}
    step = Step(SOFTMAX, 0, values)
    paths = softmax_paths(step, None)
    assert (paths["counted"], paths["computed"]) == (20, 18)
    # Sums of 1 and nine halves.
    assert paths["leading_zero"] == 2 * 10
    assert [paths[f"factor_{bit}"] for bit in range(6)] == [9] * 6
