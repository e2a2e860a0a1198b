"""Command streams on the accelerator, against cycles worked out by hand from its registers."""

import pytest

from tests.hw.npu.moves import move_command
from tilewright.hw.spec.commands import BODY, Command, Opcode, Operation
from tilewright.hw.spec.config import Config, make_config
from tilewright.hw.spec.profile import CAUSES, EVENTS, RECORD
from tilewright.sim.model.stream import Left, Stream

WIDE = {"bus_bytes": 32, "port_bytes": 32, "weight_buffer_bytes": 65536}
"""Eight words a beat: commands are read ahead in the first eight cycles."""

FIRST_WORD = 8 + 5
"""The first request in cycle 1, its answer ten cycles later, two registers to the decoder."""


def command(opcode: Opcode, wait: int = 0, **values: int) -> Command:
    return Command(opcode, {field.name: values.get(field.name, 0) for field in BODY[opcode]}, wait)


def dense(size: int, **values: int) -> Command:
    """An addition of so many bytes."""
    extents = {"run_bytes": size, "output_cols": 1, "output_rows": 1}
    return command(Opcode.ELEMENTWISE, **extents, **values)


MARK, END = command(Opcode.MARK), command(Opcode.END)


def replayed(commands: list[Command], config: Config, before: Left | None = None):
    return Stream(commands, config.npu).replay(config, before)


