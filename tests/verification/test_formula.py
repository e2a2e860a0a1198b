"""The mapper's cycle formula is that of the hardware: layer by layer against the RTL's counters."""

import pytest

from hw.spec.commands import Command, Opcode
from hw.spec.config import NpuConfig, load_config
from mapper.compile import compile_model
from mapper.cycles import Arrangement, Window, add_cycles, array_cycles
from mapper.importers import import_model
from sim.rtl import run_rtl
from tests.mapper.test_compile import commands
from tests.shared_models import golden, shared_models

pytestmark = [pytest.mark.rtl]


def formula(command: Command, config: NpuConfig) -> int:
    """Cycles of a compute command whose operands and weights are there."""
    if command.opcode is Opcode.ADD:
        return add_cycles(command["bytes"], config)
    v = command.values
    window = Window(
        depthwise=command.opcode is Opcode.DEPTHWISE,
        rows=v["output_rows"],
        cols=v["output_cols"],
        channels=v["channels"],
        kernel=(v["kernel_rows"], v.get("kernel_cols", 1)),
        stride=(v["stride_rows"], v.get("stride_cols", 1)),
        missing_rows=v["pad_top"],
        run_bytes=v.get("run_bytes", 0),
        x_step=v["x_step"],
        block_words=v["block_words"],
    )
    arrangement = Arrangement(
        paired=bool(v["paired"]),
        group=v.get("group", 1),
        tapwise=bool(v.get("tapwise", 0)),
        strip_cols=v.get("strip_cols", 0),
    )
    return array_cycles(window, arrangement, config)


def by_layer(program) -> list[int]:
    """The formula's cycles of each of the program's layers; 0 on the CPU."""
    cycles, total = [0] * len(program.layers), 0
    for command in commands(program):
        if command.opcode is Opcode.MARK:
            cycles[command["layer"]] = total
            total = 0
        elif command.opcode in (Opcode.CONV, Opcode.DEPTHWISE, Opcode.ADD):
            total += formula(command, program.config.npu)
    return cycles


@pytest.mark.parametrize("name", ["vww", "kws", "ic", "ad"])
def test_layers_take_what_the_formula_says(name: str) -> None:
    """Within 5% or 40 cycles, less what the layer waited for transfers and weights."""
    graph = import_model(shared_models() / "tflite" / f"{name}.tflite")
    program = compile_model(graph, load_config())
    port = program.inputs[0]
    result = run_rtl(program, {port.name: golden(name)["inputs"][0].reshape(port.shape)})
    expected = by_layer(program)
    checked = 0
    for segment in result.segments:
        if segment.layer is None or segment.engine != "npu":
            continue
        waited = segment.causes["transfer"] + segment.causes["weights"]
        wanted = expected[segment.layer]
        where = program.layers[segment.layer].name
        assert segment.cycles - waited == pytest.approx(wanted, rel=0.05, abs=40), where
        checked += 1
    assert checked == sum(layer.engine == "npu" for layer in program.layers)
