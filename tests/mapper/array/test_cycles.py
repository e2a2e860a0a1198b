"""The cycle formula: worked by hand, and against the loops of the hardware written out."""

import dataclasses
import random

import pytest

from tests.hw.npu.commands import random_window
from tests.hw.npu.loops import groups, slots, tiles
from tests.mapper.geometry import geometry
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.mapper.array.array import array_of
from tilewright.mapper.array.cycles import (
    COMMAND_CYCLES,
    Arrangement,
    Window,
    array_cycles,
    bytes_read,
    command_cycles,
    elementwise_cycles,
    weight_bytes,
)

DEFAULT = NpuConfig()  # 8 x 8, 16-byte port, 8-byte bus
ARRAY = array_of(DEFAULT)
PAIRED, SINGLE = Arrangement(paired=True), Arrangement(paired=False)


def pointwise(rows: int, cols: int, inputs: int, channels: int) -> Window:
    return Window(
        depthwise=False, rows=rows, cols=cols, channels=channels, kernel=(1, 1), stride=(1, 1),
        missing_rows=0, missing_cols=0, row_pitch=cols * inputs, dilation=(1, 1), runs=1,
        run_bytes=inputs, x_step=inputs, block_words=inputs,
    )  # fmt: skip


def depthwise(side: int, channels: int, stride: int = 1, top: int = 1) -> Window:
    return Window(
        depthwise=True, rows=side, cols=side, channels=channels, kernel=(3, 3),
        stride=(stride, stride), missing_rows=top, missing_cols=top, row_pitch=side * channels,
        dilation=(1, 1), runs=0, run_bytes=0, x_step=0, block_words=9,
    )  # fmt: skip


def block_cycles(window: Window, arrangement: Arrangement, config: NpuConfig = DEFAULT) -> int:
    """Cycles without the command's own."""
    return array_cycles(window, arrangement, array_of(config)) - COMMAND_CYCLES


def test_pointwise_by_hand():
    """36 pixels: five tiles of 8, the last with 4; paired, nine tiles of 4 and half the blocks."""
    window = pointwise(6, 6, 128, 128)
    assert block_cycles(window, SINGLE) == 16 * 5 * 128
    assert block_cycles(window, PAIRED) == 8 * (9 * 128 + 9)


def test_three_by_three_images_by_hand():
    window = pointwise(3, 3, 256, 256)
    assert block_cycles(window, SINGLE) == 32 * 2 * 256
    assert block_cycles(window, PAIRED) == 16 * (3 * 256 + 9)


def test_parameters_are_free_where_a_memory_word_holds_two_steps():
    window, wide = pointwise(6, 6, 128, 128), NpuConfig(rows=4, bus_bytes=16)
    assert block_cycles(window, PAIRED, wide) == 16 * 9 * 128
    assert block_cycles(window, SINGLE, wide) == 32 * 5 * 128


def test_reads_limit_short_reductions():
    """Three bytes a pixel, eight reads a tile; or 5 windows of 3 bytes in a word."""
    window = pointwise(8, 8, 3, 8)
    assert block_cycles(window, SINGLE) == 8 * 8
    grouped = Arrangement(paired=False, group=5)
    assert block_cycles(window, grouped) == 8 * 8  # 8 beats of the requantiser
    saved = bytes_read(window, SINGLE, ARRAY) - bytes_read(window, grouped, ARRAY)
    assert saved == 8 * (8 - 2) * 16


def test_shared_reads_of_a_tile_across_row_ends():
    """Rows of 5 pixels in tiles of 16: parts of four rows, two reads for a part of 5 pixels.

    Parts of 5, 5, 5, 1; 4, 5, 5, 2; 3, 5, 5, 3; 2, 5, 5, 4; 1, 5, 5, 5 pixels.
    """
    config = NpuConfig(rows=2, cols=16, bus_bytes=32)
    window = pointwise(16, 5, 4, 2)._replace(kernel=(3, 1), runs=3, block_words=12)
    reads = 7 + 6 + 6 + 6 + 7
    assert bytes_read(window, Arrangement(False, group=4), array_of(config)) == (
        3 * reads * 32 + (9 + 5 * 12) * 2
    )
    assert block_cycles(window, Arrangement(False, group=4), config) == 3 * reads


