"""Works of the mover: tile by tile their commands give what NumPy does, wherever parts lie."""

import random
from collections.abc import Sequence

import numpy as np
import pytest

from hw.spec.commands import MOVE_LOOPS, Command, Opcode
from hw.spec.config import make_config
from hw.spec.npu_config import NpuConfig
from hw.spec.steps.moves import LOOPS
from mapper.array.array import array_of
from mapper.moves import copy
from mapper.moves import operators as plan
from mapper.moves.copy import Loop, Move
from mapper.works.geometry import Operand, Place, Tiling
from mapper.works.move import MoveWork, move_work
from sim.model.stream import Stream
from tests.hw.npu.moves import execute, pieces
from tests.mapper.moves.executor import carry_out

CONFIG = NpuConfig()


def work_of(moves: Sequence[Sequence[Move]], inputs: Sequence[int], output: int) -> MoveWork:
    sources = [(Operand(f"x{n}"), size) for n, size in enumerate(inputs)]
    return move_work(sources, (Operand("y"), output), moves)


def run(work: MoveWork, inputs: Sequence[np.ndarray], rng: random.Random) -> bytes:
    """The output: each tile's parts are copied to places of their own, as staging areas are."""
    output = bytearray(work.turns * work.output_bytes)
    tiling = Tiling(rng.randint(1, work.turns), 1, work.output_bytes)
    cycles = 0
    for tile in work.tiles(tiling):
        scratchpad, places = bytearray(rng.randbytes(rng.randint(0, 20))), []
        for position, x in enumerate(inputs):
            size = work.input_bytes[position]
            places.append(Place(len(scratchpad), size, size))
            first, end = tile.region.top * size, tile.region.bottom * size
            part = x.tobytes()[first:end]
            assert work.arrived_bytes(position, tile) == end
            assert work.part(position, tile).shape == (tile.region.rows, 1, size)
            scratchpad += part
        start, size = len(scratchpad), tile.region.rows * work.output_bytes
        scratchpad += bytes(size)
        target = Place(start, work.output_bytes, work.output_bytes)
        for emitted in work.emit(tile, places, target, array_of(CONFIG)):
            assert emitted.command.opcode is Opcode.MOVE
            emitted.command.encode()
            assert all(0 <= a < b <= start for a, b in emitted.reads)
            assert all(start <= a < b <= start + size for a, b in emitted.writes)
            execute(emitted.command, scratchpad)
            cycles += max(len(pieces(emitted.command, CONFIG.port_bytes)) + 6, 18)
        first = tile.region.top * work.output_bytes
        output[first : first + size] = scratchpad[start:]
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
    assert run(work, [x], rng) == carry_out(moves, x, result).tobytes()


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
    assert run(work, parts, rng) == joined.tobytes()


def test_turns_are_what_input_and_output_share() -> None:
    """Rows of a resize, pixels of padded channels, batches and rows of blocks; none if H moves."""
    shape = (1, 6, 5, 4)
    double = [i // 2 for i in range(12)]
    resize = work_of([plan.resize_nearest(shape, double, double[:10], 1)], [120], 480)
    assert (resize.turns, resize.input_bytes, resize.output_bytes) == (6, (20,), 80)
    pad = work_of([plan.pad(shape, [(0, 0)] * 3 + [(0, 3)], b"\t")], [120], 210)
    assert (pad.turns, pad.input_bytes, pad.output_bytes) == (30, (4,), 7)
    blocks = work_of([plan.depth_to_space(shape, 2, 1)], [120], 120)
    assert (blocks.turns, blocks.output_bytes) == (6, 20)
    turned = work_of([plan.transpose(shape, (0, 2, 1, 3), 1)], [120], 120)
    assert (turned.turns, turned.output_bytes) == (1, 120)


def test_a_tile_is_as_few_loops_as_the_whole() -> None:
    """Pixels that were divided into turns are one loop of the command again."""
    work = work_of([plan.pad((1, 6, 5, 4), [(0, 0)] * 3 + [(0, 3)], b"\t")], [120], 210)
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
    moves = [Move(input=n * run, output=n * run, run=run, loops=(Loop(turns, size // 2, size // 2),)
                  if turns > 1 else ()) for n in range(count)]  # fmt: skip
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
    tiling = Tiling(rng.randint(1, work.turns), 1, work.output_bytes)
    stream = [Command(Opcode.MARK, {"layer": 0})]
    for tile in work.tiles(tiling):
        places = (
            [Place(0, work.input_bytes[0], 0)],
            Place(32768, work.output_bytes, work.output_bytes),
        )
        stream += [emitted.command for emitted in work.emit(tile, *places, array)]
    stream += [Command(Opcode.MARK, {"layer": 1}), Command(Opcode.END, {})]
    first, last = Stream(stream, config.npu).replay(config).times()
    price, _ = work.price(tiling, array)
    assert abs(last - first - price) <= 0.02 * price + 25
