"""What is refused before and after synthesis."""

import pytest

from tilewright.hw.fpga.boards import BOARDS, find_board
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.sim.fpga.configuration import board_config
from tilewright.sim.fpga.fit import least_resources, require_fit

SMALL = ["scratchpad_bytes=4096", "weight_buffer_bytes=1024"]


def test_least_resources_by_hand() -> None:
    board = BOARDS["ulx3s-85f"]
    config = load_config(sets=["rows=4", "cols=3", f"memory_bytes={256 * 1024}", *SMALL])
    # 4 x 3 products and 4 for each of 4 lanes; (256 + 4 + 1) KiB in blocks of 2 KiB, rounded up.
    assert least_resources(board, config) == {"DSP": 28, "block RAM": 131}
    without = load_config(sets=["npu=none", f"memory_bytes={256 * 1024}"])
    assert least_resources(board, without) == {"DSP": 0, "block RAM": 128}


def test_two_products_a_multiplier_on_the_ice40() -> None:
    board = BOARDS["icebreaker"]
    sets = ["rows=3", "cols=3", "requantiser_lanes=1", f"memory_bytes={256 * 1024}", *SMALL]
    least = least_resources(board, load_config(sets=sets))
    assert least["DSP"] == 5 + 4
    assert least["SPRAM"] == 8
    assert least["block RAM"] == (board.boot_bytes + 4096 + 1024) // 512


def test_microcode_has_its_scratchpad_in_main_memory() -> None:
    board = BOARDS["icebreaker"]
    # 8 products, two in a multiplier; the boot stage's 2 KiB; 128 KiB of SPRAM.
    least = {"DSP": 4, "block RAM": 4, "SPRAM": 4}
    assert least_resources(board, board_config(board, {})) == least


def test_every_count_that_is_over_is_named() -> None:
    used = {"LUT": 90_000, "DSP": 157, "block RAM": 208}
    with pytest.raises(RequestError, match=r"needs 90,000 LUT of 83,640, 157 DSP of 156 ") as error:
        require_fit(BOARDS["ulx3s-85f"], used)
    assert "block RAM of" not in str(error.value)
    require_fit(BOARDS["ulx3s-85f"], {"LUT": 83_640, "DSP": 156, "block RAM": 208})


def test_an_unknown_board_is_told_the_nearest() -> None:
    assert find_board("ecp5").name == "ulx3s-85f"
    with pytest.raises(RequestError, match="did you mean ulx3s-85f"):
        find_board("ulx3-85f")
    with pytest.raises(RequestError, match="icebreaker"):
        find_board("zzz")


def test_the_user_has_the_last_word_but_for_the_memorys_latency() -> None:
    board = BOARDS["ulx3s-85f"]
    config = board_config(board, {"memory_bytes": 512 * 1024, "clock_hz": 40_000_000})
    assert (config.soc.memory_bytes, config.soc.clock_hz) == (512 * 1024, 40_000_000)
    assert config.soc.memory_latency == 3
    with pytest.raises(RequestError, match=r"memory_latency = 8: .*answers after 3 cycles"):
        board_config(board, {"memory_latency": 8})


def test_the_clock_is_one_that_the_board_can_make() -> None:
    config = board_config(BOARDS["ulx3s-85f"], {"clock_hz": 41_000_000})
    assert config.soc.clock_hz != 41_000_000
    assert abs(config.soc.clock_hz - 41_000_000) < 410_000


@pytest.mark.parametrize("name", BOARDS)
def test_every_boards_own_configuration_may_fit(name) -> None:
    board = BOARDS[name]
    require_fit(board, least_resources(board, board_config(board, {})), at_least=True)


def test_a_boards_highest_clock_is_not_known_beforehand() -> None:
    with pytest.raises(RequestError, match=r"clock_hz = max: .*leave clock_hz out for the 12 MHz"):
        board_config(BOARDS["icebreaker"], {"clock_hz": 0})
