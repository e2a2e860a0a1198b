import numpy as np
import pytest

from tilewright.sim.costs.clock.features import logic_features
from tilewright.sim.measure.clock_fit import Timed, errors_left_out, fit, not_negative


def test_least_squares_where_nothing_is_negative():
    table = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    assert not_negative(table, np.array([3.0, 5.0, 7.0])) == pytest.approx([3.0, 2.0])


def test_what_would_be_negative_is_left_out():
    table = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    # A falling line: the best that does not fall is the mean.
    assert not_negative(table, np.array([7.0, 5.0, 3.0])) == pytest.approx([5.0, 0.0])


def test_a_feature_that_never_changes_is_left_to_the_base():
    table = np.array([[1.0, 3.0, 0.0], [1.0, 3.0, 1.0]])
    assert not_negative(table, np.array([4.0, 6.0])) == pytest.approx([4.0, 0.0, 2.0])


def timed(rows, cols, period, cpu="full"):
    """A design whose array is the slowest, and all else takes 10."""
    sets = (f"rows={rows}", f"cols={cols}", f"cpu={cpu}")
    blocks = logic_features(Timed(sets, {}, {}).config)
    return Timed(sets, {**dict.fromkeys(blocks, 10.0), "array": period, "cpu": 20.0}, {"cpu": 4.0})


def test_designs_that_follow_the_features_are_met():
    # 30 and 2 for each doubling of columns.
    designs = [timed(4, cols, 30 + 2 * step) for step, cols in ((1, 2), (2, 4), (3, 8), (4, 16))]
    found = fit(designs)
    assert found.logic["array"]["fan_out"] == pytest.approx(2.0)
    assert found.cpu == {"full": 20.0}
    assert found.cpu_memory == {"full": 4.0}
    assert found.period(timed(4, 32, 0).config) == pytest.approx(40.0)
    assert [error for _, error in errors_left_out(designs)] == pytest.approx([0.0] * 4, abs=1e-9)


def test_a_design_with_a_cpu_of_its_own_cannot_be_left_out():
    designs = [timed(4, 2, 32), timed(4, 4, 34), timed(4, 8, 36, cpu="lite")]
    assert [design for design, _ in errors_left_out(designs)] == designs[:2]
