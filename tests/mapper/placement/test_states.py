"""States: where their next values go, and that every inference finds what the one before left."""

import numpy as np
import pytest

from tests.mapper import streaming
from tests.mapper.networks import Sketch
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.operators.moves import Reshape
from tilewright.sim.functional.backend import FunctionalBackend

DESIGNS = {
    "default": [],
    "4 KiB": ["scratchpad_bytes=4096"],
    "microcode": ["control=microcode", "rows=4", "cols=6", "bus_bytes=4", "memory_bytes=262144"],
    "no NPU": ["npu=none"],
}


def mapped(stage, *sets, rows=5, shape=(1, 1, 4, 8)):
    s = Sketch(shape=shape)
    y = stage(s, "x", "s", rows)
    return compile_model(s.graph(y), load_config(sets=sets))


def layers(program):
    return [(layer.op, layer.engine) for layer in program.layers]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", range(40))
def test_inferences_in_a_row(seed, design):
    graph = streaming.random_streaming(seed)
    backend = FunctionalBackend(compile_model(graph, load_config(sets=DESIGNS[design])))
    rows = streaming.random_rows(graph, seed, 4)
    for reset in (False, True):
        states = {}
        for row, wanted in zip(rows, streaming.expected(graph, rows, reset=reset), strict=True):
            found = backend.run(row if reset else {**row, **states})
            for name, value in wanted[0].items():
                np.testing.assert_array_equal(found.outputs[name], value)
            for name, value in wanted[1].items():
                np.testing.assert_array_equal(found.states[name], value)
            states = found.states


def test_a_state_that_dies_gives_its_place_to_the_next_value():
    assert "ASSIGN_VARIABLE" not in dict(layers(mapped(streaming.joined_then_cut)))


@pytest.mark.parametrize("stage", [streaming.cut_then_joined, streaming.read_late, streaming.twice])
def test_the_accelerator_copies_what_it_computed(stage):
    program = mapped(stage)
    assert ("ASSIGN_VARIABLE", "npu") in layers(program)
    assert all(layer.engine == "npu" for layer in program.layers)


def test_what_is_in_the_scratchpad_is_stored_once():
    """5 rows of 32 bytes, and the 32 bytes of the result."""
    program = mapped(streaming.cut_then_joined)
    events = FunctionalBackend(program).run(row(program)).events
    assert sum(layer.get("memory_write_beats", 0) for layer in events) == (5 * 32 + 32) / 8


def test_what_is_in_main_memory_is_copied_in_pieces():
    """A state that the scratchpad cannot hold beside its next value."""
    program = mapped(streaming.read_late, "scratchpad_bytes=4096", shape=(1, 8, 8, 128))
    assert all(layer.engine == "npu" for layer in program.layers)
    copy = next(layer for layer in program.layers if layer.op == "ASSIGN_VARIABLE")
    assert copy.output.space == "memory"
    assert copy.tiles > 1


def test_a_copy_begins_behind_the_last_reader():
    program = mapped(streaming.read_late)
    assert [kind for kind, _ in layers(program)] == ["CONV_2D", "ADD", "ASSIGN_VARIABLE"]


def test_a_copy_is_made_while_the_accelerator_is_at_work():
    """The CPU computes the next value; the copy waits for the accelerator's first layer."""
    s = Sketch(shape=(1, 1, 2, 4))
    y = streaming.on_the_cpu(s, "x", "s", 0)
    program = compile_model(s.graph(s.conv(y, "last", 4)), load_config())
    kinds = layers(program)
    assert kinds.index(("ASSIGN_VARIABLE", "npu")) == kinds.index(("ADD", "npu")) + 1


def test_without_an_npu_the_cpu_copies():
    program = mapped(streaming.cut_then_joined, "npu=none")
    copy = program.layers[-1]
    assert (copy.op, copy.engine) == ("ASSIGN_VARIABLE", "cpu")
    assert copy.reason == "the configuration has no NPU"


def test_a_tensor_may_have_the_name_of_a_copy():
    s = Sketch(shape=(1, 1, 4, 8))
    y = streaming.cut_then_joined(s, "x", "s", 3)
    graph = s.graph(s.conv(y, "assign s old", 4))
    program = compile_model(graph, load_config())
    rows = streaming.random_rows(graph, 3, 1)
    ((outputs, _),) = streaming.expected(graph, rows, reset=True)
    found = FunctionalBackend(program).run(rows[0])
    np.testing.assert_array_equal(found.outputs["assign s old"], outputs["assign s old"])


def test_a_state_that_is_what_was_there_is_refused():
    s = Sketch(shape=(1, 1, 4, 8))
    s.like("x", "old")
    s.op(Reshape(), ["x"], s.like("x", "same"))
    s.assign("old", "same")
    with pytest.raises(RequestError, match="'old' is assigned 'same', which was there before"):
        compile_model(s.graph(s.add("x", "old", "y")), load_config())


def row(program):
    return {port.name: np.zeros(port.shape, port.dtype) for port in program.inputs}
