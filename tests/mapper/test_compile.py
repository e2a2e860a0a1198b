"""The driver: memory plans, bounds, and what does not fit."""

import time
from pathlib import Path

import numpy as np
import pytest

from tests.mapper.networks import Sketch
from tests.onnx_builder import QdqBuilder
from tests.random_networks import random_config, random_network
from tests.shared_models import shared_models
from tilewright.hw.spec.commands import Opcode, decode_stream
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.operators.moves import Reshape


def commands(program):
    """Those of all streams, from the image."""
    found = []
    for step in program.steps:
        if step.kind == NPU:
            start = step.values["commands"] - program.base
            words = memoryview(program.image[start : len(program.image) // 4 * 4]).cast("I")
            found.extend(decode_stream(words))
    return found


def assert_plan_is_free_of_overlap(program):
    limits = {
        "scratchpad": (0, program.config.npu.scratchpad_bytes),
        "memory": (
            program.base + len(program.image),
            MEMORY_BASE + program.config.soc.memory_bytes,
        ),
    }
    for space, (low, high) in limits.items():
        uses = [u for u in program.memory_plan if u.space == space]
        for index, a in enumerate(uses):
            assert low <= a.address, a
            assert a.address + a.bytes <= high, a
            for b in uses[:index]:
                together = a.first <= b.last and b.first <= a.last
                apart = a.address + a.bytes <= b.address or b.address + b.bytes <= a.address
                turns = same_layer_other_work(a, b)
                assert apart or not together or turns, (a, b)


def same_layer_other_work(a, b):
    """Works of one layer follow one another and share staging areas."""
    parts = [use.name.rpartition(" staging ") for use in (a, b)]
    if not all(part[1] for part in parts) or parts[0][0] != parts[1][0]:
        return False
    return parts[0][2].split(".")[0] != parts[1][2].split(".")[0]


@pytest.mark.parametrize("seed", range(60))
def test_memory_plans_of_random_networks(seed):
    large = {"largest": 40, "channels": 70} if seed % 3 == 0 else {}
    assert_plan_is_free_of_overlap(
        compile_model(random_network(seed, **large), random_config(seed))
    )


@pytest.mark.parametrize("name", ["vww", "kws", "ic", "ad"])
@pytest.mark.parametrize("scratchpad", [65536, 16384, 8192, 4096])
def test_memory_plans_of_real_networks(name, scratchpad):
    graph = import_model(shared_models() / "tflite" / f"{name}.tflite")
    program = compile_model(graph, load_config(sets=[f"scratchpad_bytes={scratchpad}"]))
    assert_plan_is_free_of_overlap(program)
    assert 0 < program.peak_sram_bytes <= scratchpad
    assert sum(layer.macs for layer in program.layers) == graph.macs() == program.macs
    covered = [name for layer in program.layers for name in layer.covers]
    assert sorted(covered) == sorted(op.name for op in graph.ops)


@pytest.mark.parametrize("name", ["vww", "kws", "ic", "ad"])
def test_what_fits_stays_on_chip(name):
    """Input and exponentials are loaded once, the result stored once, every weight sent once."""
    graph = import_model(shared_models() / "tflite" / f"{name}.tflite")
    program = compile_model(graph, load_config())
    moved = {Opcode.LOAD: 0, Opcode.STORE: 0}
    for command in commands(program):
        if command.opcode in moved:
            moved[command.opcode] += command["rows"] * command["row_bytes"]
    tables = [4 * c["words"] for c in commands(program) if c.opcode is Opcode.TABLE]
    assert len(tables) == (name != "ad")
    assert moved[Opcode.LOAD] == graph.tensors[graph.inputs[0]].elements + sum(tables)
    assert moved[Opcode.STORE] == graph.tensors[graph.outputs[0]].elements
    sent = sum(c["bytes"] for c in commands(program) if c.opcode is Opcode.WEIGHTS)
    assert sent <= program.weight_bytes + 8 * 512  # the first layer's, once a strip


def test_import_and_mapping_are_quick():
    path = shared_models() / "tflite" / "vww.tflite"
    started = time.process_time()
    for sets in ([], ["scratchpad_bytes=16384"]):
        compile_model(import_model(path), load_config(sets=sets))
    assert time.process_time() - started < 2


def test_a_sum_is_written_over_an_operand_that_dies():
    sketch = Sketch()
    a, b = sketch.conv("x", "a", 4), sketch.conv("x", "b", 4)
    c = sketch.conv(sketch.add(a, b, "s"), "c", 2)
    program = compile_model(sketch.graph(c), load_config())
    (add,) = [command for command in commands(program) if command.opcode is Opcode.ELEMENTWISE]
    assert add["output_address"] in (add["a_address"], add["b_address"])


def test_a_sum_leaves_an_operand_that_lives_on():
    sketch = Sketch()
    a = sketch.conv("x", "a", 4)
    s = sketch.add(a, sketch.relu(a, "r", scale=0.4), "s")
    program = compile_model(sketch.graph(sketch.add(s, a, "t")), load_config())
    first = next(command for command in commands(program) if command.opcode is Opcode.ELEMENTWISE)
    assert first["output_address"] != first["a_address"]


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_a_concatenation_of_convolutions_costs_no_command(axis):
    sketch = Sketch()
    parts = [sketch.conv("x", name, 3) for name in ("a", "b")]
    whole = sketch.concatenation(parts, "w", axis)
    program = compile_model(sketch.graph(sketch.conv(whole, "c", 2)), load_config())
    assert [layer.tensor for layer in program.layers] == ["a", "b", "c"]
    assert "make w" in program.layers[0].covers


def test_a_concatenation_copies_what_others_read():
    sketch = Sketch()
    a, b = sketch.conv("x", "a", 3), sketch.conv("x", "b", 3)
    whole = sketch.concatenation([a, b], "w", 3)
    graph = sketch.graph(sketch.conv(whole, "c", 2), sketch.conv(a, "d", 2))
    program = compile_model(graph, load_config())
    assert [layer.op for layer in program.layers].count("CONCATENATION") == 1


def test_a_scratchpad_that_holds_no_pixel_is_refused():
    sketch = Sketch(shape=(1, 7, 7, 200))
    graph = sketch.graph(sketch.conv("x", "c", 4, (7, 7)))
    with pytest.raises(RequestError) as error:
        compile_model(graph, load_config(sets=["scratchpad_bytes=4096"]))
    message = str(error.value)
    assert "'make c'" in message
    assert "scratchpad_bytes is 4096; enlarge scratchpad_bytes" in message
    needed = int(message.split("at least ")[1].split()[0])
    assert 7 * 7 * 200 + 4 <= needed <= 7 * 7 * 200 + 64


def test_a_tensor_larger_than_main_memory_is_refused():
    sketch = Sketch(shape=(1, 500, 500, 3))
    graph = sketch.graph(sketch.conv("x", "c", 1))
    with pytest.raises(RequestError, match=r"do not fit main memory; .*'x'.*750000 bytes"):
        compile_model(graph, load_config(sets=["memory_bytes=262144"]))


def test_weights_larger_than_main_memory_are_refused():
    sketch = Sketch(shape=(1, 1, 1, 600))
    graph = sketch.graph(sketch.conv("x", "c", 600))
    with pytest.raises(RequestError, match=r"need .* bytes of main memory.*enlarge memory_bytes"):
        compile_model(graph, load_config(sets=["memory_bytes=262144"]))


def test_a_network_of_views_alone_has_no_steps():

    sketch = Sketch()
    flat = sketch.like("x", "flat", shape=(1, 90))
    program = compile_model(sketch.graph(sketch.op(Reshape(), ["x"], flat)), load_config())
    assert (program.layers, program.steps) == ((), ())
    assert program.outputs[0].address == program.inputs[0].address


def test_steps_have_room_for_their_times():
    """A concatenation on the CPU is a layer of several steps."""
    sketch = Sketch()
    whole = sketch.concatenation(["x"] * 9, "w", 3)
    program = compile_model(sketch.graph(whole), load_config("cpu-only"))
    assert len(program.steps) == 9
    assert program.total_address - program.times_address >= 16 * 9


def test_layers_tell_how_many_of_their_weights_are_not_zero():
    net = QdqBuilder()
    data = np.ones((4, 2, 3, 3), np.int8)
    data[1], data[2, 0, 0] = 0, 0
    x = net.quantised(net.input("x", (1, 2, 6, 6)), 0.1, 0)
    conv = net.quantised(net.node("Conv", [x, net.weights("w", data, 0.1)]), 0.1, 0)
    content = net.finish([net.quantised(net.node("Add", [conv, conv]), 0.2, 0)])
    program = compile_model(import_onnx(Path("net.onnx"), content), load_config())
    # Of 72 weights a channel of 18 and a row of 3 are zero; an addition has none.
    shares = {layer.op: layer.live for layer in program.layers}
    assert shares == {"CONV_2D": pytest.approx(51 / 72), "ADD": 1.0}
