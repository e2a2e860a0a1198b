"""Works of the mover: tile by tile their commands give what NumPy does, wherever parts lie."""

import random
from collections.abc import Sequence

import numpy as np
import pytest

from tests.hw.npu.moves import execute, pieces
from tests.mapper.moves.executor import carry_out
from tilewright.hw.spec.commands import MOVE_LOOPS, Command, Opcode
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.npu_config import NpuConfig
from tilewright.hw.spec.steps.moves import LOOPS
from tilewright.mapper.array.array import array_of
from tilewright.mapper.moves import copy
from tilewright.mapper.moves import operators as plan
from tilewright.mapper.moves.copy import Loop, Move
from tilewright.mapper.works.geometry import Operand, Place, Tile, Tiling
from tilewright.mapper.works.grid import GridWork
from tilewright.mapper.works.move import MoveWork, move_work
from tilewright.mapper.works.work import Work
from tilewright.sim.model.stream import Stream

CONFIG = NpuConfig()


def work_of(
    moves: Sequence[Sequence[Move]], inputs: Sequence[int], output: int
) -> MoveWork | GridWork:
    sources = [(Operand(f"x{n}"), size) for n, size in enumerate(inputs)]
    return move_work(sources, (Operand("y"), output), moves)


def turns_work(moves: Sequence[Sequence[Move]], inputs: Sequence[int], output: int) -> MoveWork:
    work = work_of(moves, inputs, output)
    assert isinstance(work, MoveWork)
    return work


def some_tiling(work: Work, rng: random.Random) -> Tiling:
    rows, cols, channels = work.extent
    return Tiling(rng.randint(1, rows), rng.randint(1, cols), channels)


def bytes_at(work: Work, position: int, tile: Tile) -> list[int]:
    """Where the bytes of a part lie in its tensor, in the order in which they come and go."""
    operand, part = (*work.inputs, work.output)[position], work.part(position, tile)
    start, pixel, row = operand.place(work.image(position))
    return [
        start + r * row + c * pixel + channel
        for r in range(part.region.top, part.region.bottom)
        for c in range(part.region.left, part.region.right)
        for channel in range(part.first_channel, part.first_channel + part.channels)
    ]


def dense(work: Work, position: int, tile: Tile, address: int) -> Place:
    _, cols, channels = work.part(position, tile).shape
    return Place(address, channels, cols * channels)


def run(work: Work, inputs: Sequence[np.ndarray], size: int, rng: random.Random) -> bytes:
    """The output: each tile's parts are copied to places of their own, as staging areas are."""
    output = bytearray(size)
    tiling = some_tiling(work, rng)
    areas = work.staging_bytes(tiling, (True,) * (len(inputs) + 1))
    cycles = 0
    for tile in work.tiles(tiling):
        scratchpad, places = bytearray(rng.randbytes(rng.randint(0, 20))), []
        for position, x in enumerate(inputs):
            places.append(dense(work, position, tile, len(scratchpad)))
            taken = bytes_at(work, position, tile)
            end = work.arrived_bytes(position, tile)
            assert end is None or end == max(taken) + 1
            assert len(taken) <= areas[position]
            scratchpad += bytes(x.tobytes()[place] for place in taken)
        start, given = len(scratchpad), bytes_at(work, len(inputs), tile)
        assert len(given) <= areas[-1]
        scratchpad += bytes(len(given))
        target = dense(work, len(inputs), tile, start)
        for emitted in work.emit(tile, places, target, array_of(CONFIG)):
            assert emitted.command.opcode is Opcode.MOVE
            emitted.command.encode()
            assert all(0 <= a < b <= start for a, b in emitted.reads)
            assert all(start <= a < b <= start + len(given) for a, b in emitted.writes)
            execute(emitted.command, scratchpad)
            cycles += max(len(pieces(emitted.command, CONFIG.port_bytes)) + 6, 18)
        for place, value in zip(given, scratchpad[start:], strict=True):
            output[place] = value
    if isinstance(work, MoveWork):
        assert work.price(tiling, array_of(CONFIG)) == (cycles, 0)
    return bytes(output)


