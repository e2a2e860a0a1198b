"""The functional backend against the graph's definition and TensorFlow Lite Micro."""

import dataclasses

import numpy as np
import pytest

from tests.mapper.graph_executor import execute
from tests.mapper.networks import Sketch
from tests.random_networks import random_config, random_input, random_network
from tests.shared_models import INPUTS, golden, inputs, shared_models
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers import import_model
from tilewright.sim.functional.backend import FunctionalBackend, run_functional

CONFIGS = {
    "default": {},
    "16 KiB": {"scratchpad_bytes": 16384},
    "8 KiB": {"scratchpad_bytes": 8192},
    "4 KiB": {"scratchpad_bytes": 4096, "rows": 4, "cols": 3, "weight_buffer_bytes": 1024},
    "4x8": {"rows": 4},
    "6x10": {"rows": 6, "cols": 10},
    "16x16, wide port": {"rows": 16, "cols": 16, "port_bytes": 32, "bus_bytes": 16},
    "no depthwise pairs": {"port_bytes": 8},
    "32x32, small ring": {"rows": 32, "cols": 32, "weight_buffer_bytes": 1024},
    "cpu": {"npu": "none"},
}


@pytest.fixture(params=INPUTS)
def name(request):
    return request.param


def backend(name, **values):
    graph = import_model(shared_models() / "tflite" / f"{name}.tflite")
    return graph, FunctionalBackend(compile_model(graph, make_config(values)))


@pytest.mark.parametrize("config", CONFIGS)
def test_every_intermediate_tensor(name, config):
    graph, machine = backend(name, **CONFIGS[config])
    port, expected = machine.program.inputs[0], golden(name)
    x = expected["inputs"][0].reshape(port.shape)
    result = machine.run({port.name: x}, trace=True)
    traced = 0
    for tensor, value in result.trace.items():
        key = f"tensor_{graph.tensors[tensor].index}"
        if key in expected:
            traced += 1
            assert np.array_equal(value.reshape(-1), expected[key].reshape(-1)), tensor
    views = sum(op.kind == "RESHAPE" for op in graph.ops)
    never_whole = sum(layer.output is None for layer in machine.program.layers)
    assert traced == sum(key.startswith("tensor_") for key in expected) - views - never_whole
    (output,) = result.outputs.values()
    assert np.array_equal(output.reshape(-1), expected["outputs"][0].reshape(-1))


def assert_outputs(name, count, **values):
    _, machine = backend(name, **values)
    port, rows = machine.program.inputs[0], inputs(name)["x"][:count]
    wanted = golden(name)["all_outputs"]
    for index, row in enumerate(rows):
        (output,) = machine.run({port.name: row.reshape(port.shape)}).outputs.values()
        assert np.array_equal(output.reshape(-1), wanted[index].reshape(-1)), index


def test_outputs_of_some_inputs(name):
    assert_outputs(name, 8)


@pytest.mark.slow
@pytest.mark.parametrize("scratchpad", [65536, 16384])
def test_outputs_of_every_input(name, scratchpad):
    assert_outputs(name, None, scratchpad_bytes=scratchpad)


def max_window_bytes(graph):
    """Bytes that the largest window of a convolution, or of a depthwise one made dense, reads."""
    sizes = [0]
    for op in graph.ops:
        if len(op.inputs) > 2:
            kernel = graph.tensors[op.inputs[1]].shape
            depthwise = op.kind == "DEPTHWISE_CONV_2D"
            channels = graph.tensors[op.inputs[0]].shape[-1]
            window = (*kernel[:2], channels) if depthwise else kernel[1:]
            sizes.append(int(np.prod(window)))
    return max(sizes)


def assert_random_network(seed, *, spread=False):
    large = {"largest": 40, "channels": 70} if seed % 3 == 0 else {}
    graph, config = random_network(seed, **large, spread=spread), random_config(seed)
    x = random_input(graph, seed)
    expected = execute(graph, {graph.inputs[0]: x})
    if max_window_bytes(graph) > config.npu.scratchpad_bytes - 1024:
        return  # test_compile.py tells what the message is
    program = compile_model(graph, config)
    result = run_functional(program, {graph.inputs[0]: x}, trace=True)
    assert set(result.outputs) == set(graph.outputs)
    for tensor, value in (result.trace | result.outputs).items():
        if tensor in expected:
            assert np.array_equal(value.reshape(-1), expected[tensor].reshape(-1)), tensor


@pytest.mark.parametrize("seed", range(100))
def test_random_networks(seed):
    assert_random_network(seed)


@pytest.mark.parametrize("seed", range(60))
def test_random_dilated_grouped_and_transposed_convolutions(seed):
    assert_random_network(seed, spread=True)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(100, 2100, 100))
def test_many_random_networks(start):
    for seed in range(start, start + 100):
        assert_random_network(seed)


def conv_sketch():
    sketch = Sketch(shape=(1, 6, 5, 3))
    return sketch.graph(sketch.conv("x", "c", 9, (3, 2)))


