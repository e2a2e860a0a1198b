"""How two operands spread over a result, against NumPy's broadcasting."""

import numpy as np
import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.steps.broadcast import broadcast, operands
from tilewright.sim.functional.memory import Memory


@pytest.mark.parametrize("seed", range(100))
def test_any_shapes_spread_as_in_numpy(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 4, rng.integers(1, 7))
    a_shape, b_shape = (
        tuple(np.where(rng.random(len(shape)) < 0.5, 1, shape).tolist()) for _ in range(2)
    )
    b_shape = b_shape[int(rng.integers(len(b_shape))) :]
    a = rng.integers(-128, 128, a_shape).astype(np.int8)
    b = rng.integers(-128, 128, b_shape).astype(np.int16)
    memory = Memory(np.zeros(8192, np.int8), 0, "a test's memory")
    spread = broadcast(a_shape, b_shape, 1, 2)
    for address, value in ((0, a), (2048, b), (6144, spread.loops)):
        memory.write(address, value)
    values = spread.values | {"a": 0, "b": 2048, "loops": 6144}
    got = operands(values, memory, 1, 2)
    for operand, wanted in zip(got, np.broadcast_arrays(a, b), strict=True):
        assert np.array_equal(operand, wanted.reshape(-1))


def test_equal_shapes_are_one_run():
    assert broadcast((1, 3, 4, 5), (1, 3, 4, 5)).values == {
        "count": 60,
        "a_step": 1,
        "b_step": 1,
        "runs": 1,
    }
    per_channel = broadcast((1, 3, 4, 5), (5,))
    assert per_channel.values["count"] == 5
    assert per_channel.loops.tolist() == [[12, 5, 0]]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(RequestError, match=r"\(2, 3\) and \(2, 4\) do not broadcast"):
        broadcast((2, 3), (2, 4))
    with pytest.raises(RequestError, match="change 9 times"):
        broadcast((2, 1) * 4 + (2,), (1, 2) * 4 + (1,))
