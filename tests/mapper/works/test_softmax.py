"""Works of the softmax unit from the graph to the functional backend, and their price."""

import random

import numpy as np
import pytest

from tests.hw.npu.reference import softmax_row
from tests.mapper.networks import Sketch
from tests.mapper.test_compile import commands
from tilewright.hw.spec.commands import Command, Opcode
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.profile import RECORD
from tilewright.hw.spec.softmax import short_exponentials, softmax_parameters
from tilewright.mapper.array.array import array_of
from tilewright.mapper.compile import compile_model
from tilewright.mapper.operators.lookup import Logistic
from tilewright.mapper.operators.softmax import Softmax
from tilewright.mapper.works.geometry import Operand, Place, Tiling
from tilewright.mapper.works.softmax import SoftmaxWork
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.stream import Stream

DESIGNS = {
    "default": {},
    "4 KiB, 3 lanes": {"scratchpad_bytes": 4096, "rows": 5, "cols": 3, "requantiser_lanes": 3},
    "narrow, one lane": {"port_bytes": 8, "scratchpad_bytes": 8192, "requantiser_lanes": 1},
}
SHAPES = [(1, 2), (1, 12), (1, 7, 9, 3), (1, 60, 50, 2), (1, 300, 16), (5, 1001), (1, 2500)]


def expected(x, scale, beta=1.0):
    table = short_exponentials(softmax_parameters(scale, beta)).tolist()
    rows = x.reshape(-1, x.shape[-1]).tolist()
    found = [softmax_row(row, table, len(table) - 1) for row in rows]
    return (np.array(found) - 128).reshape(x.shape)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rows_of_any_length(name, shape):
    """The input, in one piece or many, comes from main memory and the result goes there."""
    scale = 0.03 if shape[-1] > 20 else 0.11
    sketch = Sketch(shape=shape, scale=scale)
    out = sketch.activation("y", shape, 1 / 256, -128)
    program = compile_model(
        sketch.graph(sketch.op(Softmax(beta=0.5), ["x"], out)), make_config(DESIGNS[name])
    )
    assert [layer.engine for layer in program.layers] == ["npu"]
    (table,) = [c for c in commands(program) if c.opcode is Opcode.TABLE]
    assert table["words"] == len(short_exponentials(softmax_parameters(scale, 0.5)))
    x = np.random.default_rng(len(shape)).integers(-128, 128, shape).astype(np.int8)
    result = run_functional(program, {"x": x}).outputs["y"]
    np.testing.assert_array_equal(result, expected(x, scale, 0.5))


def test_functions_and_exponentials_take_turns_in_the_tables():
    """Two of the three softmaxes have the same exponentials, with a function between them."""
    sketch = Sketch(shape=(1, 6, 5, 8), scale=0.1)
    for number, source in enumerate(("x", "p0", "l1")):
        source = sketch.conv(source, f"c{number}", 6, scale=0.1)
        sketch.op(Softmax(), [source], sketch.activation(f"p{number}", (1, 6, 5, 6), 1 / 256, -128))
        if number == 1:
            sketch.op(Logistic(), ["p1"], sketch.activation("l1", (1, 6, 5, 6), 1 / 256, -128))
    graph = sketch.graph("p2")
    program = compile_model(graph, make_config({}))
    loaded = [c["words"] for c in commands(program) if c.opcode is Opcode.TABLE]
    words = len(short_exponentials(softmax_parameters(0.1)))
    assert loaded == [words, 64, words]
    x = np.random.default_rng(1).integers(-128, 128, (1, 6, 5, 8)).astype(np.int8)
    cpu = compile_model(graph, make_config({"npu": "none"}))
    ours, theirs = (run_functional(p, {"x": x}).outputs["p2"] for p in (program, cpu))
    np.testing.assert_array_equal(ours, theirs)


def test_probabilities_take_the_place_of_what_nobody_reads_any_more():
    sketch = Sketch(shape=(1, 6, 5, 8), scale=0.1)
    source = sketch.conv("x", "c", 6, scale=0.1)
    out = sketch.op(Softmax(), [source], sketch.activation("p", (1, 6, 5, 6), 1 / 256, -128))
    program = compile_model(sketch.graph(out), make_config({}))
    (command,) = [c for c in commands(program) if c.opcode is Opcode.SOFTMAX]
    assert command["output_address"] == command["input_address"]


def work_of(rows, size):
    return SoftmaxWork(
        source=Operand("x"), output=Operand("y"), rows=rows, size=size, words=bytes(400)
    )


@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
def test_the_price_is_what_the_hardware_takes(lanes):
    """But for a few cycles between commands."""
    config, rng = make_config({"requantiser_lanes": lanes}), random.Random(lanes)
    for _ in range(20):
        work = work_of(rng.randint(1, 60), rng.choice([1, 2, 3, 16, 200]))
        tiling = Tiling(rng.randint(1, work.rows), 1, work.size)
        emitted = [
            each.command
            for tile in work.tiles(tiling)
            for each in work.emit(tile, [Place(0, 0, work.size)], Place(32768, 0, work.size),
                                  array_of(config.npu))
        ]  # fmt: skip
        cycles, weights = work.price(tiling, array_of(config.npu))
        assert weights == 0
        assert sum(command["rows"] for command in emitted) == work.rows
        assert abs(cycles - at_work(emitted, config)) <= len(emitted)


def at_work(emitted, config):
    """Cycles of the commands, two between them included, but not of the fetch of the first one."""
    mark, end = Command(Opcode.MARK, {"layer": 0}), Command(Opcode.END, {})
    record = Stream([*emitted, mark, end], config.npu).replay(config).records[0].tolist()
    found = dict(zip(RECORD, record, strict=False))
    return found["cycles_busy"] + found["cycles_drain"] + 2 * len(emitted)


@pytest.mark.parametrize(
    ("staged", "sizes"),
    [((False, False), (0, 0)), ((True, True), (60, 0)), ((True, False), (60, 0)),
     ((False, True), (0, 60))],
)  # fmt: skip
def test_a_staged_input_takes_the_result(staged, sizes):
    work, tiling = work_of(10, 20), Tiling(3, 1, 20)
    assert work.staging_bytes(tiling, staged) == sizes
    assert work.written_over(staged) == (0 if staged[0] else None)
    assert work.moved_bytes(tiling, staged) == 200 * sum(staged)


def test_tiles_are_rows():
    work = work_of(10, 20)
    (group,) = work.tilings(make_config({}).npu, (True, True))
    assert (list(group.rows), group.channels, group.copies) == ([10, 5, 4, 3, 2, 1], [20], (1, 2))
    last = list(work.tiles(Tiling(4, 1, 20)))[-1]
    assert work.part(0, last) == work.part(1, last)
    assert work.part(1, last).shape == (2, 1, 20)
    assert work.arrived_bytes(0, last) == 200