def planned(rng: random.Random) -> tuple[list[Move], tuple[int, ...], tuple[int, ...]]:
    """Moves of a random operator, its input's and its output's shape."""
    shape = tuple(rng.randint(1, 7) for _ in range(4))
    kind = rng.randrange(6)
    if kind == 0:
        order = rng.sample(range(4), 4)
        return plan.transpose(shape, order, 1), shape, tuple(shape[axis] for axis in order)
    if kind == 1:
        pads = [(rng.randint(0, 2), rng.randint(0, 2)) for _ in shape]
        padded = tuple(n + sum(pad) for n, pad in zip(shape, pads, strict=True))
        return plan.pad(shape, pads, rng.randbytes(1)), shape, padded
    if kind == 2:
        rows, cols = ([i // factor for i in range(n * factor)] for n, factor in
                      zip(shape[1:3], (rng.randint(1, 3), 2), strict=True))  # fmt: skip
        resized = (shape[0], len(rows), len(cols), shape[3])
        return plan.resize_nearest(shape, rows, cols, 1), shape, resized
    if kind == 3:
        deep = (*shape[:3], 4 * shape[3])
        wide = (shape[0], 2 * shape[1], 2 * shape[2], shape[3])
        return plan.depth_to_space(deep, 2, 1), deep, wide
    if kind == 4:
        axes = [axis for axis in range(4) if rng.random() < 0.5]
        return plan.reverse(shape, axes, 1), shape, shape
    multiples = [rng.randint(1, 2) for _ in shape]
    tiled = tuple(n * count for n, count in zip(shape, multiples, strict=True))
    return plan.tile(shape, multiples, 1), shape, tiled


@pytest.mark.parametrize("seed", range(200))
def test_tiles_of_one_input(seed: int) -> None:
    rng = random.Random(seed)
    moves, shape, result = planned(rng)
    x = np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)
    work = work_of([moves], [x.size], int(np.prod(result)))
    assert run(work, [x], int(np.prod(result)), rng) == carry_out(moves, x, result).tobytes()


@pytest.mark.parametrize("seed", range(40))
def test_tiles_of_several_inputs(seed: int) -> None:
    rng, arrays = random.Random(seed), np.random.default_rng(seed)
    shape, axis = [rng.randint(1, 6) for _ in range(4)], rng.randrange(4)
    shapes = [[*shape[:axis], rng.randint(1, 5), *shape[axis + 1 :]] for _ in range(3)]
    parts = [arrays.integers(-128, 128, s).astype(np.int8) for s in shapes]
    joined = np.concatenate(parts, axis)
    moves, at = [], 0
    for s in shapes:
        moves.append(plan.place(s, joined.shape, [at if n == axis else 0 for n in range(4)], 1))
        at += s[axis]
    work = work_of(moves, [x.size for x in parts], joined.size)
    assert run(work, parts, joined.size, rng) == joined.tobytes()


def test_turns_are_what_input_and_output_share() -> None:
    """Rows of a resize, pixels of padded channels, batches and rows of blocks; none if H moves."""
    shape = (1, 6, 5, 4)
    double = [i // 2 for i in range(12)]
    resize = turns_work([plan.resize_nearest(shape, double, double[:10], 1)], [120], 480)
    assert (resize.turns, resize.input_bytes, resize.output_bytes) == (6, (20,), 80)
    pad = turns_work([plan.pad(shape, [(0, 0)] * 3 + [(0, 3)], b"\t")], [120], 210)
    assert (pad.turns, pad.input_bytes, pad.output_bytes) == (30, (4,), 7)
    blocks = turns_work([plan.depth_to_space(shape, 2, 1)], [120], 120)
    assert (blocks.turns, blocks.output_bytes) == (6, 20)
    mirrored = turns_work([plan.reverse(shape, [1], 1)], [120], 120)
    assert (mirrored.turns, mirrored.output_bytes) == (1, 120)


@pytest.mark.parametrize("seed", range(200))
def test_what_shares_no_turns_is_divided_along_two_loops(seed: int) -> None:
    """Rows and columns exchanged around pixels of some bytes; part of a tensor."""
    rng = random.Random(seed)
    shape = [rng.randint(2, 9) for _ in range(3)]
    x = np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)
    if seed % 2:
        begins = [rng.randint(0, n - 1) for n in shape]
        sizes = [rng.randint(1, n - begin) for n, begin in zip(shape, begins, strict=True)]
        moves = plan.strided_slice(shape, begins, (1, 1, 1), sizes, 1)
        cut = (slice(b, b + n) for b, n in zip(begins, sizes, strict=True))
        wanted = x[tuple(cut)]
    else:
        moves, wanted = plan.transpose(shape, (1, 0, 2), 1), x.transpose(1, 0, 2)
    work = work_of([moves], [x.size], wanted.size)
    if seed % 2 == 0:
        assert isinstance(work, GridWork)
        assert work.extent == (shape[0], shape[1], 1)
        assert work.objection(NpuConfig(scratchpad_bytes=4096)) is None
    assert run(work, [x], wanted.size, rng) == wanted.tobytes()


