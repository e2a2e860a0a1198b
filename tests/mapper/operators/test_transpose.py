"""TRANSPOSE on every engine against TensorFlow Lite Micro, and its limits."""

from pathlib import Path

import numpy as np
import pytest

from tests.mapper.networks import Sketch
from tests.tflite_builder import TfliteBuilder, run_tflm
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.steps import NPU
from tilewright.mapper.compile import compile_model
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.mapper.operators.slices import Transpose
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.model.backend import ModelBackend
from tilewright.sim.rtl.backend import run_rtl

DESIGNS = {
    "default": [],
    "scratchpad too small for both": ["scratchpad_bytes=4096"],
    "narrow port": ["rows=4", "port_bytes=8", "bus_bytes=4", "scratchpad_bytes=8192"],
    "no mover": ["move_unit=false"],
    "no accelerator": ["npu=none"],
}


def network(shape: tuple[int, ...], order: list[int]) -> bytes:
    builder, same = TfliteBuilder(), {"scale": 0.1, "zero_point": 3}
    x = builder.tensor("x", shape, **same)
    axes = builder.constant("order", np.array(order, np.int32))
    y = builder.tensor("y", tuple(shape[axis] for axis in order), **same)
    builder.operator("TRANSPOSE", [x, axes], [y])
    return builder.finish([x], [y])


def opcodes(program) -> set[Opcode]:
    return {
        command.opcode
        for step in program.steps
        if step.kind == NPU
        for command in program.commands(step)
    }


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", range(12))
def test_equals_tflm(seed: int, design: str) -> None:
    pytest.importorskip("tflite_micro", reason="the reference kernels have no wheel here")
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(2, 5))
    shape = (1, *(int(n) for n in rng.integers(1, (0, 0, 60, 60, 12)[rank], rank)))
    order = [0, *(1 + int(axis) for axis in rng.permutation(rank))]
    content = network(shape, order)
    config = load_config(sets=DESIGNS[design])
    program = compile_model(import_tflite(Path("t.tflite"), content), config)
    x = rng.integers(-128, 128, shape).astype(np.int8)
    port = program.inputs[0]
    (found,) = run_functional(program, {port.name: x.reshape(port.shape)}).outputs.values()
    (wanted,) = run_tflm(content, x)
    assert found.tobytes() == wanted.tobytes()


def sketch() -> Graph:
    """A convolution, rows and channels exchanged, another convolution."""
    net = Sketch(shape=(1, 12, 10, 3))
    first = net.conv(net.input, "first", 16)
    turned = net.like(first, "turned", shape=(1, 16, 10, 12))
    net.op(Transpose(permutation=(0, 3, 2, 1)), [first], turned)
    return net.graph(net.conv(turned, "last", 8))


def test_the_mover_takes_it_where_there_is_one() -> None:
    program = compile_model(sketch(), load_config())
    assert Opcode.MOVE in opcodes(program)
    assert all(layer.engine == "npu" for layer in program.layers)


@pytest.mark.parametrize(
    ("sets", "reason"),
    [
        (["move_unit=false"], "move_unit = false leaves no unit for moves"),
        (["scratchpad_bytes=4096", "bus_bytes=4"], ""),
    ],
)
def test_the_cpu_takes_it_with_the_reason(sets: list[str], reason: str) -> None:
    check_reason(load_config(sets=sets), reason)


def test_microcode_has_no_mover() -> None:
    check_reason(load_config(preset="icebreaker"), "control = microcode has no unit for moves")


def check_reason(config: Config, reason: str) -> None:
    layers = compile_model(sketch(), config).layers
    layer = next(layer for layer in layers if layer.op == "TRANSPOSE")
    assert (layer.engine, layer.reason) == ("cpu" if reason else "npu", reason)


@pytest.mark.parametrize("sets", [[], ["scratchpad_bytes=4096"]])
@pytest.mark.rtl
def test_chip_and_model(sets: list[str]) -> None:
    program = compile_model(sketch(), load_config(sets=sets))
    port = program.inputs[0]
    x = np.random.default_rng(3).integers(-128, 128, port.shape).astype(np.int8)
    reference = run_functional(program, {port.name: x})
    chip = run_rtl(program, {port.name: x})
    for name, wanted in reference.outputs.items():
        np.testing.assert_array_equal(chip.outputs[name], wanted)
    segments = ModelBackend(program).run(cpu_inputs=reference.cpu_inputs).segments
    for ours, theirs in zip(segments, chip.segments, strict=True):
        assert ours.causes == theirs.causes
        assert ours.events == theirs.events


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1]])
def test_an_order_that_is_none(order: list[int]) -> None:
    builder, same = TfliteBuilder(), {"scale": 0.1, "zero_point": 3}
    x = builder.tensor("x", (1, 3, 4), **same)
    axes = builder.constant("order", np.array(order, np.int32))
    y = builder.tensor("y", (1, 3, 4), **same)
    builder.operator("TRANSPOSE", [x, axes], [y])
    with pytest.raises(RequestError, match="must name every axis once"):
        import_tflite(Path("t.tflite"), builder.finish([x], [y]))
