import numpy as np
import pytest

from tilewright.sim.sweep.front import pareto_front


def by_definition(values):
    """Compares every point with every other."""
    return [
        not any((other <= one).all() and (other < one).any() for other in values) for one in values
    ]


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_front_is_what_its_definition_says(objectives, seed):
    # Few different values, so that many points are equal in some or all objectives.
    values = np.random.default_rng(seed).integers(0, 6, (150, objectives)).astype(float)
    assert pareto_front(values).tolist() == by_definition(values)


def test_equal_points_are_on_it_together():
    values = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [2.0, 2.0]])
    assert pareto_front(values).tolist() == [True, True, True, False]


def test_of_no_points_it_is_empty():
    assert pareto_front(np.zeros((0, 3))).tolist() == []
