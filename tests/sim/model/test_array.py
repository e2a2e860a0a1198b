"""Commands on the array, against cycles worked out by hand from the hardware's latencies."""

from dataclasses import replace

import pytest

from sim.model.geometry import Geometry, convolution_tiles
from sim.model.loops import array_time, limited_time

POINTWISE = Geometry(
    window=False,
    tapwise=False,
    paired=False,
    stream=False,
    maximum=False,
    blocks=1,
    tiles=2,
    units=16,
    slots=4,
    kernel_rows=1,
    kernel_cols=0,
    runs=(16,),
    rows=2,
    pixels=16,
    tile_pixels=8,
    width=8,
    group=1,
    stride_rows=1,
    double=False,
    pad_top=0,
    input_rows=2,
    beats=1,
    final_beats=1,
    half_empty=False,
    lanes=2,
)
"""16 input channels, 8 outputs, 16 pixels on 8x8: two tiles of a slot of eight reads."""


def test_a_pointwise_tile():
    """Reads in cycles 3 to 10, steps from 13 to 28 and from 29 to 44; then the drain."""
    time = array_time(POINTWISE)
    assert time.steps == 32
    assert time.waits == (11, 0, 0, 0)  # cycles 2 to 12
    assert time.tile_ends == (28, 44)
    assert time.slot_ends == (10, 18)
    # Eight beats from cycle 49 to 56, the last result nine later, a margin of three.
    assert time.completed == 56 + 9 + 3


def test_one_read_for_all_pixels_leaves_the_weights_to_wait_for():
    """The read's slot is there in cycle 6, the first word in cycle 9: five lines of parameters
    from cycle 1 on, the word's line behind them, three cycles to the array."""
    time = array_time(replace(POINTWISE, group=8))
    assert time.waits == (4, 0, 3, 0)
    assert time.tile_ends == (24, 40)


def test_a_long_drain_holds_the_next_tile_up():
    """24 cycles from tile to tile, eight more than its steps."""
    time = array_time(replace(POINTWISE, beats=3, final_beats=3))
    assert time.tile_ends == (28, 52)
    assert time.waits.drain == 8
    assert time.completed == 52 + 4 + 24 + 9 + 3


def test_a_slot_is_read_when_it_is_free():
    """Two slots and 16 reads for 4 steps: the reads take all the time."""
    short = replace(POINTWISE, runs=(4,), units=4, tile_pixels=16, tiles=4, pixels=64, slots=2)
    time = array_time(short)
    assert time.slot_ends == (18, 34, 50, 66)
    assert time.tile_ends == (24, 40, 56, 72)


def test_words_that_arrive_late_are_waited_for():
    """Every second cycle a line of two words from cycle 100 on: three cycles behind the last."""

    class Ring:
        freed, lines = 0, 64

        def available(self, line):
            return 100 + 2 * line

        def free(self, section):
            assert section.freed >= self.freed
            self.freed = section.freed

        def serves_block(self, block):
            return False

    ring = Ring()
    time = limited_time(POINTWISE, ring)
    # 25 words: 13 lines, the last one in cycle 124, its only word in cycle 127.
    assert time.tile_ends == (127, 143)
    assert time.lines == ring.freed == 13
    assert time.waits.parameters + time.waits.weights == 127 - 13 - 15
    assert sum(time.waits) + time.steps == 143 - 1


WINDOW = replace(
    POINTWISE,
    window=True,
    runs=(),
    kernel_rows=3,
    kernel_cols=3,
    rows=6,
    pixels=8,
    tile_pixels=8,
    tiles=6,
    units=9,
    pad_top=1,
    input_rows=6,
)
"""A depthwise 3x3 on 6 rows of 8 pixels, rows above and below them missing: ten columns a row."""


def test_a_depthwise_window():
    """Rows of 2, 10 and 10 reads, the third one's slot in cycle 27: the third kernel row of three
    steps then. The fourth slot is read meanwhile; the fifth when the first tile ends."""
    time = array_time(WINDOW)
    assert time.slot_ends[:4] == (4, 14, 24, 34)
    assert time.tile_ends[0] == 27 + 2
    assert time.tile_ends[1] == 37 + 2
    assert time.slot_ends[4] == 44  # behind the fourth, not held up
    assert time.slot_ends[-1] - time.slot_ends[-2] <= 10


@pytest.mark.parametrize(
    "change",
    [
        {"tiles": 40, "pixels": 320, "rows": 40, "input_rows": 40},
        {"tiles": 40, "pixels": 320, "rows": 64, "width": 5, "group": 4},
        {"tiles": 40, "pixels": 320, "beats": 3, "final_beats": 2, "blocks": 9},
        {"tiles": 3, "pixels": 20, "blocks": 17, "units": 48, "runs": (16, 16, 16)},
        {"tiles": 3, "pixels": 20, "blocks": 17, "paired": True, "tile_pixels": 8, "lanes": 2},
        {"tiles": 1, "pixels": 1, "blocks": 30, "units": 5, "runs": (5,)},
    ],
)
def test_what_repeats_is_counted_as_if_it_were_walked(change, monkeypatch):
    """Against a ring that has all weights at once, with which no block is passed over."""

    class Full:
        lines = 64

        def available(self, line):
            return 0

        def free(self, section):
            pass

        def serves_block(self, block):
            return False

    geometry = replace(POINTWISE, **change)
    skipped = array_time(geometry)
    monkeypatch.setattr("sim.model.loops._Repeats.skip", lambda self, left: 0)
    walked = limited_time(geometry, Full())
    assert skipped.tile_ends == walked.tile_ends
    assert skipped.slot_ends == walked.slot_ends
    assert sum(skipped.waits) == sum(walked.waits)
    assert (skipped.completed, skipped.lines) == (walked.completed, walked.lines)


def test_reads_of_a_tile_end_with_rows_and_tiles():
    """Rows of five pixels in tiles of four, shared by up to three."""
    assert convolution_tiles(10, 4, 5, 3) == ((4, 2), (4, 2), (2, 1))
