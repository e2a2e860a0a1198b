"""Cascades: all layers give what they give apart, however little room there is."""

from dataclasses import replace

import numpy as np
import pytest

from tests.mapper.cascading import random_chain
from tests.mapper.graph_executor import execute
from tests.mapper.works.test_tile import image_work
from tests.mapper.works.test_weights import window_work
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.array.array import array_of
from tilewright.mapper.compile import compile_model
from tilewright.mapper.works.cascade import Cascade
from tilewright.mapper.works.geometry import Place, Region, Tiling
from tilewright.mapper.works.stage import Stage
from tilewright.sim.functional.backend import run_functional

DESIGNS = {
    "4 KiB": ["scratchpad_bytes=4096"],
    "8 KiB": ["scratchpad_bytes=8192"],
    "narrow": ["rows=3", "cols=4", "port_bytes=8", "bus_bytes=4", "scratchpad_bytes=6144"],
    "no mover": ["scratchpad_bytes=4096", "move_unit=false"],
}


def cascaded(program) -> int:
    """Layers whose result is never whole."""
    return sum(layer.output is None for layer in program.layers)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", range(60))
def test_random_chains(seed, design):
    graph = random_chain(seed)
    program = compile_model(graph, load_config(sets=DESIGNS[design]))
    x = np.random.default_rng(seed).integers(-128, 128, graph.tensors["x"].shape, dtype=np.int8)
    (name,) = graph.outputs
    found = run_functional(program, {"x": x}).outputs[name]
    np.testing.assert_array_equal(found, execute(graph, {"x": x})[name])


@pytest.mark.parametrize("design", DESIGNS)
def test_many_of_them_are_cascades(design):
    count = sum(
        cascaded(compile_model(random_chain(seed), load_config(sets=DESIGNS[design]))) > 0
        for seed in range(60)
    )
    assert count > (5 if design == "no mover" else 25)


def test_every_round_of_a_stage_has_a_record():
    config = load_config(sets=DESIGNS["4 KiB"])
    found = 0
    for seed in range(10):
        program = compile_model(random_chain(seed), config)
        marks = [
            command["layer"]
            for step in program.steps
            if step.kind is NPU
            for command in program.commands(step)
            if command.opcode is Opcode.MARK
        ]
        assert len(marks) == program.profile_records
        assert set(marks) == set(range(len(program.layers)))
        found += len(marks) > len(program.layers)
    assert found


def two_stages() -> Cascade:
    """Convolutions of 11 x 9 x 4 to 6 x 9 x 20, and of 3 x 2 pixels of these."""
    first = image_work()
    second = replace(
        window_work(20, 120),
        input_shape=first.output_shape,
        output_shape=(6, 9, 20),
        region=Region(0, 0, 6, 9),
        kernel=(3, 2),
        pad=(1, 1),
    )
    stages = (
        Stage(layer=3, work=first, rows=6, chained=None),
        Stage(layer=4, work=second, rows=6, chained=0),
    )
    return Cascade(stages, second.output)


def test_an_area_holds_what_a_round_adds_and_what_it_needs_again():
    for height, rows in ((1, 3), (2, 4), (3, 4), (6, 6)):
        assert two_stages().held_bytes(Tiling(height, 1, 1)) == (rows * 9 * 20,)


def test_rows_that_are_needed_again_move_without_meeting_themselves():
    """Rounds of one row keep two rows: each moves by a row on its own."""
    cascade = two_stages()
    array = array_of(load_config().npu)
    tiles = list(cascade.tiles(Tiling(1, 1, 1)))
    rows = 0
    for tile in tiles:
        emitted = cascade.emit(
            tile, [Place(0, 4, 36), Place(8192, 0, 0)], Place(16384, 20, 180), array,
        )  # fmt: skip
        moves = [e for e in emitted if e.command.opcode is Opcode.MOVE]
        rows = max(rows, len(moves))
        for move in moves:
            ((read, read_end),), ((written, written_end),) = move.reads, move.writes
            assert written_end <= read
            assert written >= 8192
            assert read_end - read == written_end - written
        assert {e.command["layer"] for e in emitted if e.command.opcode is Opcode.MARK} <= {3}
    assert rows == 2
    assert cascade.marks(Tiling(1, 1, 1)) >= len(tiles)