def between_marks(compute: Command, config: Config, weights: int = 0):
    """(cycles, causes, events) of a command before which its weights have all arrived."""
    lines = -(-weights // config.npu.weight_memory_bytes) * config.npu.weight_memory_bytes
    stream = [
        command(Opcode.WEIGHTS, memory_address=0x4000_0000, bytes=lines),
        dense(8000),
        MARK,
        compute,
        MARK,
        END,
    ]
    first, second = replayed(stream, config).records.tolist()
    change = dict(zip(RECORD, (b - a for a, b in zip(first, second, strict=True)), strict=False))
    causes = {name: change[f"cycles_{name}"] for name, _ in CAUSES if change[f"cycles_{name}"]}
    events = {name: change[f"events_{name}"] for name, _ in EVENTS if change[f"events_{name}"]}
    return change["time"], causes, events


POINTWISE = {
    "input_rows": 2,
    "input_row_bytes": 128,
    "input_row_pitch": 128,
    "x_step": 16,
    "row_step": 128,
    "stride_rows": 1,
    "kernel_rows": 1,
    "output_address": 4096,
    "output_pixel_pitch": 8,
    "output_row_pitch": 64,
    "output_cols": 8,
    "output_rows": 2,
    "channels": 8,
    "blocks": 1,
    "block_words": 16,
    "tiles": 2,
    "group": 1,
    "run_bytes": 16,
    "pixels": 16,
    "kernel_cols": 1,
    "runs": 1,
    "dilation_rows": 1,
}
"""16 input channels, 8 outputs, 2 x 8 pixels on 8x8: two tiles of a slot of eight reads."""

WEIGHT_WORDS = 9 + 16
BESIDES = 5
"""Cycles for "command": of the first MARK, of taking, starting and beginning the command, and of
taking the second MARK."""


def pointwise(**change: int) -> Command:
    return command(Opcode.CONV, **{**POINTWISE, **change})


def test_a_pointwise_convolution():
    """Reads in cycles 3 to 10, steps from 13 to 28 and from 29 to 44. Then eight beats from cycle
    49 to 56, the last result nine later, a margin of three."""
    cycles, causes, events = between_marks(pointwise(), make_config({}), 8 * WEIGHT_WORDS)
    completed = 56 + 9 + 3
    assert causes == {"command": BESIDES, "activations": 11, "busy": 32, "drain": completed - 44}
    assert cycles == sum(causes.values())
    assert events["mac"] == 16 * 16 * 8
    assert events["scratchpad_read_words"] == 16
    assert events["scratchpad_write_words"] == 16
    assert events["weight_buffer_read_words"] == 9 + 2 * 16
    assert events["requantise"] == 16 * 8


def test_one_read_for_all_pixels_leaves_the_weights_to_wait_for():
    """The read's slot is there in cycle 6, the first word in cycle 9: five lines of parameters
    from cycle 1 on, the word's line behind them, three cycles to the array."""
    _, causes, events = between_marks(pointwise(group=8), make_config({}), 8 * WEIGHT_WORDS)
    assert (causes["activations"], causes["parameters"], causes["busy"]) == (4, 3, 32)
    assert events["scratchpad_read_words"] == 2


def test_a_long_drain_holds_the_next_tile_up():
    """Three lanes take a pixel's eight channels in three cycles, 24 a tile: eight more than its
    steps, and 24 behind the last one."""
    config = make_config({"requantiser_lanes": 3})
    cycles, causes, _ = between_marks(pointwise(), config, 8 * WEIGHT_WORDS)
    behind = 4 + 24 + 9 + 3
    assert causes["drain"] == 8 + behind
    assert cycles == BESIDES + 11 + 32 + 8 + behind


def test_parameters_alone_are_waited_for_at_the_end_of_a_tile():
    """One step: the slot of one read is there in cycle 6, the word in cycle 9; the ninth
    parameter, the first of which comes in cycle 4, in cycle 12: it counts from cycle 13 on."""
    one = pointwise(pixels=1, output_rows=1, output_cols=1, tiles=1, run_bytes=1, block_words=1)
    _, causes, _ = between_marks(one, make_config({}), 8 * 10)
    assert causes["activations"] == 6 - 2
    assert causes["parameters"] == 13 - 6
    assert causes["busy"] == 1


DEPTHWISE = {
    "input_rows": 2,
    "input_row_bytes": 64,
    "input_row_pitch": 64,
    "pad_top": 1,
    "x_start": -8,
    "x_step": 8,
    "stride_rows": 1,
    "stride_cols": 1,
    "kernel_rows": 3,
    "kernel_cols": 3,
    "dilation_rows": 1,
    "multiplier": 1,
    "block_step": 8,
    "output_pixel_pitch": 8,
    "output_row_pitch": 64,
    "output_cols": 8,
    "output_rows": 1,
    "channels": 8,
    "blocks": 1,
    "block_words": 9,
    "tiles": 1,
    "pixel_bytes": 8,
    "strip_cols": 8,
}
"""3x3 over two rows of 8 pixels, with padding above and beside them: ten columns a row."""


def test_a_depthwise_window():
    """Reads of the missing row in cycles 3 and 4, of the others in 5 to 14 and 15 to 24. Steps:
    9 to 11 when the weights are there, 17 to 19, 27 to 29."""
    cycles, causes, events = between_marks(
        command(Opcode.DEPTHWISE, **DEPTHWISE), make_config({}), 8 * 18
    )
    completed = 29 + 4 + 8 + 9 + 3
    assert causes["busy"] == 9
    assert causes["activations"] == (7 - 2) + 5 + 7
    assert causes["parameters"] == 9 - 7
    assert cycles == completed + 4
    assert events["scratchpad_read_words"] == 20
    assert events["mac"] == 9 * 8 * 8


def test_taps_read_one_by_one():
    """Eight reads a tap, two of a missing row's; a step as soon as one is there: the last read in
    cycle 2 + 3 * 2 + 6 * 8 = 56, its step three later."""
    cycles, causes, events = between_marks(
        command(Opcode.DEPTHWISE, **{**DEPTHWISE, "tapwise": 1}), make_config({}), 8 * 18
    )
    assert causes["busy"] == 9
    assert cycles == 56 + 3 + 4 + 8 + 9 + 3 + 4
    assert events["scratchpad_read_words"] == 6 * 8


@pytest.mark.parametrize("size", [80, 100, 1000])
def test_an_addition(size):
    """Two reads a word, eight cycles to the sum, nine to the result, a margin of three."""
    cycles, causes, _ = between_marks(dense(size), make_config({}))
    reads = 2 * -(-size // 8)
    assert causes == {"command": 4, "busy": reads, "drain": 8 + 9 + 3}
    assert cycles == sum(causes.values())


@pytest.mark.parametrize(
    ("run", "fill", "accesses"), [(1, 0, 1), (16, 0, 1), (17, 0, 2), (70, 1, 5)]
)
def test_a_move(run, fill, accesses):
    """An access a cycle for 3 x 2 x 5 runs, two cycles from the last read to its write, a margin of
    two."""
    loops = [(3, -run, 100), (2, 0, 300), (1, 0, 0), (5, 1, 600), (1, 0, 0)]
    move = Command(Opcode.MOVE, {**move_command(0, 0, run, loops).values, "fill": fill})
    cycles, causes, events = between_marks(move, make_config({}))
    assert causes == {"command": 4, "busy": 30 * accesses, "drain": 2 + 2}
    assert cycles == sum(causes.values())
    reads = {} if fill else {"scratchpad_read_words": 30 * accesses}
    # Those of the ADD in front stand before the first MARK.
    assert {name: events[name] for name in events if "scratchpad" in name} == reads | {
        "scratchpad_write_words": 30 * accesses
    }


@pytest.mark.parametrize("units", [1, 2, 20])
def test_cells_of_an_lstm(units):
    """Nine reads a unit; the last unit's hidden state is written 35 cycles behind its first read,
    27 behind the last one; a margin of two."""
    cycles, causes, events = between_marks(command(Opcode.LSTM, units=units), make_config({}))
    assert causes == {"command": 4, "busy": 9 * units, "drain": 27 + 2}
    assert cycles == sum(causes.values())
    assert events["scratchpad_read_words"] == 9 * units
    assert events["scratchpad_write_words"] == 3 * units
    assert (events["requantise"], events["elementwise"], events["table"]) == (
        *(units, 3 * units),
        5 * units,
    )


def test_weights_that_stay_are_read_again():
    """The second of two equal commands waits for no WEIGHTS, and takes as long as alone."""
    lines = -(-8 * WEIGHT_WORDS // 16) * 16
    kept = [
        command(Opcode.WEIGHTS, memory_address=0x4000_0000, bytes=lines),
        *[dense(8000), pointwise(tiles=1, pixels=8, output_rows=1, keep=1), MARK],
        *[pointwise(tiles=1, pixels=8, output_rows=1), MARK, END],
    ]
    first, second = replayed(kept, make_config({})).times()
    single = pointwise(tiles=1, pixels=8, output_rows=1)
    assert second - first == between_marks(single, make_config({}), 8 * WEIGHT_WORDS)[0]


ALONE = int(Operation.B_ALONE)


@pytest.mark.parametrize(
    ("fields", "reads", "words", "scaled"),
    [
        ({}, 3 * 7 * 2 * 3, 3 * 7 * 3, 2 * 3 * 7 * 20),
        ({"a_repeat": 1}, 3 * 7 * (1 + 3), 3 * 7 * 3, 3 * 7 * (8 + 20)),
        ({"a_repeat": 1, "operation": ALONE}, 3 * 7 * 3, 3 * 7 * 3, 3 * 7 * 20),
    ],
)
@pytest.mark.parametrize("table", [0, 2])
def test_pixels_of_an_elementwise_command(fields, reads, words, scaled, table):
    """Three rows of seven pixels of 20 bytes, three groups of up to eight each: two reads a group,
    or one and one more a pixel, or one. A table's two cycles come once."""
    extents = {"output_rows": 3, "output_cols": 7, "run_bytes": 20, "table": table, **fields}
    compute = command(Opcode.ELEMENTWISE, **extents)
    cycles, causes, events = between_marks(compute, make_config({}))
    late = 2 if table else 0
    assert causes == {"command": 4, "busy": reads, "drain": 8 + 9 + 3 + late}
    assert cycles == sum(causes.values())
    assert events["scratchpad_read_words"] == reads
    assert events["scratchpad_write_words"] == words
    assert events["requantise"] == 3 * 7 * 20
    assert events["elementwise"] == scaled
    assert events.get("table", 0) == (3 * 7 * 20 if table else 0)


def test_a_table_takes_a_word_a_cycle():
    """64 reads; two cycles behind the last one it is written, four more to the end."""
    cycles, causes, events = between_marks(command(Opcode.TABLE, words=64), make_config({}))
    assert causes == {"command": 4, "busy": 64, "drain": 2 + 4}
    assert cycles == sum(causes.values())
    assert (events["scratchpad_read_words"], events["table"]) == (64, 64 * 8)


@pytest.mark.parametrize(("rows", "size"), [(1, 2), (8, 16), (19, 3), (2, 1001)])
def test_softmax(rows, size):
    """A batch of eight rows waits three cycles, and then three more, until the first of seven
    products of eight rows; its third pass begins three cycles before the last one's end, and as
    many later as there are rows missing. Five cycles to the requantiser, nine to the result."""
    compute = command(Opcode.SOFTMAX, rows=rows, row_bytes=size)
    cycles, causes, events = between_marks(compute, make_config({}))
    groups = -(-size // 8)
    batches = [8] * (rows // 8) + ([rows % 8] if rows % 8 else [])
    busy = sum(3 * n * groups + 3 + 3 + 56 - 3 + 8 - n for n in batches)
    assert causes == {"command": 4, "busy": busy, "drain": 5 + 9 + 3}
    assert cycles == sum(causes.values())
    assert events["scratchpad_read_words"] == 3 * rows * groups
    assert events["scratchpad_write_words"] == rows * groups
    assert events["requantise"] == rows * size + 7 * rows
    assert events["table"] == 2 * rows * size


def test_results_of_a_convolution_spend_two_cycles_in_their_table():
    plain, _, _ = between_marks(pointwise(), make_config({}), 8 * WEIGHT_WORDS)
    through, _, events = between_marks(pointwise(table=1), make_config({}), 8 * WEIGHT_WORDS)
    assert through == plain + 2
    assert events["table"] == events["requantise"] == 16 * 8


def transfer(opcode: Opcode, beats: int) -> Command:
    return command(opcode, memory_address=0x4000_0000, row_bytes=32 * beats, rows=1)


@pytest.mark.parametrize("beats", [1, 10, 100])
def test_a_load(beats):
    """Seven words; six cycles to its first request; a beat a cycle; ten cycles to the answer, three
    to the scratchpad, two until it counts; the MARK starts a cycle later."""
    result = replayed([transfer(Opcode.LOAD, beats), Command(Opcode.MARK, MARK.values, 1), END],
                      make_config(WIDE))  # fmt: skip
    dispatched = FIRST_WORD + 7
    assert result.times() == [dispatched + 6 + beats - 1 + 10 + 3 + 2 + 1]
    record = dict(zip(RECORD, result.records[0].tolist(), strict=False))
    assert record["events_memory_read_beats"] == 8 + beats
    assert record["events_scratchpad_write_words"] == beats
    assert record["cycles_transfer"] > beats


@pytest.mark.parametrize("beats", [1, 10, 100])
def test_a_store(beats):
    """Nine cycles to its first request: read, bank, data, FIFOs."""
    result = replayed([transfer(Opcode.STORE, beats), Command(Opcode.MARK, MARK.values, 1), END],
                      make_config(WIDE))  # fmt: skip
    assert result.times() == [FIRST_WORD + 7 + 9 + beats - 1 + 10 + 3 + 2 + 1]
    record = dict(zip(RECORD, result.records[0].tolist(), strict=False))
    assert record["events_memory_write_beats"] == beats
    assert record["events_scratchpad_read_words"] == beats


def test_transfers_get_three_turns_of_four_beside_weights():
    """WEIGHTS has three words and asks two cycles after it was dispatched: twelve beats, and eight
    of commands, before the LOAD asks, so that the next turn is the first client's."""
    stream = [
        command(Opcode.WEIGHTS, memory_address=0x4000_0000, bytes=32 * 1000),
        transfer(Opcode.LOAD, 30),
        Command(Opcode.MARK, MARK.values, 1),
        END,
    ]
    result = replayed(stream, make_config(WIDE))
    weights_ask = FIRST_WORD + 3 + 2
    load_asks = FIRST_WORD + 3 + 1 + 7 + 6
    assert (8 + load_asks - weights_ask) % 4 == 0
    last = load_asks + 29 + 29 // 3
    assert result.times() == [last + 10 + 3 + 2 + 1]


def test_a_store_waits_for_banks_that_are_read():
    """The second addition reads banks 0 and 1 in turns in cycles 3 to 10 behind the first one's
    end, the STORE from cycle 5 on: its four words of bank 0 in cycles 6, 8, 10 and 11, of bank 2 at
    once."""

    def stored(address: int) -> int:
        stream = [
            dense(2000, output_address=4096),
            dense(8 * 4, b_address=32, output_address=4096),
            command(Opcode.STORE, 1, memory_address=0x4000_0000, scratchpad_address=address,
                    row_bytes=32, rows=4, memory_pitch=32, scratchpad_pitch=128),
            Command(Opcode.MARK, MARK.values, 1),
            END,
        ]  # fmt: skip
        config = make_config({**WIDE, "memory_latency": 40})
        return replayed(stream, config).times()[0]

    assert stored(0) == stored(64) + 3


def test_a_command_that_starts_late_has_written_nothing_yet():
    """A fill waits for the first LOAD while the second one writes bank 0 in every cycle: it holds
    that one up by the cycle of its own write, and by none in which it has only been taken."""

    def loaded(address: int) -> int:
        rows = {"row_bytes": 32, "memory_pitch": 32, "scratchpad_pitch": 128}
        fill = move_command(0, address, 1, [(1, 0, 0)] * 5)
        stream = [
            dense(8000),
            MARK,
            command(Opcode.LOAD, 2, memory_address=0x4000_0000, rows=50, **rows),
            command(Opcode.LOAD, 2, memory_address=0x4000_0000, rows=90, **rows),
            Command(Opcode.MOVE, {**fill.values, "fill": 1}, 1),
            Command(Opcode.MARK, MARK.values, 2),
            END,
        ]
        return replayed(stream, make_config(WIDE)).times()[-1]

    assert loaded(0) == loaded(64) + 1


def test_what_was_read_ahead_holds_the_next_stream_up_by_a_cycle():
    """Seven beats of eight, which the fetch learns a cycle late to have been dropped."""
    config = make_config(WIDE)
    stream = [transfer(Opcode.LOAD, 10), Command(Opcode.MARK, MARK.values, 1), END]
    first = replayed(stream, config)
    assert first.left.read_ahead == 7
    assert replayed(stream, config, first.left).times()[0] == first.times()[0] + 1


def test_the_cpu_asks_beside_the_first_commands():
    """Two beats of a line are left: the second and third request wait."""
    config = make_config({"bus_bytes": 4})
    stream = [MARK, END]
    beside = Stream(stream, config.npu).replay(config, cpu_requests=2)
    assert beside.times()[0] == replayed(stream, config).times()[0] + 1


def test_a_stream_ends_when_all_is_quiet():
    """The record's 24 words are three beats; the last one's answer comes ten cycles later."""
    result = replayed([MARK, END], make_config(WIDE))
    assert result.times() == [FIRST_WORD + 2 + 2]
    (mark,) = result.times()
    last_request = mark + 2 + 3 * 8 + 2
    assert result.done == last_request + 10 + 2