def test_the_requantiser_limits_short_reductions():
    window = pointwise(8, 8, 16, 8)
    assert block_cycles(window, SINGLE) == 8 * 16
    assert block_cycles(window, SINGLE, NpuConfig(requantiser_lanes=2)) == 8 * 8 * 4


def test_the_half_of_a_pair_without_channels_takes_a_cycle():
    window = pointwise(8, 8, 2, 8)
    config = NpuConfig(requantiser_lanes=2, bus_bytes=16)
    assert block_cycles(window, PAIRED, config) == 16 * 4 * (4 + 1)


def test_depthwise_rows_by_hand():
    """Strips of 8 read 10 columns a row; pairs, in strips of 4, are bound by the nine taps.

    A strip's first window has a row of padding, read ahead, and waits for two rows of columns; then
    come 3 cycles until they arrive and the three steps of its last row.
    """
    window = depthwise(24, 32)
    single = Arrangement(paired=False, strip_cols=8)
    paired = Arrangement(paired=True, strip_cols=4)
    assert block_cycles(window, single) == 4 * 3 * (2 * 10 + 3 + 3 + 23 * 10)
    assert block_cycles(window, paired) == 2 * 6 * (2 * 6 + 3 + 3 + 23 * 9)


def test_depthwise_stride_two_by_hand():
    """Four output pixels read nine columns of two rows: 18 cycles, for twice the channels."""
    window = depthwise(12, 32, stride=2, top=0)
    paired = Arrangement(paired=True, strip_cols=4)
    assert block_cycles(window, paired) == 2 * 3 * (2 * 9 + 3 + 3 + 11 * 18)


def test_a_transposed_command_takes_what_the_turned_image_takes():
    """KWS: 25 x 5 pixels; strips of four rows of the image, six of them and one of a single row."""
    window = depthwise(25, 64)._replace(cols=5, missing_cols=0)
    transposed = Arrangement(paired=True, strip_cols=4, transposed=True)
    strips = 6 * (3 * 6 - 6 + 3 + 3 + 4 * 9) + (2 * 3 + 3 + 3 + 4 * 9)
    padded = window._replace(missing_cols=1)
    assert block_cycles(padded, transposed) == 4 * strips
    upright = Arrangement(paired=True, strip_cols=4)
    assert block_cycles(padded.turned(), upright) == 4 * strips
    assert bytes_read(padded, transposed, ARRAY) == bytes_read(padded.turned(), upright, ARRAY)
    assert weight_bytes(padded, transposed, ARRAY) == weight_bytes(padded, upright, ARRAY)
    assert block_cycles(window, transposed) == 4 * strips  # a third row, but it comes ahead


def test_tapwise_reads_each_tap_of_each_pixel():
    window = depthwise(5, 16)._replace(kernel=(4, 4), block_words=16, missing_rows=0)
    paired = Arrangement(paired=True, tapwise=True, strip_cols=3)
    assert block_cycles(window, paired) == 25 * 16
    reader = 9 + 10 * 16  # two strips a row
    assert DEFAULT.depthwise_slots == 4  # each takes 5 cycles until its next step
    single = window._replace(rows=1, cols=1)
    assert block_cycles(single, Arrangement(True, tapwise=True, strip_cols=1)) == 25
    assert block_cycles(single, Arrangement(False, tapwise=True, strip_cols=1)) == 2 * 20
    assert bytes_read(window, paired, ARRAY) == 25 * 16 * 16 + reader * 16


def test_fully_connected_layers_are_bound_by_the_bus():
    """At 4 rows an unpaired step takes 4 bytes, a paired one the bus's 8."""
    window, config = pointwise(1, 1, 640, 128), NpuConfig(rows=4, cols=8)
    assert command_cycles(window, SINGLE, array_of(config)) == COMMAND_CYCLES + 32 * 640
    assert command_cycles(window, PAIRED, array_of(config)) == COMMAND_CYCLES + 16 * 649
    assert weight_bytes(window, PAIRED, array_of(config)) == 16 * 649 * 8
    slow = NpuConfig(rows=4, cols=8, bus_bytes=4)
    assert command_cycles(window, PAIRED, array_of(slow)) == COMMAND_CYCLES + 16 * 649 * 2
    assert array_cycles(window, PAIRED, array_of(slow)) == COMMAND_CYCLES + 16 * 649


