"""What a board's chip can be."""

import pytest

from tilewright.hw.fpga.boards import BOARDS
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.fpga.configuration import board_config

BOARD = BOARDS["ulx3s-85f"]


@pytest.mark.parametrize(
    "values", [{"memory_kind": "dram"}, {"memory_contention": 10}, {"weight_memory_kind": "flash"}]
)
def test_a_board_has_the_memory_that_it_has(values):
    (name,) = values
    with pytest.raises(RequestError, match=f"{name} = .* leave {name} out"):
        board_config(BOARD, values)


def test_what_is_usual_may_be_said():
    assert board_config(BOARD, {"memory_kind": "fixed"}) == board_config(BOARD, {})
