"""Which arrangement commands get: the fastest that the hardware can do."""

import pytest

from tests.mapper.array.test_cycles import depthwise, pointwise
from tests.mapper.test_compile import commands
from tests.mapper.works.test_tile import image_work
from tests.shared_models import shared_models
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.array.arrangement import lay
from tilewright.mapper.array.array import array_of
from tilewright.mapper.array.cycles import Arrangement, Window, command_cycles
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.mapper.works.geometry import Region
from tilewright.mapper.works.window import WindowWork

DEFAULT = NpuConfig()


def arrange(window: Window, config: NpuConfig) -> Arrangement:
    return lay(window, array_of(config)).arrangement


@pytest.mark.parametrize(
    ("side", "paired"),
    [
        (8, False),  # 64 pixels fill eight columns; unpaired tiles read fewer weights
        (6, True),  # 4.5 tiles instead of 5
        (3, True),  # 1.5 instead of 2
        (1, True),
    ],
)
def test_images_that_leave_columns_idle_are_paired(side, paired):
    window = pointwise(side, side, 64, 64)
    assert arrange(window, DEFAULT).paired is paired


def test_a_block_of_few_channels_is_not_paired():
    """A second half without channels gains nothing."""
    assert not arrange(pointwise(6, 6, 64, 8), DEFAULT).paired
    assert arrange(pointwise(6, 6, 64, 16), DEFAULT).paired


def test_a_pair_of_blocks_that_does_not_fit_the_ring_is_not_replayed():
    small = NpuConfig(weight_buffer_bytes=1024)
    assert arrange(pointwise(6, 6, 64, 64), small) == Arrangement(paired=False)
    assert arrange(pointwise(6, 6, 200, 8), small) == Arrangement(paired=False, stream=True)


def test_a_single_tile_of_pairs_may_be_streamed():
    small = NpuConfig(rows=4, cols=8, weight_buffer_bytes=1024)
    assert arrange(pointwise(1, 1, 640, 64), small) == Arrangement(paired=True, stream=True)
    assert arrange(pointwise(1, 1, 20, 64), small) == Arrangement(paired=True)


def test_fully_connected_layers_of_narrow_arrays_are_paired():
    assert arrange(pointwise(1, 1, 128, 128), NpuConfig(rows=4, cols=8)).paired


def test_depthwise_pairs_read_half_as_often():
    assert arrange(depthwise(24, 32), DEFAULT) == Arrangement(paired=True, strip_cols=4)
    assert not arrange(depthwise(24, 32), NpuConfig(rows=16)).paired
    assert arrange(depthwise(24, 8), DEFAULT) == Arrangement(paired=False, strip_cols=8)


def test_stride_two_keeps_its_window_only_in_pairs_where_there_are_pairs():
    window = depthwise(24, 8, stride=2, top=0)
    assert arrange(window, DEFAULT) == Arrangement(paired=True, strip_cols=4)
    narrow = NpuConfig(port_bytes=8)
    assert arrange(window, narrow) == Arrangement(paired=False, strip_cols=4)
    # 34 pairs of 32 bytes do not fit 1 KiB; one block, read tap by tap, does.
    large = window._replace(kernel=(5, 5), block_words=25)
    tight = NpuConfig(rows=16, port_bytes=32, depthwise_kernel=5, weight_buffer_bytes=1024)
    assert arrange(large, tight) == Arrangement(paired=False, tapwise=True, strip_cols=8)


def test_strips_are_cut_evenly():
    """Twelve pixels are two strips of six, which read eight columns in less than nine taps."""
    window, config = depthwise(12, 16), NpuConfig(rows=16)
    assert arrange(window, config) == Arrangement(paired=False, strip_cols=6)
    uneven = Arrangement(paired=False, strip_cols=8)
    array = array_of(config)
    assert command_cycles(window, arrange(window, config), array) < command_cycles(
        window, uneven, array
    )


def test_narrow_images_are_transposed():
    """Strips of four of 25 rows leave no column idle but in the last; of 5 columns they do."""
    narrow = depthwise(25, 64)._replace(cols=5)
    expected = Arrangement(paired=True, strip_cols=4, transposed=True)
    assert arrange(narrow, DEFAULT) == expected
    assert arrange(narrow.turned(), DEFAULT) == expected._replace(transposed=False)


@pytest.mark.parametrize(
    "change",
    [
        {"row_pitch": (1 << 20) // 27 + 1},  # positions in a row of 20 bits
        {"missing_rows": 3},  # the first window starts further above than its height
    ],
)
def test_images_beyond_the_fields_stay_upright(change):
    narrow = depthwise(25, 64)._replace(cols=5)
    assert not arrange(narrow._replace(**change), DEFAULT).transposed


def test_large_kernels_and_odd_strides_are_read_tap_by_tap():
    window = depthwise(6, 16)._replace(kernel=(5, 5), block_words=25)
    assert arrange(window, DEFAULT) == Arrangement(paired=True, tapwise=True, strip_cols=3)
    window = depthwise(6, 16)._replace(stride=(3, 3))
    assert arrange(window, DEFAULT).tapwise


def test_a_read_serves_as_many_pixels_of_a_row_as_it_can():
    lanes = NpuConfig(rows=8, cols=16)
    assert arrange(pointwise(1, 64, 2, 8), lanes) == Arrangement(paired=False, group=8)
    assert arrange(pointwise(16, 4, 2, 8), lanes) == Arrangement(paired=False, group=4)
    assert arrange(pointwise(64, 1, 2, 8), lanes) == Arrangement(paired=False, group=1)


def test_geometry_of_a_tile():
    """Rows 2 and 3 of windows that step by two rows of an image with a row of padding above."""

    def first_and_later(work: WindowWork) -> tuple[Window, Window]:
        first, later = (
            work.window(Region(top, 0, top + 2, 9), 20, pixel_pitch=6, row_pitch=54)
            for top in (0, 2)
        )
        assert first._replace(missing_rows=0) == later
        assert (later.rows, later.cols, later.channels, later.block_words) == (2, 9, 20, 24)
        return first, later

    first, later = first_and_later(image_work())
    assert first == later  # padding costs a convolution nothing
    # Pixels of four bytes lie six apart: each kernel column is read by itself.
    assert (later.runs, later.run_bytes, later.x_step, later.row_pitch) == (3 * 2, 4, 6, 0)
    dense = image_work().window(Region(0, 0, 2, 9), 20, pixel_pitch=4, row_pitch=36)
    assert (dense.runs, dense.run_bytes, dense.x_step, dense.row_pitch) == (3, 2 * 4, 4, 0)
    first, later = first_and_later(image_work(depthwise=True))
    assert (first.missing_rows, later.missing_rows) == (1, 0)
    assert (later.run_bytes, later.x_step, later.row_pitch) == (0, 0, 54)


def test_commands_of_a_network_carry_what_was_chosen():
    """VWW at 8 x 8: its 6 x 6 and 3 x 3 images and all depthwise layers of 16 channels or more."""
    graph = import_model(shared_models() / "tflite" / "vww.tflite")
    program = compile_model(graph, load_config())
    for command in commands(program):
        if command.opcode is Opcode.CONV:
            small = 1 < command["pixels"] <= 36
            assert command["paired"] == small
            assert command["tiles"] == -(-command["pixels"] // (4 if small else 8))
        if command.opcode is Opcode.DEPTHWISE:
            assert command["paired"] == (command["channels"] > 8)
            assert command["blocks"] == max(command["channels"] // 16, 1)