def test_a_replayed_block_leaves_little_room_for_the_next():
    """Three tiles of 265 pairs: 4,240 bytes of an 8 KiB ring, of whose bus 2 tiles are left."""
    window, config = pointwise(3, 3, 256, 256), NpuConfig(weight_buffer_bytes=8192, bus_bytes=4)
    block = 3 * 256 + 9
    late = (2 * 4240 - 8192) // 4
    assert late < 2 * block // 3
    assert command_cycles(window, PAIRED, array_of(config)) == COMMAND_CYCLES + 16 * 1060
    tight = dataclasses.replace(config, weight_buffer_bytes=1024)
    late = (2 * 4240 - 1024) // 4
    expected = COMMAND_CYCLES + 16 * (block - 2 * block // 3 + late)
    assert command_cycles(window, PAIRED, array_of(tight)) == expected


def test_a_streamed_block_takes_its_weights_again_for_each_tile():
    window = pointwise(4, 4, 100, 8)
    streamed = Arrangement(paired=False, stream=True)
    assert weight_bytes(window, SINGLE, ARRAY) == (9 + 100) * 8
    assert weight_bytes(window, streamed, ARRAY) == (9 + 2 * 100) * 8


def test_elementwise_commands():
    """A read a cycle between 23 cycles of beginning and end."""
    assert elementwise_cycles(26) == 23 + 26


def slot_cycles(command: Command, slot) -> tuple[int, int]:
    """(cycles, reads) of a slot: a read a group."""
    reads = len(groups(command, slot))
    return max(slot[0].count, reads), reads


def wait_for_refill(command: Command, config: NpuConfig, reads: int) -> int:
    """Cycles at a run's end, where the slots beside the one that is filled have few steps."""
    whole, rest = divmod(command["run_bytes"], config.port_bytes)
    if not whole:
        return 0
    beside = [rest or config.port_bytes] + [config.port_bytes] * (config.convolution_slots - 2)
    return max(5 + (reads - 1) - sum(beside), 0)


@pytest.mark.parametrize("config", [DEFAULT, NpuConfig(rows=3, cols=5, requantiser_lanes=2)])
def test_convolutions_as_their_loops(config):
    """Slot by slot, tile by tile, over the command's own loops."""
    rng = random.Random(config.rows)
    tried = 0
    while tried < 150:
        command, _ = random_window(rng, config)
        if command.opcode is not Opcode.CONV:
            continue
        tried += 1
        window, arrangement = geometry(command)
        halves = 1 + command["paired"]
        block_channels = halves * config.rows
        channels = [min(command["channels"] - h * config.rows, config.rows) for h in range(halves)]
        drain = sum(max(-(-count // config.requantiser_lanes), 1) for count in channels)
        all_tiles = tiles(command, config)
        all_slots = slots(command, config)
        assert len(all_slots) % len(all_tiles) == 0
        per_tile = len(all_slots) // len(all_tiles)
        expected = reads = 0
        turns = -(-command["run_bytes"] // config.port_bytes)
        for index, tile in enumerate(all_tiles):
            cost = [
                slot_cycles(command, slot)
                for slot in all_slots[index * per_tile : (index + 1) * per_tile]
            ]
            reads += sum(count for _, count in cost)
            if tile.block == 0:
                steps = sum(cycles for cycles, _ in cost)
                steps += sum(wait_for_refill(command, config, count) for _, count in cost[::turns])
                expected += max(steps, len(tile.pixels) * drain, 5)
        words = 9 + command["tiles"] * command["block_words"]
        reader = -(-words * halves * config.weight_word_bytes // config.weight_memory_bytes)
        blocks = -(-command["channels"] // block_channels)
        assert block_cycles(window, arrangement, config) == blocks * max(expected, reader)
        words_read = blocks * words * halves * config.weight_word_bytes
        activations_read = reads * config.port_bytes
        assert bytes_read(window, arrangement, array_of(config)) == activations_read + words_read