def test_a_transposition_comes_and_goes_in_rectangles() -> None:
    """Half the rows of 40 x 30 bytes are one stretch; where they go, 30 runs of 20 bytes."""
    (move,) = plan.transpose((40, 30), (1, 0), 1)
    work = work_of([[move]], [1200], 1200)
    half = Tiling(20, 30, 1) if work.extent[0] == 40 else Tiling(30, 20, 1)
    tile = list(work.tiles(half))[1]
    assert work.part(0, tile).shape == (20, 30, 1)
    assert work.part(1, tile).shape == (30, 20, 1)
    assert bytes_at(work, 0, tile) == list(range(600, 1200))
    assert bytes_at(work, 1, tile)[:21] == [*range(20, 40), 60]
    places = [dense(work, 0, tile, 0)], dense(work, 1, tile, 600)
    (command,) = (emitted.command for emitted in work.emit(tile, *places, array_of(CONFIG)))
    assert command["run_bytes"] == 1
    assert work.moved_bytes(half, (True, False)) == 1200
    assert work.moved_bytes(half, (False, True)) == 1200 + 2 * 30 * 8


def test_a_tile_is_as_few_loops_as_the_whole() -> None:
    """Pixels that were divided into turns are one loop of the command again."""
    work = turns_work([plan.pad((1, 6, 5, 4), [(0, 0)] * 3 + [(0, 3)], b"\t")], [120], 210)
    (tile,) = work.tiles(Tiling(30, 1, 7))
    emitted = work.emit(tile, [Place(0, 4, 4)], Place(200, 7, 7), array_of(CONFIG))
    for command in (e.command for e in emitted):
        assert command["extent_0"] == 30
        assert all(command[f"extent_{loop}"] == 1 for loop in range(1, MOVE_LOOPS))


@pytest.mark.parametrize(
    ("turns", "count", "words"),
    [
        (1, 1, "40000 bytes of its tensors cannot be divided"),
        (2, 300, "it takes 300 moves, the"),
    ],
)
def test_what_it_cannot_do(turns: int, count: int, words: str) -> None:
    size = 20_000 if count == 1 else 600
    run = size // count // turns
    if count == 1:
        moves = plan.reverse((size,), [0], 1)
    else:
        around = Loop(turns, size // 2, size // 2)
        moves = [
            Move(input=n * run, output=n * run, run=run, loops=(around,)) for n in range(count)
        ]
    work = work_of([moves], [size], size)
    assert work.objection(NpuConfig(scratchpad_bytes=40_960)) is None or count > 1
    assert words in (work.objection(NpuConfig(scratchpad_bytes=16_384)) or "")


def test_the_planner_counts_as_many_loops_as_command_and_step() -> None:
    assert copy.MOVE_LOOPS == MOVE_LOOPS == LOOPS


@pytest.mark.parametrize("seed", range(30))
def test_the_price_is_what_the_model_says(seed: int) -> None:
    """Which equals the chip's cycles; several commands a tile, long ones and short ones."""
    rng, config = random.Random(seed), make_config({})
    moves, shape, result = planned(rng)
    size, array = int(np.prod(shape)), array_of(config.npu)
    work = work_of([moves], [size], int(np.prod(result)))
    tiling = some_tiling(work, rng)
    stream = [Command(Opcode.MARK, {"layer": 0})]
    for tile in work.tiles(tiling):
        places = [dense(work, 0, tile, 0)], dense(work, 1, tile, 32768)
        stream += [emitted.command for emitted in work.emit(tile, *places, array)]
    stream += [Command(Opcode.MARK, {"layer": 1}), Command(Opcode.END, {})]
    first, last = Stream(stream, config.npu).replay(config).times()
    price, _ = work.price(tiling, array)
    assert abs(last - first - price) <= 0.02 * price + 25