def test_events_that_arithmetic_tells():
    """4 x 4 pixels x 9 channels of 18 taps each, 2 blocks of rows, 2 groups of pixels."""
    graph = conv_sketch()
    program = compile_model(graph, load_config())
    (events,) = run_functional(program, {"x": random_input(graph, 0)}).events
    assert events["mac"] == program.macs == 4 * 4 * 9 * 18
    assert events["requantise"] == 4 * 4 * 9
    assert events["weight_buffer_read_words"] == 2 * (9 + 2 * 18)


@pytest.mark.parametrize("scratchpad", [65536, 4096])
def test_several_inputs_and_outputs(scratchpad):
    sketch = Sketch(shape=(1, 20, 20, 9))
    other = sketch.activation("y", (1, 20, 20, 9), 0.02, -7)
    total = sketch.add("x", other, "s")
    outputs = [sketch.conv(total, "c", 5, (3, 3)), total, sketch.relu(other, "r", scale=0.03)]
    graph = Graph.build("two", sketch.tensors.values(), sketch.ops, ["x", other], outputs)
    values = {name: random_input(graph, seed) for seed, name in enumerate(("x", other))}
    expected = execute(graph, values)
    config = load_config(sets=[f"scratchpad_bytes={scratchpad}"])
    found = run_functional(compile_model(graph, config), values).outputs
    for name in outputs:
        assert np.array_equal(found[name], expected[name]), name


def test_wrong_inputs_are_refused():
    program = compile_model(conv_sketch(), load_config())
    with pytest.raises(RequestError, match="'x' is missing"):
        run_functional(program, {})
    with pytest.raises(RequestError, match=r"int8 \(1, 6, 5, 3\) is needed"):
        run_functional(program, {"x": np.zeros((6, 5, 3), dtype=np.int8)})
    with pytest.raises(RequestError, match="is float32"):
        run_functional(program, {"x": np.zeros((1, 6, 5, 3), dtype=np.float32)})


def test_a_program_for_other_hardware_is_refused():
    program = compile_model(conv_sketch(), load_config())
    other = dataclasses.replace(program, config=load_config(sets=["rows=7"]))
    with pytest.raises(CheckError, match="another NPU configuration"):
        run_functional(other, {"x": random_input(conv_sketch(), 0)})


def changed(machine, opcode, number, **values):
    """Change fields of the machine's command number ``number`` with this opcode."""
    (commands,) = machine._streams.values()
    positions = [i for i, command in enumerate(commands) if command.opcode is opcode]
    command = commands[positions[number]]
    commands[positions[number]] = dataclasses.replace(command, values=command.values | values)


@pytest.mark.parametrize(
    ("opcode", "values", "message"),
    [
        (Opcode.CONV, {"output_address": 65530}, "outside the scratchpad"),
        (Opcode.CONV, {"input_address": 65530}, "outside the scratchpad"),
        (Opcode.CONV, {"tiles": 3}, "tiles does not match pixels"),
        (Opcode.CONV, {"block_words": 17}, "block_words"),
        (Opcode.CONV, {"group": 5}, "group exceeds a word"),
        (Opcode.STORE, {"memory_address": 0x4001_0000}, "overwrites the program"),
        (Opcode.STORE, {"memory_address": 0x3FFF_FFFF}, "outside main memory"),
        (Opcode.WEIGHTS, {"bytes": 16}, "stands before weights of an earlier command"),
        (Opcode.WEIGHTS, {"bytes": 12}, "not a whole memory word"),
        (Opcode.WEIGHTS, {"bytes": 1024}, "bytes of weights in the ring"),
    ],
)
def test_rules_of_the_hardware(opcode, values, message):
    machine = FunctionalBackend(compile_model(conv_sketch(), load_config()))
    changed(machine, opcode, 0, **values)
    with pytest.raises(CheckError, match=message):
        machine.run({"x": random_input(conv_sketch(), 0)})


def test_every_wait_of_a_schedule_is_needed():
    """Where a wait count rises, one less is a hazard that the backend reports."""
    graph = random_network(0, largest=40, channels=70)
    program = compile_model(graph, load_config(sets=["scratchpad_bytes=4096"]))
    x = {graph.inputs[0]: random_input(graph, 0)}
    machine = FunctionalBackend(program)
    machine.run(x)
    tried = 0
    for commands in machine._streams.values():
        known = {True: 0, False: 0}
        for index, command in enumerate(list(commands)):
            transfer = command.opcode in (Opcode.LOAD, Opcode.STORE)
            if command.opcode in (Opcode.WEIGHTS, Opcode.END) or command.wait <= known[transfer]:
                continue
            known[transfer] = command.wait
            if tried >= 30:
                continue
            tried += 1
            commands[index] = dataclasses.replace(command, wait=command.wait - 1)
            with pytest.raises(CheckError, match="does not wait for"):
                machine.run(x)
            commands[index] = command
    assert tried > 10
